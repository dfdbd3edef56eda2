/* auth_memory.c - places that have accepted credentials, least recently used
 * first.
 *
 * A place is an origin and the start of a path: for Basic the folder of the
 * request that was accepted (rfc: 7617 2.2), for Digest the whole origin unless
 * the challenge names a domain.
 */
#include "auth_memory.h"

#include "../core/alloc.h"

#include <string.h>

#define MAX_SPACES 256

struct space {
  struct tinet__list link;
  char *host; /* owned, as all of them */
  int port;
  bool is_https;
  char *prefix;
  char *username;
  char *password;
  struct tinet__digest *digest; /* owned reference; NULL = Basic */
};

static void wipe(char *secret)
{
  if (secret)
    explicit_bzero(secret, strlen(secret));
  tinet__free(secret);
}

static void free_space(struct space *s)
{
  tinet__list_remove(&s->link);
  tinet__free(s->host);
  tinet__free(s->prefix);
  tinet__free(s->username);
  wipe(s->password);
  tinet__digest_unref(s->digest);
  tinet__free(s);
}

static struct space *space_of(struct tinet__list *link)
{
  return TINET__CONTAINER(link, struct space, link);
}

void tinet__auth_memory_init(struct tinet__auth_memory *m)
{
  tinet__list_init(&m->spaces);
  m->n = 0;
}

void tinet__auth_memory_free(struct tinet__auth_memory *m)
{
  while (m->spaces.next && !tinet__list_is_empty(&m->spaces))
    free_space(space_of(m->spaces.next));
  m->n = 0;
}

static bool is_for(const struct space *s, const struct tinet__url *url,
                   const struct tinet__credentials *who)
{
  return s->port == url->port && s->is_https == url->is_https &&
         strcmp(s->host, url->host) == 0 &&
         strncmp(url->path, s->prefix, strlen(s->prefix)) == 0 &&
         strcmp(s->username, who->username) == 0 &&
         strcmp(s->password, who->password) == 0;
}

static struct space *find(struct tinet__auth_memory *m,
                          const struct tinet__url *url,
                          const struct tinet__credentials *who)
{
  struct space *best = NULL;

  for (struct tinet__list *l = m->spaces.next; l != &m->spaces; l = l->next) {
    struct space *s = space_of(l);

    if (is_for(s, url, who) &&
        (!best || strlen(s->prefix) >= strlen(best->prefix)))
      best = s;
  }
  return best;
}

enum tinet__auth_scheme tinet__auth_memory_find(
    struct tinet__auth_memory *m, const struct tinet__url *url,
    const struct tinet__credentials *who, struct tinet__digest **ret_digest)
{
  struct space *s = find(m, url, who);

  *ret_digest = NULL;
  if (!s)
    return TINET__AUTH_UNKNOWN;
  tinet__list_remove(&s->link);
  tinet__list_append(&m->spaces, &s->link);
  *ret_digest = s->digest;
  return s->digest ? TINET__AUTH_DIGEST : TINET__AUTH_BASIC;
}

static char *prefix_for(const struct tinet__url *url,
                        const struct tinet__digest *digest)
{
  const char *slash = strrchr(url->path, '/');

  if (digest && !digest->domain)
    return tinet__strdup("/");
  return tinet__strndup(url->path, slash ? (size_t)(slash - url->path) + 1 : 0);
}

static struct space *make(const struct tinet__url *url,
                          const struct tinet__credentials *who,
                          struct tinet__digest *digest)
{
  struct space *s = tinet__zalloc(sizeof *s);

  if (!s)
    return NULL;
  s->port = url->port;
  s->is_https = url->is_https;
  s->host = tinet__strdup(url->host);
  s->prefix = prefix_for(url, digest);
  s->username = tinet__strdup(who->username);
  s->password = tinet__strdup(who->password);
  s->digest = tinet__digest_ref(digest);
  if (s->host && s->prefix && s->username && s->password)
    return s;
  free_space(s);
  return NULL;
}

void tinet__auth_memory_add(struct tinet__auth_memory *m,
                            const struct tinet__url *url,
                            const struct tinet__credentials *who,
                            struct tinet__digest *digest)
{
  struct space *old = find(m, url, who);
  struct space *s;

  if (old && old->digest == digest)
    return;
  tinet__auth_memory_remove(m, url, who);
  s = make(url, who, digest);
  if (!s)
    return; /* it will be asked for again */
  if (m->n >= MAX_SPACES) {
    free_space(space_of(m->spaces.next));
    m->n--;
  }
  tinet__list_append(&m->spaces, &s->link);
  m->n++;
}

void tinet__auth_memory_remove(struct tinet__auth_memory *m,
                               const struct tinet__url *url,
                               const struct tinet__credentials *who)
{
  struct space *s;

  while ((s = find(m, url, who)) != NULL) {
    free_space(s);
    m->n--;
  }
}
