/* ats_diagnose_junit.c - JUnit's XML, which every CI shows: a test case a URL.
 */
#include "ats_diagnose.h"

void diagnose_junit_begin(FILE *out, const struct diagnose_counts *counts)
{
  (void)fprintf(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n"
                "<testsuite name=\"App Transport Security\" tests=\"%zu\" "
                "failures=\"%zu\" errors=\"%zu\">\n",
                counts->n, counts->n_denied, counts->n_failed, counts->n,
                counts->n_denied, counts->n_failed);
}

static void write_fix(FILE *out, const struct diagnose_hop *hop,
                      const struct diagnose_fix *fix, bool has_lines)
{
  (void)hop;
  (void)has_lines;
  (void)fputs("fix: ", out);
  diagnose_xml_text(out, fix->what);
  (void)fputc('\n', out);
}

static void failure(FILE *out, const struct diagnosis *d,
                    const struct diagnose_hop *hop)
{
  const tinet_ats_verdict *v = &hop->verdict;

  if (v->is_allowed) {
    (void)fputs("<failure type=\"exception\" message=\"allowed, but only by an "
                "exception\"/>",
                out);
    return;
  }
  (void)fprintf(out, "<failure type=\"%s\" message=\"",
                tinet_ats_code_name(v->code));
  diagnose_xml_text(out, v->n_reasons ? v->reasons[0].text : "denied");
  (void)fputs("\">", out);
  for (size_t i = 0; i < v->n_reasons; i++) {
    (void)fprintf(out, "%s: ", tinet_ats_code_name(v->reasons[i].code));
    diagnose_xml_text(out, v->reasons[i].text);
    (void)fputc('\n', out);
  }
  (void)fputs("at ", out);
  diagnose_xml_text(out, hop->url);
  (void)fputc('\n', out);
  (void)diagnose_each_fix(out, d, write_fix);
  if (diagnose_has_exception(d)) {
    (void)fputs("smallest exception: ", out);
    diagnose_dictionary(d, -1, out);
  } else {
    (void)fprintf(out, "no exception: %s", diagnose_why_no_exception(d));
  }
  (void)fputs("</failure>", out);
}

void diagnose_junit_one(FILE *out, const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  (void)fputs("<testcase classname=\"ats\" name=\"", out);
  diagnose_xml_text(out, d->url);
  (void)fputs("\">", out);
  if (hop->error.code < 0) {
    (void)fprintf(out, "<error type=\"%s\" message=\"",
                  tinet_error_name(hop->error.code));
    diagnose_xml_text(out, hop->error.text);
    (void)fputs("\"/>", out);
  } else if (d->status != CLI_OK) {
    failure(out, d, hop);
  }
  (void)fputs("</testcase>\n", out);
}

void diagnose_junit_end(FILE *out)
{
  (void)fputs("</testsuite>\n</testsuites>\n", out);
}
