#!/usr/bin/env python3
"""test_run.py - `tinet` itself, and `tinet run` with the built addon."""

import os
import re
import signal
import subprocess

from cli import *  # noqa: F403


def run(*args, **kwargs):
    return tinet("run", *args, **kwargs)


def script(folder, text):
    return write(folder, "program.js", text.encode())


def project(folder, app, tiapp=None):
    os.makedirs(os.path.join(folder, "Resources", "lib"))
    head = '<ti:app xmlns:ti="http://ti.tidev.io">'
    tiapp = tiapp or "<id>org.example.t</id><name>T</name><version>1.2</version>"
    write(folder, "tiapp.xml", ("%s%s</ti:app>" % (head, tiapp)).encode())
    write(folder, "Resources/app.js", app.encode())
    write(folder, "Resources/lib/part.js", b"exports.name = 'a part';")
    return folder


@test
def help_lists_the_commands(_folder):
    for args in (["help"], ["--help"], ["-h"]):
        done = tinet(*args)
        equal(done.status, 0)
        equal(re.findall(r"^  (\w+) ", done.out, re.M), ["run", "get", "ats", "bonjour", "connect", "listen", "cookies", "cache"])


@test
def help_explains_a_command(_folder):
    for name in ("run", "get"):
        contains(tinet("help", name).out, "Usage: tinet %s " % name)
        equal(tinet(name, "--help").out, tinet("help", name).out)


@test
def help_lines_fit_a_terminal(_folder):
    for name in ("run", "get"):
        for line in tinet("help", name).out.splitlines():
            assert len(line) <= 80, line


@test
def version_names_the_libraries(_folder):
    done = tinet("--version")
    equal(done.status, 0)
    assert re.match(r"tinet \d+\.\d+\.\d+ ", done.out), done.out
    for library in ("libcurl/", "OpenSSL/", "nghttp2/"):
        contains(done.out, library)


@test
def no_command_and_an_unknown_one_are_usage(_folder):
    equal(tinet().status, 2)
    done = tinet("gte")
    equal(done.status, 2)
    contains(done.err, "did you mean 'get'?")
    equal(tinet("help", "nonsense").status, 2)
    assert "did you mean" not in tinet("nonsense").err


@test
def a_full_standard_output_is_an_error(_folder):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([TINET, "--version"], stdout=full, check=False)
        equal(done.returncode, 23)


@test
def a_script_runs_and_its_status_is_passed_on(folder):
    done = run(script(folder, "Ti.API.info('hello'); process.exitCode = 7;"))
    equal(done.status, 7)
    equal(done.out, "[INFO] hello\n")


@test
def a_project_runs_with_its_modules(folder):
    app = "Ti.API.info(Ti.App.id, Ti.App.version, require('/lib/part').name);"
    done = run(project(folder, app))
    assert done.status == 0, done.err
    equal(done.out, "[INFO] org.example.t 1.2 a part\n")


@test
def arguments_are_the_programs(folder):
    path = script(folder, "console.log(JSON.stringify(process.argv.slice(2)));")
    done = run(path, "--", "a", "--log-level", "--", "-x")
    contains(done.out, '["a","--log-level","--","-x"]')


@test
def log_level_holds_back_what_is_below(folder):
    path = script(folder, "Ti.API.info('no'); Ti.API.warn('yes');")
    for args in ([path, "--log-level", "warn"], ["-l", "warn", path]):
        done = run(*args)
        equal((done.status, done.out), (0, ""))
        contains(done.err, "yes")


@test
def it_waits_for_what_is_pending_and_ends(folder):
    path = script(
        folder,
        """
        const client = Ti.Network.createHTTPClient({
          onload: () => Ti.API.info(client.responseText),
          onerror: (e) => { throw new Error(e.error); },
        });
        client.open('GET', process.argv[2]);
        client.send();
        """,
    )
    with Server() as server:
        done = run(path, "--", server.url("/hello"))
        assert done.status == 0, done.err
        equal(done.out, "[INFO] hello\n\n")


@test
def an_uncaught_error_is_status_1_with_a_stack(folder):
    done = run(script(folder, "function f() { throw new Error('oops'); }\nf();\n"))
    equal(done.status, 1)
    contains(done.err, "oops")
    contains(done.err, "program.js:1")


@test
def a_broken_tiapp_is_status_2_with_its_place(folder):
    done = run(project(folder, "", "<id>a.b</id>\n<name>x</nam>"))
    equal(done.status, 2)
    assert re.search(r"tiapp\.xml:2:\d+: ", done.err), done.err


@test
def a_wrong_command_line_is_status_2(folder):
    path = script(folder, "")
    missing = os.path.join(folder, "missing")
    for args in ([], [path, path], [path, "--nonsense"], [path, "-l", "loud"], [missing]):
        done = run(*args)
        assert done.status == 2, "%r: %d %s" % (args, done.status, done.err)
        assert done.err.startswith("tinet: "), done.err


@test
def a_missing_node_is_status_127_and_says_so(folder):
    path = script(folder, "")
    done = run(path, NODE=os.path.join(folder, "no-node"))
    equal(done.status, 127)
    contains(done.err, "needs Node.js")
    done = run(path, PATH=folder)
    equal(done.status, 127)
    contains(done.err, "'node' was not found")


@test
def a_missing_runner_is_status_127_and_says_so(folder):
    done = run(script(folder, ""), TINET_NODE_DIR=folder)
    equal(done.status, 127)
    contains(done.err, "TINET_NODE_DIR")


@test
def the_runner_can_be_chosen(folder):
    os.mkdir(os.path.join(folder, "lib"))
    write(folder, "lib/run.js", b"console.log(process.argv.slice(2).join(' '));")
    path = script(folder, "")
    done = run(path, "-l", "info", "--", "x", TINET_NODE_DIR=folder)
    equal(done.out, "--log-level info %s -- x\n" % path)


@test
def a_signal_reaches_the_program(folder):
    path = script(folder, "setInterval(() => {}, 1e6); console.log('ready');")
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(
            [TINET, "run", path], stdout=subprocess.PIPE, env=clean_env()
        )
        contains(process.stdout.readline(), b"ready")
        process.send_signal(number)
        equal(process.wait(TIMEOUT), -number)
        process.stdout.close()


if __name__ == "__main__":
    main()
