#!/usr/bin/env python3
"""20,000 random questions to the engine and to a model of it that is slow and
literal: the walk over labels, brute force over ranges, the two tables.

  test_model.py DECIDE
"""

import ipaddress
import os
import plistlib
import random
import sys
import tempfile

from test_vectors import Engine, Suite, equal

suite = Suite()
N_POLICIES = 400
N_QUESTIONS = 50
SEED = 20261123

NAMES = ["com", "example.com", "a.example.com", "b.a.example.com", "c.b.a.example.com", "x.com", "localhost", "nas", "pi.local",
         "notexample.com", "example.com.", "xn--bcher-kva.example.com", "*.example.com"]
ADDRESSES = ["127.0.0.1", "10.1.2.3", "10.1.200.3", "192.168.1.1", "198.51.100.1", "198.51.100.200", "::1", "2001:db8::1",
             "2001:db8:1::1", "fe80::1", "169.254.3.4", "fd00::5"]
RANGES = ["10.0.0.0/8", "10.1.0.0/16", "10.1.128.0/17", "198.51.100.0/24", "198.51.100.0/25", "0.0.0.0/1", "2001:db8::/32",
          "2001:db8::/48", "127.0.0.0/8", "::/0"]
SWITCHES = {
    "NSAllowsArbitraryLoads": "arbitrary",
    "NSAllowsArbitraryLoadsForMedia": "media",
    "NSAllowsArbitraryLoadsInWebContent": "web",
    "NSAllowsLocalNetworking": "local",
}
VERSIONS = {"TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
# A suite of each kind: ATS, only without forward secrecy, neither; TLS 1.3.
ATS, RSA, DHE, TLS13 = 0xC02F, 0x009C, 0x009E, 0x1301


# ---- the model ----


def is_address(host):
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def look_up_name(entries, name, is_parent=False):
    entry = entries.get(name)
    if entry is not None and (not is_parent or entry.get("NSIncludesSubdomains", False)):
        return name
    if "." in name and name.split(".", 1)[1]:
        return look_up_name(entries, name.split(".", 1)[1], True)
    return None


def look_up(entries, host):
    address = is_address(host)
    if address is None:
        return look_up_name(entries, host)
    if host in entries:
        return host
    fits = [key for key in entries if "/" in key and ipaddress.ip_network(key).version == address.version
            and address in ipaddress.ip_network(key)]
    return max(fits, key=lambda key: ipaddress.ip_network(key).prefixlen) if fits else None


def is_direct(ats, host):
    address = is_address(host)
    if address is None:
        return "." not in host or host.endswith(".local")
    if address.is_loopback or address.is_link_local:
        return True
    return ats.get("NSAllowsLocalNetworking") is True and address.is_private and not any(
        address.version == n.version and address in n
        for n in map(ipaddress.ip_network, ("198.51.100.0/24", "2001:db8::/32"))
    )


def why_no_tls(ats, host, context, entry):
    """None if TLS is required, else the code of the permission."""
    if entry is not None:
        return "exception" if ats["NSExceptionDomains"][entry].get("NSExceptionAllowsInsecureHTTPLoads", False) else None
    if is_direct(ats, host) and ats.get("NSAllowsLocalNetworking") is not False:
        return "local"
    if ats.get("NSAllowsArbitraryLoadsForMedia") is True and context == 1:
        return "media"
    if ats.get("NSAllowsArbitraryLoadsInWebContent") is True and context == 2:
        return "web-content"
    if any(key in ats for key in SWITCHES if key != "NSAllowsArbitraryLoads"):
        return None
    return "arbitrary-loads" if ats.get("NSAllowsArbitraryLoads") is True else None


def model(ats, scheme, host, context, version, suite, override, trust_ok):
    """(A or D, code, key of the entry) as the engine prints them."""
    entry = look_up(ats.get("NSExceptionDomains", {}), host)
    why = why_no_tls(ats, host, context, entry)
    if scheme == "http":
        return ("A", why, entry) if why else ("D", "cleartext", entry)
    if entry is None and why:
        if not trust_ok and not override:
            return "D", "cert-untrusted", entry
        return "A", why, entry
    e = ats["NSExceptionDomains"][entry] if entry is not None else {}
    http, fs = e.get("NSExceptionAllowsInsecureHTTPLoads", False), e.get("NSExceptionRequiresForwardSecrecy", True)
    if version < VERSIONS[e.get("NSExceptionMinimumTLSVersion", "TLSv1.2")]:
        return "D", "tls-version", entry
    permitted = {ATS, TLS13} if fs else {ATS, TLS13, RSA} if not http else {ATS, TLS13, RSA, DHE}
    if suite not in permitted:
        return "D", "tls-cipher", entry
    if not trust_ok and not (http and override):
        return "D", "cert-untrusted", entry
    strict = version >= 0x0303 and suite in (ATS, TLS13) and trust_ok
    return "A", "compliant" if strict else "exception", entry


# ---- the questions ----


def random_policy(r):
    ats = {key: r.random() < 0.5 for key in SWITCHES if r.random() < 0.3}
    entries = {}
    for key in r.sample(NAMES + ADDRESSES + RANGES, r.randrange(8)):
        e = {}
        for name, chance in (("NSIncludesSubdomains", 0.5), ("NSExceptionAllowsInsecureHTTPLoads", 0.4),
                             ("NSExceptionRequiresForwardSecrecy", 0.4)):
            if r.random() < chance:
                e[name] = r.random() < 0.6
        if r.random() < 0.4:
            e["NSExceptionMinimumTLSVersion"] = r.choice(list(VERSIONS))
        entries[key] = e
    if entries:
        ats["NSExceptionDomains"] = entries
    return ats


def random_host(r):
    host = r.choice(NAMES[:-1] + ADDRESSES)
    if is_address(host) is None and r.random() < 0.4:
        host = r.choice(["www.", "deep.er.", "a."]) + host
    return host


def random_question(r):
    suite = r.choice([ATS, RSA, DHE, TLS13])
    version = 0x0304 if suite == TLS13 else r.choice([0x0301, 0x0302, 0x0303])
    return {"scheme": r.choice(["http", "https"]), "host": random_host(r), "context": r.randrange(3), "version": version,
            "suite": suite, "override": r.random() < 0.4, "trust_ok": r.random() < 0.7}


def ask(engine, q):
    words = [q["scheme"], q["host"], q["context"], int(q["override"]), 0]
    if q["scheme"] == "https":
        words += [q["version"], q["suite"], 1, 0 if q["trust_ok"] else 1, 1, 1, 0, 0, 0, 0, 1, 1, 2048, 0, 0, "k", 0, 86400]
    answer = engine.ask(" ".join(map(str, words)))
    return answer[0], answer[1], None if answer[6] == "-" else answer[6]


@suite.test
def the_engine_and_the_model_agree(engine, folder):
    r = random.Random(SEED)
    path = os.path.join(folder, "policy.plist")
    n = 0
    for _ in range(N_POLICIES):
        ats = random_policy(r)
        with open(path, "wb") as f:
            plistlib.dump({"NSAppTransportSecurity": ats}, f, fmt=r.choice([plistlib.FMT_XML, plistlib.FMT_BINARY]))
        error = engine.policy(path)[2]
        equal(None, error)
        for _ in range(N_QUESTIONS):
            q = random_question(r)
            want, got = model(ats, **q), ask(engine, q)
            equal(want, got, "seed %d, %r, %r" % (SEED, ats, q))
            n += 1
    equal(N_POLICIES * N_QUESTIONS, n)


def main():
    engine = Engine(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        status = suite.run(engine, folder)
    engine.end()
    return status


if __name__ == "__main__":
    sys.exit(main())
