#!/usr/bin/env python3
"""test_lints.py - each lint finds a planted defect, and nothing in a clean tree."""

import os
import subprocess
import sys

from planted import ROOT, expect_clean, expect_found, verdict

import gen_docs
import tap

HEADER = """\
/* base.h - an example. */
#ifndef TINET_BASE_H
#define TINET_BASE_H

#include <stddef.h>

#define TINET_API __attribute__((visibility("default")))

/* Adds one. */
TINET_API int tinet_increment(int n);

#endif
"""
SOURCE = '#include "core/core.h"\n#include <tinet/base.h>\n'
CLEAN = {
    "include/tinet/base.h": HEADER,
    "src/core/core.h": "",
    "src/http/url.c": SOURCE,
    "src/http/curl_easy.c": "#include <curl/curl.h>\n",
    "cli/get.c": "#include <tinet/base.h>\n",
}

DIRECTIONS = "includes go the allowed way"
FENCES = "foreign headers stay behind their fences"

# (lint, the test's name, what is planted, the point that fails, what it says)
PLANTED = [
    (
        "includes",
        "core that includes a capability",
        {"src/core/buf.c": '#include "http/url.h"\n'},
        DIRECTIONS,
        "core may not include http",
    ),
    (
        "includes",
        "a capability reached by a relative path",
        {"src/core/buf.c": '#include "../http/url.h"\n'},
        DIRECTIONS,
        "core may not include http",
    ),
    (
        "includes",
        "app that includes http",
        {"src/app/tiapp.c": '#include "http/url.h"\n'},
        DIRECTIONS,
        "app may not include http",
    ),
    (
        "includes",
        "a command that sees a private header",
        {"cli/run.c": '#include "core/core.h"\n'},
        DIRECTIONS,
        "cli sees public headers only",
    ),
    (
        "includes",
        "the addon that sees a private header",
        {"bindings/node/addon.c": '#include "../../src/core/core.h"\n'},
        DIRECTIONS,
        "bindings sees public headers only",
    ),
    (
        "includes",
        "a public header with a system header",
        {"include/tinet/http.h": "#include <sys/socket.h>\n"},
        DIRECTIONS,
        "may not include sys/socket.h",
    ),
    (
        "includes",
        "curl outside of its fence",
        {"src/http/client.c": "  #  include <curl/curl.h>\n"},
        FENCES,
        "curl/curl.h stays behind its fence",
    ),
    (
        "includes",
        "libuv outside of its fence",
        {"src/http/client.c": "#include <uv.h>\n"},
        FENCES,
        "uv.h stays behind its fence",
    ),
    (
        "includes",
        "OpenSSL outside of its fence",
        {"src/http/curl_easy.c": "#include <openssl/ssl.h>\n"},
        FENCES,
        "openssl/ssl.h stays behind its fence",
    ),
    (
        "includes",
        "a capability without a rule",
        {"src/gopher/gopher.c": ""},
        "every capability has its rule",
        "src/gopher",
    ),
    (
        "headers",
        "a header that needs another one first",
        {"include/tinet/http.h": "int tinet_x(uint32_t n);\n"},
        "public headers compile alone as C99",
        "uint32_t",
    ),
    (
        "headers",
        "a header without a guard",
        {"include/tinet/http.h": "struct tinet_x { int n; };\n"},
        "public headers compile alone as C11",
        "redefinition",
    ),
    (
        "headers",
        "a header that is no C++",
        {"include/tinet/http.h": "extern int tinet_class(int class);\n"},
        "public headers compile alone as C++17",
        "http.h",
    ),
    (
        "format",
        "a line that clang-format would change",
        {"src/core/buf.c": "int  main ( void ){return 0;}\n"},
        "the C files are formatted",
        "src/core/buf.c:1:",
    ),
    (
        "functions",
        "a function of 61 lines",
        {"src/core/buf.c": "int f(void)\n{\n" + "  g();\n" * 59 + "}\n"},
        "functions have at most 60 lines",
        "f has 61 lines",
    ),
    (
        "functions",
        "a file of a thousand lines",
        {"src/core/buf.c": "int a;\n" * 1000},
        "files are about one thing",
        "1000 lines",
    ),
    (
        "words",
        "a path of one machine",
        {"docs/x.md": "see /wor" + "k/main\n"},
        "no path of one machine",
        "docs/x.md:1",
    ),
    (
        "words",
        "a registry host",
        {"bindings/node/package-lock.json": "https://registry.np" + "mjs.org/\n"},
        "no registry host",
        "package-lock.json:1",
    ),
    (
        "words",
        "library code that prints",
        {"src/core/buf.c": 'void f(void)\n{\n  fprintf(stderr, "x");\n}\n'},
        "src: library code prints nothing",
        "src/core/buf.c:3",
    ),
    (
        "words",
        "library code that aborts",
        {"src/core/buf.c": "void f(void)\n{\n  abort();\n}\n"},
        "src: library code never ends the process",
        "src/core/buf.c:3",
    ),
    (
        "words",
        "library code that calls malloc",
        {"src/core/buf.c": "void *p = malloc(1);\n"},
        "src: the library allocates with tinet__alloc() and its like",
        "malloc(",
    ),
    (
        "scripts",
        "Python that does not compile",
        {"tools/x.py": "def f(:\n"},
        "Python compiles",
        "tools/x.py:1",
    ),
    (
        "scripts",
        "a shell script that does not parse",
        {"tools/x.sh": "if true; then\n"},
        "shell scripts parse",
        "tools/x.sh",
    ),
    (
        "scripts",
        "JavaScript that does not parse",
        {"bindings/node/lib/x.js": "const = 1;\n"},
        "JavaScript parses",
        "bindings/node/lib/x.js",
    ),
    (
        "symbols",
        "a function that is in no list",
        {"docs/symbols-in-versions.txt": "# none\n"},
        "every symbol is listed with its version",
        "tinet_increment: in the headers, not in",
    ),
    (
        "symbols",
        "a listed function that is gone",
        {
            "docs/symbols-in-versions.txt": "tinet_increment 0.1.0\n"
            "tinet_decrement 0.1.0\n"
        },
        "every symbol is listed with its version",
        "tinet_decrement: in docs/symbols-in-versions.txt, not in",
    ),
]


