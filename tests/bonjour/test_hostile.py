#!/usr/bin/env python3
"""What a stranger in the network may send, through the filter to avahi-core: the
pattern of aliases, 3 x 15,000 mutated packets and the corpus of the fuzz target,
under valgrind.  Then a third as many without it, to see what its memory comes to.

Each packet is known to have been read: the sender waits for the reader, and the
kernel has dropped none.  Needs the right to make namespaces (root).
"""

import glob
import os
import shutil
import sys
import time

from test_namespaces import BUILD, MDNS, ROOT, Machine, Program, join, peak_kib, tap

HOSTILE = os.path.join(BUILD, "tests", "bonjour", "bonjour_hostile")
CORPUS = sorted(glob.glob(os.path.join(ROOT, "tests", "fuzz", "corpus", "mdns", "*")))
VALGRIND = ["valgrind", "-q", "--leak-check=full", "--error-exitcode=99"]
N_UNDER_VALGRIND = 15000
N_MEASURED = 5000
GROWTH_KIB = 4096  # names that are cached for two minutes, a few more each time


def attack(machine, *args):
    attacker = Program(machine, sys.executable, MDNS, "cable0", *args)
    attacker.process.stdin.close()
    attacker.expect("sent")
    attacker.process.wait(60)
    Program.running.remove(attacker)


def udp_counts(pid):
    """What the kernel says of the datagrams of the process's network."""
    with open("/proc/%d/net/snmp" % pid, encoding="ascii") as table:
        names, numbers = [line.split()[1:] for line in table if line.startswith("Udp:")]
    return dict(zip(names, map(int, numbers)))


def attack_all(a, target, n_packets):
    """Returns the peak of its memory after each round."""
    pid = target.process.pid
    peaks = []
    attack(a, "cname")
    attack(a, "files", str(pid), *CORPUS)
    for seed in ("1", "2", "3"):
        attack(a, "mutate", seed, str(n_packets), str(pid))
        assert target.process.poll() is None, target.seen
        peaks.append(peak_kib(target))
    counts = udp_counts(pid)
    assert counts["InErrors"] == 0, counts
    assert counts["InDatagrams"] >= 3 * n_packets + len(CORPUS), counts
    return peaks


def end(target):
    target.process.stdin.close()
    target.expect(r"end \d+")
    status = target.process.wait(60)
    Program.running.remove(target)
    assert status == 0, (status, target.seen)


def all_that_is_sent_is_survived_and_valgrind_finds_nothing(a, b):
    target = Program(b, *VALGRIND, HOSTILE)
    target.expect("published.*")
    attack_all(a, target, N_UNDER_VALGRIND)
    end(target)


def its_memory_does_not_grow(a, b):
    target = Program(b, HOSTILE)
    target.expect("published.*")
    peaks = attack_all(a, target, N_MEASURED)
    print("# %s KiB" % peaks)
    assert peaks[-1] - peaks[0] < GROWTH_KIB and peaks[-1] < 64 * 1024, peaks
    end(target)


TESTS = [all_that_is_sent_is_survived_and_valgrind_finds_nothing, its_memory_does_not_grow]


def main():
    out = tap.Writer()
    for test in TESTS:
        name = test.__name__.replace("_", " ")
        a, b = Machine(), Machine()
        problems = []
        try:
            if not (a.is_up and b.is_up):
                out.skip(name, "no network namespace can be made here")
                continue
            if "valgrind" in name and not shutil.which("valgrind"):
                out.skip(name, "there is no valgrind")
                continue
            join(a, b)
            began = time.monotonic()
            test(a, b)
            print("# %.0f s" % (time.monotonic() - began))
        except AssertionError as error:
            problems = [repr(error)]
        finally:
            Program.kill_all()
            a.close()
            b.close()
        out.point(name, problems)
    sys.exit(out.exit_status())


if __name__ == "__main__":
    main()
