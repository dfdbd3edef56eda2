#!/usr/bin/env python3
"""A connection or a TLS session made under one trust never serves a request
under another.

One host, ten ways of asking for it: unverified, verified, pinned to the right
key, pinned to a wrong key, with a client certificate, with another one, with an
extra authority, under App Transport Security, under it and unverified, under
it and its own wrong pin.  In every order of two, each at an origin that nobody has
asked before, over HTTP/1.1 and HTTP/2, kept alive and resumed.  The server says
which client certificate a connection had and whether its session was resumed, so
a connection that is used by the wrong request shows."""

import itertools
import plistlib
import ssl
import sys

from lib import *

suite = Suite()


class World:
    def __init__(self, folder, stack):
        self.stack, self.folder = stack, folder
        self.pki = Pki(folder)
        os.mkdir(os.path.join(folder, "other"))
        self.other = Pki(os.path.join(folder, "other"))
        self.good = self.pki.certificate("localhost", "DNS:localhost,IP:127.0.0.1")
        self.stranger = self.other.certificate("localhost", "DNS:localhost")
        self.first = self.pki.certificate("first", "DNS:first")
        self.second = self.pki.certificate("second", "DNS:second")

    def serve(self, certificate, **options):
        return self.stack.enter_context(self.peer(certificate, **options))

    def peer(self, certificate, closes=False, version=None):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        tls.verify_mode = ssl.CERT_OPTIONAL
        tls.load_verify_locations(self.pki.ca)
        if version:
            tls.minimum_version = tls.maximum_version = version
        return Threaded(lambda c: self.answer(c, closes), tls)

    def answer(self, connection, closes):
        peer = connection.getpeercert()
        name = dict(entry[0] for entry in peer["subject"])["commonName"] if peer else "nobody"
        body = ("%s %s" % (name, "resumed" if connection.session_reused else "full")).encode()
        reader = Reader(connection)
        while True:
            read_request(reader, connection)
            connection.sendall(response(headers=[("Connection", "close")] if closes else [], body=body))
            if closes:
                # OpenSSL gives up a TLS 1.2 session whose connection had no proper end.
                with contextlib.suppress(OSError):
                    connection.unwrap()
                return

    def driver(self, ca=True):
        driver = Driver(options={"ca_file": self.pki.ca})
        self.stack.callback(driver.kill)
        driver.command("trust", "right", "new")
        driver.command("trust", "right", "pin", "localhost", self.good[0], 0)
        driver.command("trust", "wrong", "new")
        driver.command("trust", "wrong", "pin", "localhost", self.first[0], 0)
        driver.command("trust", "first", "new")
        driver.command("trust", "first", "identity", "localhost", *self.first)
        driver.command("trust", "second", "new")
        driver.command("trust", "second", "identity", "localhost", *self.second)
        driver.command("trust", "extra", "new")
        driver.command("trust", "extra", "ca", self.other.ca)
        # An entry of its own makes the local host one like any other.
        strict = {"NSExceptionDomains": {"localhost": {"NSExceptionMinimumTLSVersion": "TLSv1.2"}}}
        pins = {"localhost": {"NSPinnedLeafIdentities": [{"SPKI-SHA256-BASE64": "A" * 43 + "="}]}}
        for name, keys in (("strict", strict), ("pins", dict(strict, NSPinnedDomains=pins))):
            path = os.path.join(self.folder, name + ".plist")
            write(path, plistlib.dumps({"NSAppTransportSecurity": keys}))
            driver.command("ats", "load", name, path)
        return driver


# How each asks, under which policy, and whom a server that is trusted, and one
# that is not, then sees; None = the request must fail.
WAYS = {
    "unverified": ({"validates_certificate": False}, None, "nobody", "nobody"),
    "verified": ({}, None, "nobody", None),
    "pinned": ({"trust": "right"}, None, "nobody", None),
    "mispinned": ({"trust": "wrong"}, None, None, None),
    "first": ({"trust": "first"}, None, "first", None),
    "second": ({"trust": "second"}, None, "second", None),
    "extra": ({"trust": "extra"}, None, "nobody", "nobody"),
    "strict": ({}, "strict", "nobody", None),
    "strict, unverified": ({"validates_certificate": False}, "strict", "nobody", None),
    "strict, mispinned": ({}, "pins", None, None),
}


