/* exit_status.c - which exit status says what; the one table.
 *
 * Where curl has a status for the same thing, it is curl's number, so that
 * scripts need not learn another list.
 */
#include "cli.h"

struct status {
  int status;
  const char *meaning;
  int codes[4]; /* TINET_E... that end with it; 0-terminated */
};

static const struct status statuses[] = {
    {CLI_OK, "success: a response with a status below 400", {0}},
    {CLI_FAILED,
     "an unsupported scheme, or a failure that is not listed",
     {TINET_ESCHEME, TINET_EUNSUPPORTED}},
    {CLI_USAGE,
     "the command line is wrong",
     {TINET_EINVAL, TINET_EMETHOD, TINET_EHEADER}},
    {3, "malformed URL", {TINET_EURL}},
    {6, "the host name could not be resolved", {TINET_ERESOLVE}},
    {7,
     "could not connect",
     {TINET_ECONNECT, TINET_EOFFLINE, TINET_EUNREACHABLE}},
    {8, "the server broke the protocol", {TINET_EPROTOCOL, TINET_EHEADERSIZE}},
    {18, "the body ended too early", {TINET_ETRUNCATED}},
    {CLI_HTTP_ERROR,
     "an HTTP error: a status of 400 or above",
     {TINET_EHTTPSTATUS}},
    {CLI_WRITE_ERROR, "the output could not be written", {TINET_EFILE}},
    {CLI_READ_ERROR, "a file to send could not be read", {TINET_EBODY}},
    {CLI_NO_MEMORY, "out of memory", {TINET_ENOMEM}},
    {28, "timed out", {TINET_ETIMEDOUT}},
    {35, "the TLS handshake failed", {TINET_ETLS}},
    {45,
     "the address to listen on cannot be used",
     {TINET_EADDRESS, TINET_EPERMISSION}},
    {47, "too many redirects", {TINET_EREDIRECT}},
    {56, "the connection was lost", {TINET_ECLOSED}},
    {60,
     "the server's certificate was not accepted",
     {TINET_ECERTIFICATE, TINET_EPOLICY}},
    {61, "the content coding could not be decoded", {TINET_ECODING}},
    {63, "the body exceeds its ceiling", {TINET_EBOMB, TINET_ELIMIT}},
    {97, "the proxy refused or failed", {TINET_EPROXY}},
    {130, "interrupted (128 + the signal's number)", {0}},
};

int cli_exit_status(int code)
{
  for (size_t i = 0; code < 0 && i < sizeof statuses / sizeof *statuses; i++)
    for (const int *c = statuses[i].codes; *c; c++)
      if (*c == code)
        return statuses[i].status;
  return code < 0 ? CLI_FAILED : CLI_OK;
}

void cli_exit_help(FILE *out)
{
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    (void)fprintf(out, "  %3d  %s\n", statuses[i].status, statuses[i].meaning);
}

/* What ends a command that speaks no HTTP. */
static const struct {
  int status;
  const char *meaning; /* NULL: as in the table */
} socket_statuses[] = {
    {CLI_OK, "success: both sides have ended"},
    {CLI_FAILED, "a failure that is not listed"},
    {CLI_USAGE, NULL},
    {3, "malformed host name"},
    {6, NULL},
    {7, NULL},
    {8, "the peer broke the protocol of TLS"},
    {CLI_WRITE_ERROR, NULL},
    {CLI_READ_ERROR, "a certificate or key could not be read"},
    {CLI_NO_MEMORY, NULL},
    {28, NULL},
    {35, NULL},
    {45, NULL},
    {56, NULL},
    {60, NULL},
    {63, "a limit of the system is reached"},
    {130, NULL},
};

static const char *meaning_of(int status)
{
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if (statuses[i].status == status)
      return statuses[i].meaning;
  return "";
}

void cli_exit_help_socket(FILE *out)
{
  for (size_t i = 0; i < sizeof socket_statuses / sizeof *socket_statuses; i++)
    (void)fprintf(out, "  %3d  %s\n", socket_statuses[i].status,
                  socket_statuses[i].meaning
                      ? socket_statuses[i].meaning
                      : meaning_of(socket_statuses[i].status));
}
