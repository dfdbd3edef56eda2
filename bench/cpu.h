/* cpu.h - the processor time of this process, for all benchmarks. */
#ifndef TINET_BENCH_CPU_H
#define TINET_BENCH_CPU_H

#include <sys/resource.h>

static inline double cpu_seconds(void)
{
  struct rusage u;

  (void)getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

#endif
