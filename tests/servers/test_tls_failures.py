#!/usr/bin/env python3
"""What is told of a TLS failure: which certificate, and why; pins, client
certificates, versions and the application's own verdict."""

import base64 as b64
import datetime
import hashlib
import ssl
import warnings
import sys

from lib import *

warnings.filterwarnings("ignore", category=DeprecationWarning)  # old versions are what is tested
suite = Suite()
BODY = b"behind TLS"


class World:
    def __init__(self, folder, stack):
        self.folder, self.stack = folder, stack
        self.pki = Pki(folder)
        os.mkdir(os.path.join(folder, "other"))
        self.other = Pki(os.path.join(folder, "other"))
        self.good = self.pki.certificate("localhost", "DNS:localhost,IP:127.0.0.1")

    def serve(self, certificate, wants=None, minimum=None, maximum=None):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        tls.load_cert_chain(*certificate)
        if minimum:
            tls.minimum_version = minimum
        if maximum:
            tls.maximum_version = maximum
        if wants:
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_verify_locations(wants)
        peer = self.stack.enter_context(Threaded(lambda c: self.shake_hands(c, tls)))
        peer.url = "https://localhost:%d/" % peer.port
        return peer

    def shake_hands(self, plain, tls):
        """A server that reads to the end after it has refused: its last alert is
        otherwise overtaken by the reset that unread bytes cause."""
        with tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as connection:
            try:
                connection.do_handshake()
            except OSError:
                raw = socket.socket(fileno=os.dup(connection.fileno()))
                with contextlib.suppress(OSError), raw:
                    raw.shutdown(socket.SHUT_WR)
                    while raw.recv(65536):
                        pass
                return
            self.answer(connection)

    def answer(self, connection):
        reader = Reader(connection)
        while True:
            read_request(reader, connection)
            connection.sendall(response(body=BODY))

    def driver(self, **options):
        made = Driver(options=dict({"ca_file": self.pki.ca}, **options))
        self.stack.callback(made.kill)
        return made

    def trust(self, driver, name, *words):
        driver.command("trust", name, "new")
        driver.command("trust", name, *words)

    def made(self, name, key, sign=(), ca=None, dates=(), subject=None, names="DNS:localhost"):
        """A certificate of another kind: key options, hash, dates."""
        path = lambda suffix: self.pki.path(name + suffix)
        ca = ca or (self.pki.ca, self.pki.path("ca.key"))
        self.pki.run("genpkey", *key, "-out", path(".key"))
        self.pki.run("req", "-new", "-key", path(".key"), "-subj", subject or "/CN=" + name, "-out", path(".csr"))
        write(path(".ext"), "subjectAltName=%s\n" % names)
        if dates:
            # `openssl x509` of Debian 12 knows days only; `openssl ca` knows dates.
            write(path(".cnf"), CA_CONF.format(folder=self.folder, name=name, ca=ca[0], key=ca[1]))
            write(path(".index"), "")
            write(path(".serial"), "1000\n")
            self.pki.run("ca", "-batch", "-notext", "-config", path(".cnf"), "-in", path(".csr"), "-out", path(".pem"),
                         "-startdate", dates[0], "-enddate", dates[1], "-extfile", path(".ext"))
        else:
            self.pki.run("x509", "-req", "-in", path(".csr"), "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial",
                         "-days", "2", "-extfile", path(".ext"), "-out", path(".pem"), *sign)
        return path(".pem"), path(".key")


CA_CONF = """
[ca]
default_ca = it
[it]
new_certs_dir = {folder}
database = {folder}/{name}.index
serial = {folder}/{name}.serial
certificate = {ca}
private_key = {key}
default_md = sha256
policy = any
[any]
commonName = supplied
"""

EC = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def stamp(days):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime("%Y%m%d%H%M%SZ")


def spki(certificate):
    public = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], stdout=subprocess.PIPE, check=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.stdout, stdout=subprocess.PIPE, check=True)
    return "sha256/" + b64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


def failed(outcome, reason, nsurl, code="TINET_ECERTIFICATE", **want):
    equal("error", outcome.outcome, str(outcome))
    equal((0, code), (outcome.status, outcome.error_name), outcome.error_text)
    equal(reason, outcome.tls["reason"], outcome.error_text)
    equal(nsurl, outcome.tls["nsurl"])
    equal("localhost", outcome.tls["host"])
    for key, value in want.items():
        equal(value, outcome.tls[key], key)
    true("localhost" in outcome.error_text, outcome.error_text)
    return outcome.tls


