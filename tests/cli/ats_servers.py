"""ats_servers.py - what the tests of `tinet ats diagnose` share: an authority,
servers of openssl with its certificates, and the command's answer about them."""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
import lib
from ats_pki import Pki
from cli import equal, tinet

HOST = "www.example.test"  # never looked up: --connect says where

home = tempfile.mkdtemp(prefix="tinet-ats-")
pki = Pki(home)


def remove_home():
    lib.shutil.rmtree(home, ignore_errors=True)


def s_server(leaf, *args, chain=None):
    """A context manager: the port of openssl s_server."""
    command = ["openssl", "s_server", "-quiet", "-cert", leaf.certificate, "-key", leaf.key, "-www", *args]
    if chain:
        command += ["-cert_chain", chain.certificate]
    return lib.server(lambda port: command + ["-accept", "127.0.0.1:%d" % port], home, "s_server")


def diagnose(*args, port=None, ca=True, url=None, **env):
    command = ["ats", "diagnose"]
    if port:
        command += [url or "https://%s/" % HOST, "--connect", "127.0.0.1:%d" % port]
    if ca:
        command += ["--cacert", pki.root.certificate]
    return tinet(*command, *args, **env)


def facts(*args, status=None, **more):
    done = diagnose("--json", *args, **more)
    found = json.loads(done.out)
    if status is not None:
        assert done.status == status, "status %d, want %d\n%s" % (done.status, status, done.out)
    equal(found["exit"], done.status)
    return found


def codes(found, hop=0):
    assert "error" not in found["hops"][hop], found["hops"][hop]["error"]
    return [r["code"] for r in found["hops"][hop]["verdict"]["reasons"]]


def entry(found):
    dictionary = found["minimal_exception"]["dict"]
    return dictionary and dictionary["NSExceptionDomains"][HOST]
