#!/usr/bin/env python3
"""Bonjour over avahi-daemon: each machine has a system bus and a daemon of its
own, which is stopped, killed and started again while it is used.

Needs the right to make namespaces (root); says so otherwise.
"""

import os
import re
import subprocess
import sys
import time

import test_js
from daemon import System, wait_for
from test_namespaces import BUILD, DRIVE, IS_SANITIZED, MDNS, Machine, Program, join, join_by_ipv6, peak_kib, tap

TINET = os.path.join(BUILD, "cli", "tinet")
# What a turn of the loop may take on a machine with other things to do; with a
# call that waits for a stopped daemon it would be seconds.
STANDSTILL_MS = 400

tests = []


def test(fn):
    tests.append(fn)
    return fn


def drive(machine, system, *args):
    """`system` None: a machine whose bus is not there."""
    address = system.address if system else "unix:path=/nowhere/bus"
    return Program(machine, "env", "DBUS_SYSTEM_BUS_ADDRESS=" + address, DRIVE, *args)


def publish(machine, system, how, name, *more, host="alpha"):
    return drive(machine, system, *how, "-h", host, "publish", name, "_test._tcp", "1234", *more)


def browse(machine, system, how, kind="_test._tcp", *more):
    return drive(machine, system, *how, "browse", kind, *more)


def resolve(machine, system, how, name, timeout_ms=30000):
    """The lines of an answer, or of the error."""
    r = drive(machine, system, *how, "resolve", name, "_test._tcp", str(timeout_ms))
    lines = [r.next(), r.next()]
    while lines[-1] != "end" and not lines[-1].startswith("error"):
        lines.append(r.next())
    r.end()
    return lines[1:]


def backend(program):
    program.say("?")
    return program.expect("at .*")[3:]


def expect_backend(program, name):
    wait_for(lambda: backend(program) == name, name)


class Daemons:
    """Some systems that are closed at the end, whatever happens."""

    def __init__(self, *systems):
        self.systems = systems

    def __enter__(self):
        for system in self.systems:
            system.start()
        return self.systems if len(self.systems) > 1 else self.systems[0]

    def __exit__(self, *_):
        for system in self.systems:
            system.close()


SYSTEM, EMBEDDED, AUTO = ("-s",), ("-e",), ()


@test
def each_back_end_finds_and_resolves_what_each_publishes(a, b):
    with Daemons(System(a, "alpha"), System(b, "beta")) as (sa, sb):
        browsers = [browse(b, sb, SYSTEM), browse(b, sb, EMBEDDED)]
        for how in (SYSTEM, EMBEDDED):
            name = "Caf\u00e9 1.2 by " + how[0][1]
            service = publish(a, sa, how, name, "key=value", "flag")
            service.expect("published " + name)
            for browser in browsers:
                browser.expect(r"\+ %s _test\._tcp\. local\." % name)
            for asking in (SYSTEM, EMBEDDED):
                lines = resolve(b, sb, asking, name)
                assert lines[0] == "resolved %s _test._tcp. local. host alpha.local. port 1234" % name, lines
                assert lines[1] == "address 10.9.8.1 1234", lines
                # The embedded stack alone keeps those back where there are others.
                has_local = any(line.startswith("address fe80::") and "%cable1" in line for line in lines)
                assert has_local or how == EMBEDDED, lines
                assert lines[-3:] == ["txt key=value", "txt flag", "end"], lines
            service.end()
            for browser in browsers:
                browser.expect("- %s _test._tcp. local." % name)
        for browser in browsers:
            browser.end()


@test
def the_daemon_is_chosen_if_it_answers(a, _b):
    with Daemons(System(a, "alpha")) as system:
        browser = browse(a, system, AUTO)
        browser.expect("batch .* all system")
        service = publish(a, system, AUTO, "Own")
        service.expect("published Own")
        browser.expect(r"\+ Own .*")
        assert backend(service) == backend(browser) == "system"
        # One is the daemon's own: it withdraws what belongs to a killed program.
        service.kill()
        browser.expect("- Own .*")
        browser.end()


@test
def without_a_bus_or_a_daemon_nothing_is_waited_for(a, _b):
    began = time.monotonic()
    browser = browse(a, None, AUTO)
    browser.expect("ready embedded")  # from inside the call
    browser.end()
    failed = browse(a, None, SYSTEM)
    failed.expect("error TINET_ESYSTEM UnknownError: the system bus: .*")
    failed.end()
    system = System(a, "alpha")
    try:
        system.start_bus()
        browser = browse(a, system, AUTO)
        browser.next()
        expect_backend(browser, "embedded")
        browser.end()
        failed = browse(a, system, SYSTEM)
        failed.expect("error TINET_ESYSTEM UnknownError: avahi-daemon: it is not running")
        failed.end()
    finally:
        system.close()
    assert IS_SANITIZED or time.monotonic() - began < 5, "it took long"