def ask(driver, port, way, is_trusted=True):
    """What the server said, in words; None if the request failed, as it must."""
    settings, policy, trusted, untrusted = WAYS[way]
    want = trusted if is_trusted else untrusted
    driver.command("ats", *(["use", policy] if policy else ["off"]))
    outcome = driver.get("https://localhost:%d/" % port, **settings)
    if want is None:
        true(outcome.outcome == "error", way, "must fail:", outcome)
        equal(0, outcome.status)
        true(outcome.error_name in ("TINET_ECERTIFICATE", "TINET_EPIN", "TINET_EPOLICY"), way, outcome)
        return None
    equal("load", outcome.outcome, "%s: %s" % (way, outcome))
    words = outcome.body_bytes.decode().split()
    equal(want, words[0], way)
    return words


def orders(part):
    """All of two; under a sanitizer a third of them, another one each time."""
    step = 3 if is_sanitized() else 1
    return list(itertools.permutations(WAYS, 2))[part % step::step]


def shares(a, b):
    """ATS overrules the request that would not verify, so both ask the same."""
    return {a, b} == {"strict", "strict, unverified"}


def in_every_order(world, part, is_trusted, closes, version):
    certificate = world.good if is_trusted else world.stranger
    driver = world.driver()
    for one, two in orders(part):
        with world.peer(certificate, closes, version) as peer:
            first, second = (ask(driver, peer.port, way, is_trusted) for way in (one, two))
            again = ask(driver, peer.port, one, is_trusted)
            said = "%s, then %s: %s, %s, %s" % (one, two, first, second, again)
            if first:
                equal("full", first[1], said)
                equal("resumed" if closes else "full", again[1], said)
            if second:
                equal("resumed" if closes and first and shares(one, two) else "full", second[1], said)
            if not closes and first and second:
                equal(1 if shares(one, two) else 2, peer.n_connections, said)
    driver.end()


VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
for n, (version, closes, is_trusted) in enumerate(itertools.product(VERSIONS, (False, True), (True, False))):
    suite.add("a server that is %s, %s, %s" % ("trusted" if is_trusted else "not", version.name,
                                              "a session each" if closes else "kept alive"),
              lambda world, how=(n, is_trusted, closes, version): in_every_order(world, *how))


@suite.test
def all_ways_one_after_the_other_at_one_origin(world):
    for is_trusted, certificate in ((True, world.good), (False, world.stranger)):
        driver = world.driver()
        with world.peer(certificate) as peer:
            for i in range(len(WAYS)):
                for way in (list(WAYS) * 2)[i:i + len(WAYS)]:
                    ask(driver, peer.port, way, is_trusted)
                    ask(driver, peer.port, way, is_trusted)
        driver.end()


@suite.test
def two_trusts_that_say_the_same_share_connections(world):
    peer = world.serve(world.good)
    driver = world.driver()
    for name in ("one", "two"):
        driver.command("trust", name, "new")
        driver.command("trust", name, "pin", "localhost", world.good[0], 0)
        equal("load", driver.get("https://localhost:%d/" % peer.port, trust=name).outcome)
    equal(1, peer.n_connections)
    driver.end()


@suite.test
def another_TLS_version_has_connections_of_its_own(world):
    peer = world.serve(world.good)
    driver = world.driver()
    for version, name in ((0, "TLSv1.3"), (3, "TLSv1.2"), (4, "TLSv1.3"), (0, "TLSv1.3"), (3, "TLSv1.2")):
        outcome = driver.get("https://localhost:%d/" % peer.port, tls_version=version)
        equal("load", outcome.outcome, str(outcome))
        equal(name, outcome.hops[0]["tls"])
    equal(3, peer.n_connections)
    driver.end()


