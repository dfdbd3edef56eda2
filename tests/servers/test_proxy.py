#!/usr/bin/env python3
"""Proxies: squid and tinyproxy for http and https, microsocks for socks5."""

import base64 as b64
import sys

from lib import *

suite = Suite()
BODY = b"through the proxy"

SQUID = """
http_port 127.0.0.1:{port}
acl all_clients src all
acl CONNECT method CONNECT
{auth}
http_access allow {who}
cache deny all
pid_filename {folder}/squid/{port}.pid
access_log stdio:{folder}/squid/{port}-access.log
cache_log {folder}/squid/{port}-cache.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
pinger_enable off
visible_hostname proxy.test
max_filedescriptors 1024
"""

SQUID_AUTH = """auth_param basic program {program} {folder}/passwords
acl known proxy_auth REQUIRED"""

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 50
LogFile "{folder}/tinyproxy{port}.log"
LogLevel Connect
PidFile "{folder}/tinyproxy{port}.pid"
Allow 127.0.0.1
ViaProxyName "tiny"
{auth}
"""


class World:
    """The origins, plain and TLS, and what they received."""

    def __init__(self, folder, stack):
        import ssl

        self.folder, self.stack = folder, stack
        self.pki = Pki(folder)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*self.pki.certificate("localhost", "DNS:localhost,DNS:only.at.proxy.test"))
        self.requests = []
        self.plain = stack.enter_context(Threaded(self.serve))
        self.tls = stack.enter_context(Threaded(self.serve, tls))
        self.http = "http://127.0.0.1:%d/" % self.plain.port
        self.https = "https://localhost:%d/" % self.tls.port

    def serve(self, connection):
        reader = Reader(connection)
        while True:
            self.requests.append(read_request(reader, connection))
            connection.sendall(response(body=BODY))

    def driver(self, **options):
        made = Driver(options=dict({"ca_file": self.pki.ca}, **options))
        self.stack.callback(made.kill)
        return made

    def squid(self, with_password=False):
        auth, who = "", "all_clients"
        if with_password:
            program = "/usr/lib/squid/basic_ncsa_auth"
            if not os.path.exists(program):
                raise Skip("squid has no basic_ncsa_auth")
            # $1$ is what the helper and openssl both know.
            made = subprocess.run(["openssl", "passwd", "-1", "p@ss word"], stdout=subprocess.PIPE, check=True)
            write(os.path.join(self.folder, "passwords"), b"user:" + made.stdout)
            auth, who = SQUID_AUTH.format(program=program, folder=self.folder), "known"

        # Started by root it gives that up, and still writes its files.
        os.makedirs(os.path.join(self.folder, "squid"), exist_ok=True)
        os.chmod(os.path.join(self.folder, "squid"), 0o777)

        def command(port):
            path = write(os.path.join(self.folder, "squid%d.conf" % port),
                         SQUID.format(port=port, folder=self.folder, auth=auth, who=who))
            return [need_program("squid"), "-N", "-f", path, "-n", "tinet%d" % port]

        return self.stack.enter_context(server(command, self.folder, "squid"))

    def tinyproxy(self, auth=""):
        def command(port):
            path = write(os.path.join(self.folder, "tinyproxy%d.conf" % port),
                         TINYPROXY.format(port=port, folder=self.folder, auth=auth))
            return [need_program("tinyproxy"), "-d", "-c", path]

        return self.stack.enter_context(server(command, self.folder, "tinyproxy"))

    def microsocks(self, *words):
        command = lambda port: [need_program("microsocks"), "-i", "127.0.0.1", "-p", str(port), *words]
        return self.stack.enter_context(server(command, self.folder, "microsocks"))


def goes(world, driver, url, via=None):
    world.requests.clear()
    outcome = driver.get(url)
    equal("load", outcome.outcome, str(outcome))
    equal(BODY, outcome.body_bytes)
    request = world.requests[-1]
    for name in ("Proxy-Authorization", "Proxy-Connection"):
        equal(None, request.header(name), "what the origin sees of " + name)
    if via is not None:
        equal(via, request.header("Via") is not None, "went through a proxy that says Via")
    return outcome


def through_both(world, port, via=True, scheme="http"):
    proxy = "%s://127.0.0.1:%d" % (scheme, port)
    driver = world.driver(http_proxy=proxy, https_proxy=proxy)
    goes(world, driver, world.http, via)
    goes(world, driver, world.https, False if via is not None else None)
    goes(world, driver, world.https, False if via is not None else None)
    outcome = driver.request("POST", world.http, body=[("fill", "-", 300000)])
    equal("load", outcome.outcome, str(outcome))
    equal(300000, len(world.requests[-1].body))
    driver.end()


@suite.test
def squid_plain_and_CONNECT(world):
    through_both(world, world.squid())


@suite.test
def tinyproxy_plain_and_CONNECT(world):
    through_both(world, world.tinyproxy())


@suite.test
def socks5_plain_and_TLS(world):
    through_both(world, world.microsocks(), None, "socks5")


@suite.test
def socks5h_plain_and_TLS(world):
    through_both(world, world.microsocks(), None, "socks5h")


@suite.test
def a_password_in_the_URL_of_squid(world):
    proxy = "http://user:p%%40ss%%20word@127.0.0.1:%d" % world.squid(True)
    driver = world.driver(http_proxy=proxy, https_proxy=proxy)
    goes(world, driver, world.http, True)
    goes(world, driver, world.https)
    driver.end()


@suite.test
def a_wrong_password_for_squid(world):
    proxy = "http://user:wrong@127.0.0.1:%d" % world.squid(True)
    driver = world.driver(http_proxy=proxy, https_proxy=proxy)
    outcome = driver.get(world.http)
    equal(("TINET_EHTTPSTATUS", 407), (outcome.error_name, outcome.status))
    outcome = driver.get(world.https)
    equal("TINET_EPROXY", outcome.error_name, str(outcome))
    true("wrong" not in json.dumps(outcome), "the password is not reported")
    driver.end()


@suite.test
def a_password_in_the_URL_of_tinyproxy(world):
    port = world.tinyproxy("BasicAuth user secret")
    proxy = "http://user:secret@127.0.0.1:%d" % port
    driver = world.driver(http_proxy=proxy, https_proxy=proxy)
    goes(world, driver, world.http, True)
    goes(world, driver, world.https)
    driver.end()


@suite.test
def a_password_for_socks5(world):
    port = world.microsocks("-u", "user", "-P", "secret")
    driver = world.driver(http_proxy="socks5h://user:secret@127.0.0.1:%d" % port)
    goes(world, driver, world.http)
    driver.end()
    driver = world.driver(http_proxy="socks5h://user:wrong@127.0.0.1:%d" % port)
    equal("TINET_EPROXY", driver.get(world.http).error_name)
    driver.end()


@suite.test
def no_proxy_by_host_and_by_star(world):
    proxy = "http://127.0.0.1:%d" % world.tinyproxy()
    for rule, via in (("127.0.0.1", False), ("*", False), ("127.0.0.0/8", False), ("localhost", True),
                      ("example.com, 127.0.0.1", False), ("127.0.0.2", True)):
        driver = world.driver(http_proxy=proxy, no_proxy=rule)
        world.requests.clear()
        equal("load", driver.get(world.http).outcome)
        equal(via, world.requests[-1].header("Via") is not None, "no_proxy=" + rule)
        driver.end()


@suite.test
def the_environment_is_read(world):
    proxy = "http://127.0.0.1:%d" % world.tinyproxy()
    for env, via in (({"http_proxy": proxy}, True), ({"HTTP_PROXY": proxy}, False),
                     ({"all_proxy": proxy}, True), ({"ALL_PROXY": proxy}, True),
                     ({"http_proxy": proxy, "no_proxy": "127.0.0.1"}, False),
                     ({"http_proxy": proxy, "NO_PROXY": "127.0.0.1"}, False), ({"https_proxy": proxy}, False)):
        driver = Driver(options={"options-from-env": True}, env=env)
        world.requests.clear()
        equal("load", driver.get(world.http).outcome)
        equal(via, world.requests[-1].header("Via") is not None, str(list(env)))
        driver.end()


class RecordingSocks:
    """A SOCKS5 server that notes what it is asked for and connects elsewhere."""

    def __init__(self, target_port):
        self.asked, self.target_port = [], target_port
        self.server = Threaded(self.serve)

    def serve(self, connection):
        reader = Reader(connection)
        _, n = reader.exactly(2)
        reader.exactly(n)
        connection.sendall(b"\x05\x00")
        kind = reader.exactly(4)[3]
        name = reader.exactly(4) if kind == 1 else reader.exactly(reader.exactly(1)[0])
        reader.exactly(2)
        self.asked.append((kind, name.decode("latin-1")))
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        with socket.create_connection(("127.0.0.1", self.target_port)) as onward:
            threading.Thread(target=self.pump, args=(onward, connection), daemon=True).start()
            onward.sendall(reader.buffer)
            self.pump(connection, onward)

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while True:
                piece = source.recv(65536)
                if not piece:
                    break
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)


@suite.test
def socks5h_lets_the_proxy_resolve_the_name(world):
    socks = RecordingSocks(world.plain.port)
    driver = world.driver(http_proxy="socks5h://127.0.0.1:%d" % socks.server.port)
    goes(world, driver, "http://only.at.proxy.test/")
    equal([(3, "only.at.proxy.test")], socks.asked)
    equal("only.at.proxy.test", world.requests[-1].header("Host"))
    driver.end()
    socks.server.close()


@suite.test
def socks5_resolves_the_name_here(world):
    socks = RecordingSocks(world.plain.port)
    driver = world.driver(http_proxy="socks5://127.0.0.1:%d" % socks.server.port)
    outcome = driver.get("http://only.at.proxy.test/")
    true(outcome.error_name in ("TINET_ERESOLVE", "TINET_EPROXY"), str(outcome))
    equal([], socks.asked)
    goes(world, driver, "http://localhost:%d/" % world.plain.port)
    equal([1], [kind for kind, _ in socks.asked][:1], "an address, not a name")
    driver.end()
    socks.server.close()


@suite.test
def the_certificate_is_the_origins_also_through_CONNECT(world):
    proxy = "http://127.0.0.1:%d" % world.tinyproxy()
    driver = world.driver(https_proxy=proxy)
    equal("load", driver.get(world.https).outcome)
    outcome = driver.get("https://127.0.0.1:%d/" % world.tls.port)
    equal("TINET_ECERTIFICATE", outcome.error_name, "a name that the certificate lacks")
    driver.end()


@suite.test
def a_proxy_that_nobody_listens_on(world):
    proxy = "http://127.0.0.1:%d" % free_port()
    driver = world.driver(http_proxy=proxy, https_proxy=proxy)
    for url in (world.http, world.https):
        true(driver.get(url).error_name in ("TINET_EPROXY", "TINET_ECONNECT"), url)
    driver.end()


@suite.test
def a_proxy_whose_name_does_not_resolve(world):
    driver = world.driver(http_proxy="http://nowhere.invalid:3128")
    outcome = driver.get(world.http)
    true(outcome.error_name in ("TINET_EPROXY", "TINET_ERESOLVE"), str(outcome))
    driver.end()


def answers(text):
    def serve(connection):
        Reader(connection).until(b"\r\n\r\n")
        connection.sendall(text)

    return serve


@suite.test
def a_proxy_that_refuses_CONNECT(world):
    for text in (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", b"HTTP/1.1 502 Bad\r\n\r\n",
                 b"garbage\r\n\r\n", b""):
        with Threaded(answers(text)) as proxy:
            driver = world.driver(https_proxy="http://127.0.0.1:%d" % proxy.port)
            outcome = driver.get(world.https)
            equal("TINET_EPROXY", outcome.error_name, "%r: %s" % (text, outcome))
            equal(0, outcome.status, "the proxy's answer is not the origin's")
            driver.end()


@suite.test
def a_proxy_that_is_silent(world):
    with Threaded(lambda c: threading.Event().wait(2)) as proxy:
        driver = world.driver(https_proxy="http://127.0.0.1:%d" % proxy.port,
                              http_proxy="http://127.0.0.1:%d" % proxy.port)
        for url in (world.http, world.https):
            equal("TINET_ETIMEDOUT", driver.get(url, timeout_ms=250).error_name, url)
        driver.end()


@suite.test
def what_an_HTTP_proxy_is_sent(world):
    seen = []

    def serve(connection):
        reader = Reader(connection)
        while True:
            seen.append(read_request(reader))
            if seen[-1].header("Proxy-Authorization"):
                connection.sendall(response(body=BODY))
            else:
                connection.sendall(response("407 Who", [("Proxy-Authenticate", 'Basic realm="p"')], b"who"))

    with Threaded(serve) as proxy:
        driver = world.driver(http_proxy="http://me:secret@127.0.0.1:%d" % proxy.port)
        for _ in range(2):
            equal("load", driver.get("http://a.test/path?q=1", [("Authorization", "Bearer x")]).outcome)
        driver.end()
    equal(3, len(seen), "asked once, known from then on")
    equal(None, seen[0].header("Proxy-Authorization"))
    del seen[0]
    equal("http://a.test/path?q=1", seen[0].target)
    equal("a.test", seen[0].header("Host"))
    equal("Basic " + b64.b64encode(b"me:secret").decode(), seen[0].header("Proxy-Authorization"))
    equal("Bearer x", seen[0].header("Authorization"))


@suite.test
def headers_of_the_request_do_not_go_to_the_proxy_with_CONNECT(world):
    seen = []

    def serve(connection):
        seen.append(read_request(Reader(connection)))
        connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    with Threaded(serve) as proxy:
        driver = world.driver(https_proxy="http://127.0.0.1:%d" % proxy.port)
        driver.get("https://a.test/secret?q", [("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Mine", "1")])
        driver.end()
    equal(("CONNECT", "a.test:443"), (seen[0].method, seen[0].target))
    for name in ("Authorization", "Cookie", "X-Mine"):
        equal(None, seen[0].header(name), name)


@suite.test
def a_proxy_of_another_kind_is_refused(world):
    driver = world.driver(http_proxy="ftp://127.0.0.1:1")
    driver.command("client", "main")
    line = driver.read()
    equal("TINET_ESCHEME", line.get("error"), str(line))
    driver.end()


def main():
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        world = World(folder, stack)
        return suite.run(world)


if __name__ == "__main__":
    sys.exit(main())
