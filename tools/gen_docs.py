#!/usr/bin/env python3
"""gen_docs.py - writes docs/api/*.md from the comments of the public headers.

The headers are the reference; these pages are for those who read on the web.
`make docs` runs this, and tools/check_docs.py compares.
"""

import os
import re
import sys

import lint
import public_api

NOTE = (
    "<!-- Written by tools/gen_docs.py from include/tinet/%s; change that and run "
    "`make docs`. -->"
)


# "Ownership  The caller owns ..." in the head of a header.
HEAD_ENTRY = re.compile(r"^([A-Z][a-z]+) {2,}(.*)$")


CODE = re.compile(r"`[^`]*`|<tinet/\w+\.h>|\b(?:tinet_|TINET_)\w+(?:\(\))?")


def escape(line):
    """Comment text as Markdown text, names of C set as code."""
    out, end = [], 0
    for match in CODE.finditer(line):
        out.append(re.sub(r"([*_<>|])", r"\\\1", line[end : match.start()]))
        out.append("`" + match.group(0).strip("`") + "`")
        end = match.end()
    out.append(re.sub(r"([*_<>|])", r"\\\1", line[end:]))
    return "".join(out)


def prose(lines):
    """Paragraphs; what is indented as in a list of terms becomes one."""
    out, is_entry = [], False
    for line in lines:
        entry = HEAD_ENTRY.match(line)
        if entry:
            if not is_entry and out and out[-1]:
                out.append("")
            out.append("- **%s** %s" % (entry.group(1), escape(entry.group(2))))
            is_entry = True
        elif not line:
            out.append("")
            is_entry = False
        elif is_entry:
            out.append("  " + escape(line.strip()))
        else:
            out.append(escape(line.strip()))
    return out


def page(top, path):
    name = os.path.basename(path)
    out = ["# `<tinet/%s>`" % name, "", NOTE % name, ""]
    is_first = True
    for item in public_api.items(top, path):
        if item.kind == "section":
            out += ["## " + item.title[0].upper() + item.title[1:], ""]
            continue
        comment = list(item.comment)
        if is_first and comment and comment[0].startswith(name):
            title = comment[0].split(" - ", 1)[1]
            comment[0] = title[0].upper() + title[1:]
        elif item.names:
            out += ["### " + ", ".join("`%s`" % name for name in item.names), ""]
        is_first = False
        if item.text:
            out += ["```c", *item.text.split("\n"), "```", ""]
        if comment:
            out += [*prose(comment), ""]
    return "\n".join(out).rstrip("\n") + "\n"


def pages(top):
    """{path of the page: its text}"""
    return {
        "docs/api/%s.md" % os.path.basename(path)[: -len(".h")]: page(top, path)
        for path in public_api.header_paths(top)
    }


def main():
    top = lint.root()
    for path, text in pages(top).items():
        full = os.path.join(top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
