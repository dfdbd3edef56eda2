/* measure.h - command line, clocks and the one line of output that the
 * benchmark clients share, so that they differ only in what they measure.
 */
#ifndef TINET_BENCH_MEASURE_H
#define TINET_BENCH_MEASURE_H

#include "cpu.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct job {
  const char *mode; /* get, discard, file, upload */
  const char *url;
  unsigned n_requests, concurrency;
  const char *ca_file, *ca_path, *out;
  uint64_t upload_len;
  bool has_ats;   /* App Transport Security judges the host */
  bool is_closed; /* a connection for each request */
};

static bool job_parse(struct job *job, int argc, char **argv)
{
  memset(job, 0, sizeof(*job));
  if (argc < 5)
    return false;
  job->mode = argv[1];
  job->url = argv[2];
  job->n_requests = (unsigned)strtoul(argv[3], NULL, 10);
  job->concurrency = (unsigned)strtoul(argv[4], NULL, 10);
  for (int i = 5; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--ca-file") == 0)
      job->ca_file = argv[i + 1];
    else if (strcmp(argv[i], "--ca-path") == 0)
      job->ca_path = argv[i + 1];
    else if (strcmp(argv[i], "--out") == 0)
      job->out = argv[i + 1];
    else if (strcmp(argv[i], "--ats") == 0)
      job->has_ats = argv[i + 1][0] == '1';
    else if (strcmp(argv[i], "--close") == 0)
      job->is_closed = argv[i + 1][0] == '1';
    else if (strcmp(argv[i], "--upload") == 0)
      job->upload_len = strtoull(argv[i + 1], NULL, 10);
    else
      return false;
  }
  return job->n_requests > 0 && job->concurrency > 0;
}

struct measure {
  double wall, cpu;
};

static double wall_seconds(void)
{
  struct timespec t;

  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure_start(struct measure *m)
{
  m->wall = wall_seconds();
  m->cpu = cpu_seconds();
}

/* VmHWM, because ru_maxrss keeps the peak of the process before exec. */
static long peak_rss_kib(void)
{
  FILE *f = fopen("/proc/self/status", "re");
  char line[256];
  long kib = 0;

  while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
    if (strncmp(line, "VmHWM:", 6) == 0)
      kib = strtol(line + 6, NULL, 10);
  }
  if (f != NULL)
    (void)fclose(f);
  return kib;
}

static void measure_print(const struct measure *m, unsigned n_done,
                          unsigned n_failed, uint64_t n_bytes)
{
  double wall = wall_seconds() - m->wall, cpu = cpu_seconds() - m->cpu;

  printf("{\"done\":%u,\"failed\":%u,\"bytes\":%llu,\"wall\":%.6f,"
         "\"cpu\":%.6f,\"rss_kib\":%ld}\n",
         n_done, n_failed, (unsigned long long)n_bytes, wall, cpu,
         peak_rss_kib());
}

#endif
