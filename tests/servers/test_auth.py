#!/usr/bin/env python3
"""Authentication: when credentials are sent, where, and what nobody hears of."""

import base64 as b64
import hashlib
import importlib.util
import itertools
import ssl
import sys

import ntlm
from lib import *

suite = Suite()
USER, PASSWORD = "Aladdin", "open sesame"
BASIC = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
ME = {"username": USER, "password": PASSWORD}


class Site:
    """A server that plays a script: `answer(request, number)` gives a response."""

    def __init__(self, world, answer, tls=None):
        self.requests, self.answer = [], answer
        self.lock = threading.Lock()
        self.threaded = world.stack.enter_context(Threaded(self.serve, tls))
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.url = "%s://%s:%d/" % (scheme, host, self.threaded.port)

    def serve(self, connection):
        reader = Reader(connection)
        while True:
            request = read_request(reader, connection)
            request.connection = id(connection)
            with self.lock:
                self.requests.append(request)
                number = len(self.requests)
            connection.sendall(self.answer(request, number))

    def sent(self):
        return [request.header("Authorization") for request in self.requests]


def ask(*challenges, **more):
    headers = [("WWW-Authenticate", c) for c in challenges] + list(more.get("headers", ()))
    return response("401 Who are you", headers, b"tell me")


def basic(request, _):
    return response(body=b"in") if request.header("Authorization") == BASIC else ask('Basic realm="r"')


def parse(header):
    import re

    return {k: v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^\s,]+)', header)}


def digest_is_right(request, password=PASSWORD, algorithm=hashlib.md5):
    header = request.header("Authorization") or ""
    if not header.startswith("Digest "):
        return False
    f = parse(header)
    h = lambda text: algorithm(text.encode()).hexdigest()
    a1 = h("%s:%s:%s" % (USER, f["realm"], password))
    if f.get("algorithm", "").endswith("-sess"):
        a1 = h("%s:%s:%s" % (a1, f["nonce"], f["cnonce"]))
    a2 = "%s:%s" % (request.method, f["uri"])
    if f.get("qop") == "auth-int":
        a2 += ":" + algorithm(request.body).hexdigest()
    want = h("%s:%s:%s:%s:%s:%s" % (a1, f["nonce"], f["nc"], f["cnonce"], f["qop"], h(a2)))
    return f["response"] == want and f["uri"] == request.target and f["username"] == USER


class World:
    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack
        self.pki = Pki(folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*self.pki.certificate("localhost", "DNS:localhost,IP:127.0.0.1"))

    def driver(self, **options):
        made = Driver(options=dict({"ca_file": self.pki.ca}, **options))
        self.stack.callback(made.kill)
        made.command("cookies", "memory")
        return made


def loads(outcome, body=b"in"):
    equal("load", outcome.outcome, str(outcome))
    equal(body, outcome.body_bytes)
    return outcome


# ---- Basic ----


@suite.test
def a_challenge_is_answered_and_nobody_hears_of_it(world):
    site, driver = Site(world, basic), world.driver()
    outcome = loads(driver.get(site.url, **ME))
    equal([None, BASIC], site.sent())
    equal(["state 1", "state 2", "state 3", "data", "state 4", "load"], outcome.events)
    equal(200, outcome.status)
    driver.end()


@suite.test
def once_accepted_they_are_sent_at_once_to_the_same_place(world):
    site, driver = Site(world, basic), world.driver()
    loads(driver.get(site.url + "a/b", **ME))
    loads(driver.get(site.url + "a/c", **ME))
    loads(driver.get(site.url + "a/c/d?x=1", **ME))
    equal([None, BASIC, BASIC, BASIC], site.sent())
    loads(driver.get(site.url + "elsewhere", **ME))
    equal([None, BASIC], site.sent()[4:])
    driver.get(site.url + "a/b")
    equal([None], site.sent()[6:], "a request without credentials")
    driver.end()


@suite.test
def another_password_is_another_person(world):
    site, driver = Site(world, basic), world.driver()
    loads(driver.get(site.url, **ME))
    outcome = driver.get(site.url, username=USER, password="wrong")
    equal(401, outcome.status)
    equal(None, site.sent()[2], "the first try says nothing")
    true(site.sent()[3] != BASIC)
    equal(4, len(site.requests), "tried once")
    driver.end()


