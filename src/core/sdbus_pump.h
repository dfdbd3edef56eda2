/* sdbus_pump.h - a connection to a D-Bus bus on a tinet_loop, with sd-bus.
 *
 * Nothing here waits: sd-bus shakes hands, sends and receives whenever the
 * loop says that it can.  The connection alone does not keep the loop alive.
 */
#ifndef TINET_CORE_SDBUS_PUMP_H
#define TINET_CORE_SDBUS_PUMP_H

#include "loop.h"
#include <systemd/sd-bus.h>

/* Embed it, zero-initialised.  `bus` is NULL while there is no connection. */
struct tinet__pump {
  sd_bus *bus; /* owned */
  tinet_loop *loop;
  tinet__watch *watch;         /* owned */
  tinet__timer *timer;         /* owned; sd-bus's own time-outs */
  struct tinet__deferred more; /* messages that this turn had no time for */
  void (*on_lost)(void *arg, int errnum);
  void *arg;  /* of on_lost */
  int broken; /* an errno: to be lost as soon as sd-bus is out of the way */
};

/* Takes over `bus` (also on failure), which has been started.  `on_lost` comes
 * once, from the loop, when the connection is of no more use; it may close or
 * open the pump.  TINET_ENOMEM, TINET_ESYSTEM. */
int tinet__pump_open(struct tinet__pump *p, tinet_loop *loop, sd_bus *bus,
                     void (*on_lost)(void *arg, int errnum),
                     void *arg) TINET_MUST_CHECK;

/* To be called whenever something was sent from outside of sd-bus's own
 * callbacks. */
void tinet__pump_update(struct tinet__pump *p);

/* Gives the connection up; may be called from sd-bus's callbacks. */
void tinet__pump_break(struct tinet__pump *p, int errnum);

/* No callback of sd-bus comes after it; not to be called from inside one.
 * Fine for one that is not open. */
void tinet__pump_close(struct tinet__pump *p);

#endif
