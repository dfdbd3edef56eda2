/* cache_folder.c - where the cache of an application is. */
#include <tinet/cache.h>

#include "../core/xdg.h"

int tinet_cache_folder(const char *app_id, char **ret_path)
{
  const char *const parts[] = {app_id, NULL};

  if (!ret_path || !app_id || !tinet__xdg_is_name(app_id))
    return TINET_EINVAL;
  return tinet__xdg_path("XDG_CACHE_HOME", ".cache", parts, ret_path);
}
