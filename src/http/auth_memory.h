/* auth_memory.h - where the application's credentials have been accepted.
 *
 * ti: HTTPClient.username - once an origin has accepted Basic or Digest, later
 * requests with the same credentials to the same place send them at once.
 */
#ifndef TINET_HTTP_AUTH_MEMORY_H
#define TINET_HTTP_AUTH_MEMORY_H

#include "../core/list.h"
#include "../core/url.h"
#include "auth_digest.h"

struct tinet__credentials {
  const char *username; /* with "DOMAIN\" in front, if there is one */
  const char *password;
};

struct tinet__auth_memory {
  struct tinet__list spaces; /* least recently used first */
  size_t n;
};

void tinet__auth_memory_init(struct tinet__auth_memory *m);
void tinet__auth_memory_free(struct tinet__auth_memory *m);

/* The scheme to use at once, or TINET__AUTH_UNKNOWN.  *ret_digest is borrowed,
 * NULL unless it is Digest. */
enum tinet__auth_scheme tinet__auth_memory_find(
    struct tinet__auth_memory *m, const struct tinet__url *url,
    const struct tinet__credentials *who, struct tinet__digest **ret_digest);
/* They were accepted at `url`.  Forgets it where there is no memory. */
void tinet__auth_memory_add(struct tinet__auth_memory *m,
                            const struct tinet__url *url,
                            const struct tinet__credentials *who,
                            struct tinet__digest *digest);
/* They were refused there. */
void tinet__auth_memory_remove(struct tinet__auth_memory *m,
                               const struct tinet__url *url,
                               const struct tinet__credentials *who);

#endif
