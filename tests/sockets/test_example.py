#!/usr/bin/env python3
"""The TLS echo server of examples/c, spoken to by tinet, openssl and rude peers."""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import tap  # noqa: E402

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build"))
TINET = os.path.join(BUILD, "cli", "tinet")
ECHO = os.path.join(BUILD, "tests", "sockets", "tls_echo")
TIMEOUT = 60


def certificate(folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    command = "openssl req -x509 -newkey ec -nodes -days 5 -pkeyopt ec_paramgen_curve:P-256 -subj /CN=localhost"
    subprocess.run(
        shlex.split(command) + ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return cert, key


def n_descriptors(process):
    return len(os.listdir("/proc/%d/fd" % process.pid))


def tinet_gets_back_what_it_sends(_server, port, cert):
    big = os.urandom(3 << 20)
    result = subprocess.run(
        [TINET, "connect", "localhost", port, "--tls", "--ca-file", cert],
        input=big,
        capture_output=True,
        timeout=TIMEOUT,
    )
    assert (result.returncode, result.stderr) == (0, b""), result
    assert result.stdout == big


def openssl_gets_back_what_it_sends(_server, port, cert):
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", "localhost:" + port, "-CAfile", cert]
        + ["-verify_return_error", "-quiet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    client.stdin.write(b"hello\n")
    client.stdin.flush()
    assert client.stdout.readline() == b"hello\n"
    client.kill()
    client.communicate()


def rude_peers_cost_nothing(server, port, cert):
    before = n_descriptors(server)
    for data in (b"", b"GET / HTTP/1.0\r\n\r\n", os.urandom(500)):
        for is_reset in (False, True):
            with socket.create_connection(("127.0.0.1", int(port))) as peer:
                peer.sendall(data)
                if is_reset:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    tinet_gets_back_what_it_sends(server, port, cert)  # after them
    while n_descriptors(server) > before:  # or the test's own limit ends it
        time.sleep(0.01)


TESTS = [
    tinet_gets_back_what_it_sends,
    openssl_gets_back_what_it_sends,
    rude_peers_cost_nothing,
]


def main():
    out = tap.Writer()
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "err"), "w") as err:
        cert, key = certificate(folder)
        server = subprocess.Popen([ECHO, cert, key], stdout=subprocess.PIPE, stderr=err, text=True)
        port = server.stdout.readline().split()[-1]
        for test in TESTS:
            try:
                test(server, port, cert)
                out.point(test.__name__.replace("_", " "), [])
            except (AssertionError, subprocess.SubprocessError) as error:
                out.point(test.__name__.replace("_", " "), [repr(error)[:500]])
        server.kill()
        server.communicate()
    sys.exit(out.exit_status())


main()
