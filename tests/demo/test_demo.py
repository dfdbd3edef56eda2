#!/usr/bin/env python3
"""test_demo.py - the demo runs to its end, and fails when something of it fails."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import tap  # noqa: E402

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build-release"))

# What issue and README promise that the app meets, as words of its lines.
STEPS = [
    "sign",
    "redirect",
    "json",
    "xml",
    "upload",
    "download",
    "404",
    "timeout|time-out|timed out",
    "abort",
    "still signed in",
]


def run_demo(**env):
    done = subprocess.run(
        [os.path.join(ROOT, "examples", "newsroom", "demo.sh")],
        env=dict(
            os.environ,
            TINET_ADDON_DIR=os.path.join(BUILD, "bindings", "node"),
            **env,
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    out = tap.Writer()
    status, text = run_demo(TINET=os.path.join(BUILD, "cli", "tinet"))
    out.point("the demo ends with exit status 0", [text] if status != 0 else [])
    for step in STEPS:
        is_told = any(word in text.lower() for word in step.split("|"))
        out.point("it tells of: " + step, [] if is_told else [text])
    status, text = run_demo(TINET="/bin/false")
    out.point(
        "the demo fails when the app fails",
        ["it passed with /bin/false for tinet:\n" + text] if status == 0 else [],
    )
    return out.exit_status()


if __name__ == "__main__":
    sys.exit(main())
