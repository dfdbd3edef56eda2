/* trust.c - the driver's commands about trust, and what it tells of failures.
 */
#include "drive.h"

static void *read_whole(const char *path, size_t *ret_len)
{
  FILE *f = fopen(path, "rb");
  char *data = NULL;
  size_t cap = 0, n;

  *ret_len = 0;
  if (f == NULL)
    return NULL;
  do {
    cap += 65536;
    data = realloc(data, cap);
    n = fread(data + *ret_len, 1, cap - *ret_len, f);
    *ret_len += n;
  } while (n > 0);
  fclose(f);
  return data;
}

tinet_trust *trust_find(struct drive *drive, const char *name)
{
  for (unsigned i = 0; i < drive->n_trusts; i++)
    if (!strcmp(drive->trusts[i].name, name))
      return drive->trusts[i].trust;
  return NULL;
}

static int make(struct drive *drive, const char *name)
{
  struct named_trust *t = &drive->trusts[drive->n_trusts];
  int err;

  if (drive->n_trusts == MAX_TRUSTS)
    return TINET_ELIMIT;
  err = tinet_trust_new(&t->trust);
  if (err < 0)
    return err;
  t->name = strdup(name);
  drive->n_trusts++;
  return 0;
}

static int pin(tinet_trust *trust, char **word, unsigned n, tinet_error *err)
{
  tinet_spki_hash hash;
  size_t len;
  void *data;
  int code;

  if (n != 6)
    return TINET_EINVAL;
  data = read_whole(word[4], &len);
  code = data ? tinet_spki_hash_of_certificate(data, len, &hash, err)
              : tinet_spki_hash_parse(word[4], &hash);
  free(data);
  if (code < 0)
    return code;
  return tinet_trust_add_pin(trust, word[3], &hash, atoi(word[5]));
}

static int identity(tinet_trust *trust, char **word, unsigned n,
                    tinet_error *err)
{
  tinet_client_certificate c = {0};
  void *cert, *key;
  int code;

  if (n < 6)
    return TINET_EINVAL;
  c.cert = cert = read_whole(word[4], &c.cert_len);
  c.key = key = strcmp(word[5], "-") ? read_whole(word[5], &c.key_len) : NULL;
  c.password = n > 6 ? word[6] : NULL;
  code = tinet_trust_add_client_certificate(
      trust, strcmp(word[3], "-") ? word[3] : NULL, &c, err);
  free(cert);
  free(key);
  return code;
}

/* Refuses chains whose leaf is shorter than nothing: never, or always. */
static int verify(const tinet_chain *chain, tinet_error *err, void *user)
{
  (void)err;
  return user != NULL && chain->n_certificates > 0 ? TINET_EPOLICY : 0;
}

/* The one text of all filters; what they were asked is told. */
static char *handled;

static bool handles(const char *url, void *user)
{
  (void)user;
  printf("{\"asked\":");
  json_text(stdout, url);
  printf("}\n");
  return strstr(url, handled) != NULL;
}

static int filter(tinet_trust *trust, const char *text)
{
  free(handled);
  handled = strdup(text);
  return tinet_trust_set_filter(trust, handles, NULL);
}

int trust_command(struct drive *drive, char **word, unsigned n,
                  tinet_error *err)
{
  tinet_trust *trust;
  int code = TINET_EINVAL;

  if (n == 3 && !strcmp(word[2], "new"))
    return make(drive, word[1]);
  trust = n > 2 ? trust_find(drive, word[1]) : NULL;
  if (trust == NULL)
    return TINET_EINVAL;
  if (!strcmp(word[2], "pin"))
    code = pin(trust, word, n, err);
  else if (!strcmp(word[2], "identity"))
    code = identity(trust, word, n, err);
  else if (!strcmp(word[2], "ca") && n == 4)
    code = tinet_trust_add_ca_file(trust, word[3], err);
  else if (!strcmp(word[2], "handles") && n == 4)
    code = filter(trust, word[3]);
  else if (!strcmp(word[2], "verifier") && n == 4)
    code = tinet_trust_set_verifier(
        trust, verify, !strcmp(word[3], "refuse") ? drive : NULL, NULL);
  return code;
}

/* ats load NAME FILE; ats use NAME; ats off */
int ats_command(struct drive *drive, char **word, unsigned n)
{
  struct named_policy *p = &drive->policies[drive->n_policies];
  tinet_ats_policy *policy = NULL;
  int err;

  if (n == 4 && !strcmp(word[1], "load")) {
    if (drive->n_policies == MAX_POLICIES)
      return TINET_EINVAL;
    err = tinet_ats_policy_load(word[3], NULL, &p->policy, NULL);
    if (err < 0)
      return err;
    p->name = strdup(word[2]);
    drive->n_policies++;
    return 0;
  }
  for (unsigned i = 0; n == 3 && i < drive->n_policies; i++)
    if (!strcmp(drive->policies[i].name, word[2]))
      policy = drive->policies[i].policy;
  if (n == 3 && policy == NULL)
    return TINET_EINVAL;
  drive->options.ats = policy;
  tinet_http_set_ats(drive->http, policy);
  return 0;
}

void trust_free_all(struct drive *drive)
{
  free(handled);
  for (unsigned i = 0; i < drive->n_policies; i++) {
    tinet_ats_policy_unref(drive->policies[i].policy);
    free(drive->policies[i].name);
  }
  for (unsigned i = 0; i < drive->n_trusts; i++) {
    tinet_trust_unref(drive->trusts[i].trust);
    free(drive->trusts[i].name);
  }
}

static void member(FILE *out, const char *name, const char *text)
{
  fprintf(out, ",\"%s\":", name);
  json_text(out, text);
}

void report_tls_failure(FILE *out, const tinet_tls_failure *f)
{
  if (f == NULL) {
    fputs("null", out);
    return;
  }
  fprintf(out, "{\"openssl\":%ld,\"nsurl\":%d,\"depth\":%d", f->openssl_code,
          f->nsurl_code, f->depth);
  member(out, "reason", tinet_tls_reason_name(f->reason));
  member(out, "host", f->host);
  member(out, "subject", f->subject);
  member(out, "issuer", f->issuer);
  member(out, "not_before", f->not_before);
  member(out, "not_after", f->not_after);
  member(out, "names", f->names);
  member(out, "key", f->key);
  member(out, "hash", f->hash);
  member(out, "expected_spki", f->expected_spki);
  member(out, "seen_spki", f->seen_spki);
  fputs("}", out);
}
