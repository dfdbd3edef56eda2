#!/usr/bin/env python3
"""Bonjour with others, both ways: Avahi's daemon with avahi-browse and
avahi-publish, and npm's bonjour-service.  tinet uses its own stack.

Each in a machine (network namespace) of its own, the daemon with a system bus
of its own.  Needs the right to make namespaces (root); says so otherwise.
"""

import json
import os
import re
import shutil
import subprocess
import sys

from daemon import System
from test_namespaces import BUILD, Machine, Program, join, tap

TINET = os.path.join(BUILD, "cli", "tinet")
PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
KIND = "_inter._tcp"


class Interrupted(Program):
    """A program that a signal ends, as a person would."""

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        Program.running.remove(self)


def tinet(machine, *args):
    return Interrupted(machine, TINET, "bonjour", *args, "--backend", "embedded")


def avahi(system, *args):
    return Interrupted(system.machine, "env", "DBUS_SYSTEM_BUS_ADDRESS=" + system.address, *args)


def unescaped(label):
    """Avahi writes bytes as \\DDD, in decimal, and puts a backslash before dots."""
    one = re.sub(r"\\(\d{3}|.)", lambda m: chr(int(m[1])) if m[1].isdigit() else m[1], label)
    return one.encode("latin1").decode()


def listed(system, kind, *args):
    """What avahi-browse knows: {name: fields} of the resolved ones."""
    rows = system.run("avahi-browse", "-prt", *args, kind).splitlines()
    fields = [row.split(";") for row in rows if row.startswith("=;cable0;IPv4;")]
    return {unescaped(f[3]): f for f in fields}


def npm(machine, source):
    """A program with bonjour-service as `bonjour`; a line of input ends it."""
    head = """
const { Bonjour } = require(%s);
const bonjour = new Bonjour({}, (error) => { console.log('error', error.message); });
const say = (...words) => console.log('say', ...words);
process.stdin.on('data', () => bonjour.unpublishAll(() => { bonjour.destroy(); process.exit(); }));
""" % json.dumps(os.path.join(PEERS, "node_modules", "bonjour-service"))
    return Program(machine, "node", "-e", head + source)


def what_avahi_publishes_is_found(system, b):
    watcher = tinet(b, "browse", KIND, "--watch")
    name = "Café \u540d 1.2"
    peer = avahi(system, "avahi-publish", "-s", "--subtype=_room._sub." + KIND, name, KIND, "4711", "path=/x", "flag")
    watcher.expect(r"\+ %s  %s\.  local\." % (re.escape(name), KIND))
    resolver = tinet(b, "resolve", name, KIND)
    resolver.expect(r"= %s  %s\.  alpha\.local\.  4711" % (re.escape(name), KIND))
    assert resolver.next() == "    10.9.8.1"
    texts = {resolver.expect("    txt .*") for _ in range(2)}
    assert texts == {"    txt path=/x", "    txt flag"}, texts
    roomy = tinet(b, "browse", KIND, "--subtype", "_room")
    roomy.expect(r"\+ %s .*" % re.escape(name))
    types = tinet(b, "types")
    types.expect(r"\+ %s\.  local\." % KIND)
    peer.end()
    watcher.expect(r"- %s .*" % re.escape(name))
    watcher.end()


def what_is_published_avahi_finds(system, b):
    name = "Ünï \u540d\u524d; with. dots"
    service = tinet(b, "publish", name, KIND, "4242", "--txt", "color=blue", "--txt", "flag", "--subtype", "_room")
    service.expect("published as .*")
    found = listed(system, KIND)
    assert set(found) == {name}, found
    fields = found[name]
    host, address, port, txt = fields[6], fields[7], fields[8], fields[9]
    assert (address, port) == ("10.9.8.2", "4242") and '"color=blue"' in txt and '"flag"' in txt, fields
    assert system.run("avahi-resolve", "-4n", host).split()[1:] == ["10.9.8.2"]
    assert set(listed(system, "_room._sub." + KIND)) == {name}
    assert KIND in system.run("avahi-browse", "-at")
    watcher = avahi(system, "avahi-browse", "-p", KIND)
    watcher.expect(r"\+;.*")
    service.end()
    watcher.expect("-;.*")
    watcher.end()


