/* tls_input.h - what a server sends, looked at before OpenSSL reads it. */
#ifndef TINET_ATS_TLS_INPUT_H
#define TINET_ATS_TLS_INPUT_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>

struct tinet__tls_input {
  int fd; /* borrowed */
  bool has_begun;
  bool is_other;   /* the answer is not TLS: `text` says what it looks like */
  bool is_endless; /* more has come than a handshake can need */
  size_t n_read;
  char text[96];
};

/* From now on reading from `bio`, which reads input->fd, fails as soon as one
 * of these is true. */
void tinet__tls_input_watch(BIO *bio, struct tinet__tls_input *input);
/* Looks at the first bytes, once; false: there are none yet.  Also for where
 * OpenSSL has not come to read: a peer that says its word and leaves makes
 * writing fail. */
bool tinet__tls_input_look(struct tinet__tls_input *input);

#endif
