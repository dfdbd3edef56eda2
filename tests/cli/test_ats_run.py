#!/usr/bin/env python3
"""test_ats_run.py - App Transport Security of `tinet run`: whose policy holds, and that a denial sends nothing."""

import os
import plistlib
import re
import socket
import threading

from cli import *

KEY = "NSExceptionAllowsInsecureHTTPLoads"
TIAPP = """<ti:app xmlns:ti="http://ti.tidev.io">
<id>org.example.t</id><name>T</name><version>1.0</version><ios><plist><dict>%s</dict></plist></ios></ti:app>
"""


def project(folder, inner, app):
    write(folder, "tiapp.xml", (TIAPP % inner).encode())
    os.makedirs(os.path.join(folder, "Resources"), exist_ok=True)
    write(folder, "Resources/app.js", app.encode())
    return folder


APP = """
const ask = (url, next) => {
  const client = Ti.Network.createHTTPClient({
    timeout: 5000,
    onload: () => { Ti.API.info(`loaded ${client.responseText}`); next(); },
    onerror: (e) => { Ti.API.info(`failed ${e.reason} ${e.code} ${e.ats ? [e.ats.reason, e.ats.key, e.ats.url].join(' ') : '-'} ${e.error}`); next(); },
  });
  client.open('GET', url);
  client.send();
};
ask('http://127.0.0.1:%d/', () => %s);
"""
ENTRY_FOR_LOOPBACK = "<key>NSExceptionDomains</key><dict><key>127.0.0.1</key><dict/></dict>"


class Counting:
    """An HTTP server that counts connections, with or without a request."""

    def __enter__(self):
        self.n = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.n += 1
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nseen")
            connection.close()

    def __exit__(self, *_):
        self.listener.close()


def run_app(folder, port, then, inner, *args):
    """The lines that the project's app.js prints."""
    done = tinet("run", project(folder, inner, APP % (port, then)), *args)
    equal(done.status, 0)
    return re.findall(r"(?:loaded|failed) .*", done.out + done.err)


@test
def run_applies_what_an_ios_build_would(folder):
    on = "<key>NSAppTransportSecurity</key><dict>%s</dict>" % ENTRY_FOR_LOOPBACK
    policy = write(folder, "other.plist", plistlib.dumps({"NSAppTransportSecurity": {"NSExceptionDomains": {"127.0.0.1": {}}}}))
    example = "www.example.com"
    for inner, args, n, example_is_denied in [
        ("", [], 1, False),  # off unless the project turns it on
        ("", ["--ats=enforce"], 1, True),  # this machine is local
        ("", ["--ats", policy], 0, True),
        (on, [], 0, True),
        (on, ["--ats=project"], 0, True),
        (on, ["--ats=off"], 1, False),
        (on, ["--ats=enforce"], 1, True),
    ]:
        with Counting() as server:
            # What is not denied would be looked up.
            then = "ask('http://%s/', () => {})" % example if example_is_denied else "0"
            first, *second = run_app(folder, server.port, then, inner, *args)
            equal((args, server.n), (args, n))
            if n:
                equal(first, "loaded seen")
            else:
                contains(first, "failed TINET_EPOLICY -1022 cleartext %s http://127.0.0.1:%d/ 127.0.0.1 did not meet the ATS policy: "
                         % (KEY, server.port))
            equal(len(second), int(example_is_denied))
            for line in second:
                contains(line, "failed TINET_EPOLICY -1022 cleartext %s http://%s/ %s did not meet the ATS policy: "
                         % (KEY, example, example))


@test
def run_refuses_a_policy_that_it_cannot_read(folder):
    app = project(folder, "", "console.log('started');")
    broken = write(folder, "broken.plist", b"<plist><dict>\n<key>a</dict></plist>")
    for given, text in [(broken, "broken.plist:2:"), (os.path.join(folder, "none"), "No such file"), ("", "a policy is missing")]:
        done = tinet("run", app, "--ats", given)
        equal(done.status, 2)
        contains(done.err, text)
        assert "started" not in done.out, done.out
    write(folder, "tiapp.xml", b"<ti:app xmlns:ti='x'><id>a.b</id><name>n</name><ios><plist><dict><key>a</dict></plist></ios></ti:app>")
    equal(tinet("run", app).status, 2)


main()
