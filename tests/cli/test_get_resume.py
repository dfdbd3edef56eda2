#!/usr/bin/env python3
"""test_get_resume.py - `tinet get -o`: partial files, and going on with them."""

import os
import signal
import subprocess

from cli import *  # noqa: F403

DATA = bytes(i * 7 % 251 for i in range(300000))


def target(folder):
    return os.path.join(folder, "out")


def cut_off(server, folder, n=100000):
    """A first attempt that got `n` bytes."""
    server.files["file"].cut_after = n
    equal(get(server.url("/file"), "-o", target(folder)).status, 18)
    server.files["file"].cut_after = None
    equal(read(target(folder) + ".part"), server.files["file"].data[:n])
    assert not os.path.exists(target(folder))


def is_complete(server, folder, data=DATA):
    succeeds(server.url("/file"), "-o", target(folder))
    equal(read(target(folder)), data)
    equal(os.listdir(folder), ["out"])


@test
def a_download_leaves_nothing_but_the_file(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        is_complete(server, folder)
        equal(server.requests[0].headers["Range"], None)


@test
def a_download_replaces_an_older_file(folder):
    write(folder, "out", b"old and longer than the new one")
    with Server() as server:
        server.files["file"] = File(b"new")
        is_complete(server, folder, b"new")


@test
def an_empty_body_is_an_empty_file(folder):
    with Server() as server:
        server.files["file"] = File(b"")
        is_complete(server, folder, b"")


@test
def goes_on_where_it_was_cut_off(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        cut_off(server, folder)
        is_complete(server, folder)
        request = server.requests[1]
        equal(request.headers["Range"], "bytes=100000-")
        equal(request.headers["If-Range"], '"v1"')


@test
def goes_on_again_and_again(folder):
    with Server() as server:
        f = server.files["file"] = File(DATA)
        for n in (1000, 50000, 70000):
            f.cut_after = n
            equal(get(server.url("/file"), "-o", target(folder)).status, 18)
        f.cut_after = None
        is_complete(server, folder)
        ranges = [r.headers["Range"] for r in server.requests]
        equal(ranges, [None, "bytes=1000-", "bytes=51000-", "bytes=121000-"])


@test
def starts_over_when_the_tag_has_changed(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        cut_off(server, folder)
        server.files["file"] = File(b"another" * 100, '"v2"')
        is_complete(server, folder, b"another" * 100)
        equal(len(server.requests), 2)


@test
def goes_on_with_the_new_tag_after_a_change(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        cut_off(server, folder)
        changed = server.files["file"] = File(DATA[::-1], '"v2"')
        cut_off(server, folder, 500)
        is_complete(server, folder, changed.data)
        equal(server.requests[2].headers["If-Range"], '"v2"')


@test
def starts_over_when_the_server_knows_no_ranges(folder):
    with Server() as server:
        server.files["file"] = File(DATA, has_ranges=False)
        cut_off(server, folder)
        is_complete(server, folder)


@test
def a_weak_tag_or_none_is_not_trusted(folder):
    for etag in ('W/"v1"', None, "v1", '"a" "b"', '"'):
        with Server() as server:
            server.files["file"] = File(DATA, etag)
            cut_off(server, folder)
            is_complete(server, folder)
            equal(server.requests[1].headers["Range"], None)
        os.unlink(target(folder))


@test
def a_coded_body_is_not_continued(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        server.files["file"].coding = "identity, x-unknown"
        server.files["file"].cut_after = 1000
        get(server.url("/file"), "-o", target(folder))
        assert not os.path.exists(target(folder) + ".part.info")


@test
def the_partial_file_of_another_url_is_not_used(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        cut_off(server, folder)
        succeeds(server.url("/file?other"), "-o", target(folder))
        equal(server.requests[1].headers["Range"], None)
        equal(read(target(folder)), DATA)


@test
def a_spoilt_info_file_is_not_used(folder):
    with Server() as server:
        for info in (b"", b"nonsense\n", b"tinet-part 1\nurl\n", b"\0" * 100000):
            server.files["file"] = File(DATA)
            cut_off(server, folder)
            write(folder, "out.part.info", info)
            is_complete(server, folder)
            equal(server.requests[-1].headers["Range"], None)
            os.unlink(target(folder))


@test
def another_part_than_asked_for_is_asked_for_whole(folder):
    with Server() as server:
        f = server.files["file"] = File(DATA)
        cut_off(server, folder)
        f.wrong_range = True
        is_complete(server, folder)
        equal(server.requests[1].headers["Range"], "bytes=100000-")
        equal(server.requests[2].headers["Range"], None)


@test
def a_416_for_a_complete_file_completes_it(folder):
    with Server() as server:
        f = server.files["file"] = File(DATA)
        cut_off(server, folder)
        write(folder, "out.part", DATA)
        is_complete(server, folder)
        equal(len(server.requests), 2)
        equal(f.etag, '"v1"')


@test
def another_416_is_asked_for_whole(folder):
    for content_range in ("bytes */5", "nonsense", "bytes */"):
        with Server() as server:
            f = server.files["file"] = File(DATA)
            cut_off(server, folder)
            f.refuses_range = content_range
            is_complete(server, folder)
            equal(len(server.requests), 3)
        os.unlink(target(folder))


@test
def an_http_error_keeps_the_partial_file(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        cut_off(server, folder)
        info = read(target(folder) + ".part.info")
        server.files.clear()
        server.files["file"] = File(DATA)
        path = target(folder) + ".part.info"
        with open(path, "wb") as f:
            f.write(info.replace(b"/file", b"/status/503"))
        equal(get(server.url("/status/503"), "-o", target(folder)).status, 22)
        equal(server.requests[-1].headers["Range"], "bytes=100000-")
        equal(read(target(folder) + ".part"), DATA[:100000])


@test
def a_failed_first_attempt_leaves_nothing(folder):
    held, port = closed_port()
    url = "http://127.0.0.1:%d/" % port
    equal(get(url, "-o", target(folder)).status, 7)
    equal(os.listdir(folder), [])
    held.close()


def interrupted(server, folder, number):
    process = subprocess.Popen(
        [TINET, "get", server.url("/file"), "-o", target(folder)],
        stderr=subprocess.PIPE,
        env=clean_env(),
    )
    assert server.has_stalled.wait(TIMEOUT)
    # The bytes are on their way; the file shows when they have come.
    while os.path.getsize(target(folder) + ".part") < 100000:
        assert process.poll() is None
    process.send_signal(number)
    err = process.communicate(timeout=TIMEOUT)[1]
    equal(err, b"")
    return process.returncode


@test
def sigint_keeps_the_partial_file_and_is_130(folder):
    with Server() as server:
        f = server.files["file"] = File(DATA)
        f.stall_after = 100000
        equal(interrupted(server, folder, signal.SIGINT), 130)
        f.stall_after = None
        is_complete(server, folder)
        equal(server.requests[1].headers["Range"], "bytes=100000-")


@test
def sigterm_is_143(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        server.files["file"].stall_after = 100000
        equal(interrupted(server, folder, signal.SIGTERM), 143)
        equal(len(os.listdir(folder)), 2)


@test
def a_signal_that_the_caller_ignores_is_ignored(folder):
    with Server() as server:
        f = server.files["file"] = File(DATA)
        f.stall_after = 100000
        command = 'trap "" HUP; exec "$0" get "$1" -o "$2"'
        process = subprocess.Popen(
            ["sh", "-c", command, TINET, server.url("/file"), target(folder)],
            env=clean_env(),
        )
        assert server.has_stalled.wait(TIMEOUT)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        equal(process.wait(TIMEOUT), 143)


@test
def two_do_not_write_the_same_file(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        server.files["file"].stall_after = 100000
        process = subprocess.Popen(
            [TINET, "get", server.url("/file"), "-o", target(folder)], env=clean_env()
        )
        assert server.has_stalled.wait(TIMEOUT)
        done = get(server.url("/file"), "-o", target(folder))
        equal(done.status, 23)
        contains(done.err, "another tinet get")
        process.terminate()
        equal(process.wait(TIMEOUT), 143)


@test
def a_full_disk_is_reported(folder):
    with Server() as server:
        server.files["file"] = File(DATA)
        command = 'ulimit -f 100; trap "" XFSZ; exec "$0" get "$1" -o "$2"'
        done = subprocess.run(
            ["bash", "-c", command, TINET, server.url("/file"), target(folder)],
            stderr=subprocess.PIPE,
            env=clean_env(),
            timeout=TIMEOUT,
            check=False,
        )
        equal(done.returncode, 23)
        contains(done.stderr.decode(), "File too large")
        is_complete(server, folder)


if __name__ == "__main__":
    main()