@test
def a_daemon_that_has_just_been_started_is_waited_for(a, _b):
    system = System(a, "alpha")
    try:
        system.start_bus()
        system.begin_avahi()
        wait_for(lambda: "int32" in system.call("GetState"), "the daemon's name")
        service = publish(a, system, SYSTEM, "Early")
        service.expect("published Early")
        service.end()
    finally:
        system.close()


@test
def types_subtypes_txt_records_and_odd_names_go_through_the_daemon(a, b):
    with Daemons(System(a, "alpha"), System(b, "beta")) as (sa, sb):
        types = browse(b, sb, SYSTEM, "_services._dns-sd._udp")
        printers = browse(b, sb, SYSTEM, "_test._tcp", "_printer")
        browser = browse(b, sb, SYSTEM)
        plain = publish(a, sa, SYSTEM, "Plain")
        special = publish(a, sa, SYSTEM, "Special", "_printer", "_other", "v=1")
        types.expect(r"\+  _test._tcp. local.")
        printers.expect(r"\+ Special .*")
        special.expect("published Special")
        plain.expect("published Plain")
        assert "txt v=1" in resolve(b, sb, SYSTEM, "Special")
        special.say("v=2")
        while "txt v=2" not in resolve(b, sb, SYSTEM, "Special"):
            pass  # the old one may be in flight
        special.end()
        printers.expect("- Special .*")
        assert not any("Plain" in line for line in printers.seen), printers.seen
        for name in ["\u540d" * 21, "a\\b.c\\032d", "tab\tesc\x1b[31m", "x" * 63, ".", " trail."]:
            service = publish(a, sa, SYSTEM, name)
            assert service.expect("(published|error).*") == "published " + name
            browser.expect(r"\+ %s _test\._tcp\. local\." % re.escape(name))
            assert resolve(b, sb, SYSTEM, name)[0].startswith("resolved " + name), name
            service.end()
        for program in (types, printers, browser, plain):
            program.end()


@test
def a_taken_name_is_changed_whoever_has_it(a, b):
    with Daemons(System(a, "alpha")) as system:
        first = publish(a, system, SYSTEM, "Foo")
        first.expect("published Foo")
        second = drive(a, system, "-s", "publish", "Foo", "_test._tcp", "4321")  # AddService says so
        second.expect(r"published Foo \(2\)")
        third = publish(b, None, EMBEDDED, "Foo", host="beta")
        third.expect(r"published Foo \(3\)")
        fourth = drive(a, system, "-s", "-n", "publish", "Foo (3)", "_test._tcp", "5")
        fourth.expect("error TINET_ECOLLISION NameCollisionError: .*")  # the group's state says so
        for program in (first, second, third, fourth):
            program.end()


@test
def a_killed_daemon_costs_a_removal_and_a_re_addition_at_most(a, b):
    with Daemons(System(a, "alpha")) as system:
        far = browse(b, None, EMBEDDED)
        service = publish(a, system, AUTO, "Mine", "v=1", "_printer")
        service.expect("published Mine")
        theirs = publish(b, None, EMBEDDED, "Theirs", host="beta")
        near = browse(a, system, AUTO)
        near.expect(r"\+ Mine .*")
        near.expect(r"\+ Theirs .*")
        far.expect(r"\+ Mine .*")
        assert (backend(service), backend(near)) == ("system", "system")

        system.kill_avahi()
        expect_backend(service, "embedded")
        expect_backend(near, "embedded")
        lines = resolve(b, None, EMBEDDED, "Mine")
        assert lines[1] == "address 10.9.8.1 1234" and "txt v=1" in lines, lines
        service.say("v=2")  # while the daemon is away

        system.start_avahi()
        expect_backend(service, "system")
        expect_backend(near, "system")
        while "txt v=2" not in resolve(b, None, EMBEDDED, "Mine"):
            pass  # the old one may be in flight
        others = browse(b, None, EMBEDDED, "_test._tcp", "_printer")
        others.expect(r"\+ Mine .*")
        wait_for(lambda: "Mine" in system.run("avahi-browse", "-t", "-p", "_test._tcp"), "the daemon to have it")

        last = publish(b, None, EMBEDDED, "Last", host="beta")
        for browser in (near, far):
            browser.expect(r"\+ Last .*")
            for name in ("Mine", "Theirs"):
                changes = "".join(line[0] for line in browser.seen if line[2:].startswith(name + " _test"))
                assert re.fullmatch(r"\+(-\+)*", changes), (name, browser.seen)
        for program in (service, theirs, near, far, others, last):
            program.end()
        assert [line for line in service.seen if re.match("published|renamed|error", line)] == ["published Mine"], service.seen


