#!/usr/bin/env python3
"""Bonjour between two machines without any daemon: the embedded back end.

Needs the right to make namespaces (root); says so otherwise.
"""

import os
import queue
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.path.insert(0, os.path.join(ROOT, "tests", "netns"))

import tap  # noqa: E402
from netns import Machine, join, join_by_ipv6  # noqa: E402

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build"))
DRIVE = os.path.join(BUILD, "tests", "bonjour", "bonjour_drive")
MDNS = os.path.join(ROOT, "tests", "bonjour", "mdns.py")
TIMEOUT = 60
IS_SANITIZED = "asan" in os.path.basename(BUILD)


class Program:
    """A program whose lines are waited for; its input ends when it is to end."""

    running = []

    def __init__(self, machine, *args):
        Program.running.append(self)
        self.process = subprocess.Popen(
            machine.command(*args),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def next(self):
        try:
            line = self.lines.get(timeout=TIMEOUT)
        except queue.Empty:
            raise AssertionError("nothing more after %r" % self.seen[-9:]) from None
        assert line is not None, "ended after %r" % self.seen[-9:]
        self.seen.append(line)
        return line

    def expect(self, pattern):
        """Waits for a line that is like this, whatever comes before."""
        while True:
            line = self.next()
            if re.fullmatch(pattern, line):
                return line

    @staticmethod
    def first_of(programs, pattern):
        """The first of them that says a line like this."""
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            for program in programs:
                while not program.lines.empty():
                    if re.fullmatch(pattern, program.next()):
                        return program
            time.sleep(0.02)
        raise AssertionError("nobody said %r: %r" % (pattern, [p.seen for p in programs]))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self):
        """Ends it properly; returns the lines that had not been read."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.wait(timeout=TIMEOUT)
        Program.running.remove(self)
        rest = []
        while True:
            line = self.lines.get(timeout=TIMEOUT)
            if line is None:
                break
            rest.append(line)
        assert "error: something was left open" not in rest, rest
        assert self.process.returncode in (0, 1), (self.process.returncode, rest)
        return rest

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=TIMEOUT)

    @classmethod
    def kill_all(cls):
        """What a failed test has left; the next one is not to hear of it."""
        for program in cls.running:
            program.kill()
        cls.running.clear()


class Drive(Program):
    def __init__(self, machine, *args):
        super().__init__(machine, DRIVE, "-e", *args)


def publish(machine, host, name, *more):
    p = Drive(machine, "-h", host, *(("-n",) if "-n" in more else ()),
              "publish", name, "_test._tcp", "1234", *[m for m in more if m != "-n"])
    return p


def browse(machine, kind="_test._tcp", *more):
    b = Drive(machine, "browse", kind, *more)
    b.expect("ready embedded")
    return b


def resolve(machine, name, timeout_ms=30000):
    """The lines of an answer, or of the error."""
    r = Drive(machine, "resolve", name, "_test._tcp", str(timeout_ms))
    r.expect("ready embedded")
    lines = [r.next()]
    while lines[-1] != "end" and not lines[-1].startswith("error"):
        lines.append(r.next())
    r.end()
    return lines


def a_service_is_found_resolved_and_withdrawn(a, b):
    browser = browse(b)
    service = publish(a, "alpha", "Caf\u00e9 1.2", "key=value", "flag")
    service.expect("published Caf\u00e9 1.2")
    browser.expect(r"\+ Caf\u00e9 1.2 _test._tcp. local.")
    lines = resolve(b, "Caf\u00e9 1.2")
    assert lines[0] == "resolved Caf\u00e9 1.2 _test._tcp. local. host alpha.local. port 1234", lines
    assert lines[1] == "address 10.9.8.1 1234", lines
    assert lines[-3:] == ["txt key=value", "txt flag", "end"], lines
    service.end()
    browser.expect("- Caf\u00e9 1.2 _test._tcp. local.")
    browser.end()


def a_browser_that_comes_later_finds_what_is_there(a, b):
    service = publish(a, "alpha", "Early")
    service.expect("published Early")
    browser = browse(b)
    browser.expect(r"\+ Early .*")
    browser.expect("batch .* all embedded")
    browser.end()
    service.end()


def the_first_question_does_not_wait(a, b):
    """avahi-core's own would come after 100 ms, always."""
    ear = Program(a, sys.executable, MDNS, "cable0", "hear")
    ear.expect("hearing")
    waits = []
    while not waits or (min(waits) >= 0.1 and len(waits) < 20):
        browser = Drive(b, "browse", "_test._tcp")
        began = float(browser.expect("browsing .*").split()[1])
        heard = 0
        while heard < began:  # not one of the browser before
            heard = float(ear.expect("heard .*").split()[1])
        waits.append(heard - began)
        browser.end()
    assert min(waits) < 0.1, waits
    ear.kill()


