#!/usr/bin/env python3
"""Sockets between two machines: two network namespaces joined by a cable.

Needs the right to make namespaces (root); says so otherwise.
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.join(ROOT, "tests", "netns"))

import tap  # noqa: E402
from netns import Machine, join  # noqa: E402

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build"))
PEER = os.path.join(BUILD, "tests", "sockets", "peer")
TIMEOUT = 60


def multicast(a, b, group, want_from):
    receiver = b.start(PEER, "receive", group, "5454", "cable1")
    assert receiver.stdout.readline() == "ready\n"
    a.run(PEER, "send", group, "5454", "cable0", "hello")
    out = receiver.communicate(timeout=TIMEOUT)[0]
    assert out == "hello\nfrom %s\n" % want_from, out


def ipv4_multicast_reaches_the_other_machine(a, b):
    multicast(a, b, "239.7.7.7", "10.9.8.1")


def ipv6_multicast_reaches_the_other_machine(a, b):
    receiver = b.start(PEER, "receive", "ff02::4321", "5455", "cable1")
    assert receiver.stdout.readline() == "ready\n"
    a.run(PEER, "send", "ff02::4321", "5455", "cable0", "hello")
    out = receiver.communicate(timeout=TIMEOUT)[0]
    assert out.startswith("hello\nfrom fe80::") and "%cable1" in out, out


def a_link_local_address_is_reached_over_its_interface(a, b):
    listener = b.start(PEER, "listen", "*")
    port = listener.stdout.readline().strip()
    out = a.run(PEER, "connect", "fe80::2%cable0", port)
    assert out == "connected fe80::2%cable0\n", out
    out = listener.communicate(timeout=TIMEOUT)[0]
    assert out.startswith("from fe80::") and out.endswith("%cable1\n"), out


def a_network_without_a_route_is_unreachable(a, _b):
    out = a.run(PEER, "connect", "198.51.100.1", "80")
    assert "TINET_EUNREACHABLE 101 " in out, out
    out = a.run(PEER, "connect", "2001:db8::1", "80")
    assert "TINET_EUNREACHABLE 101 " in out, out


def a_machine_that_is_not_there_is_unreachable(a, _b):
    out = a.run(PEER, "connect", "10.9.8.77", "80")
    assert "TINET_EUNREACHABLE 113 " in out, out


def a_silent_first_address_does_not_hold_up_the_second(a, b):
    """rfc: 8305 5 - packets to the IPv6 address of the name are lost: nobody has
    that hardware address.  TCP alone would try for two minutes."""
    for args in (["addr", "add", "2001:db8::1/64", "dev", "cable0", "nodad"],
                 ["neigh", "add", "2001:db8::77", "lladdr", "02:00:00:00:00:99", "dev", "cable0", "nud", "permanent"]):
        subprocess.run(a.command("ip", *args), check=True)
    listener = b.start(PEER, "listen", "*")
    port = listener.stdout.readline().strip()
    with tempfile.NamedTemporaryFile("w", suffix="hosts") as hosts:
        hosts.write("2001:db8::77 dual\n10.9.8.2 dual\n")
        hosts.flush()
        own_hosts = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
        out = a.run("unshare", "-m", "sh", "-c", own_hosts, "sh", hosts.name, PEER, "connect", "dual", port)
    assert out == "connected 10.9.8.2\n", out
    listener.communicate(timeout=TIMEOUT)


def an_interface_that_vanishes_ends_nothing_wrongly(a, b):
    receiver = b.start(PEER, "receive", "239.7.7.8", "5456", "cable1")
    assert receiver.stdout.readline() == "ready\n"
    subprocess.run(a.command("ip", "link", "del", "cable0"), check=True)
    out = a.run(PEER, "send", "239.7.7.8", "5456", "cable0", "hello")
    assert out.startswith("group: "), out
    assert receiver.poll() is None
    receiver.kill()
    receiver.communicate()
    out = a.run(PEER, "connect", "fe80::2%cable0", "80")
    assert "no such interface" in out, out


TESTS = [
    ipv4_multicast_reaches_the_other_machine,
    ipv6_multicast_reaches_the_other_machine,
    a_link_local_address_is_reached_over_its_interface,
    a_network_without_a_route_is_unreachable,
    a_machine_that_is_not_there_is_unreachable,
    a_silent_first_address_does_not_hold_up_the_second,
    an_interface_that_vanishes_ends_nothing_wrongly,
]


def main():
    out = tap.Writer()
    machines = [Machine(), Machine()]
    can = all(machine.is_up for machine in machines)
    if can:
        join(*machines)
    for test in TESTS:
        name = test.__name__.strip("_").replace("_", " ")
        if not can:
            out.skip(name, "no network namespace can be made here")
            continue
        try:
            test(*machines)
            out.point(name, [])
        except (AssertionError, subprocess.SubprocessError) as error:
            out.point(name, [repr(error)])
    for machine in machines:
        machine.close()
    sys.exit(out.exit_status())


main()
