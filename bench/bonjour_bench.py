#!/usr/bin/env python3
"""Bonjour between two machines (network namespaces), beside Avahi's tools.

One pair of machines has no daemon, and tinet its own stack; the other a bus and
an avahi-daemon each.  The programs take turns, round after round, and the median
is shown.  Times are those a person sees: from the start of a process to a line
of output.  Most of it is prescribed: 0.75 s and more to ask whether a name is
free (RFC 6762 8.1), 20 to 120 ms before a shared record is answered (6).
"""
import argparse
import contextlib
import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(ROOT, 'tests', 'bonjour'))

KIND = '_bench._tcp'
SETTLE_S = 1.3  # an answer may not be repeated within a second
# The last of a new service's announcements comes 3 s after the first, that one up to
# a second after the start; a question right after it has to wait for its repetition.
ANNOUNCED_S = 4 + SETTLE_S


class Ours:
    """tinet with its own stack, or with the daemon."""

    def __init__(self, tinet, backend, *systems):
        self.name = 'tinet, ' + backend
        self.command = [tinet, 'bonjour']
        self.backend = ['--backend', backend]
        self.envs = [env_of(s) for s in systems] or [[], []]

    def browse(self, side):
        return self.envs[side] + self.command + ['browse', KIND, '--watch'] + self.backend

    def publish(self, side, name):
        return self.envs[side] + self.command + ['publish', name, KIND, '80'] + self.backend

    @staticmethod
    def line(sign, name):
        return r'\%s %s .*' % (sign, re.escape(name))


class Avahi:
    """avahi-browse and avahi-publish, with a daemon that runs."""

    name = 'avahi-browse, avahi-publish'

    def __init__(self, *systems):
        self.envs = [env_of(s) for s in systems]

    def browse(self, side):
        return self.envs[side] + ['avahi-browse', '-p', KIND]

    def publish(self, side, name):
        return self.envs[side] + ['avahi-publish', '-s', name, KIND, '80']

    @staticmethod
    def line(sign, name):
        return r'\%s;[^;]*;[^;]*;%s;.*' % (sign, re.escape(name))


def env_of(system):
    return ['env', 'DBUS_SYSTEM_BUS_ADDRESS=' + system.address]


def stop(*programs):
    for program in programs:
        program.process.terminate()
        program.process.wait(60)
        program.running.remove(program)


def published_to_found(program, machines, way, n):
    """From the start of the publisher to the line of a browser that runs."""
    times = []
    browser = program(machines[1], *way.browse(1))
    time.sleep(SETTLE_S)
    for i in range(n):
        name = 'p%d-%d' % (os.getpid(), i)
        start = time.monotonic()
        publisher = program(machines[0], *way.publish(0, name))
        browser.expect(way.line('+', name))
        times.append(time.monotonic() - start)
        stop(publisher)
        browser.expect(way.line('-', name))
    stop(browser)
    return times


def cold_browse(program, machines, way, n):
    """From the start of a browser to its line of a service that is there."""
    times = []
    name = 'c%d' % os.getpid()
    publisher = program(machines[0], *way.publish(0, name))
    time.sleep(ANNOUNCED_S)
    for _ in range(n):
        time.sleep(SETTLE_S)
        start = time.monotonic()
        browser = program(machines[1], *way.browse(1))
        browser.expect(way.line('+', name))
        times.append(time.monotonic() - start)
        stop(browser)
    stop(publisher)
    return times


def cold_daemon(program, machines, systems, n):
    """The same with a daemon that is started for it."""
    times = []
    way = Avahi(*systems)
    name = 'd%d' % os.getpid()
    publisher = program(machines[0], *way.publish(0, name))
    time.sleep(ANNOUNCED_S)
    for _ in range(n):
        systems[1].end_avahi()
        time.sleep(SETTLE_S)
        start = time.monotonic()
        systems[1].start_avahi()
        browser = program(machines[1], *way.browse(1))
        browser.expect(way.line('+', name))
        times.append(time.monotonic() - start)
        stop(browser)
    stop(publisher)
    return times


def memory_kib(pid):
    """(resident, proportional share) of a process."""
    with open('/proc/%d/smaps_rollup' % pid, encoding='ascii') as f:
        found = dict(re.findall(r'^(Rss|Pss):\s+(\d+)', f.read(), re.M))
    return int(found['Rss']), int(found['Pss'])


def memory_of_browsers(program, machines, way):
    browser = program(machines[1], *way.browse(1))
    time.sleep(SETTLE_S)
    sizes = memory_kib(browser.process.pid)
    stop(browser)
    return sizes


def ms(times):
    return '%7.0f ms  (%.0f-%.0f)' % (1000 * statistics.median(times), 1000 * min(times), 1000 * max(times))


def measure(program, pairs, ways, systems, rounds):
    found, cold = {w.name: [] for w in ways}, {w.name: [] for w in ways}
    per_turn = 2
    for _ in range(max(1, rounds // per_turn)):
        for way in ways:
            found[way.name] += published_to_found(program, pairs[way.name], way, per_turn)
            cold[way.name] += cold_browse(program, pairs[way.name], way, per_turn)
    print('\nBonjour: from the start of a process to a line of output, median (fastest-slowest)\n')
    for title, table in (('published -> found by a browser that runs', found),
                         ('a browser is started -> finds what is there', cold)):
        for name, times in table.items():
            print('%-45s %-28s %s' % (title, name, ms(times)))
    print('%-45s %-28s %s' % ('the same, the daemon started for it', 'avahi-browse',
                              ms(cold_daemon(program, pairs[Avahi.name], systems, 3))))
    print('\nMemory of a process that browses: resident, proportional share\n')
    for way in ways:
        print('%-45s %6d KiB %6d KiB' % (way.name, *memory_of_browsers(program, pairs[way.name], way)))
    for name, pid in (('avahi-daemon', systems[1].avahi.pid), ('dbus-daemon', systems[1].bus.pid)):
        print('%-45s %6d KiB %6d KiB' % (name, *memory_kib(pid)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('build', help='the Meson build folder')
    parser.add_argument('--rounds', type=int, default=10)
    args = parser.parse_args()
    os.environ['TINET_BUILD'] = os.path.abspath(args.build)
    from daemon import System
    from test_namespaces import Machine, Program, join
    tinet = os.path.join(os.path.abspath(args.build), 'cli', 'tinet')
    with contextlib.ExitStack() as stack:
        machines = [Machine() for _ in range(4)]
        for machine in machines:
            stack.callback(machine.close)
        if not all(machine.is_up for machine in machines):
            print('Bonjour: not measured, no network namespace can be made here')
            return 0
        join(*machines[:2])
        join(*machines[2:])
        systems = [System(machines[2], 'alpha'), System(machines[3], 'beta')]
        for system in systems:
            stack.callback(system.close)
            system.start()
        embedded, daemon, avahi = Ours(tinet, 'embedded'), Ours(tinet, 'system', *systems), Avahi(*systems)
        pairs = {embedded.name: machines[:2], daemon.name: machines[2:], avahi.name: machines[2:]}
        measure(Program, pairs, [embedded, daemon, avahi], systems, args.rounds)
    return 0


if __name__ == '__main__':
    sys.exit(main())