def types_and_subtypes_are_browsed_for(a, b):
    types = browse(b, "_services._dns-sd._udp")
    printers = browse(b, "_test._tcp", "_printer")
    plain = publish(a, "alpha", "Plain")
    special = publish(a, "alpha", "Special", "_printer")
    types.expect(r"\+  _test._tcp. local.")
    printers.expect(r"\+ Special .*")
    plain.expect("published Plain")
    special.expect("published Special")
    special.end()
    printers.expect("- Special .*")
    assert not any("Plain" in line for line in printers.seen), printers.seen
    for program in (types, printers, plain):
        program.end()


def types_that_strangers_make_up_are_text(a, b):
    types = browse(b, "_services._dns-sd._udp")
    attacker = Program(a, sys.executable, MDNS, "cable0", "types")
    attacker.expect("sent")
    types.expect(r"\+  _good._tcp. local.")
    attacker.end()
    rest = types.seen + types.end()
    seen = [line for line in rest if line.startswith("+")]
    assert seen == ["+  _good._tcp. local."], seen  # nobody can ask for the others


def own_services_are_found_on_the_same_machine(a, _b):
    browser = browse(a)
    service = publish(a, "alpha", "Own")
    browser.expect(r"\+ Own .*")
    service.expect("published Own")
    lines = resolve(a, "Own")
    assert "address 10.9.8.1 1234" in lines, lines
    assert lines.index("address 10.9.8.1 1234") < lines.index("address 127.0.0.1 1234"), lines
    service.end()
    browser.expect("- Own .*")
    browser.end()
    seen = [line for line in browser.seen if "Own" in line]
    assert len(seen) == 2, seen  # not once for each interface


def another_txt_record_is_announced(a, b):
    service = publish(a, "alpha", "Text", "v=1")
    service.expect("published Text")
    assert "txt v=1" in resolve(b, "Text")
    service.say("v=2")
    while "txt v=2" not in resolve(b, "Text"):
        pass  # the old one may be in flight
    service.end()


def odd_names_are_carried_through(a, b):
    browser = browse(b)
    names = ["\u540d" * 21, "a\\b.c\\032d", "tab\tesc\x1b[31m", "x" * 63, ".", " trail."]
    for name in names:
        service = publish(a, "alpha", name)
        assert service.expect("(published|error).*") == "published " + name
        assert browser.expect(r"\+ .*") == "+ %s _test._tcp. local." % name
        assert resolve(b, name)[0].startswith("resolved " + name), name
        service.end()
        browser.expect("- .*")
    browser.end()


def a_taken_name_is_changed(a, b):
    first = publish(a, "alpha", "Foo")
    first.expect("published Foo")
    second = publish(b, "beta", "Foo")
    second.expect(r"published Foo \(2\)")
    third = publish(b, "gamma", "Foo", "-n")
    third.expect("error TINET_ECOLLISION NameCollisionError: .*")
    browser = browse(b)
    seen = {browser.expect(r"\+ .*"), browser.expect(r"\+ .*")}
    assert seen == {"+ Foo _test._tcp. local.", "+ Foo (2) _test._tcp. local."}, seen
    for program in (first, second, third, browser):
        program.end()
    assert not any("renamed" in line for line in first.seen), first.seen


def of_two_at_once_one_gives_way(a, b):
    services = [publish(a, "alpha", "Race"), publish(b, "beta", "Race")]
    names = sorted(s.expect("published .*") for s in services)
    assert names == ["published Race", "published Race (2)"], names
    for s in services:
        s.end()