NGINX = """
daemon off; master_process off; pid h2.pid; error_log stderr;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path h2b; proxy_temp_path h2p; fastcgi_temp_path h2f; uwsgi_temp_path h2u; scgi_temp_path h2s;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_client_certificate {ca}; ssl_verify_client optional; ssl_session_cache shared:sessions:1m;
  map $ssl_client_s_dn $who {{ "" nobody; CN=first first; CN=second second; }}
  server {{
    {listen}
    ssl_certificate {chain}; ssl_certificate_key {key};
    keepalive_requests {requests};
    location / {{ default_type text/plain; return 200 "$who $ssl_session_reused $connection $server_protocol"; }}
  }}
}}"""


def over_HTTP_2(world, part, is_trusted, closes):
    nginx = need_program("nginx")
    pairs = orders(part)
    ports = []

    def command(port):
        ports[:] = [port] + [p for p in free_ports(len(pairs)) if p != port][:len(pairs) - 1]
        chain, key = world.good if is_trusted else world.stranger
        listen = " ".join("listen 127.0.0.1:%d ssl http2;" % p for p in ports)
        conf = write(os.path.join(world.folder, "h2.conf"), NGINX.format(
            ca=world.pki.ca, listen=listen, chain=chain, key=key, requests=1 if closes else 1000))
        return [nginx, "-p", world.folder, "-c", conf]

    with server(command, world.folder, "h2"):
        driver = world.driver()
        for port, (one, two) in zip(ports, pairs):
            first, second, again = (ask(driver, port, way, is_trusted) for way in (one, two, one))
            said = "%s, then %s: %s, %s, %s" % (one, two, first, second, again)
            for words in (first, second, again):
                equal("HTTP/2.0", words[3] if words else "HTTP/2.0", said)
            if first and second and not shares(one, two):
                equal(([".", "."], True), ([first[1], second[1]], first[2] != second[2]), said)
            if first and closes:
                equal("r", again[1], said)
            if first and not closes:
                equal(first[2], again[2], said)
        driver.end()


for n, (closes, is_trusted) in enumerate(itertools.product((False, True), (True, False))):
    suite.add("HTTP/2, a server that is %s, %s" % ("trusted" if is_trusted else "not",
                                                  "a session each" if closes else "kept alive"),
              lambda world, how=(n, is_trusted, closes): over_HTTP_2(world, *how))


@suite.test
def what_was_cached_under_other_authorities_is_no_answer(world):
    def answer(connection):
        reader = Reader(connection)
        while True:
            read_request(reader, connection)
            connection.sendall(response(headers=[("Cache-Control", "max-age=100")], body=b"of the first"))

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*world.good)
    with Threaded(answer, tls) as peer:
        for ca, loads in ((world.pki.ca, True), (world.pki.ca, True), (world.other.ca, False), (world.pki.ca, True)):
            driver = Driver(options={"ca_file": ca})
            world.stack.callback(driver.kill)
            driver.command("cache", os.path.join(world.folder, "cache"))
            outcome = driver.get("https://localhost:%d/" % peer.port, uses_cache=True)
            equal("load" if loads else "error", outcome.outcome, str(outcome))
            driver.end()
    equal(2, peer.n_connections, "one that stored, one that was refused; the others are hits")


@suite.test
def many_trusts_leave_no_pile_of_connections(world):
    peer = world.serve(world.good)
    driver = world.driver()
    for i in range(40):
        driver.command("trust", "t%d" % i, "new")
        driver.command("trust", "t%d" % i, "pin", "localhost", world.good[0], 0)
        driver.command("trust", "t%d" % i, "pin", "host%d.example" % i, world.good[0], 0)
        equal("load", driver.get("https://localhost:%d/" % peer.port, trust="t%d" % i).outcome)
    true(driver.fds < 60, "descriptors", driver.fds)
    driver.end()


def main():
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        return suite.run(World(folder, stack))


sys.exit(main())
