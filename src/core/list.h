/* list.h - an intrusive doubly linked list. */
#ifndef TINET_CORE_LIST_H
#define TINET_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A head or a link; zero-initialised links are "not in a list". */
struct tinet__list {
  struct tinet__list *prev, *next;
};

#define TINET__CONTAINER(ptr, type, member)                                    \
  ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void tinet__list_init(struct tinet__list *head)
{
  head->prev = head->next = head;
}

static inline bool tinet__list_is_empty(const struct tinet__list *head)
{
  return head->next == head;
}

static inline bool tinet__list_is_linked(const struct tinet__list *link)
{
  return link->next != NULL;
}

static inline void tinet__list_append(struct tinet__list *head,
                                      struct tinet__list *link)
{
  link->prev = head->prev;
  link->next = head;
  head->prev->next = link;
  head->prev = link;
}

/* Fine for a link that is in no list. */
static inline void tinet__list_remove(struct tinet__list *link)
{
  if (link->next == NULL)
    return;
  link->prev->next = link->next;
  link->next->prev = link->prev;
  link->prev = link->next = NULL;
}

#endif
