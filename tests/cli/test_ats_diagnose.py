#!/usr/bin/env python3
"""test_ats_diagnose.py - `tinet ats diagnose` against servers of every kind:
openssl s_server and nginx for each protocol, suite and certificate, and peers
that are none."""

import json
import os
import plistlib
import pty
import re
import socket
import ssl
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
from ats_pki import EC, RSA, curve
from ats_servers import HOST, codes, diagnose, entry, facts, home, pki, remove_home, s_server
from cli import *
import lib

# A port that nobody listens on, and that nobody else can take.
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
REFUSED = taken.getsockname()[1]

SLACK = "DEFAULT:@SECLEVEL=0"
ANY = "ALL:@SECLEVEL=0"

weak_ca = pki.intermediate("weakca", ["-newkey", "rsa:1024"])
sha1_ca = pki.intermediate("sha1ca", digest="sha1")
good_ca = pki.intermediate("goodca")
p224_ca = pki.intermediate("p224ca", curve("secp224r1"))
p192_ca = pki.intermediate("p192ca", curve("prime192v1"))
ed_ca = pki.intermediate("edca", ["-newkey", "ed25519"])
expired_ca = pki.issue("expiredca", RSA, ["basicConstraints=critical,CA:TRUE"], pki.root,
                       dates=("20200101000000Z", "20210101000000Z"))
no_ca = pki.leaf("noca", key=RSA)


LEAF = pki.leaf("good")
RSA_LEAF = pki.leaf("rsaleaf", key=RSA)

