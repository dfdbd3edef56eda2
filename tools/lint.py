"""lint.py - what the lints share: which files there are, and how to report.

A lint is a function that takes the root of a tree and yields
(name of the point, list of problems).
"""

import os
import re
import subprocess
import sys

import tap

SKIPPED_FOLDERS = re.compile(r"^(build.*|node_modules|__pycache__|\.git)$")


def root():
    """The tree to look at: the project's, or for the lints' tests another."""
    if "--root" in sys.argv:
        return os.path.abspath(sys.argv[sys.argv.index("--root") + 1])
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_folder(top):
    return os.environ.get("TINET_BUILD", os.path.join(top, "build-release"))


def _git_files(top):
    if not os.path.exists(os.path.join(top, ".git")):
        return None
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=top,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if listing.returncode != 0:
        return None
    return [path for path in listing.stdout.decode().split("\0") if path]


def _walked_files(top):
    for folder, subfolders, names in os.walk(top):
        subfolders[:] = [s for s in subfolders if not SKIPPED_FOLDERS.match(s)]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), top)


def files(top, *suffixes, under=()):
    """Paths relative to `top`, sorted: those git knows or would add, or in a
    tree without git all but built ones."""
    paths = _git_files(top)
    if paths is None:
        paths = _walked_files(top)
    return sorted(
        path
        for path in paths
        if path.endswith(suffixes or ("",))
        and (not under or path.startswith(tuple(folder + "/" for folder in under)))
        and os.path.isfile(os.path.join(top, path))
    )


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def without_comments(text):
    """C text with comments and literals blanked, line breaks kept."""

    def blank(match):
        found = match.group(0)
        if found.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]

    return re.sub(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
        blank,
        text,
        flags=re.S,
    )


def main(*lints):
    """Runs the lints and prints TAP; the value is the exit status."""
    out = tap.Writer()
    top = root()
    for lint in lints:
        for name, problems in lint(top):
            out.point(name, problems)
    return out.exit_status()
