#!/usr/bin/env python3
"""Sockets between two machines: two network namespaces joined by a cable.

Needs the right to make namespaces (root); says so otherwise.
"""

import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.join(ROOT, "tests", "netns"))

import tap  # noqa: E402
from netns import Machine, join  # noqa: E402

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build"))
PEER = os.path.join(BUILD, "tests", "sockets", "peer")
TIMEOUT = 60


def with_file(path, text, *command):
    """The command, for which another file stands at the path."""
    script = 'mount -t tmpfs tmpfs /mnt && printf %s "$1" >/mnt/file && mount --bind /mnt/file "$2" && shift 2 && exec "$@"'
    return ["unshare", "-m", "sh", "-c", script, "sh", text, path, *command]


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
    names = "2001:db8::77 dual\n10.9.8.2 dual\n"
    out = a.run(*with_file("/etc/hosts", names, PEER, "connect", "dual", port))
    assert out == "connected 10.9.8.2\n", out
    listener.communicate(timeout=TIMEOUT)


NAME_SERVER = """
import socket, struct, sys
lost = int(sys.argv[1])  # questions of this type get no answer
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.9.8.2", 53))
print("ready", flush=True)
while True:
    q, peer = s.recvfrom(512)
    end = q.index(b"\\0", 12) + 5
    kind = struct.unpack(">H", q[end - 4:end - 2])[0]
    if kind == lost:
        continue
    data = {1: socket.inet_aton("10.9.8.2"), 28: socket.inet_pton(socket.AF_INET6, "2001:db8::2")}[kind]
    answer = b"\\xc0\\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
    s.sendto(q[:2] + b"\\x81\\x80" + struct.pack(">HHHH", 1, 1, 0, 0) + q[12:end] + answer, peer)
"""


def a_name_server_that_loses_questions_holds_up_nobody(a, b):
    """rfc: 8305 3 - getaddrinfo() alone would wait 5 seconds, twice."""
    for machine, name, number in ((a, "cable0", 1), (b, "cable1", 2)):
        machine.ip("addr", "replace", "2001:db8::%d/64" % number, "dev", name, "nodad")
    for lost, want in ((28, "10.9.8.2"), (1, "2001:db8::2")):
        server = b.start("python3", "-c", NAME_SERVER, str(lost))
        listener = b.start(PEER, "listen", "*")
        try:
            assert server.stdout.readline() == "ready\n"
            port = listener.stdout.readline().strip()
            start = time.monotonic()
            out = a.run(*with_file("/etc/resolv.conf", "nameserver 10.9.8.2\n", PEER, "connect", "far.test", port))
            took = time.monotonic() - start
            assert out == "connected %s\n" % want, out
            assert took < 4, took
            listener.communicate(timeout=TIMEOUT)
        finally:
            for process in (server, listener):
                process.kill()
                process.communicate()


def a_peer_that_vanishes_is_given_up(a, b):
    """Idle, and with data on its way, for which TCP sends no probes."""
    listener = b.start("python3", "-c", SILENT)
    port = listener.stdout.readline().strip()
    held = []
    try:
        for text in ([], ["hello"]):
            held.append(
                subprocess.Popen(
                    a.command(PEER, "hold", "10.9.8.2", port, *text),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            assert held[-1].stdout.readline() == "connected 10.9.8.2\n"
        b.ip("link", "set", "cable1", "down")
        for process in held:
            out = process.communicate("go\n", timeout=TIMEOUT)[0]
            assert "TINET_ETIMEDOUT 110 " in out or "TINET_EUNREACHABLE 113 " in out, out
            assert process.returncode == 0
    finally:
        for process in held + [listener]:
            process.kill()
            process.communicate()
        b.ip("link", "set", "cable1", "up")


SILENT = """
import socket, time
s = socket.create_server(("10.9.8.2", 0))
print(s.getsockname()[1], flush=True)
taken = [s.accept() for i in range(2)]
time.sleep(1000)
"""


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
    a_name_server_that_loses_questions_holds_up_nobody,
    a_peer_that_vanishes_is_given_up,
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