def of_two_with_one_name_the_second_gives_way(system, b):
    first = avahi(system, "avahi-publish", "-s", "Foo", KIND, "1")
    first.expect("Established.*")
    second = tinet(b, "publish", "Foo", KIND, "2")
    second.expect(r"published as Foo \(2\)")
    third = tinet(b, "publish", "Foo", KIND, "2", "--no-rename")
    third.expect(".*NameCollisionError.*")
    assert set(listed(system, KIND)) == {"Foo", "Foo (2)"}
    first.end()
    second.end()
    first = tinet(b, "publish", "Bar", KIND, "2")
    first.expect("published as Bar")
    second = avahi(system, "avahi-publish", "-s", "Bar", KIND, "1")
    second.expect("Name collision, picking new name 'Bar #2'.")
    second.expect("Established under name 'Bar #2'")
    first.end()
    second.end()


def a_stack_beside_the_daemon_sees_it_and_is_seen(system, b):
    a = system.machine
    daemons = avahi(system, "avahi-publish", "-s", "Daemon's", KIND, "1")
    daemons.expect("Established.*")
    ours = tinet(a, "publish", "Ours", KIND, "2")
    ours.expect("published as Ours")
    for machine in (a, b):
        browser = tinet(machine, "browse", KIND)
        names = {browser.expect(r"\+ .*") for _ in range(2)}
        assert {line.split("  ")[0] for line in names} == {"+ Daemon's", "+ Ours"}, names
    assert set(listed(system, KIND)) == {"Daemon's", "Ours"}
    ours.end()
    daemons.end()


def what_npm_publishes_is_found(system, b):
    watcher = tinet(system.machine, "browse", KIND, "--watch")
    peer = npm(b, "bonjour.publish({ name: 'From npm', type: 'inter', port: 8123, txt: { a: 'b' }, disableIPv6: true }).on('up', () => say('up'));")
    peer.expect("say up")
    watcher.expect(r"\+ From npm .*")
    resolver = tinet(system.machine, "resolve", "From npm", KIND)
    resolver.expect(r"= From npm  %s\.  .*\.  8123" % KIND)
    lines = [resolver.next(), resolver.next()]
    assert lines == ["    10.9.8.2", "    txt a=b"], lines
    peer.say("end")
    watcher.expect("- From npm .*")
    watcher.end()


def what_is_published_npm_finds(system, b):
    service = tinet(system.machine, "publish", "For npm", KIND, "4242", "--txt", "color=blue")
    service.expect("published as For npm")
    peer = npm(b, """
const browser = bonjour.find({ type: 'inter' });
browser.on('up', (s) => say(s.name, s.port, s.txt.color, s.addresses.includes('10.9.8.1')));
browser.on('down', (s) => say('down', s.name));
""")
    peer.expect("say For npm 4242 blue true")
    service.end()
    peer.expect("say down For npm")
    peer.say("end")


TESTS = [
    what_avahi_publishes_is_found,
    what_is_published_avahi_finds,
    of_two_with_one_name_the_second_gives_way,
    a_stack_beside_the_daemon_sees_it_and_is_seen,
    what_npm_publishes_is_found,
    what_is_published_npm_finds,
]


def why_not(machines, test):
    if not all(machine.is_up for machine in machines):
        return "no network namespace can be made here"
    if "npm" in test.__name__:
        if not os.path.isdir(os.path.join(PEERS, "node_modules")):
            return "tools/install_npm.sh has not been run"
        return None if shutil.which("node") else "there is no node"
    missing = [p for p in ("dbus-daemon", "avahi-daemon", "avahi-browse") if not shutil.which(p)]
    return "not installed: " + " ".join(missing) if missing else None


def run(test, system, b):
    try:
        test(system, b)
        return []
    except (AssertionError, subprocess.SubprocessError) as error:
        return [repr(error)]
    finally:
        Program.kill_all()


def main():
    out = tap.Writer()
    machines = [Machine(), Machine()]
    only = sys.argv[1:]
    system = None
    for test in TESTS:
        if only and test.__name__ not in only:
            continue
        name = test.__name__.replace("_", " ")
        reason = why_not(machines, test)
        if reason:
            out.skip(name, reason)
            continue
        if not system:
            join(*machines)
            system = System(machines[0], "alpha")
        if "npm" not in test.__name__ and not system.avahi:
            system.start()
        if "npm" in test.__name__:
            system.end_avahi()
        out.point(name, run(test, system, machines[1]))
    if system:
        system.close()
    for machine in machines:
        machine.close()
    sys.exit(out.exit_status())


if __name__ == "__main__":
    main()