@suite.test
def wrong_credentials_are_a_401_with_its_body(world):
    site, driver = Site(world, lambda *_: ask('Basic realm="r"')), world.driver()
    outcome = driver.get(site.url, **ME)
    equal(("error", 401, b"tell me"), (outcome.outcome, outcome.status, outcome.body_bytes))
    equal("TINET_EHTTPSTATUS", outcome.error_name)
    equal("401 : Who are you", outcome.error_text)
    equal([None, BASIC], site.sent())
    driver.end()


@suite.test
def without_credentials_a_401_is_the_response(world):
    site, driver = Site(world, basic), world.driver()
    outcome = driver.get(site.url)
    equal((401, b"tell me"), (outcome.status, outcome.body_bytes))
    outcome = driver.get(site.url, password="alone does not count")
    equal(401, outcome.status)
    equal([None, None], site.sent())
    driver.end()


@suite.test
def an_unknown_scheme_is_a_401(world):
    site, driver = Site(world, lambda *_: ask('Bearer realm="r"', "DPoP")), world.driver()
    equal(401, driver.get(site.url, **ME).status)
    equal(1, len(site.requests))
    driver.end()


@suite.test
def credentials_of_the_URL_are_decoded_and_hidden(world):
    site, driver = Site(world, basic), world.driver()
    outcome = loads(driver.get(site.url.replace("//", "//Aladdin:open%20sesame@")))
    equal([None, BASIC], site.sent())
    for request in site.requests:
        true(b"Aladdin" not in request.head.split(b"\r\n")[0])
    for hop in outcome.hops:
        true("sesame" not in hop["url"] and "Aladdin" not in hop["url"])
    driver.end()


@suite.test
def settings_go_before_the_URL(world):
    site, driver = Site(world, basic), world.driver()
    loads(driver.get(site.url.replace("//", "//other:word@"), **ME))
    driver.end()


@suite.test
def a_domain_stands_before_the_name(world):
    site, driver = Site(world, lambda r, n: response(body=b"in") if n > 1 else ask('Basic realm="r"')), world.driver()
    loads(driver.get(site.url, domain="CORP", **ME))
    equal(b"CORP\\Aladdin:open sesame", b64.b64decode(site.sent()[1].split()[1]))
    driver.end()


@suite.test
def the_applications_own_header_is_sent_as_given(world):
    site, driver = Site(world, basic), world.driver()
    outcome = driver.get(site.url, [("Authorization", "Bearer mine")], **ME)
    equal(401, outcome.status)
    equal(["Bearer mine"], site.sent())
    driver.end()


@suite.test
def a_body_is_sent_again_and_progress_does_not_go_back(world):
    site, driver = Site(world, basic), world.driver()
    big = b"x" * 200000
    outcome = loads(driver.request("POST", site.url, body=[("fill", "text/plain", "200000")], **ME))
    equal([big, big], [request.body for request in site.requests])
    equal((200000, 200000), (outcome.sendstream["sum"], outcome.sendstream["total_size"]))
    driver.end()


@suite.test
def the_cookie_of_a_401_is_in_the_answer(world):
    def answer(request, number):
        if number == 1:
            return ask('Basic realm="r"', headers=[("Set-Cookie", "ticket=1")])
        return response(body=(request.header("Cookie") or "none").encode())

    site, driver = Site(world, answer), world.driver()
    loads(driver.get(site.url, **ME), b"ticket=1")
    driver.end()


@suite.test
def a_challenge_with_a_large_body_is_given_up_not_read(world):
    def answer(request, number):
        if number == 1:
            return response("401 No", [("WWW-Authenticate", "Basic")], b"x" * 10000000)
        return response(body=b"in")

    site, driver = Site(world, answer), world.driver()
    loads(driver.get(site.url, **ME))
    driver.end()


# ---- where credentials go ----


@suite.test
def another_origin_gets_none_even_if_it_asks(world):
    other = Site(world, basic)
    for status in (302, 307):
        site = Site(world, lambda r, n: response("%d Go" % status, [("Location", other.url)]))
        driver = world.driver()
        outcome = driver.get(site.url, **ME)
        equal(401, outcome.status)
        driver.end()
    equal([None, None], other.sent())


