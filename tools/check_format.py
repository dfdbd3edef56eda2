#!/usr/bin/env python3
"""check_format.py - clang-format would change nothing."""

import re
import subprocess
import sys

import lint


def check_format(top):
    paths = lint.files(top, ".c", ".h")
    if not paths:
        yield "the C files are formatted", ["there are no C files"]
        return
    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *paths],
        cwd=top,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    # One line a place is enough; `make format` mends them all.
    places = re.findall(r"^\S+:\d+:\d+: error: .*$", output, re.M)
    problems = places or ([output] if done.returncode != 0 else [])
    yield "the C files are formatted", problems


if __name__ == "__main__":
    sys.exit(lint.main(check_format))