def loads(outcome):
    equal("load", outcome.outcome, str(outcome))
    equal(BODY, outcome.body_bytes)
    equal(None, outcome.tls)


def judged(world, certificate, *args, **want):
    peer, driver = world.serve(certificate), world.driver()
    outcome = driver.get(peer.url)
    story = failed(outcome, *args, **want)
    driver.end()
    return outcome, story


@suite.test
def expired_says_since_when(world):
    pair = world.made("old", EC, dates=(stamp(-20), stamp(-10)))
    outcome, story = judged(world, pair, "expired", -1201, depth=0, openssl=10, subject="CN=old")
    true(story["not_after"][:10] in outcome.error_text, outcome.error_text)
    equal((datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=10)).strftime("%Y-%m-%d"),
          story["not_after"][:10])
    true(story["not_before"] in outcome.error_text, outcome.error_text)


@suite.test
def an_expired_authority_is_named_with_its_place(world):
    path = world.pki.path
    write(path("oldca.ext"), "basicConstraints=critical,CA:TRUE\n")
    world.pki.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Old CA",
                  "-keyout", path("oldca.key"), "-out", path("oldca.csr"))
    write(path("oldca.cnf"), CA_CONF.format(folder=world.folder, name="oldca", ca=world.pki.ca, key=path("ca.key")))
    write(path("oldca.index"), "")
    write(path("oldca.serial"), "1000\n")
    world.pki.run("ca", "-batch", "-notext", "-config", path("oldca.cnf"), "-in", path("oldca.csr"), "-out", path("oldca.pem"),
                  "-startdate", stamp(-20), "-enddate", stamp(-10), "-extfile", path("oldca.ext"))
    leaf = world.made("under", EC, ca=(path("oldca.pem"), path("oldca.key")))
    chain = write(path("under.chain"), open(leaf[0]).read() + open(path("oldca.pem")).read())
    outcome, _ = judged(world, (chain, leaf[1]), "expired", -1201, depth=1, subject="CN=Old CA")
    true("certificate 1 of its chain (CN=Old CA) expired on" in outcome.error_text, outcome.error_text)


@suite.test
def not_yet_valid_says_from_when(world):
    pair = world.made("early", EC, dates=(stamp(10), stamp(20)))
    outcome, story = judged(world, pair, "not-yet-valid", -1204, depth=0, openssl=9)
    true(story["not_before"] in outcome.error_text)


@suite.test
def a_wrong_name_says_the_names_it_has(world):
    pair = world.pki.certificate("elsewhere", "DNS:one.example,DNS:*.two.example,IP:192.0.2.1")
    outcome, story = judged(world, pair, "wrong-host", -1202, depth=0, openssl=62,
                            names="one.example, *.two.example, 192.0.2.1")
    true("one.example, *.two.example" in outcome.error_text)


@suite.test
def names_are_cut_between_two_and_that_is_told(world):
    every = ["host%03d.example" % i for i in range(80)]
    pair = world.pki.certificate("many", ",".join("DNS:" + name for name in every))
    outcome, story = judged(world, pair, "wrong-host", -1202)
    for text in (story["names"], outcome.error_text.split(" is for ")[1].split(", not this")[0]):
        names = text.split(", ")
        equal("...", names[-1])
        equal(every[:len(names) - 1], names[:-1])


@suite.test
def an_unknown_issuer_is_named(world):
    pair = world.other.certificate("stranger", "DNS:localhost")
    outcome, story = judged(world, pair, "unknown-issuer", -1203, depth=0, issuer="CN=tinet test CA")
    true("tinet test CA" in outcome.error_text)


@suite.test
def self_signed(world):
    path = world.pki.path
    world.pki.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                  "-subj", "/CN=myself", "-addext", "subjectAltName=DNS:localhost",
                  "-keyout", path("self.key"), "-out", path("self.pem"))
    judged(world, (path("self.pem"), path("self.key")), "self-signed", -1203, subject="CN=myself", depth=0)