@suite.test
def the_same_origin_after_a_redirect_gets_them(world):
    def answer(request, number):
        if request.target == "/":
            return response("302 Go", [("Location", "/in")])
        return basic(request, number)

    site, driver = Site(world, answer), world.driver()
    loads(driver.get(site.url, **ME))
    equal([None, None, BASIC], site.sent())
    driver.end()


@suite.test
def Basic_does_not_follow_from_https_to_http(world):
    plain = Site(world, basic)
    secure = Site(world, lambda r, n: response("302 Go", [("Location", plain.url)]) if r.header("Authorization")
                  else ask('Basic realm="r"'), world.tls)
    driver = world.driver()
    equal(401, driver.get(secure.url, **ME).status)
    equal([None], plain.sent())
    driver.end()


@suite.test
def back_at_the_first_origin_they_count_again(world):
    first = Site(world, lambda r, n: response(body=b"in") if r.target == "/in" and r.header("Authorization") == BASIC
                 else ask('Basic realm="r"') if r.target == "/in"
                 else response("302 Go", [("Location", second.url)]))
    second = Site(world, lambda r, n: response("302 Go", [("Location", first.url + "in")]))
    driver = world.driver()
    loads(driver.get(first.url, **ME))
    equal([None], second.sent())
    driver.end()


@suite.test
def a_password_in_cleartext_is_never_what_https_leads_to(world):
    """Not even back at the origin that the request began at, nor from memory."""
    first = Site(world, lambda r, n: response("302 Go", [("Location", second.url)]) if r.target == "/"
                 else response(body=b"in") if digest_is_right(r) or r.header("Authorization") == BASIC
                 else ask('Basic realm="r"', *offers))
    second = Site(world, lambda r, n: response("302 Go", [("Location", first.url + "in")]), world.tls)
    for offers, want in (((), 401), (('Digest realm="r", nonce="n", qop="auth"',), 200)):
        driver = world.driver()
        equal(want, driver.get(first.url, **ME).status)
        loads(driver.get(first.url + "in", **ME))  # accepted here, and remembered
        del first.requests[:]
        equal(want, driver.get(first.url, **ME).status)
        sent = [request.header("Authorization") for request in first.requests if request.target == "/in"]
        true(sent and BASIC not in sent, sent)
        driver.end()
    equal({None}, set(second.sent()))


@suite.test
def another_port_or_scheme_of_the_same_host_gets_none(world):
    plain, secure = Site(world, basic), Site(world, basic, world.tls)
    other = Site(world, basic)
    plain_to = Site(world, lambda r, n: response("307 Go", [("Location", where)]))
    driver = world.driver()
    for where in (other.url, secure.url, plain.url.replace("127.0.0.1", "localhost")):
        equal(401, driver.request("POST", plain_to.url, body=[("bytes", "text/plain", "x")], **ME).status)
    for site in (plain, secure, other):
        equal([None], site.sent())
    driver.end()


@suite.test
def what_the_application_has_set_for_one_origin_stays_there(world):
    other = Site(world, lambda r, n: response(body=b"in"))
    site = Site(world, lambda r, n: response("302 Go", [("Location", other.url)]))
    driver = world.driver()
    mine = [("Authorization", "Bearer mine"), ("Cookie", "a=1"), ("Proxy-Authorization", "Basic eDp5"), ("X-Mine", "1")]
    loads(driver.get(site.url, mine))
    for name, value in mine:
        equal(value, site.requests[0].header(name))
        equal(value if name == "X-Mine" else None, other.requests[0].header(name), name)
    driver.end()


@suite.test
def a_name_with_a_line_end_adds_no_header(world):
    site = Site(world, lambda r, n: response(body=b"in") if n > 1 else ask('Digest realm="r", nonce="n", qop="auth"'))
    driver = world.driver()
    loads(driver.get(site.url.replace("//", "//a%0d%0aX-Injected%3a%20yes:secret@")))
    loads(driver.get(site.url, username="a\r\nX-Injected: yes", password="secret"))
    for request in site.requests:
        equal(None, request.header("X-Injected"))
    for sent in site.sent()[1:]:
        true("username*=UTF-8''a%0D%0AX%2DInjected%3A%20yes," in sent, sent)
    driver.end()


