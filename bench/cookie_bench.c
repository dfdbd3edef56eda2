/* cookie_bench.c - tinet's jar: `cookie_bench WORK [FILE]`. */
#include "cookie_work.h"

#include <tinet/cookie.h>

int main(int argc, char **argv)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *jar = NULL;
  struct work w;
  double start, insert_s;
  size_t check = 0;
  long before;

  if (argc < 2 || !work_read(&w, argv[1]))
    return 1;
  tinet_cookie_jar_options_init(&opt);
  opt.max_per_domain = opt.max_total = 10 * 1000 * 1000;
  opt.path = argc > 2 ? argv[2] : NULL;
  before = resident();
  if (tinet_cookie_jar_open(&opt, &jar, NULL) < 0)
    return 1;
  start = cpu_seconds();
  for (size_t i = 0; i < w.n; i++)
    if (tinet_cookie_jar_receive(jar, w.urls[i], w.cookies[i],
                                 strlen(w.cookies[i]), NULL) < 0)
      return 1;
  if (tinet_cookie_jar_flush(jar, NULL) < 0)
    return 1;
  insert_s = cpu_seconds() - start;
  start = cpu_seconds();
  for (size_t i = 0; i < w.n_asked; i++) {
    char *header = NULL;

    if (tinet_cookie_jar_header(jar, w.asked[i], &header) < 0)
      return 1;
    check += header ? strlen(header) : 0;
    tinet_free(header);
  }
  work_print(&w, insert_s, cpu_seconds() - start, resident() - before, check);
  tinet_cookie_jar_unref(jar);
  return 0;
}
