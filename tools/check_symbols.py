#!/usr/bin/env python3
"""check_symbols.py - what is declared, exported and listed is the same.

- libtinet.so exports exactly the functions that the public headers declare.
- libtinet.a defines them, and no global name that does not begin with tinet.
- docs/symbols-in-versions.txt lists each once, with the version it came in.
"""

import os
import re
import subprocess
import sys

import lint
import public_api

LIST = "docs/symbols-in-versions.txt"


def differences(left, left_name, right, right_name):
    return [
        "%s: in %s, not in %s" % (name, left_name, right_name)
        for name in sorted(set(left) - set(right))
    ] + [
        "%s: in %s, not in %s" % (name, right_name, left_name)
        for name in sorted(set(right) - set(left))
    ]


def defined_symbols(*command):
    listing = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    rows = [line.split() for line in listing.decode().splitlines()]
    return {
        row[-1].split("@")[0]
        for row in rows
        if len(row) >= 3 and row[-2] in "TBDRVWGSC"
    }


def is_sanitizers(name):
    return re.match(r"__(a|ub|l)san|__odr_asan|_ZN|__sanitizer", name)


def check_shared(top, declared):
    path = os.path.join(lint.build_folder(top), "libtinet.so")
    if not os.path.exists(path):
        return ["%s is not there: run make check" % os.path.relpath(path, top)]
    exported = defined_symbols("nm", "-D", "--defined-only", path)
    return differences(declared, "the headers", exported, "libtinet.so")


def check_static(top, declared):
    path = os.path.join(lint.build_folder(top), "libtinet.a")
    if not os.path.exists(path):
        return ["%s is not there: run make check" % os.path.relpath(path, top)]
    defined = defined_symbols("nm", "-g", "--defined-only", path)
    problems = ["%s: not in libtinet.a" % n for n in declared if n not in defined]
    problems += [
        "%s: a global name that does not begin with tinet" % name
        for name in sorted(defined)
        if not name.startswith("tinet") and not is_sanitizers(name)
    ]
    return problems


def check_list(top, declared):
    if not os.path.exists(os.path.join(top, LIST)):
        return [LIST + " is missing"]
    problems, listed = [], []
    for number, line in enumerate(lint.read(top, LIST).splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = re.fullmatch(r"(tinet_\w+) +(\d+\.\d+\.\d+)", line)
        if row is None:
            problems.append("%s:%d: not `symbol version`" % (LIST, number))
            continue
        if row.group(1) in listed:
            problems.append("%s:%d: %s stands twice" % (LIST, number, row.group(1)))
        listed.append(row.group(1))
    return problems + differences(declared, "the headers", listed, LIST)


def check_symbols(top):
    declared = [function.name for function in public_api.declared_functions(top)]
    yield "the headers declare functions", [] if declared else ["none found"]
    yield "exported symbols equal the declared ones", check_shared(top, declared)
    yield "the static library keeps to its names", check_static(top, declared)
    yield "every symbol is listed with its version", check_list(top, declared)


if __name__ == "__main__":
    sys.exit(lint.main(check_symbols))
