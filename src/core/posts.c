/* posts.c - calls that other threads have for the thread of a loop.
 *
 * One lock guards the list, also of those that are just being called: a call
 * may withdraw one that comes after it.
 */
#include "posts.h"

#include "alloc.h"

void tinet__posts_init(struct tinet__posts *p, void (*wake)(void *arg),
                       void *arg)
{
  (void)pthread_mutex_init(&p->lock, NULL);
  tinet__list_init(&p->list);
  p->is_closed = false;
  p->wake = wake;
  p->arg = arg;
}

void tinet__posts_destroy(struct tinet__posts *p)
{
  (void)pthread_mutex_destroy(&p->lock);
}

bool tinet__posts_add(struct tinet__posts *p, struct tinet__post *post)
{
  bool is_closed;

  (void)pthread_mutex_lock(&p->lock);
  is_closed = p->is_closed;
  if (!is_closed) {
    tinet__list_append(&p->list, &post->link);
    p->wake(p->arg);
  }
  (void)pthread_mutex_unlock(&p->lock);
  return !is_closed;
}

void tinet__posts_remove(struct tinet__posts *p, struct tinet__post *post)
{
  (void)pthread_mutex_lock(&p->lock);
  tinet__list_remove(&post->link);
  (void)pthread_mutex_unlock(&p->lock);
}

bool tinet__posts_has(struct tinet__posts *p)
{
  bool has;

  (void)pthread_mutex_lock(&p->lock);
  has = !tinet__list_is_empty(&p->list);
  (void)pthread_mutex_unlock(&p->lock);
  return has;
}

/* The first of a list; NULL: it is empty. */
static struct tinet__post *next(struct tinet__posts *p,
                                struct tinet__list *from)
{
  struct tinet__post *post = NULL;

  (void)pthread_mutex_lock(&p->lock);
  if (!tinet__list_is_empty(from)) {
    post = TINET__CONTAINER(from->next, struct tinet__post, link);
    tinet__list_remove(&post->link);
  }
  (void)pthread_mutex_unlock(&p->lock);
  return post;
}

static void take_all(struct tinet__posts *p, struct tinet__list *to)
{
  tinet__list_init(to);
  (void)pthread_mutex_lock(&p->lock);
  while (!tinet__list_is_empty(&p->list)) {
    struct tinet__list *l = p->list.next;

    tinet__list_remove(l);
    tinet__list_append(to, l);
  }
  (void)pthread_mutex_unlock(&p->lock);
}

void tinet__posts_run(struct tinet__posts *p)
{
  struct tinet__post *post;
  struct tinet__list now;

  take_all(p, &now);
  while ((post = next(p, &now))) {
    void (*fn)(void *) = post->fn;
    void *arg = post->arg;

    if (post->is_ours)
      tinet__free(post);
    if (!p->is_closed) /* by the call before */
      fn(arg);
  }
}

void tinet__posts_close(struct tinet__posts *p)
{
  struct tinet__post *post;

  (void)pthread_mutex_lock(&p->lock);
  p->is_closed = true;
  (void)pthread_mutex_unlock(&p->lock);
  while ((post = next(p, &p->list)))
    if (post->is_ours)
      tinet__free(post);
}