@test
def what_is_under_way_when_the_daemon_dies_is_finished_elsewhere(a, b):
    with Daemons(System(a, "alpha")) as system:
        asking = drive(a, system, "resolve", "Later", "_test._tcp", "0")
        watching = browse(a, system, AUTO)
        expect_backend(watching, "system")
        service = publish(a, system, AUTO, "Mine")
        expect_backend(service, "system")
        system.kill_avahi()  # it takes the daemon 0.75 s to announce it
        service.expect("published Mine")
        assert backend(service) == "embedded"
        later = publish(b, None, EMBEDDED, "Later", host="beta")
        asking.expect("resolved Later .* host beta.local. port 1234")
        asking.expect("end")
        for program in (asking, watching, service, later):
            program.end()
        assert sum(line.startswith("published") for line in service.seen) == 1, service.seen


@test
def a_stopped_daemon_delays_nothing(a, b):
    with Daemons(System(a, "alpha")) as system:
        theirs = publish(b, None, EMBEDDED, "Theirs", host="beta")
        theirs.expect("published Theirs")
        system.freeze(system.avahi)
        began = time.monotonic()
        browser = drive(a, system, "-t", "browse", "_test._tcp")
        browser.expect(r"\+ Theirs .*")
        assert IS_SANITIZED or time.monotonic() - began < 3, "it took long"
        assert backend(browser) == "embedded"
        system.thaw(system.avahi)
        expect_backend(browser, "system")

        # Once more, while it is at work: what is asked then moves after a while.
        system.freeze(system.avahi)
        service = drive(a, system, "-t", "publish", "Mine", "_test._tcp", "1")
        service.expect("published Mine")
        assert backend(service) == "embedded"
        system.thaw(system.avahi)
        expect_backend(service, "system")
        lines = resolve(b, None, EMBEDDED, "Mine")
        assert lines[1] == "address 10.9.8.1 1", lines
        for program in (browser, service):
            last = program.end()[-1]
            assert IS_SANITIZED or int(last.split()[2]) < STANDSTILL_MS, last
        theirs.end()


@test
def a_call_without_an_answer_moves_everything(a, _b):
    with Daemons(System(a, "alpha")) as system:
        # It is one process that knows the daemon before it is stopped.
        script = """
            const say = (...words) => console.log(...words);
            const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
            server.listen();
            const publish = (name, done) => {
              const service = Ti.Network.createBonjourService({ name, type: '_test._tcp' });
              service.publish(server, (error, success) => { say(name, error, success); done(); });
            };
            publish('First', () => {});
            process.stdin.on('data', () => publish('Second', () => process.exit(0)));
        """
        program = node(a, system, script)
        program.expect("First null true")
        system.freeze(system.avahi)
        began = time.monotonic()
        program.say("on")
        program.expect("Second null true")
        taken = time.monotonic() - began
        assert 4 < taken < 20, taken  # five seconds for the call, one to publish
        system.thaw(system.avahi)
        program.process.wait(timeout=30)


@test
def a_bus_that_dies_and_returns_is_like_its_daemon(a, b):
    with Daemons(System(a, "alpha")) as system:
        service = publish(a, system, AUTO, "Mine")
        service.expect("published Mine")
        browser = browse(a, system, AUTO)
        browser.expect(r"\+ Mine .*")
        system.kill_bus()
        expect_backend(service, "embedded")
        assert resolve(b, None, EMBEDDED, "Mine")[1] == "address 10.9.8.1 1234"
        system.kill_avahi()  # without its bus it does not always end when told to
        system.start()
        expect_backend(service, "system")
        expect_backend(browser, "system")
        assert resolve(b, None, EMBEDDED, "Mine")[1] == "address 10.9.8.1 1234"
        service.end()
        browser.expect("- Mine .*")
        browser.end()


@test
def a_stopped_bus_delays_nothing(a, _b):
    with Daemons(System(a, "alpha")) as system:
        system.freeze(system.bus)
        service = drive(a, system, "-t", "-h", "alpha", "publish", "Mine", "_test._tcp", "1")
        service.expect("published Mine")
        assert backend(service) == "embedded"
        system.thaw(system.bus)
        expect_backend(service, "system")
        last = service.end()[-1]
        assert IS_SANITIZED or int(last.split()[2]) < STANDSTILL_MS, last