# name, leaf, how to serve it, the reasons, the smallest exception (None: no key
# helps; "fine": none is needed)
CASES = [
    ("TLS 1.3 only", LEAF, ["-tls1_3"], [], "fine"),
    ("TLS 1.2, ECDHE-ECDSA and AES-GCM", LEAF, ["-tls1_2"], [], "fine"),
    ("TLS 1.2, ECDHE-RSA and CBC", RSA_LEAF, ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], [], "fine"),
    ("TLS 1.2, ChaCha20", RSA_LEAF, ["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"], [], "fine"),
    ("TLS 1.2, static RSA", RSA_LEAF, ["-tls1_2", "-cipher", "AES256-GCM-SHA384"], ["tls-cipher"],
     {"NSExceptionRequiresForwardSecrecy": False}),
    ("TLS 1.2, DHE", RSA_LEAF, ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], ["tls-cipher"],
     {"NSExceptionRequiresForwardSecrecy": False, "NSExceptionAllowsInsecureHTTPLoads": True}),
    ("TLS 1.1", RSA_LEAF, ["-tls1_1", "-cipher", ANY], ["tls-version"], {"NSExceptionMinimumTLSVersion": "TLSv1.1"}),
    ("TLS 1.0", RSA_LEAF, ["-tls1", "-cipher", ANY], ["tls-version"], {"NSExceptionMinimumTLSVersion": "TLSv1.0"}),
    ("TLS 1.0, static RSA", RSA_LEAF, ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"], ["tls-version", "tls-cipher"],
     {"NSExceptionMinimumTLSVersion": "TLSv1.0", "NSExceptionRequiresForwardSecrecy": False}),
    ("RSA 1024", pki.leaf("rsa1024", key=["-newkey", "rsa:1024"]), ["-cipher", SLACK], ["cert-key-size"], None),
    ("P-224", pki.leaf("p224", key=curve("secp224r1")), ["-tls1_2", "-cipher", SLACK], ["cert-key-size"], None),
    ("P-192", pki.leaf("p192", key=curve("prime192v1")), ["-tls1_2", "-cipher", SLACK], ["cert-key-size"], None),
    ("RSA 2047", pki.leaf("rsa2047", key=["-newkey", "rsa:2047"]), [], ["cert-key-size"], None),
    ("RSA-PSS", pki.leaf("pss", key=["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]), [], [], "fine"),
    ("P-521", pki.leaf("p521", key=curve("secp521r1")), [], [], "fine"),
    ("secp256k1", pki.leaf("k1", key=curve("secp256k1")), ["-tls1_2", "-cipher", SLACK], ["tls-handshake"], None),
    ("brainpool", pki.leaf("brainpool", key=curve("brainpoolP256r1")), ["-tls1_2", "-groups", "P-256:brainpoolP256r1"],
     ["tls-handshake"], None),
    ("no group but X448", LEAF, ["-tls1_3", "-groups", "X448"], ["tls-handshake"], None),
    ("Ed448", pki.leaf("ed448", key=["-newkey", "ed448"]), [], [], "fine"),
    ("MD5", pki.leaf("md5", digest="md5"), ["-cipher", SLACK], ["cert-hash-leaf"], None),
    ("a name in the subject only", pki.issue("nosan", EC, ["basicConstraints=CA:FALSE"], pki.root), [],
     ["cert-hostname"], None),
    ("a wildcard", pki.leaf("wildcard", name="*.example.test"), [], [], "fine"),
    ("a certificate of clients", pki.issue("eku", EC, ["subjectAltName=DNS:" + HOST, "extendedKeyUsage=clientAuth"], pki.root),
     [], ["cert-untrusted"], None),
    ("everything at once", pki.leaf("many", key=["-newkey", "rsa:1024"], name="other.test", digest="sha1", days="900"),
     ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"],
     ["tls-version", "tls-cipher", "cert-hostname", "cert-key-size", "cert-hash-leaf", "cert-lifetime"], None),
    ("Ed25519", pki.leaf("ed25519", key=["-newkey", "ed25519"]), [], [], "fine"),
    ("SHA-1", pki.leaf("sha1", digest="sha1"), ["-cipher", SLACK], ["cert-hash-leaf"], None),
    ("expired", pki.leaf("expired", dates=("20200101000000Z", "20200601000000Z")), [], ["cert-expired"], None),
    ("not yet valid", pki.leaf("early", dates=("20400101000000Z", "20400601000000Z")), [], ["cert-not-yet-valid"], None),
    ("another name", pki.leaf("other", name="other.example.test"), [], ["cert-hostname"], None),
    ("self-signed", pki.leaf("selfsigned", signer=None), [], ["cert-untrusted"], None),
    ("too long", pki.leaf("long", days="900"), [], ["cert-lifetime"], None),
]
CHAINS = [
    ("an intermediate of RSA 1024", weak_ca, ["cert-chain-key-size"]),
    ("an intermediate signed with SHA-1", sha1_ca, ["cert-hash-chain"]),
    ("an intermediate on P-224", p224_ca, ["cert-chain-key-size"]),
    ("an intermediate on P-192", p192_ca, ["cert-chain-key-size"]),
    ("an intermediate that is expired", expired_ca, ["cert-expired"]),
    ("an intermediate that is none", no_ca, ["cert-untrusted"]),
    ("an intermediate of Ed25519", ed_ca, []),
    ("a good intermediate", good_ca, []),
]


def make_case(name, leaf, how, reasons, relief, chain=None):
    def case(_folder):
        with s_server(leaf, *how, chain=chain) as port:
            found = facts(port=port, status=1 if reasons else 0)
            equal(codes(found), reasons)
            if relief == "fine":
                equal(found["minimal_exception"]["why_not"], "none is needed")
            elif relief is None:
                contains(found["minimal_exception"]["why_not"], "no key helps")
            else:
                equal(entry(found), relief)
                the_exception_is_the_smallest(found, port)

    case.__name__ = "diagnosed: " + name
    test(case)


def the_exception_is_the_smallest(found, port):
    """It passes; without any one of its keys it does not."""
    dictionary = plistlib.loads(found["minimal_exception"]["plist"].encode())
    path = os.path.join(home, "policy.plist")

    def status():
        with open(path, "wb") as f:
            plistlib.dump(dictionary, f)
        return facts("--policy", path, port=port)["exit"]

    equal(status(), 0)
    keys = dictionary["NSAppTransportSecurity"]["NSExceptionDomains"][HOST]
    for key in list(keys):
        value = keys.pop(key)
        equal(status(), 1)
        keys[key] = value
    equal(status(), 0)
    equal(facts("--policy", path, "--no-exceptions", port=port)["exit"], 3)


for row in CASES:
    make_case(*row)
for title, authority, wanted in CHAINS:
    make_case(title, pki.leaf("of" + authority.label, signer=authority, digest=None), ["-cipher", SLACK], wanted,
              None if wanted else "fine", authority)


@test
def a_chain_that_lacks_its_intermediate(_folder):
    with s_server(pki.leaf("lonely", signer=good_ca)) as port:
        done = diagnose(port=port)
        equal(done.status, 1)
        contains(done.out, "cert-untrusted")
        contains(" ".join(done.out.split()), "send the whole chain")


@test
def without_the_authority_it_is_not_trusted(_folder):
    with s_server(LEAF) as port:
        equal(codes(facts(port=port, ca=False, status=1)), ["cert-untrusted"])


# ---- the matrix and Apple's configurations ----


def passes(found):
    return [c["n"] for c in found["apple_configurations"] if c["pass"]]


@test
def the_16_configurations_follow_from_the_matrix(_folder):
    everything = list(range(1, 17))
    with s_server(LEAF) as port:
        equal(passes(facts(port=port)), everything)
    with s_server(LEAF, "-tls1_2") as port:
        equal(passes(facts(port=port)), [n for n in everything if n not in (3, 9, 13)])
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
        equal(passes(facts(port=port)), [2, 7, 8, 10, 11, 12, 14, 15, 16])
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256") as port:
        equal(passes(facts(port=port)), [2, 8, 14, 15, 16])
    with s_server(RSA_LEAF, "-tls1", "-cipher", ANY) as port:
        equal(passes(facts(port=port)), [2, 6, 12, 16])
    with s_server(pki.leaf("stranger", signer=None)) as port:
        equal(passes(facts(port=port)), [])


@test
def the_matrix_tells_what_a_server_has(_folder):
    with s_server(RSA_LEAF, "-cipher", "AES128-SHA:ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-SHA:@SECLEVEL=0") as port:
        probes = {p["probe"]: p for p in facts(port=port)["matrix"]}
        equal({name: p["ok"] for name, p in probes.items()},
              {"P0": True, "P1": True, "P2": True, "P3": True, "P4": True, "P5": True, "P6": True})
        equal(probes["P3"]["suite"], "TLS_RSA_WITH_AES_128_CBC_SHA")
        equal(probes["P1"]["version"], "1.3")
        equal([p["probe"] for p in facts("--quick", port=port)["matrix"]], ["P0"])
        equal([p["probe"] for p in facts("--quick", "--niap", port=port)["matrix"]], ["P0", "P8"])


@test
def the_layout_of_nscurl_with_a_warning_about_its_usual_misreading(_folder):
    with s_server(LEAF, "-tls1_3") as port:
        text = diagnose("--apple-compat", "--verbose", port=port).out
        equal(text.count("Result : PASS"), 16)
        contains(text, "TLSv1.0 with PFS disabled and insecure HTTP allowed\nATS Dictionary:\n{\n    NSExceptionDomains =")
        contains(text, "passes because the server negotiates TLS 1.3; this does not mean that TLS 1.0 is supported")
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
        text = diagnose("--apple-compat", "--verbose", port=port).out
        contains(text, 'Error : Error Domain=NSURLErrorDomain Code=-1200')


# ---- policies and profiles ----


@test
def a_project_s_policy_is_what_counts(folder):
    write(folder, "tiapp.xml", b"""<?xml version="1.0"?>
<ti:app xmlns:ti="http://ti.appcelerator.org"><id>a.b</id><name>a</name><version>1</version>
<ios><plist><dict><key>NSAppTransportSecurity</key><dict><key>NSExceptionDomains</key><dict>
<key>example.test</key><dict><key>NSIncludesSubdomains</key><true/>
<key>NSExceptionRequiresForwardSecrecy</key><false/></dict></dict></dict></dict></plist></ios></ti:app>""")
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
        found = facts("--policy", folder, port=port, status=0)
        equal(found["hops"][0]["matched_entry"], "example.test")
        equal(found["hops"][0]["verdict"]["code"], "exception")
        equal(diagnose("--policy", folder, "--no-exceptions", port=port).status, 3)


@test
def a_policy_that_asks_for_more_is_told_as_the_cause(folder):
    def policy(entry):
        return write(folder, "Info.plist", plistlib.dumps({"NSAppTransportSecurity": entry}))

    with s_server(LEAF, "-tls1_2") as port:
        found = facts("--policy", policy({"NSExceptionDomains": {HOST: {"NSExceptionMinimumTLSVersion": "TLSv1.3"}}}), port=port, status=1)
        equal(codes(found), ["tls-version"])
        contains(found["minimal_exception"]["why_not"], "the policy asks for more than Apple's default")
        contains(diagnose("--policy", policy({"NSAllowArbitraryLoads": True}), port=port).out, "it has 1 mistake, which iOS ignores: tinet ats check")
        pin = found["hops"][0]["chain"][0]["spki_sha256"]
        pinned = {"NSPinnedDomains": {HOST: {"NSPinnedLeafIdentities": [{"SPKI-SHA256-BASE64": "A" * 43 + "="}]}}}
        done = diagnose("--policy", policy(pinned), port=port)
        equal(done.status, 1)
        contains(done.out, "<string>%s</string>" % pin)
        pinned["NSPinnedDomains"][HOST]["NSPinnedLeafIdentities"].append({"SPKI-SHA256-BASE64": pin})
        equal(diagnose("--policy", policy(pinned), port=port).status, 0)


@test
def the_key_of_an_exception_is_written_as_it_must_be(_folder):
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
        for host, key in [("WWW.Example.TEST", HOST), ("bücher.example", "xn--bcher-kva.example"), ("[2001:DB8:0::1]", "2001:db8::1"),
                          (HOST + ".", HOST + ".")]:
            found = facts("--sni", HOST, url="https://%s/" % host, port=port, status=1)
            equal(list(found["minimal_exception"]["dict"]["NSExceptionDomains"]), [key])
    with s_server(pki.leaf("idn", name="xn--bcher-kva.example")) as port:
        for host in ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example."):
            facts(url="https://%s/" % host, port=port, status=0)


@test
def profiles_differ(_folder):
    with s_server(pki.leaf("longer", days="900")) as port:
        facts(port=port, status=1)
        facts("--profile", "ios10", port=port, status=0)


@test
def a_policy_that_is_malformed_or_missing(folder):
    path = write(folder, "bad.plist", b"<plist><dict><key>a</dict></plist>")
    done = diagnose("https://localhost/", "--policy", path)
    equal(done.status, 65)
    contains(done.err, "bad.plist:1:")
    equal(diagnose("https://localhost/", "--policy", os.path.join(folder, "none")).status, 66)


# ---- what is no matter of ATS ----


@test
def a_host_that_does_not_resolve(_folder):
    done = diagnose("https://no-such-host.invalid/", "--json")
    equal(done.status, 68)
    equal(json.loads(done.out)["hops"][0]["error"]["code"], "TINET_ERESOLVE")


@test
def one_that_refuses(_folder):
    done = diagnose(port=REFUSED)
    equal(done.status, 69)
    contains(done.out, "COULD NOT BE JUDGED")
    contains(done.out, "Connection refused")
    assert "FAIL" not in done.out and "tiapp" not in done.out


def peer(serve):
    return lib.Threaded(serve)


@test
def one_that_stalls(_folder):
    def stall(connection):
        while connection.recv(4096):
            pass

    with peer(stall) as server:
        done = diagnose("--timeout", "0.3", port=server.port)
        equal(done.status, 75)
        contains(done.out, "stalls in the handshake")


BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


def not_judged(serve, part, status=69):
    """The peer is told as what it is, and not as a failure of ATS."""
    with peer(serve) as server:
        done = diagnose("--timeout", "20", port=server.port)
        equal(done.status, status)
        contains(" ".join(done.out.split()), part)
        contains(done.out, "COULD NOT BE JUDGED")
        assert "DENIED" not in done.out and "NSException" not in done.out, done.out


@test
def one_that_speaks_plain_http(_folder):
    def late(connection):
        connection.recv(4096)
        connection.sendall(BAD_REQUEST)

    def early(connection):  # so that the answer is there at the first look
        connection.sendall(BAD_REQUEST)
        connection.recv(4096)

    def in_pieces(connection):
        connection.sendall(b"HT")
        connection.recv(4096)
        connection.sendall(BAD_REQUEST[2:])

    def a_page(connection):
        connection.recv(4096)
        connection.sendall(b"<html><body>400 Bad Request</body></html>")

    for serve in (late, early, in_pieces, a_page):
        not_judged(serve, "the server speaks plain HTTP here, not TLS")


@test
def one_that_speaks_plain_http_before_it_is_asked(_folder):
    """OpenSSL then reads the answer in the call that sends its hello."""

    def plain(connection):
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        connection.recv(4096)

    with peer(plain) as server:
        for _ in range(20):
            contains(diagnose(port=server.port).out, "the server speaks plain HTTP here, not TLS")


@test
def one_that_speaks_something_else(_folder):
    not_judged(lambda connection: connection.sendall(b"220 ready\r\n" * 100), 'is not TLS: "220 ready"')
    not_judged(lambda connection: connection.sendall(b"SSH-2.0-x\x1b[31m\r\n"), 'is not TLS: "SSH-2.0-x"')
    not_judged(lambda connection: connection.sendall(b"\x05\xff\x00\x00\x00"), "the server's answer is not TLS")


def after_the_greeting(answer, closes=True):
    def serve(connection):
        connection.recv(4096)
        connection.sendall(answer)
        if not closes:
            connection.recv(1)

    return serve


def alert(level, number):
    return b"\x15\x03\x01\x00\x02" + bytes((level, number))


@test
def one_that_refuses_every_handshake_is_denied(_folder):
    for number, status in ((40, -9824), (70, -9836), (71, -9837), (80, -9802)):
        with peer(after_the_greeting(alert(2, number))) as server:
            found = facts(port=server.port, status=1)
            equal(codes(found), ["tls-handshake"])
            reason = found["hops"][0]["verdict"]["reasons"][0]
            equal(reason["apple"]["ssl_status"], status)
            contains(reason["detail"], "(%d)" % number)
            equal(passes(found), [])
            contains(found["minimal_exception"]["why_not"], "no key helps")


@test
def one_that_says_goodbye_in_the_handshake(_folder):
    not_judged(after_the_greeting(alert(1, 0)), "closed in the middle of the handshake")


def cut(port, n):
    """Passes on what a server sends, up to n bytes."""

    def serve(connection):
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(connection.recv(4096))
            answer = b""
            while len(answer) < n:
                more = server.recv(n - len(answer))
                if not more:
                    break
                answer += more
            connection.sendall(answer)

    return serve


@test
def one_that_drops_the_connection_after_its_certificate(_folder):
    with s_server(RSA_LEAF, "-tls1_2") as port:
        for n in (1, 7, 200, 1200):
            not_judged(cut(port, n), "closed in the middle of the handshake")


@test
def one_that_answers_once_and_then_stalls_takes_twice_the_timeout(_folder):
    state = {"n": 0}
    with s_server(LEAF) as port:

        def once(connection):
            state["n"] += 1
            if state["n"] > 1:
                connection.recv(1 << 20)
                connection.recv(1)  # until the client gives up
                return
            with socket.create_connection(("127.0.0.1", port)) as server:
                lib.threading.Thread(target=pump, args=(server, connection), daemon=True).start()
                pump(connection, server)

        with peer(once) as server:
            found = facts("--timeout", "4", port=server.port, status=0)
            rows = found["matrix"]
            equal(rows[0]["ok"], True)
            assert len(rows) <= 4, rows


def pump(source, to):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                return
            to.sendall(data)
    except OSError:
        pass


def record_of(server):
    with server.makefile("rb") as f:
        head = f.read(5)
        return head + f.read(int.from_bytes(head[3:], "big"))


@test
def one_that_sends_without_end(_folder):
    def flood(connection, block):
        while True:
            connection.sendall(block * 1000)

    def endless(block):
        def serve(connection):
            connection.recv(4096)
            flood(connection, block)

        return serve

    def endless_certificate(connection):
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(connection.recv(4096))
            connection.sendall(record_of(server))  # its hello
            flood(connection, giant)

    giant = b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff\xff\xff\xfc" + bytes(0x4000 - 7)
    with s_server(RSA_LEAF, "-tls1_2") as port:
        for serve in [
            endless(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"),  # HelloRequests
            endless(giant),  # a message of 16 MiB
            endless_certificate,
            endless(b"\x15\x03\x03\x00\x02\x01\x70"),  # warnings
            endless(b"\x16\x03\x03\x00\x00"),  # records without anything
        ]:
            with peer(serve) as server:
                done = diagnose("--timeout", "30", "--json", port=server.port)
                found = json.loads(done.out)
                equal((done.status, found["hops"][0].get("error", {}).get("code")), (69, "TINET_EPROTOCOL"))


@test
def one_that_drops_the_connection_in_the_handshake(_folder):
    with peer(lambda connection: connection.recv(100)) as server:
        done = diagnose(port=server.port)
        equal(done.status, 69)
        contains(" ".join(done.out.split()), "closed in the middle of the handshake")


@test
def one_that_sends_garbage_in_tls_records(_folder):
    def garbage(connection):
        connection.recv(4096)
        connection.sendall(b"\x16\x03\x03\x00\x10" + bytes(range(16)))
        connection.recv(4096)

    with peer(garbage) as server:
        equal(diagnose(port=server.port).status, 69)


@test
def one_that_wants_a_client_certificate_is_judged_all_the_same(_folder):
    for version in ("-tls1_2", "-tls1_3"):
        with s_server(LEAF, "-Verify", "1", version) as port:
            found = facts(port=port, status=0)
            equal(found["hops"][0]["tls"]["asks_client_certificate"], True)


# ---- HTTP ----


class Nginx:
    """Two servers: one redirects to the other by way of http."""

    CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  ssl_certificate {leaf}; ssl_certificate_key {key};
  server {{
    listen 127.0.0.1:{first} ssl;
    add_header Strict-Transport-Security "max-age=1000; includeSubDomains" always;
    location /direct {{ return 200 "here"; }}
    location /away {{ return 302 http://localhost:{plain}/; }}
    location /loop {{ return 302 /loop; }}
  }}
  server {{ listen 127.0.0.1:{plain}; return 302 https://localhost:{first}/direct; }}
}}"""

    def __enter__(self):
        leaf = pki.leaf("nginx", name="localhost")
        program = lib.need_program("nginx")
        self.plain = lib.free_port()

        def command(port):
            self.port = port
            text = self.CONFIG.format(folder=home, leaf=leaf.certificate, key=leaf.key, first=port, plain=self.plain)
            return [program, "-p", home, "-c", write(home, "nginx.conf", text.encode())]

        self.stack = lib.contextlib.ExitStack()
        self.stack.enter_context(lib.server(command, home, "nginx"))
        return self

    def __exit__(self, *_):
        self.stack.close()


@test
def each_hop_of_a_redirect_is_judged(_folder):
    with Nginx() as nginx:
        found = facts("https://localhost:%d/away" % nginx.port, "--http", "--no-direct", status=1)
        equal([hop["url"].split(":")[0] for hop in found["hops"]], ["https", "http", "https"])
        equal([hop["status"] for hop in found["hops"]], [302, 302, 200])
        equal([hop["verdict"]["allow"] for hop in found["hops"]], [True, False, True])
        equal(codes(found, 1), ["cleartext"])
        equal(found["http"]["hsts"],
              {"value": "max-age=1000; includeSubDomains", "valid": True, "max_age": 1000, "include_subdomains": True, "preload": False})
        equal(found["minimal_exception"]["dict"],
              {"NSExceptionDomains": {"localhost": {"NSExceptionAllowsInsecureHTTPLoads": True}}})
        equal(found["minimal_exception"]["review_keys"], ["NSExceptionAllowsInsecureHTTPLoads"])
        policy = write(home, "hops.plist", found["minimal_exception"]["plist"].encode())
        facts("https://localhost:%d/away" % nginx.port, "--http", "--no-direct", "--policy", policy, status=0)
        equal(len(facts("https://localhost:%d/away" % nginx.port, "--no-direct", status=0)["hops"]), 1)
        text = diagnose("https://localhost:%d/away" % nginx.port, "--http", "--no-direct").out
        for part in ("because of  http://localhost:%d/" % nginx.plain, "hop         2 of 3, HTTP status 302", "as above: allowed",
                     "cleartext   closed", "HSTS        for 1000 seconds (0 days), with subdomains"):
            contains(text, part)


@test
def a_redirect_without_end_ends(_folder):
    with Nginx() as nginx:
        found = facts("https://localhost:%d/loop" % nginx.port, "--http", "--no-direct")
        assert len(found["hops"]) == 21, len(found["hops"])


@test
def a_url_of_http_is_denied_without_connecting(_folder):
    done = diagnose("http://no-such-host.invalid:8080/", "--json")
    equal(done.status, 1)
    found = json.loads(done.out)
    equal(codes(found), ["cleartext"])
    equal(found["hops"][0]["verdict"]["reasons"][0]["apple"]["code"], -1022)


@test
def a_local_host_is_exempt_and_no_direct_judges_it(_folder):
    with s_server(pki.leaf("local", name="localhost", days="900")) as port:
        url = "https://localhost:%d/" % port
        equal(facts(url, status=1)["hops"][0]["requirements"]["judged"], False)
        equal(codes(facts(url, "--no-direct", status=1)), ["cert-lifetime"])
        text = diagnose(url).out
        contains(text, "DENIED by ordinary trust; App Transport Security does not apply")
        contains(text, "- tls-version        not asked of a local host")


# ---- many ----


@test
def many_hosts_at_once_in_their_order(folder):
    with s_server(LEAF) as good, s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as bad:
        ports = [good, bad, REFUSED] * 40
        hosts = write(folder, "hosts", b"# servers\n\n" + b"".join(b"localhost:%d # one\n" % p for p in ports))
        junit, html = os.path.join(folder, "j.xml"), os.path.join(folder, "h.html")
        done = diagnose("--hosts", hosts, "--json", "--no-direct", "--sni", HOST, "--jobs", "6", "--junit", junit, "--html", html)
        equal(done.status, 1)
        rows = [json.loads(line) for line in done.out.splitlines()]
        equal([row["hops"][0]["port"] for row in rows], ports)
        equal([row["exit"] for row in rows], [0, 1, 69] * 40)
        root = xml.etree.ElementTree.parse(junit).getroot()
        equal((root.get("tests"), root.get("failures"), root.get("errors")), ("120", "40", "40"))
        equal(len(root.findall("testsuite/testcase")), 120)
        equal(root.find("testsuite/testcase/failure").get("type"), "tls-cipher")
        page = read(html).decode()
        equal(page.count("<section "), 120)
        for part in ("120 URLs", "<b>40</b> pass", "<b>40</b> denied", "<b>40</b> could not be judged", 'href="#u120"', 'id="u120"'):
            contains(page, part)
        assert not re.search(r'(src="|href="[^#])', page) and "<script" not in page


def peak_memory(folder, n, *args):
    """Of a run over n hosts, in bytes."""
    hosts = write(folder, "hosts%d" % n, b"localhost:%d\n" % REFUSED * n)
    command = [TINET, "ats", "diagnose", "--hosts", hosts, "--json", "--jobs", "4", *args]
    with open(os.path.join(folder, "out"), "wb") as out:
        child = subprocess.Popen(command, stdout=out, env=clean_env(ASAN_OPTIONS="quarantine_size_mb=0:thread_local_quarantine_size_kb=0"))
        _, status, usage_of_child = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    equal(child.returncode, 69)
    with open(os.path.join(folder, "out"), "rb") as out:
        equal(sum(1 for _ in out), n)
    return usage_of_child.ru_maxrss * 1024


@test
def memory_does_not_grow_with_the_number_of_hosts(folder):
    few, many = peak_memory(folder, 150), peak_memory(folder, 600)
    print("# 150 hosts: %d KiB, 600 hosts: %d KiB" % (few / 1024, many / 1024))
    assert many < few + 8 * 2**20, (few, many)


@test
def a_file_of_hosts_is_checked_before_anything_is_asked(folder):
    text = (b"\xef\xbb\xbf# the API\r\n\r\n  a.example.test  # trailing\n"
            b"ftp://b.test/\nc.test d.test\nhttps://e.test/#top\n\x00\nhttp://f.test:99999/\n::1\nx y # z")
    done = diagnose("--hosts", write(folder, "hosts.txt", text))
    equal((done.status, done.out), (64, ""))
    equal(re.findall(r"hosts.txt:(\d+): ", done.err), ["4", "5", "7", "8", "10"])
    contains(done.err, "hosts.txt:4: 'ftp://b.test/' is no host name and no URL of http or https")
    contains(done.err, "hosts.txt:5: 'c.test d.test' is more than one URL: write one a line")
    done = diagnose("--hosts", write(folder, "empty", b"# nothing\n\n"))
    equal(done.status, 64)
    contains(done.err, "say a URL, or --hosts FILE that has one")
    done = diagnose("--hosts", write(folder, "binary", bytes(range(256)) * 300))
    equal(done.status, 64)
    contains(done.err, "more lines like these")
    equal(diagnose("--hosts", folder).status, 66)


@test
def hosts_that_stall_and_hosts_that_answer_come_in_their_order(folder):
    stalled = socket.socket()
    stalled.bind(("127.0.0.1", 0))
    stalled.listen(64)  # accepted by the kernel, answered by nobody
    with stalled, s_server(LEAF) as port:
        silent = stalled.getsockname()[1]
        hosts = write(folder, "hosts", b"localhost:%d\nlocalhost:%d\n" % (silent, port) * 12)
        done = diagnose("--hosts", hosts, "--json", "--jobs", "24", "--timeout", "2", "--sni", HOST, "--no-direct", "--quick")
        equal([json.loads(line)["exit"] for line in done.out.splitlines()], [75, 0] * 12)


@test
def the_first_operational_error_is_the_status_if_nothing_is_denied(folder):
    hosts = write(folder, "hosts", b"https://no-such-host.invalid/\nlocalhost:%d\n" % REFUSED)
    equal(diagnose("--hosts", hosts, "--quiet").status, 68)


@test
def quiet_says_one_line_for_what_does_not_pass(folder):
    with s_server(LEAF) as good, s_server(RSA_LEAF, "-tls1", "-cipher", ANY) as bad:
        hosts = write(folder, "hosts", b"localhost:%d\nlocalhost:%d\n" % (good, bad))
        done = diagnose("--hosts", hosts, "--quiet", "--no-direct", "--sni", HOST)
        equal(done.out.count("\n"), 1)
        contains(done.out, "denied: the server speaks TLS 1.0")


def columns(text):
    return max(len(line) for line in text.splitlines())


@test
def the_text_fits_80_columns(_folder):
    many = pki.leaf("names", key=["-newkey", "rsa:1024"], name=",DNS:".join("host%d.%s.example.test" % (n, "x" * 50) for n in range(9)),
                    signer=None)
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port, s_server(many, "-tls1", "-cipher", ANY) as bad:
        text = diagnose(port=port, LC_ALL="C.UTF-8", TERM="xterm").out
        assert columns(text) < 80 and columns(diagnose(port=bad).out) < 80
        for part in ("DENIED", "✗ tls-cipher", "✓ hostname", "✓ RSA 2048  ✓ SHA256", "-9882", "configurations pass: 2, 7-8, 10-12, 14-16",
                     "nginx   ssl_ciphers", "Apache  SSLCipherSuite", "tiapp.xml, in <ti:app>:", "Info.plist, in the outer <dict>:",
                     "<key>NSExceptionRequiresForwardSecrecy</key>", '"NSExceptionRequiresForwardSecrecy": false',
                     "asks for no justification"):
            contains(text, part)
        assert "\x1b" not in text
        plain = diagnose(port=port, LC_ALL="en_US.ISO-8859-1", TERM="xterm").out
        for part in ("FAIL tls-cipher", "ok   hostname", "ok   RSA 2048  ok   SHA256"):
            contains(plain, part)
        assert plain.isascii() and columns(plain) < 80


@test
def the_exception_in_the_text_can_be_copied(folder):
    with s_server(RSA_LEAF, "-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0") as port:
        text = diagnose(port=port).out
        ios = text[text.index("<ios>") : text.index("</ios>") + 6]
        keys = re.search(r"outer <dict>:\n(.*?)\n\n", text, re.S).group(1)
        as_json = json.loads(text[text.index("    JSON:\n") + 10 :])
        write(folder, "tiapp.xml", ("<ti:app xmlns:ti='http://ti.tidev.io'><id>a.b</id><name>a</name>%s</ti:app>" % ios).encode())
        write(folder, "Info.plist", ("<plist version='1.0'><dict>%s</dict></plist>" % keys).encode())
        for policy in (folder, os.path.join(folder, "Info.plist")):
            equal(facts("--policy", policy, port=port)["hops"][0]["verdict"]["code"], "exception")
        equal(plistlib.loads(read(os.path.join(folder, "Info.plist"))), as_json)


def on_a_terminal(*args, **env):
    """What the command writes to a terminal of 80 columns."""
    main_end, other_end = pty.openpty()
    with subprocess.Popen([TINET, "ats", "diagnose", *args], stdout=other_end, stderr=other_end, env=clean_env(**env)) as child:
        os.close(other_end)
        out = b""
        try:
            while True:
                more = os.read(main_end, 65536)
                if not more:
                    break
                out += more
        except OSError:  # how Linux tells the end of it
            pass
        child.wait(TIMEOUT)
    os.close(main_end)
    return out.decode().replace("\r\n", "\n")


@test
def colour_is_for_terminals_that_want_it(folder):
    url = "https://localhost:%d/" % REFUSED
    contains(on_a_terminal(url, TERM="xterm", NO_COLOR=""), "\x1b[33mCOULD NOT BE JUDGED\x1b[0m")
    for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_a_terminal(url, **env)
    assert "\x1b" not in on_a_terminal(url, "--json", TERM="xterm")
    hosts = write(folder, "hosts", (url + "\n").encode() * 3)
    text = on_a_terminal("--hosts", hosts, TERM="xterm", NO_COLOR="1")
    contains(text, "\r\x1b[K1 of 3, 0 denied, 1 not judged")
    contains(text, "3 URLs: 0 pass, 0 denied, 3 could not be judged")


# ---- what a server says is hostile ----


BAD_TEXT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(folder, port=None, *args, **more):
    """All that is written about a server, without anything that moves a cursor
    or is markup.  The text."""
    html, junit = os.path.join(folder, "h.html"), os.path.join(folder, "j.xml")
    done = diagnose("--html", html, "--junit", junit, *args, port=port, **more)
    page = read(html).decode()
    texts = [done.out, page, read(junit).decode(), diagnose("--quiet", *args, port=port, **more).out,
             diagnose("--apple-compat", "--verbose", *args, port=port, **more).out]
    line = diagnose("--json", *args, port=port, **more).out
    json.loads(line)
    for text in [*texts, line]:
        assert not BAD_TEXT.search(text), repr(BAD_TEXT.search(text))
    assert "<script" not in page and "onerror=" not in page.replace("&quot;", '"').split("<main>")[0]
    contains(page, "default-src 'none'")
    xml.etree.ElementTree.parse(junit)
    return done.out


@test
def names_of_a_certificate_reach_no_terminal_and_no_page(folder):
    for n, name in enumerate(["<script>alert(1)<\\/script>\x1b[31mred&\"", "a\u009b31mb\u0085c\x7fd\re", "\u202eevil\u2066\u200f", "]]>--><b onerror=x>"]):
        leaf = pki.issue("hostile%d" % n, EC, ["subjectAltName=DNS:" + HOST], None)
        pki.openssl("req", "-x509", "-key", leaf.key, "-days", "9", "-utf8", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + HOST,
                    "-out", leaf.certificate)
        with s_server(leaf) as port:
            contains(harmless(folder, port), "cert-untrusted")


@test
def headers_of_http_reach_no_terminal_and_no_page(folder):
    leaf = pki.leaf("headers", name="localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(leaf.certificate, leaf.key)

    def answering(headers):
        def serve(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n" + headers + b"\r\n")

        return lib.Threaded(serve, tls=context)

    for headers in [
        b"Strict-Transport-Security: max-age=1\x1b[2J; <script>\xc2\x9b\r\n",
        b"Location: https://localhost:1/<script>alert(1)</script>\x1b[31m\r\n",
        b"Location: https://x$(reboot)`id`;y/\r\n",
        b"Location: itms-apps://\xe2\x80\xaeevil/\r\n",
        b"Location: https://localhost:1/" + b"a" * 5000 + b"\r\n",
    ]:
        with answering(headers) as server:
            text = harmless(folder, None, "https://localhost:%d/" % server.port, "--http", "--no-direct", "--timeout", "20")
            assert "reboot" not in text.split("on the server")[-1] or "URL" in text, text


@test
def headers_without_end_end(_folder):
    leaf = pki.leaf("endless", name="localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(leaf.certificate, leaf.key)

    def serve(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-Padding: 0123456789\r\n" * 1000)

    with lib.Threaded(serve, tls=context) as server:
        found = facts("https://localhost:%d/" % server.port, "--http", "--no-direct", "--timeout", "30", status=0)
        assert found["http"]["error"], found["http"]


@test
def hsts_is_read_as_browsers_do(_folder):
    leaf = pki.leaf("hsts", name="localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(leaf.certificate, leaf.key)
    value = [b""]

    def serve(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nStrict-Transport-Security: %s\r\n\r\n" % value[0])

    with lib.Threaded(serve, tls=context) as server:
        for value[0], wanted in [
            (b"max-age=31536000; includeSubDomains; preload", (True, 31536000, True, True)),
            (b' ;MAX-AGE = "10" ; x=y;includesubdomains', (True, 10, True, False)),
            (b"max-age=0", (True, 0, False, False)),
            (b"includeSubDomains", (False, None, True, False)),
            (b"max-age=1; max-age=2", (False, None, False, False)),
            (b"max-age=-1", (False, None, False, False)),
        ]:
            hsts = facts("https://localhost:%d/" % server.port, "--http", "--no-direct", "--quick", status=0)["http"]["hsts"]
            equal((value[0], (hsts["valid"], hsts["max_age"], hsts["include_subdomains"], hsts["preload"])), (value[0], wanted))


# ---- JSON ----

OPAQUE = {"policy.effective", "minimal_exception.dict"}  # Apple's keys are in there


def paths(value, at=""):
    """Those of all members: hops[].tls.version"""
    if isinstance(value, list):
        return set().union(*(paths(one, at + "[]") for one in value)) if value else set()
    if not isinstance(value, dict) or at in OPAQUE:
        return set()
    found = set()
    for name, inner in value.items():
        path = at + "." + name if at else name
        found |= {path} | paths(inner, path)
    return found


def documented():
    """The same of the table in docs/ats-diagnose.md."""
    found = set()
    for line in read(os.path.join(ROOT, "docs", "ats-diagnose.md")).decode().split("## JSON\n")[1].split("\n## ")[0].splitlines():
        cells = line.split(" | ", 1)
        if not line.startswith("| `"):
            continue
        names = re.findall(r"`([^`]+)`", cells[0])
        found |= {name[:-2] if name.endswith("[]") else name for name in names}
        found |= {names[0] + name.removesuffix("[]") for name in re.findall(r"`(\.[a-z_0-9]+(?:\[\])?)`", cells[1])}
    return found


@test
def the_fields_of_json_are_those_that_are_documented(folder):
    seen = set()
    write(folder, "tiapp.xml", b"<ti:app xmlns:ti='http://ti.tidev.io'><id>a.b</id><ios><plist><dict><key>NSAppTransportSecurity</key>"
          b"<dict><key>NSAllowArbitraryLoads</key><true/></dict></dict></plist></ios></ti:app>")
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
        seen |= paths(facts("--policy", folder, port=port, status=1))
    with Nginx() as nginx:
        seen |= paths(facts("https://localhost:%d/away" % nginx.port, "--http", "--no-direct", status=1))
    seen |= paths(facts(port=REFUSED, status=69))
    seen |= paths(json.loads(diagnose("http://127.0.0.1/", "--json", "--no-direct", "--timeout", "5").out))
    children = {path for path in documented() if path not in seen}
    equal((children, seen - documented() - {"policy", "hops", "hops[].verdict.reasons"}), (set(), set()))


# ---- the command line ----


@test
def usage(folder):
    for args, part in [
        ([], "say a URL"),
        (["--jobs", "0", "a"], "--jobs"),
        (["--timeout", "x", "a"], "--timeout"),
        (["--connect", "nowhere:x", "a"], "--connect"),
        (["--json", "--apple-compat", "a"], "exclude each other"),
        (["--http", "--connect", "a:1", "a"], "exclude each other"),
        (["--profile", "ios3", "a"], "no profile"),
        (["--bogus"], "bogus"),
    ]:
        done = tinet("ats", "diagnose", *args)
        equal(done.status, 64)
        contains(done.err, part)
    for url in ("ftp://example.test/", "https://", "https://a b/", "https://x;reboot/", "a:99999", "https://$(reboot)/", "x" * 3000):
        done = tinet("ats", "diagnose", url)
        equal((done.status, done.out), (64, ""))
        contains(done.err, "is no host name and no URL of http or https")
    equal(tinet("ats", "diagnose", "--hosts", os.path.join(folder, "none")).status, 66)
    equal(diagnose("https://localhost:1/", "--cacert", os.path.join(folder, "none"), ca=False).status, 66)
    done = tinet("ats", "diagnose", "--help")
    equal(done.status, 0)
    contains(done.out, "--apple-compat")


try:
    main()
finally:
    remove_home()
