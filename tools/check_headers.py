#!/usr/bin/env python3
"""check_headers.py - each public header compiles alone, in every language.

C99, C11 and C++17, with all warnings as errors, by gcc and by clang.
"""

import os
import shutil
import subprocess
import sys

import lint

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wstrict-prototypes"]
LANGUAGES = [("c", "c99"), ("c", "c11"), ("c++", "c++17")]
COMPILERS = {"c": ["gcc", "clang"], "c++": ["g++", "clang++"]}


def compile_alone(top, header, compiler, language, standard):
    flags = [f for f in WARNINGS if language == "c" or "prototypes" not in f]
    # Twice: the include guard is part of what is checked.
    text = "#include <%s>\n#include <%s>\n" % (header, header)
    command = [compiler, "-x", language, "-std=" + standard, *flags]
    command += ["-I", os.path.join(top, "include"), "-fsyntax-only", "-"]
    done = subprocess.run(
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode == 0:
        return []
    label = "%s with %s -std=%s" % (header, compiler, standard)
    return [label + "\n" + done.stdout.decode(errors="replace")]


def check_headers(top):
    headers = lint.files(top, ".h", under=["include/tinet"])
    headers = [path[len("include/") :] for path in headers]
    for language, standard in LANGUAGES:
        problems = [] if headers else ["there are no public headers"]
        compilers = [c for c in COMPILERS[language] if shutil.which(c)]
        if not compilers:
            problems.append("no compiler for " + language)
        for header in headers:
            for compiler in compilers:
                problems += compile_alone(top, header, compiler, language, standard)
        yield "public headers compile alone as " + standard.upper(), problems


if __name__ == "__main__":
    sys.exit(lint.main(check_headers))
