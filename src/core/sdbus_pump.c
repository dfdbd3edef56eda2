/* sdbus_pump.c - what sd-bus waits for, translated for the loop and back.
 *
 * After everything that may change it, the watch gets the events and the timer
 * the time that sd-bus asks for.  A turn hands out a limited number of
 * messages, so that a flood of them does not hold up everybody else.
 */
#include "sdbus_pump.h"

#include <errno.h>
#include <poll.h>

#define MESSAGES_A_TURN 200

static void on_more(void *arg);

static void lose(struct tinet__pump *p, int errnum)
{
  void (*on_lost)(void *, int) = p->on_lost;
  void *arg = p->arg;

  tinet__pump_close(p);
  on_lost(arg, errnum); /* last, because it may do anything */
}

/* In milliseconds, rounded up so that sd-bus is not asked too early. */
static uint64_t ms_until(uint64_t when_us)
{
  uint64_t now = tinet__clock_us();

  return when_us > now ? (when_us - now + 999) / 1000 : 0;
}

/* 0 or an errno. */
static int arm(struct tinet__pump *p)
{
  int events = sd_bus_get_events(p->bus);
  unsigned wanted = 0;
  uint64_t when_us = UINT64_MAX;

  if (events < 0)
    return -events;
  if (events & POLLIN)
    wanted |= TINET__READABLE;
  if (events & POLLOUT)
    wanted |= TINET__WRITABLE;
  if (tinet__watch_set(p->watch, wanted) < 0)
    return EIO;
  if (sd_bus_get_timeout(p->bus, &when_us) < 0 || when_us == UINT64_MAX)
    tinet__timer_stop(p->timer);
  else
    tinet__timer_start(p->timer, ms_until(when_us));
  return 0;
}

void tinet__pump_update(struct tinet__pump *p)
{
  int errnum = p->bus ? arm(p) : 0;

  if (errnum != 0)
    tinet__pump_break(p, errnum);
}

void tinet__pump_break(struct tinet__pump *p, int errnum)
{
  if (!p->bus)
    return;
  p->broken = errnum;
  tinet__defer(p->loop, &p->more, on_more, p);
}

static void on_more(void *arg)
{
  struct tinet__pump *p = arg;
  int n = 0, result = 1;

  while (p->broken == 0 && result > 0 && n++ < MESSAGES_A_TURN)
    result = sd_bus_process(p->bus, NULL);
  if (p->broken == 0 && result < 0)
    p->broken = -result;
  if (p->broken == 0)
    p->broken = arm(p);
  if (p->broken != 0)
    lose(p, p->broken);
  else if (result > 0)
    tinet__defer(p->loop, &p->more, on_more, p);
}

static void on_events(void *arg, unsigned events)
{
  (void)events; /* sd-bus finds out by itself, failures as well */
  on_more(arg);
}

int tinet__pump_open(struct tinet__pump *p, tinet_loop *loop, sd_bus *bus,
                     void (*on_lost)(void *arg, int errnum), void *arg)
{
  int result;

  p->bus = bus;
  p->loop = loop;
  p->on_lost = on_lost;
  p->arg = arg;
  p->broken = 0;
  result = tinet__timer_open(loop, on_more, p, &p->timer);
  if (result == TINET_OK)
    result =
        tinet__watch_open(loop, sd_bus_get_fd(bus), on_events, p, &p->watch);
  if (result == TINET_OK && arm(p) != 0)
    result = TINET_ESYSTEM;
  if (result < 0)
    tinet__pump_close(p);
  return result;
}

void tinet__pump_close(struct tinet__pump *p)
{
  if (!p->bus)
    return;
  tinet__defer_cancel(p->loop, &p->more);
  tinet__watch_close(p->watch); /* before its descriptor */
  tinet__timer_close(p->timer);
  p->watch = NULL;
  p->timer = NULL;
  sd_bus_close(p->bus);
  p->bus = sd_bus_unref(p->bus);
}
