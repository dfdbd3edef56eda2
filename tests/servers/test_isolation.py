#!/usr/bin/env python3
"""A connection or a TLS session made under one trust never serves a request
under another.

One host, five ways of asking for it: unverified, verified, pinned to the right
key, pinned to a wrong key, with a client certificate, with another one.  In every
order, over HTTP/1.1 and HTTP/2, kept alive and resumed.  The server says which
client certificate a connection had and whether its session was resumed, so a
connection that is used by the wrong request shows."""

import itertools
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

    def serve(self, certificate, closes=False, version=None):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        tls.verify_mode = ssl.CERT_OPTIONAL
        tls.load_verify_locations(self.pki.ca)
        if version:
            tls.minimum_version = tls.maximum_version = version
        peer = self.stack.enter_context(Threaded(lambda c: self.answer(c, closes), tls))
        return peer

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
        return driver


# How each asks, and whom the server then sees; None = the request must fail.
WAYS = {
    "unverified": ({"validates_certificate": False}, "nobody"),
    "verified": ({}, "nobody"),
    "pinned": ({"trust": "right"}, "nobody"),
    "mispinned": ({"trust": "wrong"}, None),
    "first": ({"trust": "first"}, "first"),
    "second": ({"trust": "second"}, "second"),
}


def ask(driver, port, way, want):
    settings = WAYS[way][0]
    outcome = driver.get("https://localhost:%d/" % port, **settings)
    if want is None:
        true(outcome.outcome == "error", way, "must fail:", outcome)
        equal(0, outcome.status)
        return outcome
    equal("load", outcome.outcome, "%s: %s" % (way, outcome))
    equal(want, outcome.body_bytes.decode().split()[0], way)
    return outcome


def in_every_order(world, wants, closes, version):
    peer = world.serve(world.good if wants["verified"] else world.stranger, closes, version)
    driver = world.driver()
    # Every twelfth order: each way comes after each other in many of them.
    for order in itertools.islice(itertools.permutations(WAYS), 0, None, 12):
        for way in order:
            ask(driver, peer.port, way, wants[way])
    driver.end()


TRUSTED = {way: want for way, (_, want) in WAYS.items()}
UNTRUSTED = {way: "nobody" if way == "unverified" else None for way in WAYS}

for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    for closes in (False, True):
        for label, wants in (("a server that is trusted", TRUSTED), ("a server that is not", UNTRUSTED)):
            suite.add("%s, %s, %s" % (label, version.name, "a session each" if closes else "kept alive"),
                      lambda world, w=wants, c=closes, v=version: in_every_order(world, w, c, v))


@suite.test
def a_session_is_resumed_by_the_same_way_only(world):
    peer = world.serve(world.good, closes=True, version=ssl.TLSVersion.TLSv1_2)
    driver = world.driver()
    for way in ("verified", "pinned", "first"):
        equal("full", ask(driver, peer.port, way, WAYS[way][1]).body_bytes.decode().split()[1], way)
        equal("resumed", ask(driver, peer.port, way, WAYS[way][1]).body_bytes.decode().split()[1], way)
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


@suite.test
def HTTP2_streams_do_not_meet_either(world):
    nginx = need_program("nginx")
    conf = os.path.join(world.folder, "h2.conf")

    def command(port):
        write(conf, """
            daemon off; master_process off; pid h2.pid; error_log stderr;
            events {}
            http {
              access_log off;
              client_body_temp_path h2b; proxy_temp_path h2p; fastcgi_temp_path h2f;
              uwsgi_temp_path h2u; scgi_temp_path h2s;
              server {
                listen 127.0.0.1:%d ssl http2;
                ssl_certificate %s; ssl_certificate_key %s;
                ssl_client_certificate %s; ssl_verify_client optional;
                location / { default_type text/plain; return 200 "$ssl_client_s_dn $connection $server_protocol"; }
              }
            }""" % (port, *world.good, world.pki.ca))
        return [nginx, "-p", world.folder, "-c", conf]

    with server(command, world.folder, "h2") as port:
        driver = world.driver()
        connections = {}
        for way in list(WAYS) + list(reversed(WAYS)):
            outcome = driver.get("https://localhost:%d/" % port, **WAYS[way][0])
            if WAYS[way][1] is None:
                equal("TINET_EPIN", outcome.error_name)
                continue
            words = outcome.body_bytes.decode().split(" ")
            equal("HTTP/2.0", words[2])
            equal({"first": "CN=first", "second": "CN=second"}.get(way, ""), words[0], way)
            connections.setdefault(way, set()).add(words[1])
        for way, used in connections.items():
            equal(1, len(used), way + " keeps its connection")
        every = [number for used in connections.values() for number in used]
        equal(len(every), len(set(every)), "no two ways share one")
        driver.end()


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
