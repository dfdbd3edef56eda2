/* ats_bench.c - the policy engine: a decision under many exceptions, reading
 * large files.  ats_bench PLIST TIAPP MANY: two files of 1 MB, and one with
 * 1,000 exceptions. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <tinet/ats.h>

#define N_DECISIONS 1000000

/* Of CPU: other programs do not count. */
static double seconds(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double decide(const tinet_ats_policy *policy)
{
  char hosts[64][64];
  double start;
  unsigned n_allowed = 0;

  for (int i = 0; i < 64; i++)
    (void)snprintf(hosts[i], sizeof hosts[i], "a.b.shop%d.example%d.com",
                   i * 17 % 1000, i % 7);
  start = seconds();
  for (int i = 0; i < N_DECISIONS; i++) {
    tinet_ats_request request = {.scheme = i % 2 ? "http" : "https",
                                 .host = hosts[i % 64]};
    tinet_ats_verdict v;

    if (tinet_ats_decide(policy, &request, NULL, &v) < 0)
      abort();
    n_allowed += v.is_allowed;
  }
  if (n_allowed == 0)
    abort();
  return (seconds() - start) / N_DECISIONS;
}

static double load(const char *path, tinet_ats_policy **ret_policy)
{
  double start = seconds();
  tinet_error error;

  if (tinet_ats_policy_load(path, NULL, ret_policy, &error) < 0) {
    (void)fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  return seconds() - start;
}

int main(int argc, char **argv)
{
  tinet_ats_policy *policy = NULL, *tiapp = NULL, *many = NULL;
  double plist_s, tiapp_s, decide_s;

  if (argc != 4)
    return 2;
  plist_s = load(argv[1], &policy);
  tiapp_s = load(argv[2], &tiapp);
  (void)load(argv[3], &many);
  decide_s = decide(many);
  (void)printf("{\"decide_us\": %.4f, \"plist_ms\": %.2f, \"tiapp_ms\": %.2f, "
               "\"entries\": %zu}\n",
               decide_s * 1e6, plist_s * 1e3, tiapp_s * 1e3,
               tinet_ats_policy_n_exceptions(many));
  tinet_ats_policy_unref(policy);
  tinet_ats_policy_unref(tiapp);
  tinet_ats_policy_unref(many);
  return 0;
}
