#!/usr/bin/env python3
"""test_ats_suites.py - `tinet ats diagnose` against a server for each version and
suite that this machine's OpenSSL can speak, compared with Apple's lists as they
are written down here: not those of the library."""

import re
import subprocess

from ats_pki import RSA
from ats_servers import codes, entry, facts, home, pki, remove_home, s_server
from cli import *
import lib

TLS13 = {0x1301, 0x1302, 0x1303}
CHACHA = {0xCCA9, 0xCCA8}
ECDHE = {0xC02C, 0xC02B, 0xC030, 0xC02F, 0xC00A, 0xC009, 0xC014, 0xC013}
ECDHE_SHA2 = {0xC024, 0xC023, 0xC028, 0xC027}
STATIC = {0x009D, 0x009C, 0x0035, 0x002F}
STATIC_SHA2 = {0x003D, 0x003C}

# profile: what is taken, and what NSExceptionRequiresForwardSecrecy = NO adds
ACCEPTED = {
    "current": (TLS13 | CHACHA | ECDHE, STATIC),
    "ios17": (TLS13 | CHACHA | ECDHE, STATIC),
    "ios10": (TLS13 | CHACHA | ECDHE | ECDHE_SHA2, STATIC | STATIC_SHA2),
    "ios9": (ECDHE | ECDHE_SHA2, STATIC | STATIC_SHA2),
}
VERSIONS = {"TLSv1.2": "-tls1_2", "TLSv1.1": "-tls1_1", "TLSv1.0": "-tls1"}


def suites_of(version):
    """(code, name, authentication) of all that OpenSSL has for it, but for
    those without a certificate or without encryption."""
    listed = subprocess.run(
        ["openssl", "ciphers", "-s", VERSIONS[version], "-V", "ALL:!aNULL:!PSK:!SRP:@SECLEVEL=0"], stdout=subprocess.PIPE, check=True
    ).stdout.decode()
    rows = re.findall(r"0x(\w\w),0x(\w\w) - (\S+) +\S+ +Kx=\S+ +Au=(\S+)", listed)
    assert len(rows) >= (40 if version == "TLSv1.2" else 8), listed
    return [(int(high + low, 16), name, auth) for high, low, name, auth in rows]


DSA_PARAMETERS = home + "/dsa.pem"
pki.openssl("dsaparam", "-out", DSA_PARAMETERS, "2048")
LEAVES = {
    "RSA": pki.leaf("rsa", key=RSA),
    "ECDSA": pki.leaf("ecdsa"),
    "DSS": pki.leaf("dsa", key=["-newkey", "dsa:" + DSA_PARAMETERS]),
}
LEAVES["any"] = LEAVES["ECDSA"]


def relief(profile, version, available):
    """The smallest exception for a server that has these suites."""
    taken, without_secrecy = ACCEPTED[profile]
    keys = {}
    if version != "TLSv1.2":
        keys["NSExceptionMinimumTLSVersion"] = version
    if available & taken:
        return keys
    keys["NSExceptionRequiresForwardSecrecy"] = False
    if not available & without_secrecy:
        keys["NSExceptionAllowsInsecureHTTPLoads"] = True
    return keys


def check(port, profile, version, available):
    found = facts("--profile", profile, port=port)
    wanted = relief(profile, version, available)
    reasons = []
    if version != "TLSv1.2":
        reasons.append("tls-version")
    if not available & ACCEPTED[profile][0]:
        reasons.append("tls-cipher")
    got = (profile, codes(found), entry(found) or {})
    assert got == (profile, reasons, wanted), (got, reasons, wanted, found["matrix"])
    equal(found["exit"], 1 if reasons else 0)
    return found


def of_version(version):
    def case(_folder):
        for code, name, auth in suites_of(version):
            if auth == "DSS":
                continue  # see below
            with s_server(LEAVES[auth], VERSIONS[version], "-cipher", name + ":@SECLEVEL=0") as port:
                for profile in ("current", "ios10", "ios9"):
                    found = check(port, profile, version, {code})
                equal(int(found["hops"][0]["tls"]["suite_code"], 16), code)

    case.__name__ = "each suite of " + version
    test(case)