def a_taken_host_name_is_changed(a, b):
    first = publish(a, "twin", "First")
    first.expect("published First")
    second = publish(b, "twin", "Second")
    second.expect("published Second")
    lines = resolve(a, "Second")
    assert "host twin-2.local." in lines[0] and lines[1] == "address 10.9.8.2 1234", lines
    lines = resolve(b, "First")
    assert "host twin.local." in lines[0] and lines[1] == "address 10.9.8.1 1234", lines
    first.end()
    second.end()


def a_new_address_is_announced_and_an_old_one_withdrawn(a, b):
    service = publish(a, "alpha", "Moving")
    service.expect("published Moving")
    a.ip("addr", "add", "10.9.8.77/24", "dev", "cable0")
    while "address 10.9.8.77 1234" not in resolve(b, "Moving"):
        pass  # it is probed for first
    a.ip("addr", "del", "10.9.8.77/24", "dev", "cable0")
    while "address 10.9.8.77 1234" in resolve(b, "Moving"):
        pass
    service.end()


def a_cable_pulled_and_put_back_is_survived(a, b):
    browser = browse(b)
    service = publish(a, "alpha", "Cable")
    service.expect("published Cable")
    browser.expect(r"\+ Cable .*")
    a.ip("link", "set", "cable0", "down")
    assert "TimeoutError" in resolve(b, "Cable", 2000)[0]
    a.ip("link", "set", "cable0", "up")
    a.ip("addr", "add", "fe80::1/64", "dev", "cable0", "nodad")
    assert "address 10.9.8.1 1234" in resolve(b, "Cable")
    later = publish(a, "alpha", "Later")
    browser.expect(r"\+ Later .*")
    for program in (service, later, browser):
        program.end()


def a_killed_publisher_stays_listed_but_is_not_resolved(a, b):
    browser = browse(b)
    service = publish(a, "alpha", "Victim")
    service.expect("published Victim")
    browser.expect(r"\+ Victim .*")
    service.kill()
    assert "TimeoutError" in resolve(b, "Victim", 3000)[0]
    other = publish(a, "alpha", "Heir")
    browser.expect(r"\+ Heir .*")
    assert not any(line.startswith("- Victim") for line in browser.seen)
    other.end()
    browser.end()


def an_occupied_port_is_an_error(a, b):
    holder = Program(b, sys.executable, MDNS, "cable1", "hold")
    holder.expect("held")
    failed = Drive(b, "browse", "_test._tcp")
    failed.expect("error TINET_ESYSTEM UnknownError: .*")
    failed.end()
    holder.end()
    service = publish(a, "alpha", "Free")
    browser = browse(b)
    browser.expect(r"\+ Free .*")
    browser.end()
    service.end()


def crafted_aliases_are_survived(a, b):
    browser = browse(b)
    resolver = Drive(b, "resolve", "evil", "_test._tcp", "12000")
    resolver.expect("ready embedded")
    attacker = Program(a, sys.executable, MDNS, "cable0", "cname")
    browser.expect(r"\+ evil .*")
    attacker.expect("sent")
    resolver.expect("error TINET_ETIMEDOUT TimeoutError: .*")
    attacker.end()
    resolver.end()
    service = publish(a, "alpha", "After")
    browser.expect(r"\+ After .*")
    service.end()
    browser.end()


def mutated_packets_are_survived(a, b):
    browser = browse(b)
    types = browse(b, "_services._dns-sd._udp")
    service = publish(b, "beta", "Target", "key=value")
    service.expect("published Target.*")
    resolver = Drive(b, "resolve", "evil", "_test._tcp", "0")
    resolver.expect("ready embedded")
    for seed in (1, 2, 3):
        attacker = Program(
            a, sys.executable, MDNS, "cable0", "mutate", str(seed), "3000"
        )
        attacker.expect("sent")
        attacker.end()
    other = publish(a, "alpha", "Afterwards")
    browser.expect(r"\+ Afterwards .*")
    for program in (other, browser, types, service):
        program.end()
    resolver.kill()


