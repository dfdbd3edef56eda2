#!/usr/bin/env python3
"""Certificates: whom the client trusts, and that an unchecked connection never
serves a request that wants it checked."""

import ssl
import sys

from lib import *

suite = Suite()
BODY = b"behind TLS"
ECERT = "TINET_ECERTIFICATE"


class World:
    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack
        self.pki = Pki(folder)
        os.mkdir(os.path.join(folder, "other"))
        self.other = Pki(os.path.join(folder, "other"))
        self.good = self.serve(self.pki.certificate("localhost", "DNS:localhost,IP:127.0.0.1"))
        self.stranger = self.serve(self.other.certificate("localhost", "DNS:localhost"))
        self.wrong_name = self.serve(self.pki.certificate("wrong", "DNS:example.com"))
        self.expired = self.serve(self.pki.certificate("old", "DNS:localhost", days=-1))

    def serve(self, certificate, alpn=("http/1.1",)):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        tls.set_alpn_protocols(list(alpn))
        return self.stack.enter_context(Threaded(self.answer, tls))

    def answer(self, connection):
        reader = Reader(connection)
        while True:
            read_request(reader, connection)
            connection.sendall(response(body=BODY))

    def driver(self, env=None, **options):
        made = Driver(options=options or {"ca_file": self.pki.ca}, env=env)
        self.stack.callback(made.kill)
        return made


def url(peer, host="localhost"):
    return "https://%s:%d/" % (host, peer.port)


def loads(outcome):
    equal("load", outcome.outcome, str(outcome))
    equal(BODY, outcome.body_bytes)


def refused(outcome, *words):
    equal(ECERT, outcome.error_name, str(outcome))
    equal("tls", outcome.error["origin"])
    true(outcome.error["number"] != 0, "OpenSSL's number")
    equal(0, outcome.status)
    for word in ("localhost", *words):
        true(word in outcome.error_text, word, "in", repr(outcome.error_text))


@suite.test
def a_CA_given_as_file(world):
    driver = world.driver()
    loads(driver.get(url(world.good)))
    loads(driver.get(url(world.good, "127.0.0.1")))
    driver.end()


@suite.test
def a_CA_given_as_folder(world):
    folder = os.path.join(world.folder, "hashed")
    os.mkdir(folder)
    write(os.path.join(folder, "ca.pem"), open(world.pki.ca).read())
    subprocess.run(["openssl", "rehash", folder], check=True)
    driver = world.driver(ca_path=folder)
    loads(driver.get(url(world.good)))
    driver.end()


@suite.test
def SSL_CERT_FILE_is_honoured(world):
    driver = world.driver(env={"SSL_CERT_FILE": world.pki.ca}, max_redirects="20")
    loads(driver.get(url(world.good)))
    refused(driver.get(url(world.stranger)))
    driver.end()


@suite.test
def SSL_CERT_DIR_is_honoured(world):
    driver = world.driver(env={"SSL_CERT_DIR": os.path.join(world.folder, "hashed")}, max_redirects="20")
    loads(driver.get(url(world.good)))
    driver.end()


@suite.test
def the_system_does_not_know_our_CA(world):
    driver = world.driver(max_redirects="20")
    refused(driver.get(url(world.good)))
    driver.end()


@suite.test
def a_CA_file_that_does_not_exist(world):
    driver = world.driver(ca_file="/nonexistent/ca.pem")
    driver.command("client", "main")
    driver.command("open", "GET", url(world.good))
    driver.command("send")
    lines = driver.run()
    names = [line.get("error", {}).get("name") if "outcome" in line else line.get("error") for line in lines]
    true(any(name in ("TINET_ETLS", ECERT, "TINET_ESYSTEM", "TINET_EINVAL") for name in names), str(lines))
    driver.end()


@suite.test
def an_unknown_CA(world):
    driver = world.driver()
    refused(driver.get(url(world.stranger)))
    driver.end()


@suite.test
def an_expired_certificate(world):
    driver = world.driver()
    refused(driver.get(url(world.expired)), "expired")
    driver.end()


@suite.test
def a_certificate_for_another_name(world):
    driver = world.driver()
    refused(driver.get(url(world.wrong_name)))
    driver.end()


@suite.test
def a_self_signed_certificate(world):
    path = lambda name: os.path.join(world.folder, name)
    world.pki.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                  "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                  "-keyout", path("self.key"), "-out", path("self.pem"))
    peer = world.serve((path("self.pem"), path("self.key")))
    driver = world.driver()
    refused(driver.get(url(peer)))
    driver.end()