for each in VERSIONS:
    of_version(each)


@test
def each_suite_of_TLS_1_3(_folder):
    for name, code in [
        ("TLS_AES_128_GCM_SHA256", 0x1301),
        ("TLS_AES_256_GCM_SHA384", 0x1302),
        ("TLS_CHACHA20_POLY1305_SHA256", 0x1303),
        ("TLS_AES_128_CCM_SHA256", 0x1304),
        ("TLS_AES_128_CCM_8_SHA256", 0x1305),
    ]:
        with s_server(LEAVES["any"], "-tls1_3", "-ciphersuites", name) as port:
            found = facts(port=port)
            equal((name, codes(found)), (name, [] if code in TLS13 else ["tls-cipher"]))
            equal(int(found["hops"][0]["tls"]["suite_code"], 16), code)


@test
def a_key_of_DSA_comes_with_suites_that_are_refused(_folder):
    for _code, name, auth in suites_of("TLSv1.2"):
        if auth == "DSS":
            with s_server(LEAVES["DSS"], "-tls1_2", "-cipher", name + ":@SECLEVEL=0") as port:
                equal((name, codes(facts(port=port, status=1))), (name, ["tls-cipher"]))


@test
def a_server_of_two_suites_is_judged_by_the_better_whatever_it_prefers(_folder):
    names = {
        "ECDHE-RSA-AES128-SHA": 0xC013,
        "ECDHE-RSA-AES128-SHA256": 0xC027,
        "AES128-SHA": 0x002F,
        "AES128-SHA256": 0x003C,
        "DHE-RSA-AES128-GCM-SHA256": 0x009E,
        "AES256-CCM": 0xC09D,
    }
    for first in names:
        for second in names:
            if first == second:
                continue
            with s_server(
                LEAVES["RSA"], "-tls1_2", "-serverpref", "-cipher", "%s:%s:@SECLEVEL=0" % (first, second)
            ) as port:
                for profile in ("current", "ios10", "ios9"):
                    check(port, profile, "TLSv1.2", {names[first], names[second]})


NGINX = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log; user root;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  ssl_ciphers {ciphers}; ssl_protocols {protocols};
  server {{ listen 127.0.0.1:{port} ssl; {certificates} }}
}}"""


def nginx(protocols, *leaves, ciphers="ALL:@SECLEVEL=0"):
    """A context manager: the port of an nginx."""
    program = lib.need_program("nginx")
    certificates = " ".join(
        "ssl_certificate %s; ssl_certificate_key %s;" % (leaf.certificate, leaf.key) for leaf in leaves
    )

    def command(port):
        text = NGINX.format(home=home, port=port, protocols=protocols, ciphers=ciphers, certificates=certificates)
        return [program, "-p", home, "-c", write(home, "nginx.conf", text.encode())]

    return lib.server(command, home, "nginx")


@test
def each_version_of_nginx(_folder):
    everything = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
    probes = {"P6": "TLSv1", "P5": "TLSv1.1", "P2": "TLSv1.2", "P1": "TLSv1.3"}
    for offered in ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "TLSv1 TLSv1.1", "TLSv1.1 TLSv1.2", " ".join(everything)]:
        with nginx(offered, LEAVES["RSA"]) as port:
            found = facts(port=port)
            answers = {row["probe"]: row["ok"] for row in found["matrix"]}
            equal((offered, {probes[name] for name in probes if answers[name]}), (offered, set(offered.split())))
            best = max(offered.split(), key=everything.get)
            equal((offered, codes(found)), (offered, [] if everything[best] >= 0x0303 else ["tls-version"]))


@test
def of_two_certificates_that_counts_which_an_application_would_get(_folder):
    expired = pki.leaf("expired", dates=("20200101000000Z", "20200601000000Z"))
    with nginx("TLSv1.2 TLSv1.3", LEAVES["RSA"], expired) as port:
        equal(codes(facts(port=port, status=1)), ["cert-expired"])
    with nginx("TLSv1.2 TLSv1.3", LEAVES["RSA"], LEAVES["ECDSA"]) as port:
        equal(codes(facts(port=port, status=0)), [])


try:
    main()
finally:
    remove_home()