def clean_tree(lint):
    """The smallest tree in which the lint has nothing to say."""
    if lint == "headers":
        return {"include/tinet/base.h": HEADER}
    files = dict(CLEAN)
    if lint == "format":
        files[".clang-format"] = "BasedOnStyle: LLVM\n"
    return files


def test_table(out):
    for lint, name, planted, point, says in PLANTED:
        points = verdict(lint, dict(clean_tree(lint), **planted))
        out.point("%s: finds %s" % (lint, name), expect_found(points, point, says))
    for lint in ("includes", "headers", "format", "functions", "words", "scripts"):
        out.point(
            "%s: finds nothing in a clean tree" % lint,
            expect_clean(verdict(lint, clean_tree(lint))),
        )


def test_comments_do_not_count(out):
    files = clean_tree("includes")
    files["src/core/buf.c"] = "/*\n#include <uv.h>\nmalloc(1); abort();\n*/\n"
    problems = expect_clean(verdict("includes", files))
    problems += expect_clean(verdict("words", files))
    out.point("includes, words: a comment is no code", problems)


def build_library(exported):
    """A function that compiles a libtinet with these functions into build/."""

    def prepare(top):
        build = os.path.join(top, "build")
        os.makedirs(build)
        source = os.path.join(build, "tinet.c")
        with open(source, "w", encoding="utf-8") as f:
            f.writelines("int %s(int n) { return n; }\n" % name for name in exported)
        library = os.path.join(build, "libtinet")
        for command in (
            ["gcc", "-fPIC", "-c", source, "-o", library + ".o"],
            ["gcc", "-shared", library + ".o", "-o", library + ".so"],
            ["ar", "rcs", library + ".a", library + ".o"],
        ):
            subprocess.run(command, check=True)

    return prepare


def test_symbols(out):
    files = dict(CLEAN)
    files["docs/symbols-in-versions.txt"] = "tinet_increment 0.1.0\n"
    name = "exported symbols equal the declared ones"
    points = verdict("symbols", files, build_library(["tinet_increment"]))
    out.point("symbols: finds nothing in a clean tree", expect_clean(points))
    points = verdict(
        "symbols", files, build_library(["tinet_increment", "tinet_secret"])
    )
    out.point(
        "symbols: finds an export that no header declares",
        expect_found(points, name, "tinet_secret: in libtinet.so, not in the headers"),
    )
    points = verdict("symbols", files, build_library(["tinet_other"]))
    out.point(
        "symbols: finds a declaration that is not exported",
        expect_found(points, name, "tinet_increment: in the headers, not in"),
    )
    points = verdict("symbols", files, build_library(["tinet_increment", "helper"]))
    out.point(
        "symbols: finds a foreign name in the static library",
        expect_found(points, "the static library keeps to its names", "helper"),
    )


def write_compile_commands(top):
    build = os.path.join(top, "build")
    os.makedirs(build)
    with open(os.path.join(build, "compile_commands.json"), "w", encoding="utf-8") as f:
        f.write(
            '[{"directory": "%s", "file": "../src/core/a.c",'
            ' "command": "cc -c ../src/core/a.c"}]' % build
        )


