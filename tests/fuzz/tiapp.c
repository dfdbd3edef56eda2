/* tiapp.c - fuzz target: any bytes as tiapp.xml. */
#include <tinet/tiapp.h>

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  tinet_tiapp *app = NULL;
  tinet_error error;

  if (tinet_tiapp_parse(data, size, "f", &app, &error) < 0)
    return error.code < 0 && error.text[0] ? 0 : (abort(), 0);
  if (!tinet_tiapp_value(app, "id")[0] || !tinet_tiapp_value(app, "name")[0])
    abort();
  for (size_t i = 0; i < tinet_tiapp_n_properties(app); i++)
    if (!tinet_tiapp_property(app, tinet_tiapp_property_at(app, i).name))
      abort();
  tinet_tiapp_free(app);
  return 0;
}