@suite.test
def credentials_in_a_Location_are_not_taken(world):
    other = Site(world, basic)
    site = Site(world, lambda r, n: response("302 Go", [("Location", other.url.replace("//", "//Aladdin:open%20sesame@"))]))
    driver = world.driver()
    equal(401, driver.get(site.url).status)
    equal([None], other.sent())
    driver.end()


# ---- Digest ----


def digest_site(world, algorithm="MD5", qop="auth", hash_fn=hashlib.md5, more=(), **options):
    def answer(request, number):
        if digest_is_right(request, algorithm=hash_fn):
            return response(headers=options.get("headers", ()), body=b"in")
        return ask('Digest realm="r", nonce="n%d", qop="%s", algorithm=%s, opaque="o"' % (number, qop, algorithm), *more)

    return Site(world, answer)


@suite.test
def every_kind_of_Digest(world):
    driver = world.driver()
    sha512_256 = lambda data: hashlib.new("sha512_256", data)
    for algorithm, fn in (("MD5", hashlib.md5), ("SHA-256", hashlib.sha256), ("SHA-512-256", sha512_256)):
        for suffix in ("", "-sess"):
            for qop in ("auth", "auth-int", "auth,auth-int"):
                site = digest_site(world, algorithm + suffix, qop, fn)
                loads(driver.get(site.url + "a?b=c", **ME))
                loads(driver.request("POST", site.url + "a?b=c", body=[("bytes", "text/plain", "the body")], **ME))
                equal(3, len(site.requests), "%s%s %s: asked once" % (algorithm, suffix, qop))
                fields = parse(site.sent()[2])
                equal("00000002", fields["nc"])
                equal("auth-int" if qop == "auth-int" else "auth", fields["qop"])
    driver.end()


@suite.test
def Digest_goes_before_Basic_whatever_the_order(world):
    driver = world.driver()
    for first in (True, False):
        offers = ['Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"']
        site = Site(world, lambda r, n: response(body=b"in") if digest_is_right(r)
                    else ask(*(offers if first else reversed(offers))))
        loads(driver.get(site.url, **ME))
        true(all(not (sent or "").startswith("Basic") for sent in site.sent()))
    driver.end()


@suite.test
def the_strongest_hash_is_chosen(world):
    site = Site(world, lambda r, n: response(body=b"in") if digest_is_right(r, algorithm=hashlib.sha256)
                else ask('Digest realm="r", nonce="a", qop="auth", algorithm=MD5',
                         'Digest realm="r", nonce="b", qop="auth", algorithm=SHA-256'))
    driver = world.driver()
    loads(driver.get(site.url, **ME))
    equal("b", parse(site.sent()[1])["nonce"])
    driver.end()


@suite.test
def a_password_is_never_sent_to_a_server_that_asked_for_a_digest(world):
    site, driver = Site(world, lambda *_: ask('Digest realm="r", nonce="n", qop="auth"')), world.driver()
    equal(401, driver.get(site.url, **ME).status)
    equal(2, len(site.requests))
    true(site.sent()[1].startswith("Digest "))
    driver.end()


@suite.test
def after_a_refused_Digest_Basic_is_tried_if_it_is_offered(world):
    site, driver = Site(world, lambda r, n: response(body=b"in") if r.header("Authorization") == BASIC
                        else ask('Digest realm="r", nonce="n", qop="auth"', 'Basic realm="r"')), world.driver()
    loads(driver.get(site.url, **ME))
    equal(3, len(site.requests))
    driver.end()


@suite.test
def a_stale_nonce_is_tried_once_more(world):
    def answer(request, number):
        if number == 2:
            return ask('Digest realm="r", nonce="new", qop="auth", stale=true')
        return response(body=b"in") if digest_is_right(request) else ask('Digest realm="r", nonce="old", qop="auth"')

    site, driver = Site(world, answer), world.driver()
    loads(driver.get(site.url, **ME))
    equal(["old", "new"], [parse(sent)["nonce"] for sent in site.sent()[1:]])
    driver.end()
    site, driver = Site(world, lambda *_: ask('Digest realm="r", nonce="x", qop="auth", stale=true')), world.driver()
    equal(401, driver.get(site.url, **ME).status)
    equal(3, len(site.requests), "not for ever")
    driver.end()


