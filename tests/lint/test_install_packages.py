#!/usr/bin/env python3
"""test_install_packages.py - what tools/install_packages.sh would do, on a
machine that is made of scripts in the place of dpkg-query, apt-get and others."""

import os
import subprocess
import sys
import tempfile

from planted import ROOT

import tap

STUBS = {
    # Installed is what the file `installed` lists.
    "dpkg-query": """
for last; do :; done
grep -qx "$last" "$STATE/installed" && printf installed
""",
    "apt-get": """
echo "apt-get $*" >>"$STATE/log"
[ "$1" = install ] || exit 0
[ -e "$POLICY_RC_D" ] && "$POLICY_RC_D" || echo "policy $?" >>"$STATE/log"
for word; do
  case "$word" in
  install|-*) ;;
  *)
    echo "$word" >>"$STATE/installed"
    touch "$UNITS/${word%-light}.service"
    ;;
  esac
done
""",
    "systemctl": 'echo "systemctl $*" >>"$STATE/log"\n',
    "id": 'echo "${FAKE_UID:-0}"\n',
}

LIST = "# all\n[build]\ngcc\n\n# more\nmeson\n[check]\nnginx-light\n"


class Machine:
    """Folders with the stubs, the list of packages and what is installed."""

    def __init__(self, folder, installed):
        self.folder = folder
        self.bin = os.path.join(folder, "bin")
        self.tools = os.path.join(folder, "tools")
        self.policy = os.path.join(folder, "policy-rc.d")
        os.mkdir(self.bin)
        os.mkdir(self.tools)
        for name, text in STUBS.items():
            self.write(os.path.join("bin", name), "#!/bin/sh\n" + text)
            os.chmod(os.path.join(self.bin, name), 0o755)
        self.write("installed", "".join(p + "\n" for p in installed))
        self.write("log", "")
        self.write("tools/packages.txt", LIST)
        script = os.path.join(ROOT, "tools", "install_packages.sh")
        os.symlink(script, os.path.join(self.tools, "install_packages.sh"))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as f:
            return f.read()

    def run(self, *groups, path=None, **env):
        done = subprocess.run(
            [os.path.join(self.tools, "install_packages.sh"), *groups],
            env={
                "PATH": path or self.bin + ":/usr/bin:/bin",
                "STATE": self.folder,
                "POLICY_RC_D": self.policy,
                "UNITS": self.folder,
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode()


def nothing_is_done_when_nothing_is_missing(machine):
    status, text = machine.run("build")
    return status == 0 and machine.read("log") == "" and text == ""


def only_what_is_missing_is_installed(machine):
    status, _text = machine.run("build")
    log = machine.read("log").splitlines()
    return (
        status == 0
        and log[0].startswith("apt-get update")
        and log[1].startswith("apt-get install")
        and log[1].endswith(" meson")
        and "gcc" not in log[1]
    )


def services_are_neither_started_nor_enabled(machine):
    status, _text = machine.run("check")
    log = machine.read("log")
    return (
        status == 0
        and "policy 101" in log
        and log.count("systemctl") == 1
        and "systemctl disable --quiet nginx.service" in log
        and not os.path.exists(machine.policy)
    )


def a_policy_of_the_machine_is_left_alone(machine):
    machine.write("policy-rc.d", "#!/bin/sh\nexit 104\n")
    os.chmod(machine.policy, 0o755)
    status, _text = machine.run("check")
    return (
        status == 0
        and "policy 104" in machine.read("log")
        and machine.read("policy-rc.d") == "#!/bin/sh\nexit 104\n"
    )


def a_user_without_sudo_is_told_what_is_missing(machine):
    for name in ("sh", "dirname", "awk", "grep", "echo"):
        os.symlink("/usr/bin/" + name, os.path.join(machine.bin, name))
    status, text = machine.run("build", path=machine.bin, FAKE_UID="1000")
    return status == 1 and "meson" in text and machine.read("log") == ""


def a_service_that_was_there_stays_enabled(machine):
    machine.write("nginx.service", "")
    status, _text = machine.run("check")
    return status == 0 and "systemctl" not in machine.read("log")


TESTS = [
    (nothing_is_done_when_nothing_is_missing, ["gcc", "meson"]),
    (only_what_is_missing_is_installed, ["gcc"]),
    (services_are_neither_started_nor_enabled, ["gcc", "meson"]),
    (a_service_that_was_there_stays_enabled, ["gcc", "meson"]),
    (a_policy_of_the_machine_is_left_alone, ["gcc", "meson"]),
    (a_user_without_sudo_is_told_what_is_missing, ["gcc"]),
]


def main():
    out = tap.Writer()
    for test, installed in TESTS:
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(folder, installed)
            problems = [] if test(machine) else ["log:\n" + machine.read("log")]
            out.point(test.__name__.replace("_", " "), problems)
    return out.exit_status()


if __name__ == "__main__":
    sys.exit(main())
