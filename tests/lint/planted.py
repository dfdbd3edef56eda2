"""planted.py - runs a lint on a small tree made for it.

`verdict(lint, files)` writes `files` into an empty folder, runs
tools/check_<lint>.py on it and returns {name of the point: its comments}, the
comments being None where the point passed.
"""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))


def write_tree(top, files):
    for path, content in files.items():
        full = os.path.join(top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(content)


def read_points(output):
    points, comments = {}, []
    for line in output.splitlines():
        match = re.match(r"(not )?ok \d+ - (.*)", line)
        if match:
            points[match.group(2)] = comments if match.group(1) else None
            comments = []
        elif line.startswith("# "):
            comments.append(line[2:])
    return points


def verdict(lint, files, prepare=None):
    """`prepare(folder)` may compile something, before the lint looks."""
    with tempfile.TemporaryDirectory() as top:
        write_tree(top, files)
        if prepare:
            prepare(top)
        done = subprocess.run(
            [
                sys.executable,
                os.path.join(ROOT, "tools", "check_%s.py" % lint),
                "--root",
                top,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env=dict(os.environ, TINET_BUILD=os.path.join(top, "build")),
        )
        output = done.stdout.decode()
        points = read_points(output)
        if not points or done.returncode not in (0, 1):
            raise RuntimeError("check_%s did not run:\n%s" % (lint, output))
        return points


def expect_found(points, name, text):
    """Problems of the test: the lint should have failed `name`, saying `text`."""
    if name not in points:
        return ["no point named %r among %s" % (name, sorted(points))]
    if points[name] is None:
        return ["%r passed although a defect was planted" % name]
    if not any(text in line for line in points[name]):
        return ["%r does not say %r: %s" % (name, text, points[name])]
    return []


def expect_clean(points):
    return [
        "%r failed without a defect: %s" % (name, comments)
        for name, comments in points.items()
        if comments is not None
    ]
