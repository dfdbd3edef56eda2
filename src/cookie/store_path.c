/* store_path.c - where the stores of Titanium are. */
#include <tinet/cookie.h>

#include "../core/xdg.h"

int tinet_cookie_store_path(const char *app_id, char **ret_path)
{
  const char *const of_app[] = {app_id, "cookies.sqlite", NULL};
  const char *const of_system[] = {"system-cookies.sqlite", NULL};

  if (!ret_path || (app_id && !tinet__xdg_is_name(app_id)))
    return TINET_EINVAL;
  return tinet__xdg_path("XDG_DATA_HOME", ".local/share",
                         app_id ? of_app : of_system, ret_path);
}