@suite.test
def a_nonce_that_ran_out_between_two_requests_is_renewed(world):
    nonces = ["n1"]

    def answer(request, number):
        if digest_is_right(request) and parse(request.header("Authorization"))["nonce"] == nonces[-1]:
            return response(body=b"in")
        return ask('Digest realm="r", nonce="%s", qop="auth"' % nonces[-1])

    site, driver = Site(world, answer), world.driver()
    loads(driver.get(site.url, **ME))
    nonces.append("n2")
    loads(driver.get(site.url, **ME))
    equal(["n1", "n1", "n2"], [parse(sent)["nonce"] for sent in site.sent() if sent])
    driver.end()


@suite.test
def a_next_nonce_is_taken(world):
    site = digest_site(world, headers=[("Authentication-Info", 'nextnonce="later", qop=auth')])
    driver = world.driver()
    loads(driver.get(site.url, **ME))
    loads(driver.get(site.url, **ME))
    equal(("later", "00000001"), tuple(parse(site.sent()[2])[k] for k in ("nonce", "nc")))
    driver.end()


# ---- NTLM ----


def ntlm_site(world, tls=None, password=PASSWORD):
    state = {}

    def answer(request, number):
        sent = request.header("Authorization") or ""
        if state.get(request.connection) == "in" and not sent:
            return response(body=b"in")
        if not sent.startswith("NTLM "):
            return ask("NTLM", headers=[("Set-Cookie", "seen=%d" % number)])
        message = b64.b64decode(sent[5:])
        if ntlm.type_of(message) == 1:
            return ask("NTLM " + b64.b64encode(ntlm.challenge()).decode(), headers=[("Set-Cookie", "step=2")])
        state["who"] = ntlm.who(message, password)
        if state["who"]:
            state[request.connection] = "in"
            return response(body=b"in")
        return ask("NTLM")

    site = Site(world, answer, tls)
    site.state = state
    return site


@suite.test
def NTLM_proves_the_password(world):
    driver = world.driver()
    for tls in (None, world.tls):
        site = ntlm_site(world, tls)
        outcome = loads(driver.get(site.url, domain="CORP", **ME))
        equal(("CORP", USER), site.state["who"])
        equal(["state 1", "state 2", "state 3", "data", "state 4", "load"], outcome.events)
        true(all("sesame" not in str(sent) for sent in site.sent()))
    driver.end()


@suite.test
def NTLM_with_a_body(world):
    site, driver = ntlm_site(world), world.driver()
    loads(driver.request("POST", site.url, body=[("bytes", "text/plain", "the body")], **ME))
    equal(b"the body", site.requests[-1].body)
    driver.end()


@suite.test
def NTLM_with_a_wrong_password_is_a_401(world):
    site, driver = ntlm_site(world, password="something else"), world.driver()
    outcome = driver.get(site.url, **ME)
    equal((401, b"tell me"), (outcome.status, outcome.body_bytes))
    true(len(site.requests) <= 4, len(site.requests))
    driver.end()


@suite.test
def a_connection_that_NTLM_has_authenticated_is_nobody_elses(world):
    site, driver = ntlm_site(world), world.driver()
    loads(driver.get(site.url, **ME))
    equal(401, driver.get(site.url).status)
    equal(401, driver.get(site.url, username="other", password="guess").status)
    driver.end()


@suite.test
def the_cookies_of_the_steps_are_kept(world):
    site, driver = ntlm_site(world), world.driver()
    loads(driver.get(site.url, **ME))
    driver.get(site.url + "later")
    true("step=2" in site.requests[-1].header("Cookie"), site.requests[-1].header("Cookie"))
    driver.end()


# ---- real servers ----

APACHE = """
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
Mutex file:{folder} default
ErrorLog {folder}/apache-error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule auth_digest_module /usr/lib/apache2/modules/mod_auth_digest.so
DocumentRoot {folder}/www
<Location /basic>
  AuthType Basic
  AuthName "of apache"
  AuthUserFile {folder}/basic.users
  Require valid-user
</Location>
<Location /digest>
  AuthType Digest
  AuthName "of apache"
  AuthUserFile {folder}/digest.users
  AuthDigestNonceLifetime 1
  Require valid-user
</Location>
"""


