#!/usr/bin/env python3
"""check_docs.py - the documentation says what the code says.

- docs/api/*.md is what tools/gen_docs.py writes, and every public function has a
  comment to write there.
- docs/errors.md has a row for each error code, with its number and text.
- docs/coverage.md has a row for each member of tests/lint/members.txt; what
  it calls done names a test that speaks of the member.
- docs/cli.md has a section for each command, and each option of it.
- Links between the pages lead somewhere.
"""

import os
import posixpath
import re
import subprocess
import sys

import gen_docs
import lint
import public_api

STATES = ("works", "throws", "planned", "absent")


def read_or_empty(top, path):
    return lint.read(top, path) if os.path.exists(os.path.join(top, path)) else ""


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def is_ruler(line):
    cells = cells_of(line)
    return line.startswith("|") and all(re.fullmatch(r":?-+:?", c) for c in cells)


def rows(text, n_columns):
    """(line number, cells) of the tables with this many columns, the rulers and
    the heads above them left out."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        is_head = number < len(lines) and is_ruler(lines[number])
        cells = cells_of(line)
        if line.startswith("|") and len(cells) == n_columns:
            if not is_head and not is_ruler(line):
                yield number, cells


def check_reference(top):
    problems = [
        "%s:%d: %s has no comment" % (f.header, f.line, f.name)
        for f in public_api.declared_functions(top)
        if not f.comment
    ]
    yield "every public function is explained in its header", problems
    pages = gen_docs.pages(top)
    problems = [
        "%s: differs from what the header says: run make docs" % path
        for path, text in pages.items()
        if read_or_empty(top, path) != text
    ]
    problems += [
        "%s: there is no such header" % path
        for path in lint.files(top, ".md", under=["docs/api"])
        if path not in pages
    ]
    if not pages:
        problems.append("there are no public headers")
    yield "the reference is what the headers say", problems


def check_errors(top):
    path = "docs/errors.md"
    listed = {}
    for _number, cells in rows(read_or_empty(top, path), 5):
        listed[cells[0].strip("`")] = cells
    table = public_api.error_table(top)
    problems = [] if table else ["no error table found"]
    for name, number, text in table:
        cells = listed.get(name)
        if cells is None:
            problems.append("%s has no row for %s" % (path, name))
        elif cells[1:3] != [str(number), text]:
            problems.append("%s: %s is %d, %s" % (path, name, number, text))
        elif not cells[3]:
            problems.append("%s: %s does not say when" % (path, name))
    known = {name for name, _number, _text in table}
    problems += [
        "%s: %s is no error code" % (path, name)
        for name in listed
        if name.startswith("TINET_") and name not in known
    ]
    yield "every error code has its row", problems


def coverage_problem(top, name, state, test, note):
    if state not in STATES:
        return "%s: the state is not one of %s" % (name, ", ".join(STATES))
    if state in ("planned", "absent"):
        return None if note else "%s: does not say why it is %s" % (name, state)
    path = re.sub(r"^\[.*\]\((?:\.\./)?(.*)\)$", r"\1", test).strip("`")
    if not path or not os.path.isfile(os.path.join(top, path)):
        return "%s: no such test: %s" % (name, path or "(empty)")
    if not re.search(r"\b%s\b" % re.escape(name), lint.read(top, path)):
        return "%s: %s does not speak of it" % (name, path)
    return None


def check_coverage(top):
    path = "docs/coverage.md"
    members = [
        line
        for line in read_or_empty(top, "tests/lint/members.txt").splitlines()
        if line and not line.startswith("#")
    ]
    listed, problems = {}, [] if members else ["no list of members"]
    for number, cells in rows(read_or_empty(top, path), 4):
        name = re.sub(r"\(.*\)$", "", cells[0].strip("`"))
        if name in listed:
            problems.append("%s:%d: %s stands twice" % (path, number, name))
        listed[name] = cells
    for name in members:
        if name not in listed:
            problems.append("%s has no row for %s" % (path, name))
            continue
        problem = coverage_problem(top, name, *listed[name][1:])
        if problem:
            problems.append("%s: %s" % (path, problem))
    yield "every member of HTTPClient has its row and its test", problems


def commands(top):
    """The commands of the built `tinet`, as `tinet help` lists them."""
    program = os.path.join(lint.build_folder(top), "cli", "tinet")
    if not os.path.exists(program):
        return None
    text = subprocess.run(
        [program, "help"], stdout=subprocess.PIPE, check=False
    ).stdout.decode()
    return re.findall(r"^  ([a-z][a-z-]*)\s", text, re.M)


def options(top, command):
    program = os.path.join(lint.build_folder(top), "cli", "tinet")
    text = subprocess.run(
        [program, command, "--help"], stdout=subprocess.PIPE, check=False
    ).stdout.decode()
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)))


def check_commands(top):
    found = commands(top)
    if found is None:
        yield "every command has its section", ["tinet is not built: run make check"]
        return
    text = read_or_empty(top, "docs/cli.md")
    sections = dict(re.findall(r"^## `?tinet ([a-z-]+).*?$(.*?)(?=^## |\Z)", text, re.M | re.S))
    problems = [] if found else ["`tinet help` lists no command"]
    for name in found:
        if name not in sections:
            problems.append("docs/cli.md has no section `tinet %s`" % name)
            continue
        problems += [
            "docs/cli.md: `tinet %s` does not explain %s" % (name, option)
            for option in options(top, name)
            if option not in sections[name] and option != "--help"
        ]
    yield "every command and option has its section", problems


def check_links(top):
    problems = []
    for path in lint.files(top, ".md"):
        text = re.sub(r"```.*?```", "", lint.read(top, path), flags=re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            full = posixpath.join(posixpath.dirname(path), target)
            if not os.path.exists(os.path.join(top, full)):
                problems.append("%s: %s leads nowhere" % (path, target))
    yield "links between pages lead somewhere", problems


if __name__ == "__main__":
    sys.exit(
        lint.main(
            check_reference, check_errors, check_coverage, check_commands, check_links
        )
    )