def peak_kib(program):
    """Of the process inside nsenter, which has become the program."""
    with open("/proc/%d/status" % program.process.pid, encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def a_flood_of_names_stays_in_bounds(a, b):
    browser = browse(b)
    attacker = Program(a, sys.executable, MDNS, "cable0", "flood", "100000")
    attacker.expect("sent")
    attacker.end()
    browser.expect(r"\+ n.*")
    peak = peak_kib(browser)
    assert IS_SANITIZED or peak < 64 * 1024, peak
    rest = browser.end()
    n = sum(line.startswith("+ n") for line in browser.seen + rest)
    assert 100 < n <= 10000, n


def loopback_alone_is_enough(_a, _b):
    machine = Machine()
    try:
        machine.ip("link", "set", "lo", "up")
        service = publish(machine, "solo", "Alone")
        service.expect("published Alone")
        browser = browse(machine)
        browser.expect(r"\+ Alone .*")
        lines = resolve(machine, "Alone")
        assert lines[1:] == ["address 127.0.0.1 1234", "end"], lines
        service.end()
        browser.expect("- Alone .*")
        browser.end()
    finally:
        machine.close()


def without_any_interface_publishing_succeeds(_a, _b):
    machine = Machine()
    try:
        service = publish(machine, "solo", "Nowhere")
        service.expect("published Nowhere")
        machine.ip("link", "set", "lo", "up")  # now there is somebody to tell
        browser = browse(machine)
        browser.expect(r"\+ Nowhere .*")
        assert "address 127.0.0.1 1234" in resolve(machine, "Nowhere")
        browser.end()
        service.end()
    finally:
        machine.close()


def ipv6_alone_is_enough(_a, _b):
    a, b = Machine(), Machine()
    try:
        join_by_ipv6(a, b)
        browser = browse(b)
        service = publish(a, "six", "Six")
        service.expect("published Six")
        browser.expect(r"\+ Six .*")
        lines = resolve(b, "Six")
        assert lines[1:] == ["address fe80::1%cable1 1234", "end"], lines
        a.ip("addr", "add", "2001:db8::1/64", "dev", "cable0", "nodad")
        while "address 2001:db8::1 1234" not in resolve(b, "Six"):
            pass  # a better one has taken its place
        assert "address fe80::1%cable1 1234" not in resolve(b, "Six")
        service.end()
        browser.expect("- Six .*")
        browser.end()
    finally:
        a.close()
        b.close()


TESTS = [
    a_service_is_found_resolved_and_withdrawn,
    a_browser_that_comes_later_finds_what_is_there,
    the_first_question_does_not_wait,
    types_and_subtypes_are_browsed_for,
    types_that_strangers_make_up_are_text,
    own_services_are_found_on_the_same_machine,
    another_txt_record_is_announced,
    odd_names_are_carried_through,
    a_taken_name_is_changed,
    of_two_at_once_one_gives_way,
    a_taken_host_name_is_changed,
    a_new_address_is_announced_and_an_old_one_withdrawn,
    a_cable_pulled_and_put_back_is_survived,
    a_killed_publisher_stays_listed_but_is_not_resolved,
    an_occupied_port_is_an_error,
    crafted_aliases_are_survived,
    mutated_packets_are_survived,
    a_flood_of_names_stays_in_bounds,
    loopback_alone_is_enough,
    without_any_interface_publishing_succeeds,
    ipv6_alone_is_enough,
]


def main():
    out = tap.Writer()
    only = sys.argv[1:]
    machines = [Machine(), Machine()]
    can = all(machine.is_up for machine in machines)
    if can:
        join(*machines)
    for test in TESTS:
        if only and test.__name__ not in only:
            continue
        name = test.__name__.strip("_").replace("_", " ")
        if not can:
            out.skip(name, "no network namespace can be made here")
            continue
        try:
            test(*machines)
            out.point(name, [])
        except (AssertionError, subprocess.SubprocessError) as error:
            out.point(name, [repr(error)])
        Program.kill_all()
    for machine in machines:
        machine.close()
    sys.exit(out.exit_status())


if __name__ == "__main__":
    main()
