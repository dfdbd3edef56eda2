#!/usr/bin/env python3
"""check_words.py - no path of one machine and no registry host in the tree.

Also catches what a search of the text can find in library code: output,
aborting, and allocation past the library's own allocator.
"""

import re
import sys

import lint

# Put together from pieces, so that this file does not find itself.
MACHINE = re.compile(
    r"(?<![\w.])/(?:wor" + r"k|far" + r"m|home/\w+|root|tmp/ba" + r"sh)[/_]"
    r"|/(?:wor" + r"k|far" + r"m)[/_]"
)
REGISTRY = re.compile(r"deb\.debi" + r"an\.org|registry\.np" + r"mjs|pypi\.or" + r"g")

IN_LIBRARY = [
    (r"\b(?:v?f?printf|puts|fputs|perror|putchar)\s*\(", "library code prints nothing"),
    (r"\b(?:abort|exit|_exit|assert)\s*\(", "library code never ends the process"),
    (
        r"(?<![\w.>])(?:malloc|calloc|realloc|strdup|strndup|asprintf|vasprintf)\s*\(",
        "the library allocates with tinet__alloc() and its like",
    ),
    (r"\b(?:strcpy|strcat|sprintf|gets|strtok)\s*\(", "has no bound"),
    (r"\b(?:atoi|atol|atof)\s*\(", "cannot report an error"),
]

# The one file that calls malloc.
ALLOCATOR = ("src/core/alloc.c",)


def find_lines(top, paths, pattern, say, blank_comments=False):
    for path in paths:
        text = lint.read(top, path)
        if blank_comments:
            text = lint.without_comments(text)
        for number, line in enumerate(text.split("\n"), 1):
            found = pattern.search(line)
            if found:
                yield "%s:%d: %s: %s" % (path, number, found.group(0), say)


def is_text(top, path):
    return "\0" not in lint.read(top, path)[:4096]


def check_words(top):
    paths = [path for path in lint.files(top) if is_text(top, path)]
    yield "no path of one machine", list(
        find_lines(top, paths, MACHINE, "a path of one machine")
    )
    yield "no registry host", list(find_lines(top, paths, REGISTRY, "a registry"))
    sources = [p for p in lint.files(top, ".c", ".h", under=["src"])]
    for pattern, say in IN_LIBRARY:
        among = [p for p in sources if p not in ALLOCATOR or "allocates" not in say]
        yield "src: " + say, list(
            find_lines(top, among, re.compile(pattern), say, blank_comments=True)
        )


if __name__ == "__main__":
    sys.exit(lint.main(check_words))