@suite.test
def apache_with_Basic_and_Digest(world):
    apache, www = need_program("apache2"), os.path.join(world.folder, "www")
    for name in ("basic", "digest"):
        os.makedirs(os.path.join(www, name), exist_ok=True)
        write(os.path.join(www, name, "page"), "in")
    made = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], stdout=subprocess.PIPE, check=True)
    write(os.path.join(world.folder, "basic.users"), USER.encode() + b":" + made.stdout)
    ha1 = hashlib.md5(("%s:of apache:%s" % (USER, PASSWORD)).encode()).hexdigest()
    write(os.path.join(world.folder, "digest.users"), "%s:of apache:%s\n" % (USER, ha1))

    def command(port):
        path = write(os.path.join(world.folder, "apache.conf"), APACHE.format(folder=world.folder, port=port))
        return [apache, "-X", "-f", path]

    with server(command, world.folder, "apache") as port:
        driver = world.driver()
        for name in ("basic", "digest"):
            url = "http://127.0.0.1:%d/%s/page" % (port, name)
            equal(401, driver.get(url).status)
            for _ in range(3):
                loads(driver.get(url, **ME))
            equal(401, driver.get(url, username=USER, password="no").status)
        time.sleep(1.2)  # the nonce runs out
        loads(driver.get("http://127.0.0.1:%d/digest/page" % port, **ME))
        driver.end()


KRB5 = """
[libdefaults]
  default_realm = TINET.TEST
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  TINET.TEST = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = TINET.TEST
"""
KDC = """
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  TINET.TEST = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
  }}
"""
GSSAPI = """
LoadModule auth_gssapi_module /usr/lib/apache2/modules/mod_auth_gssapi.so
<Location /negotiate>
  AuthType GSSAPI
  AuthName "of apache"
  GssapiCredStore keytab:{folder}/keytab
  Require user user@TINET.TEST
</Location>
"""