@test
def a_daemon_that_has_the_port_for_itself_is_used(a, b):
    with Daemons(System(a, "alpha", server="disallow-other-stacks=yes")) as system:
        failed = browse(a, system, EMBEDDED)
        failed.expect("error TINET_ESYSTEM UnknownError: .*")
        failed.end()
        service = publish(a, system, AUTO, "Mine")
        service.expect("published Mine")
        assert backend(service) == "system"
        assert resolve(b, None, EMBEDDED, "Mine")[1] == "address 10.9.8.1 1234"
        service.end()


@test
def the_daemons_limits_are_clear_errors(a, _b):
    with Daemons(System(a, "alpha", server="objects-per-client-max=1\nentries-per-entry-group-max=2")) as system:
        failed = publish(a, system, SYSTEM, "Many", "_aa", "_bb", "_cc")
        failed.expect("error TINET_ELIMIT UnknownError: publish: .*")
        failed.end()
        failed = drive(a, system, "-s", "resolve", "Any", "_test._tcp", "10000")
        failed.expect("error TINET_ELIMIT UnknownError: resolve: .*")  # that takes two
        failed.end()
    with Daemons(System(a, "alpha", publish="disable-user-service-publishing=yes")) as system:
        failed = publish(a, system, SYSTEM, "Forbidden")
        failed.expect("error TINET_EPERMISSION UnknownError: publish: .*")
        failed.end()


@test
def services_follow_the_daemons_host_to_its_new_name(a, b):
    with Daemons(System(a, "alpha")) as system:
        service = publish(a, system, SYSTEM, "Mine", "k=v", "_printer")
        service.expect("published Mine")
        subprocess.run(
            ["dbus-send", "--bus=" + system.address, "--print-reply", "--dest=org.freedesktop.Avahi", "/",
             "org.freedesktop.Avahi.Server2.SetHostName", "string:gamma"],
            check=True, capture_output=True,
        )
        while "host gamma.local." not in resolve(b, None, EMBEDDED, "Mine")[0]:
            pass  # the old one may be in flight
        assert "txt k=v" in resolve(b, None, EMBEDDED, "Mine")
        service.end()
        assert [line for line in service.seen if re.match("published|renamed|error", line)] == ["published Mine"], service.seen


@test
def ipv6_alone_is_enough_for_the_daemon(_a, _b):
    a, b = Machine(), Machine()
    try:
        join_by_ipv6(a, b)
        with Daemons(System(a, "alpha"), System(b, "beta")) as (sa, sb):
            service = publish(a, sa, SYSTEM, "Six")
            service.expect("published Six")
            lines = resolve(b, sb, SYSTEM, "Six")
            assert lines[1:] == ["address fe80::1%cable1 1234", "end"], lines
            service.end()
    finally:
        a.close()
        b.close()


@test
def services_of_the_daemon_survive_cables_and_addresses(a, b):
    with Daemons(System(a, "alpha")) as system:
        near = browse(a, system, SYSTEM)
        service = publish(a, system, AUTO, "Cable")
        service.expect("published Cable")
        near.expect(r"\+ Cable .*")
        a.ip("link", "set", "cable0", "down")
        a.ip("link", "set", "cable0", "up")
        a.ip("addr", "add", "10.9.8.66/24", "dev", "cable0")
        try:
            while "address 10.9.8.66 1234" not in resolve(b, None, EMBEDDED, "Cable", 5000):
                pass  # it is probed for first
        finally:
            a.ip("addr", "del", "10.9.8.66/24", "dev", "cable0")
            a.ip("addr", "add", "fe80::1/64", "dev", "cable0", "nodad")
        assert backend(service) == backend(near) == "system"
        later = publish(a, system, AUTO, "Later")
        near.expect(r"\+ Later .*")
        for program in (near, service, later):
            program.end()
        assert [line for line in service.seen if re.match("published|renamed|error", line)] == ["published Cable"], service.seen


@test
def a_flood_of_names_through_the_daemon_stays_in_bounds(a, b):
    with Daemons(System(b, "beta", server="cache-entries-max=200000")) as system:
        browser = browse(b, system, SYSTEM)
        browser.expect("batch .* all system")
        attacker = Program(a, sys.executable, MDNS, "cable0", "flood", "100000")
        attacker.expect("sent")
        attacker.end()
        browser.expect(r"\+ n.*")
        assert backend(browser) == "system"
        peak = peak_kib(browser)
        assert IS_SANITIZED or peak < 64 * 1024, peak
        rest = browser.end()
        n = sum(line.startswith("+ n") for line in browser.seen + rest)
        assert 100 < n <= 10000, n