def test_tidy(out):
    with open(os.path.join(ROOT, ".clang-tidy"), encoding="utf-8") as f:
        rules = f.read()
    name = "clang-tidy has nothing to say"
    clean = {".clang-tidy": rules, "src/core/a.c": "int f(int n)\n{\n  return n;\n}\n"}
    points = verdict("tidy", clean, write_compile_commands)
    out.point("tidy: finds nothing in a clean file", expect_clean(points))
    broken = "int f(int n)\n{\n  int *p = 0;\n  if (n)\n    *p = n;\n  return n;\n}\n"
    points = verdict(
        "tidy", dict(clean, **{"src/core/a.c": broken}), write_compile_commands
    )
    out.point(
        "tidy: finds a null pointer that is followed",
        expect_found(points, name, "src/core/a.c:5"),
    )


ERROR_H = """\
/* error.h - codes. */
#define TINET_ERROR_TABLE(X) X(TINET_EINVAL, -1, "invalid argument")

"""
COVERAGE = "| `onload` | works | tests/a.js | |\n"
ERRORS = "| `TINET_EINVAL` | -1 | invalid argument | NULL. | - |\n"


def docs_tree():
    files = {
        "include/tinet/base.h": HEADER,
        "include/tinet/error.h": ERROR_H,
        "docs/errors.md": ERRORS,
        "docs/coverage.md": COVERAGE,
        "docs/cli.md": "## tinet get\n\n`--header` adds one.\n",
        "tests/lint/members.txt": "onload\n",
        "tests/a.js": "client.onload = f;\n",
    }
    return files


def finish_docs(top):
    """The reference pages, and a `tinet` with one command."""
    for path, text in gen_docs.pages(top).items():
        full = os.path.join(top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if not os.path.exists(full):
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
    program = os.path.join(top, "build", "cli", "tinet")
    os.makedirs(os.path.dirname(program))
    with open(program, "w", encoding="utf-8") as f:
        f.write(
            "#!/bin/sh\n[ $1 = help ] && echo '  get   downloads' && exit\n"
            "echo '  --header NAME'\n"
        )
    os.chmod(program, 0o755)


DOCS_PLANTED = [
    (
        "a function without a comment",
        {"include/tinet/base.h": HEADER.replace("/* Adds one. */\n", "\n")},
        "every public function is explained in its header",
        "tinet_increment has no comment",
    ),
    (
        "a page that is older than its header",
        {"docs/api/base.md": "# old\n"},
        "the reference is what the headers say",
        "docs/api/base.md: differs",
    ),
    (
        "an error code without a row",
        {"docs/errors.md": "\n"},
        "every error code has its row",
        "no row for TINET_EINVAL",
    ),
    (
        "an error code with another number",
        {"docs/errors.md": ERRORS.replace("-1", "-2")},
        "every error code has its row",
        "TINET_EINVAL is -1",
    ),
    (
        "a member without a row",
        {"docs/coverage.md": "\n"},
        "every member of HTTPClient has its row and its test",
        "no row for onload",
    ),
    (
        "a member whose test is not there",
        {"docs/coverage.md": COVERAGE.replace("a.js", "b.js")},
        "every member of HTTPClient has its row and its test",
        "no such test: tests/b.js",
    ),
    (
        "a member that its test does not name",
        {"tests/a.js": "nothing\n"},
        "every member of HTTPClient has its row and its test",
        "does not speak of it",
    ),
    (
        "a member that is absent without a reason",
        {"docs/coverage.md": "| `onload` | absent | | |\n"},
        "every member of HTTPClient has its row and its test",
        "does not say why it is absent",
    ),
    (
        "a command without a section",
        {"docs/cli.md": "# none\n"},
        "every command and option has its section",
        "no section `tinet get`",
    ),
    (
        "an option that is not explained",
        {"docs/cli.md": "## tinet get\n"},
        "every command and option has its section",
        "does not explain --header",
    ),
    (
        "a link that leads nowhere",
        {"docs/x.md": "[there](gone.md)\n"},
        "links between pages lead somewhere",
        "gone.md leads nowhere",
    ),
]


def test_docs(out):
    points = verdict("docs", docs_tree(), finish_docs)
    out.point("docs: finds nothing in a clean tree", expect_clean(points))
    for name, planted, point, says in DOCS_PLANTED:
        points = verdict("docs", dict(docs_tree(), **planted), finish_docs)
        out.point("docs: finds " + name, expect_found(points, point, says))


def main():
    out = tap.Writer()
    test_table(out)
    test_comments_do_not_count(out)
    test_symbols(out)
    test_tidy(out)
    test_docs(out)
    return out.exit_status()


if __name__ == "__main__":
    sys.exit(main())