@suite.test
def nothing_is_sent_before_the_certificate_is_accepted(world):
    received = []

    def answer(connection):
        received.append(connection.recv(65536))

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(world.other.path("localhost.pem"), world.other.path("localhost.key"))
    with Threaded(answer, tls) as peer:
        driver = world.driver()
        refused(driver.request("POST", url(peer), body=[("bytes", "-", "secret")]))
        driver.end()
    equal([], [piece for piece in received if piece])


@suite.test
def validation_can_be_switched_off(world):
    driver = world.driver()
    for peer in (world.stranger, world.wrong_name, world.expired):
        loads(driver.get(url(peer), validates_certificate=False))
    driver.end()


@suite.test
def a_redirect_does_not_inherit_that_it_was_switched_off(world):
    def redirect(connection):
        reader = Reader(connection)
        while True:
            read_request(reader)
            connection.sendall(response("302 Found", [("Location", url(world.stranger, "localhost"))]))

    with Threaded(redirect) as plain:
        driver = world.driver()
        outcome = driver.get("http://127.0.0.1:%d/" % plain.port, validates_certificate=False)
        refused(outcome)
        driver.end()


def unchecked_then_checked(world, peer, **settings):
    driver = world.driver()
    loads(driver.get(url(peer), validates_certificate=False, **settings))
    refused(driver.get(url(peer), **settings))
    loads(driver.get(url(peer), validates_certificate=False, **settings))
    refused(driver.get(url(peer), **settings))
    driver.end()


@suite.test
def an_unchecked_connection_is_not_used_for_a_checked_request(world):
    unchecked_then_checked(world, world.stranger)
    unchecked_then_checked(world, world.wrong_name)
    unchecked_then_checked(world, world.expired)


@suite.test
def a_refused_peer_first_then_unchecked_then_checked(world):
    driver = world.driver()
    refused(driver.get(url(world.stranger)))
    loads(driver.get(url(world.stranger), validates_certificate=False))
    refused(driver.get(url(world.stranger)))
    driver.end()


@suite.test
def unchecked_and_checked_at_once(world):
    driver = world.driver()
    loads(driver.get(url(world.stranger), validates_certificate=False))
    for i in range(10):
        driver.prepare("GET", url(world.stranger), name="c%d" % i, validates_certificate=i % 2)
        driver.command("send")
    outcomes = {o.name: o for o in driver.run() if "outcome" in o}
    equal(10, len(outcomes))
    for i in range(10):
        equal(ECERT if i % 2 else None, outcomes["c%d" % i].error_name, "request %d" % i)
    driver.end()


@suite.test
def checked_connections_of_a_good_peer_are_shared(world):
    driver = world.driver()
    before = world.good.n_connections
    for _ in range(3):
        loads(driver.get(url(world.good)))
    equal(before + 1, world.good.n_connections)
    driver.end()


@suite.test
def a_TLS_session_made_unchecked_is_not_resumed_by_a_checked_request(world):
    """The peer closes after each response, so each request is a new handshake
    that could resume the last."""

    def answer(connection):
        read_request(Reader(connection))
        connection.sendall(response(headers=[("Connection", "close")], body=BODY))

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(world.other.path("localhost.pem"), world.other.path("localhost.key"))
        tls.minimum_version = tls.maximum_version = version
        with Threaded(answer, tls) as peer:
            driver = world.driver()
            for _ in range(3):
                loads(driver.get(url(peer), validates_certificate=False))
                refused(driver.get(url(peer)))
            driver.end()


NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {chain}; ssl_certificate_key {key};
    location / {{ return 200 "behind TLS"; }}
  }}
}}
"""


@suite.test
def the_same_over_HTTP_2(world):
    def command(port):
        path = write(os.path.join(world.folder, "nginx.conf"), NGINX.format(
            folder=world.folder, port=port, chain=world.other.path("localhost.pem"),
            key=world.other.path("localhost.key")))
        return [need_program("nginx"), "-c", path, "-p", world.folder, "-e", os.path.join(world.folder, "error.log")]

    class Peer:
        port = world.stack.enter_context(server(command, world.folder, "nginx"))

    driver = world.driver()
    refused(driver.get(url(Peer)))
    outcome = driver.get(url(Peer), validates_certificate=False)
    loads(outcome)
    equal("2", outcome.hops[0]["version"])
    driver.end()
    unchecked_then_checked(world, Peer)
    unchecked_then_checked(world, Peer, is_http1_only=True)


def main():
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        return suite.run(World(folder, stack))


if __name__ == "__main__":
    sys.exit(main())