@contextlib.contextmanager
def kerberos(folder):
    """A realm of its own with a user and the service of localhost; a ticket of
    the user is in the file `ticket`."""
    programs = {name: need_program(name) for name in ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")}
    path = lambda name: os.path.join(folder, name)
    env = dict(os.environ, KRB5_CONFIG=path("krb5.conf"), KRB5_KDC_PROFILE=path("kdc.conf"), KRB5CCNAME="FILE:" + path("ticket"))

    def run(*words, said=b""):
        done = subprocess.run([programs[words[0]], *words[1:]], input=said, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        equal(0, done.returncode, done.stdout.decode("utf-8", "replace"))

    def command(port):
        write(path("krb5.conf"), KRB5.format(port=port))
        write(path("kdc.conf"), KDC.format(port=port, folder=folder))
        if not os.path.exists(path("principal")):
            run("kdb5_util", "create", "-s", "-r", "TINET.TEST", "-P", "master")
            for query in ("addprinc -pw secret user", "addprinc -randkey HTTP/localhost", "ktadd -k %s HTTP/localhost" % path("keytab")):
                run("kadmin.local", "-r", "TINET.TEST", "-q", query)
        return ["env", "KRB5_CONFIG=" + env["KRB5_CONFIG"], "KRB5_KDC_PROFILE=" + env["KRB5_KDC_PROFILE"],
                programs["krb5kdc"], "-n", "-r", "TINET.TEST"]

    with server(command, folder, "kdc"):
        run("kinit", "user", said=b"secret\n")
        yield env


@suite.test
def apache_with_Negotiate(world):
    apache, www = need_program("apache2"), os.path.join(world.folder, "www")
    os.makedirs(os.path.join(www, "negotiate"), exist_ok=True)
    write(os.path.join(www, "negotiate", "page"), "in")
    folder = os.path.join(world.folder, "krb5")
    os.mkdir(folder)
    for name in ("basic.users", "digest.users"):
        write(os.path.join(world.folder, name), "")

    def command(port):
        text = APACHE.format(folder=world.folder, port=port) + GSSAPI.format(folder=folder)
        return ["env", "KRB5_CONFIG=" + os.path.join(folder, "krb5.conf"), apache, "-X", "-f",
                write(os.path.join(world.folder, "negotiate.conf"), text)]

    with kerberos(folder) as env, server(command, world.folder, "apache") as port:
        url = "http://localhost:%d/negotiate/page" % port
        for ticket, status in (("ticket", 200), ("nothing", 401)):
            driver = Driver(env={"KRB5_CONFIG": env["KRB5_CONFIG"], "KRB5CCNAME": "FILE:" + os.path.join(folder, ticket)})
            world.stack.callback(driver.kill)
            equal(401, driver.get(url).status, "nobody was named")
            for _ in range(2):
                outcome = driver.get(url, username="user")
                equal((status, ["state 1", "state 2"]), (outcome.status, outcome.events[:2]))
            driver.end()


@suite.test
def without_a_ticket_Negotiate_is_passed_over(world):
    site = Site(world, lambda r, n: response(body=b"in") if r.header("Authorization") == BASIC
                else ask("Negotiate", "NTLM", 'Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"'))
    driver = Driver(env={"KRB5CCNAME": "FILE:/nonexistent/ticket"})
    world.stack.callback(driver.kill)
    loads(driver.get(site.url, **ME))
    kinds = [(sent or "none").split()[0] for sent in site.sent()]
    # NTLM takes two requests, the second of which goes without an answer to it.
    equal(["none", "Digest", "NTLM", "Basic"], [k for k, _ in itertools.groupby(kinds)])
    true(len(kinds) <= 5, kinds)
    driver.end()


@suite.test
def httpbin_with_Digest(world):
    python = sys.executable
    if importlib.util.find_spec("httpbin") is None:
        raise Skip("python3-httpbin is not installed")
    script = os.path.join(ROOT, "tests", "servers", "httpbin_server.py")
    with server(lambda port: [python, script, str(port)], world.folder, "httpbin") as port:
        driver = world.driver()
        base = "http://127.0.0.1:%d" % port
        for qop in ("auth", "auth-int"):
            for algorithm in ("MD5", "SHA-256"):
                outcome = driver.get("%s/digest-auth/%s/%s/secret/%s" % (base, qop, USER, algorithm),
                                     username=USER, password="secret")
                equal("load", outcome.outcome, "%s %s: %s" % (qop, algorithm, outcome))
        equal("load", driver.get(base + "/basic-auth/%s/secret" % USER, username=USER, password="secret").outcome)
        equal(404, driver.get(base + "/hidden-basic-auth/%s/secret" % USER, username=USER, password="secret").status)
        driver.end()


SQUID = """
http_port 127.0.0.1:{port}
acl CONNECT method CONNECT
{auth}
acl known proxy_auth REQUIRED
http_access allow known
cache deny all
pid_filename {folder}/{port}.pid
access_log none
cache_log {folder}/{port}-cache.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
pinger_enable off
visible_hostname proxy.test
max_filedescriptors 1024
"""


def squid(world, auth):
    folder = os.path.join(world.folder, "squid")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o777)

    def command(port):
        path = write(os.path.join(folder, "squid%d.conf" % port), SQUID.format(port=port, folder=folder, auth=auth))
        return [need_program("squid"), "-N", "-f", path, "-n", "tinetauth%d" % port]

    return world.stack.enter_context(server(command, folder, "squid"))


def through(world, port, who):
    plain = Site(world, lambda r, n: response(body=b"in"))
    secure = Site(world, lambda r, n: response(body=b"in"), world.tls)
    proxy = "http://%s@127.0.0.1:%d" % (who, port)
    driver = world.driver(http_proxy=proxy, https_proxy=proxy)
    outcomes = []
    for url in (plain.url, secure.url):
        outcomes.append(driver.get(url, **ME))
        outcomes.append(driver.request("POST", url, body=[("bytes", "text/plain", "the body")]))
    driver.end()
    for site in (plain, secure):
        for request in site.requests:
            equal(None, request.header("Proxy-Authorization"), "what reaches the origin")
    return outcomes


@suite.test
def squid_with_Digest(world):
    program = "/usr/lib/squid/digest_file_auth"
    if not os.path.exists(program):
        raise Skip("squid has no digest_file_auth")
    users = write(os.path.join(world.folder, "squid.users"), "user:secret\n")
    port = squid(world, "auth_param digest program %s %s\nauth_param digest realm proxy" % (program, users))
    for outcome in through(world, port, "user:secret"):
        loads(outcome)
    plain_get, plain_post, tls_get, tls_post = through(world, port, "user:wrong")
    equal((407, 407), (plain_get.status, plain_post.status))
    equal(("TINET_EPROXY", "TINET_EPROXY"), (tls_get.error_name, tls_post.error_name))
    equal(407, tls_get.error["number"])


@suite.test
def squid_with_NTLM(world):
    program = "/usr/lib/squid/ntlm_fake_auth"
    if not os.path.exists(program):
        raise Skip("squid has no ntlm_fake_auth")
    port = squid(world, "auth_param ntlm program %s\nauth_param ntlm children 5" % program)
    for outcome in through(world, port, "user:secret"):
        loads(outcome)


class SecureProxy:
    """A proxy that is spoken to over TLS, asks who is there, and then closes."""

    def __init__(self, world):
        self.said = []
        self.threaded = world.stack.enter_context(Threaded(self.serve, world.tls))
        self.url = "https://user:secret@localhost:%d" % self.threaded.port

    def serve(self, connection):
        request = read_request(Reader(connection))
        self.said.append((request.method, request.header("Proxy-Authorization"), request.header("Authorization")))
        if request.header("Proxy-Authorization") != "Basic " + b64.b64encode(b"user:secret").decode():
            connection.sendall(response("407 Who", [("Proxy-Authenticate", 'Basic realm="p"'), ("Connection", "close")]))
            return
        if request.method != "CONNECT":
            connection.sendall(response(headers=[("Connection", "close")], body=b"in"))
            return
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with socket.create_connection(("127.0.0.1", int(request.target.split(":")[1]))) as origin:
            threading.Thread(target=self.pump, args=(origin, connection), daemon=True).start()
            self.pump(connection, origin)

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while True:
                piece = source.recv(65536)
                if not piece:
                    break
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@suite.test
def a_proxy_over_TLS_that_closes_after_its_challenge(world):
    """Its own certificate is judged each time, and that of the origin too."""
    stranger = Pki(world.stack.enter_context(temporary_folder()))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*stranger.certificate("localhost", "DNS:localhost"))
    good, bad = Site(world, basic, world.tls), Site(world, basic, tls)
    proxy = SecureProxy(world)
    driver = world.driver(https_proxy=proxy.url, http_proxy=proxy.url)
    driver.command("trust", "pinned", "new")
    driver.command("trust", "pinned", "pin", "localhost", stranger.ca, 0)
    loads(driver.get(good.url, **ME))
    equal("TINET_ECERTIFICATE", driver.get(bad.url, **ME).error_name)
    equal("TINET_EPIN", driver.get(good.url, trust="pinned").error_name)
    loads(driver.get(bad.url, validates_certificate=False, **ME))
    loads(driver.get("http://example.test/"))
    equal([None, BASIC, None, BASIC], good.sent() + bad.sent())
    # A dot at the end of a name is not in its certificate.
    loads(driver.get(good.url.replace("localhost", "localhost."), **ME))
    equal("TINET_ECERTIFICATE", driver.get(good.url.replace("localhost", "localhost.x."), **ME).error_name)
    driver.end()
    strange = SecureProxy(type("Other", (), {"stack": world.stack, "tls": tls}))
    driver = world.driver(https_proxy=strange.url, http_proxy=strange.url)
    for url in (good.url, "http://example.test/"):
        for settings in ({}, {"validates_certificate": False}):
            equal(("TINET_EPROXY", 0), (lambda o: (o.error_name, o.status))(driver.get(url, **settings)))
    driver.end()
    equal([], strange.said)
    equal({None}, {who for _, _, who in proxy.said}, "what is for the origin")


@suite.test
def the_credentials_of_a_request_never_go_to_a_proxy(world):
    seen = []

    def serve(connection):
        reader = Reader(connection)
        while True:
            seen.append(read_request(reader, connection))
            connection.sendall(response("407 Who", [("Proxy-Authenticate", 'Basic realm="p"')], b"who"))

    with Threaded(serve) as proxy:
        driver = world.driver(http_proxy="http://127.0.0.1:%d" % proxy.port)
        outcome = driver.get("http://example.test/", **ME)
        equal((407, b"who"), (outcome.status, outcome.body_bytes))
        driver.end()
    equal([None], [request.header("Proxy-Authorization") for request in seen])
    equal([None], [request.header("Authorization") for request in seen])


def main():
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        return suite.run(World(folder, stack))


sys.exit(main())
