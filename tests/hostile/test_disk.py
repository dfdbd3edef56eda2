#!/usr/bin/env python3
"""Targets that cannot be written, and a disk that is full."""

import sys

from hostile import *

EFILE = "TINET_EFILE"
suite = Hostile()
BIG = bytes(range(256)) * 8192  # 2 MiB


def serve_big(connection):
    reader = Reader(connection)
    while True:
        read_request(reader)
        connection.sendall(response(body=BIG))


big = Threaded(serve_big)
URL = "http://127.0.0.1:%d/" % big.port


@contextlib.contextmanager
def mounted(options):
    """A small file system of its own."""
    if os.geteuid() != 0:
        raise Skip("mounting a tmpfs needs root")
    with temporary_folder() as folder:
        words = ["mount", "-t", "tmpfs", "-o", options, "tinet-test", folder]
        done = subprocess.run(words, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Skip("cannot mount a tmpfs: %s" % done.stderr.decode().strip())
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


def fails_with(outcome, number, name=EFILE):
    equal(name, outcome.error_name, str(outcome))
    equal(("system", number), (outcome.error["origin"], outcome.error["number"]), "whose number")
    suite.still_serves(suite.driver)


def is_refused_before_sending(path, number):
    before = big.n_connections
    fails_with(suite.driver.get(URL, save=path), number)
    equal(before, big.n_connections, "connections to the server")


@suite.test
def a_full_disk_ends_the_download(driver):
    with mounted("size=256k") as folder:
        target = os.path.join(folder, "target")
        write(target, "old")
        outcome = driver.get(URL, save=target)
        fails_with(outcome, 28)
        equal(200, outcome.status, "the status that was received")
        equal(["target"], os.listdir(folder), "what is left in the folder")
        with open(target) as f:
            equal("old", f.read(), "the old file")
        driver.command("client", "main")
        driver.command("free")


@suite.test
def no_file_left_in_the_file_system_when_it_is_full(driver):
    with mounted("size=256k,nr_inodes=1") as folder:
        fails_with(driver.get(URL, save=os.path.join(folder, "target")), 28)
        equal([], os.listdir(folder))


@suite.test
def a_full_disk_ends_a_body_that_would_be_spilled(_):
    with mounted("size=256k") as folder:
        driver = Driver(env={"TMPDIR": folder})
        outcome = driver.get(URL)
        true(outcome.error is not None, str(outcome))
        equal(("system", 28), (outcome.error["origin"], outcome.error["number"]))
        equal([], os.listdir(folder))
        suite.still_serves(driver)
        driver.end()


@suite.test
def a_temporary_folder_that_does_not_exist(_):
    driver = Driver(env={"TMPDIR": "/nonexistent/folder"})
    outcome = driver.get(URL)
    true(outcome.outcome == "load" or outcome.error["number"] == 2, str(outcome))
    suite.still_serves(driver)
    driver.end()


@suite.test
def a_read_only_file_system(driver):
    with mounted("size=256k,ro") as folder:
        is_refused_before_sending(os.path.join(folder, "target"), 30)


@suite.test
def a_folder_as_target(driver):
    with temporary_folder() as folder:
        is_refused_before_sending(folder, 21)


@suite.test
def a_target_in_a_folder_that_does_not_exist(driver):
    with temporary_folder() as folder:
        is_refused_before_sending(os.path.join(folder, "none", "target"), 2)


@suite.test
def a_target_below_a_file(driver):
    with temporary_folder() as folder:
        write(os.path.join(folder, "file"), "x")
        is_refused_before_sending(os.path.join(folder, "file", "target"), 20)


@suite.test
def a_target_with_too_long_a_name(driver):
    with temporary_folder() as folder:
        is_refused_before_sending(os.path.join(folder, "n" * 300), 36)


@suite.test
def a_target_that_is_a_loop_of_links(driver):
    with temporary_folder() as folder:
        os.symlink("b", os.path.join(folder, "a"))
        os.symlink("a", os.path.join(folder, "b"))
        is_refused_before_sending(os.path.join(folder, "a"), 40)


@suite.test
def a_device_that_is_full(driver):
    fails_with(driver.get(URL, save="/dev/full"), 28)


@suite.test
def a_device_that_takes_everything(driver):
    outcome = driver.get(URL, save="/dev/null")
    equal("load", outcome.outcome, str(outcome))
    true(not os.path.isfile("/dev/null"), "/dev/null is still a device")


@suite.test
def a_link_is_followed_and_stays(driver):
    with temporary_folder() as folder:
        target, link = os.path.join(folder, "target"), os.path.join(folder, "link")
        write(target, "old")
        os.chmod(target, 0o640)
        os.symlink("target", link)
        equal("load", driver.get(URL, save=link).outcome)
        true(os.path.islink(link), "the link is still one")
        equal(0o640, os.stat(target).st_mode & 0o7777, "permission bits")
        with open(target, "rb") as f:
            true(f.read() == BIG, "the target has the body")
        equal(["link", "target"], sorted(os.listdir(folder)))


@suite.test
def the_old_file_stays_until_the_body_is_complete(driver):
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npar"
    with temporary_folder() as folder, Threaded(answering(cut)) as peer:
        target = write(os.path.join(folder, "target"), "old")
        outcome = driver.get("http://127.0.0.1:%d/" % peer.port, save=target)
        equal("TINET_ETRUNCATED", outcome.error_name, str(outcome))
        equal(b"par", outcome.body_bytes, "the part that came is readable")
        equal(["target"], os.listdir(folder))
        with open(target) as f:
            equal("old", f.read())


@suite.test
def an_upload_from_a_file_that_is_gone(driver):
    with temporary_folder() as folder:
        path = write(os.path.join(folder, "file"), "content")
        driver.prepare("PUT", URL, body=[("file", "-", path)])
        os.unlink(path)
        driver.command("send")
        outcome = [line for line in driver.run() if "outcome" in line][0]
        equal("load", outcome.outcome, "it was opened before: %s" % outcome)


@suite.test
def an_upload_from_a_file_that_shrinks_fails(driver):
    with temporary_folder() as folder:
        path = write(os.path.join(folder, "file"), b"x" * 100000)
        driver.prepare("PUT", URL, body=[("file", "-", path)])
        driver.command("show")
        driver.read()
        os.truncate(path, 10)
        driver.command("send")
        outcome = [line for line in driver.run() if "outcome" in line][0]
        equal("TINET_EBODY", outcome.error_name, str(outcome))
        suite.still_serves(driver)


@suite.test
def an_upload_from_a_folder_fails(driver):
    with temporary_folder() as folder:
        driver.prepare("PUT", URL, body=[("file", "-", folder)])
        driver.command("run")
        line = driver.read()
        equal("TINET_EBODY", line.get("error"), str(line))
        driver.read()


if __name__ == "__main__":
    sys.exit(suite.main())