# ---- JavaScript and the command ----

HEAD = """
const Ti = require(%r);
""" % os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "bindings", "node", "lib", "index.js")


def node(machine, system, source):
    address = system.address if system else "unix:path=/nowhere/bus"
    return Program(
        machine, "env", "DBUS_SYSTEM_BUS_ADDRESS=" + address,
        "TINET_ADDON_DIR=" + os.path.join(BUILD, "bindings", "node"), "node", "-e", HEAD + source,
    )


def tinet(system, machine, *args):
    return Program(machine, "env", "DBUS_SYSTEM_BUS_ADDRESS=" + system.address, TINET, "bonjour", *args)


class OnBus:
    """A machine whose programs find the system's bus."""

    def __init__(self, machine, system):
        self.machine = machine
        self.address = system.address

    def command(self, *args):
        return self.machine.command("env", "DBUS_SYSTEM_BUS_ADDRESS=" + self.address, *args)

    def __getattr__(self, name):
        return getattr(self.machine, name)


@test
def javascript_does_through_the_daemon_what_it_does_without(a, b):
    with Daemons(System(a, "alpha"), System(b, "beta")) as (sa, sb):
        for same in (
            test_js.the_new_generation_publishes_finds_resolves_and_connects,
            test_js.the_old_generation_blocks_and_throws,
            test_js.names_that_are_taken,
            test_js.a_worker_that_ends_withdraws_its_service,
        ):
            same(OnBus(a, sa), OnBus(b, sb))
        # And it is the daemon that did it.
        service = node(a, sa, """
            const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
            server.listen();
            const service = Ti.Network.createBonjourService({ name: 'Seen', type: '_tseen._tcp' });
            service.publish(server, (error, success) => console.log('published', error, success));
            process.stdin.on('data', () => process.exit(0));
        """)
        service.expect("published null true")
        assert "Seen" in sa.run("avahi-browse", "-t", "-p", "_tseen._tcp")
        service.say("stop")
        service.process.wait(timeout=30)
        wait_for(lambda: "Seen" not in sa.run("avahi-browse", "-t", "-p", "_tseen._tcp"), "its end")


@test
def the_command_chooses_a_back_end(a, _b):
    with Daemons(System(a, "alpha")) as system:
        service = tinet(system, a, "publish", "Tool", "_test._tcp", "7", "--txt", "k=v")
        service.expect("published as Tool")
        assert "Tool" in system.run("avahi-browse", "-t", "-p", "_test._tcp")
        for choice in ("auto", "system", "embedded"):
            found = tinet(system, a, "browse", "_test._tcp", "--backend", choice)
            found.expect(r"\+ Tool  _test._tcp.  local.")
            found.process.wait(timeout=30)
        system.kill_avahi()
        failed = tinet(system, a, "browse", "_test._tcp", "--backend", "system")
        failed.expect(".*avahi-daemon: it is not running \\(UnknownError, -72000\\)")
        found = tinet(system, a, "resolve", "Tool", "_test._tcp")
        found.expect("= Tool  _test._tcp.  .*  7")
        service.kill()
        for program in (found, failed):
            program.process.wait(timeout=30)


NEEDS_NODE = {javascript_does_through_the_daemon_what_it_does_without, a_call_without_an_answer_moves_everything}


def run(out, test_fn, name, machines):
    try:
        test_fn(*machines)
        out.point(name, [])
    except (AssertionError, subprocess.SubprocessError) as error:
        out.point(name, [repr(error)])
    Program.kill_all()


def main():
    out = tap.Writer()
    only = sys.argv[1:]
    machines = [Machine(), Machine()]
    can = all(machine.is_up for machine in machines)
    if can:
        join(*machines)
    for test_fn in tests:
        name = test_fn.__name__.replace("_", " ")
        if only and test_fn.__name__ not in only:
            continue
        if not can:
            out.skip(name, "no network namespace can be made here")
        elif test_fn in NEEDS_NODE and IS_SANITIZED:
            continue  # the addon does not go with sanitizers; the release build runs it
        elif test_fn in NEEDS_NODE and not os.path.exists(os.path.join(BUILD, "bindings", "node", "tinet.node")):
            out.skip(name, "this build is without the addon")
        else:
            run(out, test_fn, name, machines)
    for machine in machines:
        machine.close()
    sys.exit(out.exit_status())


if __name__ == "__main__":
    main()
