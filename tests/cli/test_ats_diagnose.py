#!/usr/bin/env python3
"""test_ats_diagnose.py - `tinet ats diagnose` against servers of every kind:
openssl s_server and nginx for each protocol, suite and certificate, and peers
that are none."""

import json
import os
import plistlib
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
from ats_pki import EC, RSA, curve
from ats_servers import HOST, codes, diagnose, entry, facts, home, pki, remove_home, s_server
from cli import *
import lib

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
    dictionary = plistlib.loads(
        b'<plist version="1.0"><dict>%s</dict></plist>' % found["minimal_exception"]["plist"].encode()
    )
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
    done = diagnose(port=lib.free_port())
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


@test
def one_that_speaks_plain_http(_folder):
    def plain(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with peer(plain) as server:
        done = diagnose(port=server.port)
        equal(done.status, 69)
        contains(done.out, "the server speaks plain HTTP here, not TLS")


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
    with peer(lambda connection: connection.sendall(b"220 ready\r\n" * 100)) as server:
        done = diagnose(port=server.port)
        equal(done.status, 69)
        contains(done.out, "not TLS")


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
        equal(found["http"]["hsts"], "max-age=1000; includeSubDomains")
        equal(found["minimal_exception"]["dict"],
              {"NSExceptionDomains": {"localhost": {"NSExceptionAllowsInsecureHTTPLoads": True}}})
        equal(found["minimal_exception"]["review_keys"], ["NSExceptionAllowsInsecureHTTPLoads"])
        equal(len(facts("https://localhost:%d/away" % nginx.port, "--no-direct", status=0)["hops"]), 1)


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


# ---- many ----


@test
def many_hosts_at_once_in_their_order(folder):
    with s_server(LEAF) as good, s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as bad:
        ports = [good, bad, lib.free_port()] * 40
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
        equal(page.count("<section>"), 120)
        contains(page, "120 URLs: 40 pass, 40 denied, 40 could not be judged")
        assert not re.search(r'(src|href)="', page) and "<script" not in page


def peak_memory(folder, n, *args):
    """Of a run over n hosts, in bytes."""
    hosts = write(folder, "hosts%d" % n, b"localhost:%d\n" % lib.free_port() * n)
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
    hosts = write(folder, "hosts", b"https://no-such-host.invalid/\nlocalhost:%d\n" % lib.free_port())
    equal(diagnose("--hosts", hosts, "--quiet").status, 68)


@test
def quiet_says_one_line_for_what_does_not_pass(folder):
    with s_server(LEAF) as good, s_server(RSA_LEAF, "-tls1", "-cipher", ANY) as bad:
        hosts = write(folder, "hosts", b"localhost:%d\nlocalhost:%d\n" % (good, bad))
        done = diagnose("--hosts", hosts, "--quiet", "--no-direct", "--sni", HOST)
        equal(done.out.count("\n"), 1)
        contains(done.out, "denied: the server speaks TLS 1.0")


@test
def the_text_fits_80_columns(_folder):
    with s_server(RSA_LEAF, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
        done = diagnose(port=port)
        for line in done.out.splitlines():
            assert len(line) < 80, line
        for part in ("DENIED", "tls-cipher", "-9882", "nginx", "Apache", "NSExceptionRequiresForwardSecrecy"):
            contains(done.out, part)
        assert "\x1b" not in done.out


# ---- what a server says is hostile ----


@test
def names_of_a_certificate_reach_no_terminal_and_no_page(folder):
    leaf = pki.issue("hostile", EC, ["subjectAltName=DNS:" + HOST], None)
    pki.openssl("req", "-x509", "-key", leaf.key, "-days", "9", "-utf8",
                "-subj", "/CN=<script>alert(1)<\\/script>\x1b[31mred&\"", "-addext", "subjectAltName=DNS:" + HOST,
                "-out", leaf.certificate)
    html, junit = os.path.join(folder, "h.html"), os.path.join(folder, "j.xml")
    with s_server(leaf) as port:
        done = diagnose("--html", html, "--junit", junit, port=port)
        equal(done.status, 1)
        assert "\x1b" not in done.out
        json.loads(diagnose("--json", port=port).out)
        page = read(html).decode()
        assert "<script" not in page and "\x1b" not in page
        xml.etree.ElementTree.parse(junit)


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
    equal(tinet("ats", "diagnose", "ftp://example.test/").status, 64)
    equal(tinet("ats", "diagnose", "--hosts", os.path.join(folder, "none")).status, 66)
    equal(diagnose("https://localhost:1/", "--cacert", os.path.join(folder, "none"), ca=False).status, 66)
    done = tinet("ats", "diagnose", "--help")
    equal(done.status, 0)
    contains(done.out, "--apple-compat")


try:
    main()
finally:
    remove_home()
