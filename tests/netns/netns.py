"""netns.py - machines for tests: network namespaces, joined by a cable.

Needs the right to make namespaces (root); Machine.is_up says whether.
"""

import subprocess

TIMEOUT = 60


class Machine:
    """A namespace, kept by a process that sleeps in it."""

    def __init__(self):
        self.keeper = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo up; exec sleep 1000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.is_up = self.keeper.stdout.readline() == b"up\n"

    def command(self, *args):
        return ["nsenter", "-t", str(self.keeper.pid), "-n", *args]

    def run(self, *args):
        return subprocess.run(
            self.command(*args), capture_output=True, text=True, timeout=TIMEOUT
        ).stdout

    def start(self, *args):
        return subprocess.Popen(
            self.command(*args), stdout=subprocess.PIPE, text=True
        )

    def ip(self, *args):
        subprocess.run(self.command("ip", *args), check=True)

    def close(self):
        self.keeper.kill()
        self.keeper.communicate()


def cable(a, b):
    """cable0 of a, cable1 of b; both still down."""
    a.ip("link", "add", "cable0", "type", "veth", "peer",
         "name", "cable1", "netns", str(b.keeper.pid))


def join(a, b):
    """Both have an IPv4 and a link-local address, and send multicast there."""
    cable(a, b)
    for machine, name, number in ((a, "cable0", 1), (b, "cable1", 2)):
        machine.ip("link", "set", "lo", "up")
        machine.ip("addr", "add", "10.9.8.%d/24" % number, "dev", name)
        machine.ip("addr", "add", "fe80::%d/64" % number, "dev", name, "nodad")
        machine.ip("link", "set", name, "up")
        machine.ip("route", "add", "224.0.0.0/4", "dev", name)


def join_by_ipv6(a, b):
    """Both have a link-local address and nothing else."""
    cable(a, b)
    for machine, name, number in ((a, "cable0", 1), (b, "cable1", 2)):
        machine.ip("addr", "add", "fe80::%d/64" % number, "dev", name, "nodad")
        machine.ip("link", "set", name, "addrgenmode", "none")
        machine.ip("link", "set", name, "up")
