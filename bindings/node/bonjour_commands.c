/* bonjour_commands.c - what JavaScript asks of Bonjour, done on its thread. */
#include "bonjour.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- commands, on the thread ---- */

static size_t slices_of(const struct part *parts, size_t n, tinet_slice *to)
{
  for (size_t i = 0; i < n; i++)
    to[i] = (tinet_slice){parts[i].data, parts[i].len};
  return n;
}

/* A name that is none must not mean "everywhere". */
static int get_interface(const struct command *c, uint32_t *ret_index,
                         tinet_error *err)
{
  *ret_index = c->interface ? if_nametoindex(c->interface) : 0;
  if (!c->interface || *ret_index > 0)
    return TINET_OK;
  err->code = TINET_EINVAL;
  (void)snprintf(err->text, sizeof err->text, "there is no interface %s",
                 c->interface);
  return TINET_EINVAL;
}

static int browse(struct command *c, struct item *item, tinet_error *err)
{
  tinet_bonjour_browse_options opt;

  tinet_bonjour_browse_options_init(&opt);
  opt.type = c->type;
  opt.domain = c->name;
  opt.subtype = c->n_subtypes ? c->subtypes[0].data : NULL;
  if (get_interface(c, &opt.interface_index, err) < 0)
    return err->code;
  return tinet_bonjour_browser_open(c->thread->bonjour, &opt,
                                    &bonjour_browser_events, item,
                                    &item->of.browser, err);
}

static int publish(struct command *c, struct item *item, tinet_error *err)
{
  const char *subtypes[MAX_PARTS];
  tinet_slice txt[MAX_PARTS];
  tinet_bonjour_publish_options opt;

  tinet_bonjour_publish_options_init(&opt);
  opt.name = c->name;
  opt.type = c->type;
  opt.port = (uint16_t)c->number;
  opt.may_rename = c->may_rename;
  if (get_interface(c, &opt.interface_index, err) < 0)
    return err->code;
  opt.n_txt = slices_of(c->txt, c->n_txt, txt);
  opt.txt = txt;
  for (size_t i = 0; i < c->n_subtypes; i++)
    subtypes[i] = c->subtypes[i].data;
  opt.subtypes = subtypes;
  opt.n_subtypes = c->n_subtypes;
  return tinet_bonjour_service_open(c->thread->bonjour, &opt,
                                    &bonjour_service_events, item,
                                    &item->of.service, err);
}

static int resolve(struct command *c, struct item *item, tinet_error *err)
{
  tinet_bonjour_resolve_options opt;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = c->name;
  opt.type = c->type;
  opt.timeout_ms = c->number;
  if (get_interface(c, &opt.interface_index, err) < 0)
    return err->code;
  return tinet_bonjour_resolve_open(c->thread->bonjour, &opt,
                                    &bonjour_resolve_events, item,
                                    &item->of.resolve, err);
}

static void close_item(struct item *item)
{
  if (item->op == OP_BROWSE)
    tinet_bonjour_browser_close(item->of.browser);
  else if (item->op == OP_PUBLISH)
    tinet_bonjour_service_close(item->of.service);
  else
    tinet_bonjour_resolve_close(item->of.resolve);
  free(item);
}

static struct item **find(struct bonjour_thread *t, unsigned id)
{
  struct item **at = &t->items;

  while (*at && (*at)->id != id)
    at = &(*at)->next;
  return at;
}

void bonjour_close_id(struct bonjour_thread *t, unsigned id)
{
  struct item **at = find(t, id), *item = *at;

  if (!item)
    return;
  *at = item->next;
  close_item(item);
}

static void set_txt(struct command *c)
{
  struct item *item = *find(c->thread, c->id);
  tinet_slice txt[MAX_PARTS];
  tinet_error err = {0};

  if (!item || item->op != OP_PUBLISH)
    return;
  err.code = tinet_bonjour_service_set_txt(
      item->of.service, txt, slices_of(c->txt, c->n_txt, txt), &err);
  bonjour_answer(item, &err); /* the old ones stay, if it has failed */
}

static bool is_type(const char *type)
{
  return type && (tinet_bonjour_is_same(type, TINET_BONJOUR_ALL_TYPES) ||
                  tinet_bonjour_check_type(type, NULL) == TINET_OK);
}

/* A declaration that is none allows nothing. */
static int open_bonjour(struct bonjour_thread *t, tinet_error *err)
{
  const char *declared[MAX_PARTS];
  tinet_bonjour_options opt;

  if (t->bonjour)
    return TINET_OK;
  tinet_bonjour_options_init(&opt);
  opt.is_strict = t->declared != NULL;
  opt.declared_types = declared;
  for (size_t i = 0; opt.is_strict && i < t->n_declared; i++)
    if (is_type(t->declared[i].data))
      declared[opt.n_declared_types++] = t->declared[i].data;
  return tinet_bonjour_open(t->loop, &opt, &t->bonjour, err);
}

static void open_item(struct command *c)
{
  struct bonjour_thread *t = c->thread;
  const struct item named = {.thread = t, .id = c->id, .op = c->op};
  struct item *item = malloc(sizeof *item);
  tinet_error err = {0};
  int code = item ? open_bonjour(t, &err) : TINET_ENOMEM;

  if (item)
    *item = named;
  if (code == TINET_OK)
    code = c->op == OP_BROWSE    ? browse(c, item, &err)
           : c->op == OP_PUBLISH ? publish(c, item, &err)
                                 : resolve(c, item, &err);
  if (code == TINET_OK) {
    item->next = t->items;
    t->items = item;
    if (c->op == OP_BROWSE)
      bonjour_answer(item, &err);
    return;
  }
  if (err.code == 0)
    err.code = code;
  bonjour_emit_error(&named, &err);
  free(item);
}

void bonjour_free_command(struct command *c)
{
  bonjour_free_parts(c->txt, c->n_txt);
  bonjour_free_parts(c->subtypes, c->n_subtypes);
  free(c->name);
  free(c->type);
  free(c->interface);
  free(c);
}

void bonjour_run_command(void *arg)
{
  struct command *c = arg;

  if (c->op == OP_CLOSE)
    bonjour_close_id(c->thread, c->id);
  else if (c->op == OP_TXT)
    set_txt(c);
  else
    open_item(c);
  bonjour_free_command(c);
}
