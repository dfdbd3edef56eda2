/* posts.h - calls that other threads have for the thread of a loop. */
#ifndef TINET_CORE_POSTS_H
#define TINET_CORE_POSTS_H

#include "loop.h"

#include <pthread.h>

struct tinet__posts {
  pthread_mutex_t lock;
  struct tinet__list list; /* of tinet__post */
  bool is_closed;
  void (*wake)(
      void *arg); /* called with the lock held: not once it is closed */
  void *arg;      /* borrowed */
};

void tinet__posts_init(struct tinet__posts *p, void (*wake)(void *arg),
                       void *arg);
/* From any thread.  False: it is closed, and the post stays the caller's. */
bool tinet__posts_add(struct tinet__posts *p, struct tinet__post *post);
/* Withdraws one that has not been called. */
void tinet__posts_remove(struct tinet__posts *p, struct tinet__post *post);
bool tinet__posts_has(struct tinet__posts *p);
/* Calls those that are there by now, as long as nothing closes it. */
void tinet__posts_run(struct tinet__posts *p);
/* Drops what there is; nothing is taken any more. */
void tinet__posts_close(struct tinet__posts *p);
void tinet__posts_destroy(struct tinet__posts *p);

#endif
