/* tls_anchors.c - which authorities of the system's store a person has added.
 *
 * Distributions keep them in a folder of their own, beside the store they are
 * merged into.  Apple's rules about lifetimes and Certificate Transparency are
 * for public authorities, so it matters.
 */
#include "tls_facts.h"

#include "../core/alloc.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 3
#define MAX_FILES 1000
#define HASH_LEN 32

static const char *const folders[] = {
    "/usr/local/share/ca-certificates",          /* Debian, Alpine */
    "/etc/pki/ca-trust/source/anchors",          /* Fedora */
    "/etc/ca-certificates/trust-source/anchors", /* Arch */
    "/etc/pki/trust/anchors",                    /* SUSE */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned char (*hashes)[HASH_LEN]; /* owned by the process */
static size_t n_hashes, n_files;

static void keep(const X509 *cert)
{
  unsigned char(*grown)[HASH_LEN];
  unsigned int len = HASH_LEN;

  grown = tinet__realloc(hashes, (n_hashes + 1) * sizeof *hashes);
  if (!grown)
    return;
  hashes = grown;
  if (X509_digest(cert, EVP_sha256(), hashes[n_hashes], &len) == 1)
    n_hashes++;
}

static void read_file(const char *path)
{
  BIO *bio = BIO_new_file(path, "r");
  X509 *cert;

  if (!bio)
    return;
  while (n_hashes < MAX_FILES &&
         (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
    keep(cert);
    X509_free(cert);
  }
  BIO_free(bio);
}

/* NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH */
static void read_folder(const char *path, int depth)
{
  DIR *dir = opendir(path);
  const struct dirent *entry;
  char name[512];

  if (!dir)
    return;
  while (n_files < MAX_FILES && (entry = readdir(dir)) != NULL) {
    if (entry->d_name[0] == '.' || snprintf(name, sizeof name, "%s/%s", path,
                                            entry->d_name) >= (int)sizeof name)
      continue;
    n_files++;
    if (entry->d_type == DT_DIR && depth < MAX_DEPTH)
      read_folder(name, depth + 1);
    if (entry->d_type == DT_REG || entry->d_type == DT_LNK)
      read_file(name);
  }
  (void)closedir(dir);
}

static void read_all(void)
{
  (void)ERR_set_mark(); /* the end of a file counts as an error */
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
    read_folder(folders[i], 0);
  (void)ERR_pop_to_mark();
}

bool tinet__ats_is_added_authority(const void *cert)
{
  unsigned char hash[HASH_LEN];
  unsigned int len = sizeof hash;

  if (pthread_once(&once, read_all) != 0 || n_hashes == 0 ||
      X509_digest(cert, EVP_sha256(), hash, &len) != 1)
    return false;
  for (size_t i = 0; i < n_hashes; i++)
    if (memcmp(hashes[i], hash, sizeof hash) == 0)
      return true;
  return false;
}