@suite.test
def a_weak_key_says_which(world):
    pair = world.made("weak", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
    outcome, story = judged(world, pair, "weak-key", -1202, key="RSA 1024", depth=0, openssl=66)
    true("RSA 1024" in outcome.error_text)


@suite.test
def a_weak_hash_says_which(world):
    pair = world.made("sha1", EC, sign=("-sha1",))
    outcome, story = judged(world, pair, "weak-hash", -1202, openssl=68)
    true("SHA1" in outcome.error_text, outcome.error_text)


@suite.test
def nothing_in_a_certificate_reaches_a_terminal_as_control_character(world):
    pair = world.made("evil", EC, subject="/CN=\x1b[31mred", names="DNS:other")
    outcome, story = judged(world, pair, "wrong-host", -1202)
    for text in (outcome.error_text, story["subject"]):
        true(all(ord(c) >= 32 for c in text), repr(text))


class Stapled:
    """A server of openssl that staples what the authority says of its leaf."""

    def __init__(self, world, leaf, ca, key, says, digest="sha1"):
        path = lambda name: world.pki.path("staple." + name)
        serial = subprocess.run(["openssl", "x509", "-in", leaf[0], "-noout", "-serial"], stdout=subprocess.PIPE, check=True)
        serial = serial.stdout.decode().strip().split("=")[1]
        end = stamp(2)[2:]
        write(path("index"), {"good": "V\t%s\t\t%s\tunknown\t/CN=x\n" % (end, serial),
                              "revoked": "R\t%s\t%s,keyCompromise\t%s\tunknown\t/CN=x\n" % (end, stamp(-1)[2:], serial)}[says])
        world.pki.run("ocsp", "-index", path("index"), "-rsigner", ca, "-rkey", key, "-CA", ca, "-issuer", ca,
                      "-" + digest, "-cert", leaf[0], "-noverify", "-ndays", "1", "-respout", path("der"))
        self.args = ["openssl", "s_server", "-quiet", "-www", "-cert", leaf[0], "-key", leaf[1], "-status_file", path("der")]
        self.folder = world.folder

    def __call__(self, *more):
        return server(lambda port: self.args + ["-accept", "127.0.0.1:%d" % port, *more], self.folder, "s_server")


@suite.test
def a_stapled_answer_counts_if_the_authority_has_signed_it(world):
    leaf = world.pki.certificate("stapled", "DNS:localhost")
    ours, theirs = (world.pki.ca, world.pki.path("ca.key")), (world.other.ca, world.other.path("ca.key"))
    driver = world.driver()
    for version, signer, says, digest, is_refused in (
            ("-tls1_3", ours, "good", "sha1", False), ("-tls1_3", ours, "revoked", "sha1", True),
            ("-tls1_2", ours, "revoked", "sha256", True), ("-tls1_2", theirs, "revoked", "sha1", False)):
        with Stapled(world, leaf, *signer, says, digest)(version) as port:
            outcome = driver.get("https://localhost:%d/" % port)
            if is_refused:
                failed(outcome, "revoked", -1202, openssl=23, subject="CN=stapled", depth=0)
                true("the server's certificate (CN=stapled) has been revoked" in outcome.error_text, outcome.error_text)
            else:
                equal("load", outcome.outcome, "%s %s: %s" % (says, version, outcome))
            equal("load", driver.get("https://localhost:%d/" % port, validates_certificate=False).outcome)
    driver.end()


@suite.test
def an_answer_that_nobody_has_signed_is_none(world):
    leaf = world.pki.certificate("unsigned", "DNS:localhost")
    stapled = Stapled(world, leaf, world.pki.ca, world.pki.path("ca.key"), "revoked")
    der = world.pki.path("staple.der")
    whole = open(der, "rb").read()
    at = whole.index(b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02") + 20  # in the signature, ecdsa-with-SHA256
    for answer, is_refused in ((whole, True), (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:], False)):
        write(der, answer)
        with stapled() as port:
            driver = world.driver()
            equal("error" if is_refused else "load", driver.get("https://localhost:%d/" % port).outcome)
            driver.end()


@suite.test
def the_secrets_of_TLS_are_written_only_where_that_is_asked_for(world):
    peer, path = world.serve(world.good), world.pki.path("keys")
    for logs, want in ((0, 0), (1, 1)):
        driver = Driver(options={"ca_file": world.pki.ca, "logs_tls_keys": logs}, env={"SSLKEYLOGFILE": path})
        world.stack.callback(driver.kill)
        loads(driver.get(peer.url))
        driver.kill()
        equal(want, int(os.path.exists(path) and os.path.getsize(path) > 0))


# ---- pins ----


@suite.test
def a_right_pin_passes_and_a_wrong_one_says_both(world):
    peer, driver = world.serve(world.good), world.driver()
    world.trust(driver, "right", "pin", "localhost", world.good[0], 0)
    world.trust(driver, "wrong", "pin", "localhost", world.other.ca, 0)
    loads(driver.get(peer.url, trust="right"))
    outcome = driver.get(peer.url, trust="wrong")
    failed(outcome, "pin-mismatch", -1202, "TINET_EPIN", expected_spki=spki(world.other.ca),
           seen_spki=spki(world.good[0]))
    equal("localhost: Certificate could not be verified with provided public key: expected %s, seen %s"
          % (spki(world.other.ca), spki(world.good[0])), outcome.error_text)
    driver.end()


@suite.test
def the_place_in_the_chain_counts(world):
    peer, driver = world.serve(world.good), world.driver()
    for name, index, passes in (("leaf", 0, False), ("ca", 1, True), ("any", -1, True), ("beyond", 7, False)):
        world.trust(driver, name, "pin", "localhost", world.pki.ca, index)
        outcome = driver.get(peer.url, trust=name)
        equal("load" if passes else "error", outcome.outcome, name)
        if not passes:
            equal("TINET_EPIN", outcome.error_name)
    driver.end()


@suite.test
def many_pins_are_told_as_far_as_there_is_room(world):
    peer, driver = world.serve(world.good), world.driver()
    keys = ["sha256/" + b64.b64encode(bytes([i]) * 32).decode() for i in range(7)]
    driver.command("trust", "many", "new")
    for key in keys:
        driver.command("trust", "many", "pin", "localhost", key, 0)
        driver.command("trust", "many", "pin", "localhost", key, 1)
    outcome = driver.get(peer.url, trust="many")
    failed(outcome, "pin-mismatch", -1202, "TINET_EPIN", expected_spki=", ".join(keys[:4] + ["..."]), openssl=50)
    true("expected %s or others, seen %s" % (keys[0], spki(world.good[0])) in outcome.error_text, outcome.error_text)
    driver.end()


@suite.test
def a_backup_pin_is_enough(world):
    peer, driver = world.serve(world.good), world.driver()
    world.trust(driver, "two", "pin", "localhost", world.other.ca, 0)
    driver.command("trust", "two", "pin", "LOCALHOST.", spki(world.good[0]), 0)
    loads(driver.get(peer.url, trust="two"))
    driver.end()


@suite.test
def a_pin_does_not_replace_the_check_of_the_chain(world):
    pair = world.other.certificate("pinned", "DNS:localhost")
    peer, driver = world.serve(pair), world.driver()
    world.trust(driver, "right", "pin", "localhost", pair[0], 0)
    failed(driver.get(peer.url, trust="right"), "unknown-issuer", -1203)
    # and validates_certificate false does not reach a pinned host
    failed(driver.get(peer.url, trust="right", validates_certificate=False), "unknown-issuer", -1203)
    driver.end()


@suite.test
def a_redirect_into_a_pinned_host_is_checked(world):
    peer, driver = world.serve(world.good), world.driver()
    world.trust(driver, "wrong", "pin", "localhost", world.other.ca, 0)

    def redirect(connection):
        reader = Reader(connection)
        while True:
            read_request(reader)
            connection.sendall(response("302 Found", [("Location", peer.url)]))

    with Threaded(redirect) as plain:
        outcome = driver.get("http://127.0.0.1:%d/" % plain.port, trust="wrong")
        failed(outcome, "pin-mismatch", -1202, "TINET_EPIN")
    driver.end()


@suite.test
def an_unlisted_host_is_handled_as_ever(world):
    peer, driver = world.serve(world.good), world.driver()
    stranger = world.serve(world.other.certificate("unlisted", "DNS:localhost"))
    world.trust(driver, "elsewhere", "pin", "example.org", world.other.ca, 0)
    loads(driver.get(peer.url, trust="elsewhere"))
    failed(driver.get(stranger.url, trust="elsewhere"), "unknown-issuer", -1203)
    loads(driver.get(stranger.url, trust="elsewhere", validates_certificate=False))
    driver.end()


@suite.test
def the_applications_verifier_has_the_last_word(world):
    peer, driver = world.serve(world.good), world.driver()
    world.trust(driver, "yes", "verifier", "accept")
    world.trust(driver, "no", "verifier", "refuse")
    loads(driver.get(peer.url, trust="yes"))
    failed(driver.get(peer.url, trust="no"), "refused", -1202, "TINET_ECERTIFICATE")
    stranger = world.serve(world.other.certificate("judged", "DNS:localhost"))
    failed(driver.get(stranger.url, trust="yes"), "unknown-issuer", -1203)
    driver.end()


@suite.test
def a_trust_that_does_not_handle_a_URL_is_as_none(world):
    peer, driver = world.serve(world.good), world.driver()
    world.trust(driver, "wrong", "pin", "localhost", world.other.ca, 0)
    driver.command("trust", "wrong", "handles", "/mine")

    def redirect(connection):
        reader = Reader(connection)
        while True:
            read_request(reader)
            connection.sendall(response("302 Found", [("Location", peer.url + "mine")]))

    with Threaded(redirect) as plain:
        for url, is_asked in ((peer.url.replace("//", "//me:secret@") + "other", True), (peer.url + "mine", True),
                              ("http://127.0.0.1:%d/" % plain.port, False)):
            driver.prepare("GET", url, trust="wrong")
            driver.command("send")
            lines = driver.run()
            outcome = [line for line in lines if "outcome" in line][0]
            asked = [line["asked"] for line in lines if "asked" in line]
            if "other" in url:
                loads(outcome)
                equal({peer.url + "other"}, set(asked))
            else:
                failed(outcome, "pin-mismatch", -1202, "TINET_EPIN")
                equal({peer.url + "mine"}, set(asked), "each hop of https, by its own URL")
    driver.end()


@suite.test
def an_extra_authority_is_believed(world):
    peer, driver = world.serve(world.other.certificate("extra", "DNS:localhost")), world.driver()
    world.trust(driver, "extra", "ca", world.other.ca)
    failed(driver.get(peer.url), "unknown-issuer", -1203)
    loads(driver.get(peer.url, trust="extra"))
    failed(driver.get(peer.url), "unknown-issuer", -1203)
    driver.end()


# ---- client certificates ----


@suite.test
def client_certificates_of_both_kinds(world):
    me = world.pki.certificate("me", "DNS:me")
    p12 = world.pki.path("me.p12")
    world.pki.run("pkcs12", "-export", "-in", me[0], "-inkey", me[1], "-out", p12, "-passout", "pass:secret word")
    secret = world.pki.path("me.secret.key")
    world.pki.run("pkey", "-in", me[1], "-aes256", "-passout", "pass:key word", "-out", secret)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        peer = world.serve(world.good, wants=world.pki.ca, minimum=version, maximum=version)
        driver = world.driver()
        world.trust(driver, "pem", "identity", "localhost", me[0], me[1])
        world.trust(driver, "p12", "identity", "*.localhost", p12, "-", "secret word")
        world.trust(driver, "encrypted", "identity", "-", me[0], secret, "key word")
        for name in ("pem", "p12", "encrypted"):
            loads(driver.get(peer.url, trust=name))
        driver.end()


@suite.test
def a_client_certificate_that_cannot_be_used_is_said_at_once(world):
    me, other = world.pki.certificate("mine", "DNS:me"), world.pki.certificate("yours", "DNS:you")
    p12 = world.pki.path("mine.p12")
    world.pki.run("pkcs12", "-export", "-in", me[0], "-inkey", me[1], "-out", p12, "-passout", "pass:right")
    driver = world.driver()
    driver.command("trust", "t", "new")
    for words in ((p12, "-", "wrong"), (p12, "-"), (me[0], other[1]), (me[1], "-"), (me[1], me[1])):
        driver.command("trust", "t", "identity", "localhost", *words)
        equal("TINET_ECLIENTCERT", driver.read()["error"], words)
    driver.end()


def said_of(driver, *words):
    driver.command("trust", "t", *words)
    line = driver.read()
    return line["error"], line["text"]


@suite.test
def why_a_client_certificate_cannot_be_used(world):
    me, other = world.pki.certificate("why", "DNS:me"), world.pki.certificate("whynot", "DNS:you")
    path = world.pki.path
    world.pki.run("pkcs12", "-export", "-in", me[0], "-inkey", me[1], "-out", path("why.p12"), "-passout", "pass:right")
    # What Windows and macOS wrote for decades; OpenSSL 3 reads it with its legacy provider only.
    world.pki.run("pkcs12", "-export", "-legacy", "-in", me[0], "-inkey", me[1], "-out", path("rc2.p12"), "-passout", "pass:x")
    world.pki.run("pkcs12", "-export", "-nomac", "-in", me[0], "-inkey", me[1], "-out", path("nomac.p12"), "-passout", "pass:x")
    write(path("torn.pem"), open(me[0]).read() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    driver = world.driver()
    driver.command("trust", "t", "new")
    for words, text in (((path("why.p12"), "-", "wrong"), "the password of the PKCS#12 file is wrong"),
                        ((path("why.p12"), "-"), "the password of the PKCS#12 file is wrong"),
                        ((path("rc2.p12"), "-", "wrong"), "the password of the PKCS#12 file is wrong"),
                        ((path("rc2.p12"), "-", "x"), "encrypted with RC2-40-CBC, which is obsolete"),
                        ((path("nomac.p12"), "-", "wrong"), "has no MAC"),
                        ((me[0], other[1]), "the key is not that of the certificate"),
                        ((me[0], "-"), "this is not a PKCS#12 file"),
                        ((me[1], me[1]), "there is no certificate in the PEM text"),
                        ((path("torn.pem"), me[1]), "the chain in the PEM text cannot be read"),
                        ((me[0], me[0]), "the private key cannot be read")):
        error, said = said_of(driver, "identity", "localhost", *words)
        equal("TINET_ECLIENTCERT", error, words)
        true(text in said, said)
    # Nothing of it was taken.
    peer = world.serve(world.good, wants=world.pki.ca)
    equal("client-certificate-required", driver.get(peer.url, trust="t").tls["reason"])
    driver.end()


@suite.test
def PKCS12_of_several_kinds_is_read(world):
    me = world.pki.certificate("kinds", "DNS:me")
    peer, driver = world.serve(world.good, wants=world.pki.ca), world.driver()
    old = ("-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")
    for name, password, more in (("3des", "x", old), ("nopassword", "", ()),
                                 ("clear", "x", ("-certpbe", "NONE", "-keypbe", "NONE"))):
        p12 = world.pki.path(name + ".p12")
        world.pki.run("pkcs12", "-export", "-in", me[0], "-inkey", me[1], "-out", p12, "-passout", "pass:" + password, *more)
        world.trust(driver, name, "identity", "localhost", p12, "-", *([password] if password else []))
        loads(driver.get(peer.url, trust=name))
    driver.end()


@suite.test
def authorities_are_taken_all_or_none(world):
    peer, driver = world.serve(world.other.certificate("allornone", "DNS:localhost")), world.driver()
    torn = write(world.pki.path("torn-ca.pem"), open(world.other.ca).read() +
                 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    driver.command("trust", "t", "new")
    for path, error, text in ((torn, "TINET_ECERTIFICATE", torn + ": certificate 2 of the PEM text cannot be read"),
                              (world.good[1], "TINET_ECERTIFICATE", "no certificate in the PEM text"),
                              ("/nowhere.pem", "TINET_EFILE", "/nowhere.pem: No such file")):
        said = said_of(driver, "ca", path)
        equal(error, said[0])
        true(text in said[1], said[1])
    failed(driver.get(peer.url, trust="t"), "unknown-issuer", -1203)
    driver.end()


@suite.test
def a_client_certificate_that_is_missing_or_strange(world):
    stranger = world.other.certificate("strange", "DNS:me")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        peer = world.serve(world.good, wants=world.pki.ca, minimum=version, maximum=version)
        driver = world.driver()
        # 1.2 has no alert of its own for it, but the server has asked.
        failed(driver.get(peer.url), "client-certificate-required", -1206, "TINET_ECLIENTCERT")
        world.trust(driver, "strange", "identity", "-", *stranger)
        failed(driver.get(peer.url, trust="strange"), "client-certificate-rejected", -1205, "TINET_ECLIENTCERT")
        driver.end()


@suite.test
def a_client_certificate_goes_to_its_host_only(world):
    me = world.pki.certificate("private", "DNS:me")
    seen = []

    def answer(connection):
        seen.append(connection.getpeercert())
        world.answer(connection)

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*world.good)
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(world.pki.ca)
    with Threaded(answer, tls) as peer:
        driver = world.driver()
        world.trust(driver, "mine", "identity", "localhost", *me)
        loads(driver.get("https://127.0.0.1:%d/" % peer.port, trust="mine"))
        loads(driver.get("https://localhost:%d/" % peer.port, trust="mine"))
        driver.end()
    true(not seen[0] and seen[1], seen)


# ---- what is no TLS ----


@suite.test
def a_peer_that_does_not_speak_TLS(world):
    driver = world.driver()
    for answer, text in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server speaks plain HTTP here, not TLS"),
                         (b"220 mail.example ESMTP\r\n", "the server's answer is not TLS"),
                         (b"", "the connection was lost in the TLS handshake")):
        def serve(connection):
            connection.recv(4096)
            connection.sendall(answer)

        with Threaded(serve) as peer:
            outcome = driver.get("https://localhost:%d/" % peer.port)
            equal(("TINET_ETLS", "handshake"), (outcome.error_name, outcome.tls["reason"]))
            true(text in outcome.error_text and "localhost" in outcome.error_text, outcome.error_text)
    driver.end()


@suite.test
def an_alert_is_told_by_its_name(world):
    def serve(connection):
        connection.recv(4096)
        connection.sendall(b"\x15\x03\x03\x00\x02\x02\x70")  # unrecognized_name

    driver = world.driver()
    with Threaded(serve) as peer:
        outcome = driver.get("https://localhost:%d/" % peer.port)
        failed(outcome, "handshake", -1200, "TINET_ETLS", openssl=1112)
        true("unrecognized name" in outcome.error_text, outcome.error_text)
    driver.end()


# ---- versions ----


@suite.test
def a_version_is_exactly_that(world):
    V = ssl.TLSVersion
    peers = {n: world.serve(world.good, minimum=v, maximum=v)
             for n, v in ((1, V.TLSv1), (2, V.TLSv1_1), (3, V.TLSv1_2), (4, V.TLSv1_3))}
    driver = world.driver()
    for version in range(5):
        for number, peer in peers.items():
            outcome = driver.get(peer.url, tls_version=version)
            if number == version or (version == 0 and number >= 3):
                equal("load", outcome.outcome, "%d at %d: %s" % (version, number, outcome.error_text))
                equal({1: "TLSv1", 2: "TLSv1.1", 3: "TLSv1.2", 4: "TLSv1.3"}[number], outcome.hops[0]["tls"])
            else:
                equal("error", outcome.outcome, "%d at %d" % (version, number))
                equal(("TINET_ETLS", "version"), (outcome.error_name, outcome.tls["reason"]), outcome.error_text)
                true("no TLS version that both sides accept" in outcome.error_text, outcome.error_text)
    driver.end()


@suite.test
def an_old_version_is_warned_about_once_and_still_checks_certificates(world):
    V = ssl.TLSVersion
    weak = world.made("weakold", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
    good = world.serve(world.good, minimum=V.TLSv1, maximum=V.TLSv1)
    bad = world.serve(weak, minimum=V.TLSv1, maximum=V.TLSv1)
    driver = world.driver()
    said = []
    for peer in (good, good, bad):
        driver.prepare("GET", peer.url, tls_version=1)
        driver.command("send")
        lines = driver.run()
        said += [line["warning"] for line in lines if "warning" in line]
        outcome = [line for line in lines if "outcome" in line][0]
        equal("load" if peer is good else "error", outcome.outcome, str(outcome))
    equal("weak-key", outcome.tls["reason"])
    equal(1, len(said), said)
    driver.end()


def main():
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        return suite.run(World(folder, stack))


sys.exit(main())
