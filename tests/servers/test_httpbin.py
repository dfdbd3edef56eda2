#!/usr/bin/env python3
"""httpbin: methods, status codes, redirects, codings, text, streams, delays."""

import importlib.util
import sys

from lib import *

suite = Suite()


def is_ok(outcome):
    equal("load", outcome.outcome, str(outcome))
    return outcome


def object_of(outcome):
    return json.loads(is_ok(outcome).body_bytes)


@suite.test
def every_method_is_echoed(driver, url):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        body = [] if method == "GET" else [("bytes", "text/plain", "the body")]
        got = object_of(driver.request(method, url + "/anything?a=1", body=body))
        equal(method, got["method"])
        equal({"a": "1"}, got["args"])
        equal("" if method == "GET" else "the body", got["data"])


@suite.test
def a_form_is_understood(driver, url):
    fields = [("text", "a", "1 & 2"), ("text", "b", "\u00fc"), ("json", "list", "[1]")]
    got = object_of(driver.request("POST", url + "/post", body=fields))
    equal({"a": "1 & 2", "b": "\u00fc", "list": "[1]"}, got["form"])


@suite.test
def a_multipart_form_is_understood(driver, url):
    with temporary_folder() as folder:
        path = write(os.path.join(folder, "up.txt"), "content of the file")
        fields = [("text", "a\"b", "1\r\n2"), ("part-file", "f", "-", "-", path),
                  ("part", "g", "n.bin", "image/png", "png")]
        got = object_of(driver.request("POST", url + "/post", body=fields))
    equal("1\r\n2", list(got["form"].values())[0])
    equal("content of the file", got["files"]["f"])
    equal("png", got["files"]["g"])


@suite.test
def a_JSON_body_is_understood(driver, url):
    got = object_of(driver.request("POST", url + "/post", body=[("bytes", "application/json", '{"a":[1]}')]))
    equal({"a": [1]}, got["json"])


@suite.test
def a_form_on_GET_becomes_arguments(driver, url):
    got = object_of(driver.request("GET", url + "/get?x=0", body=[("text", "a", "1 2"), ("text", "b", "&")]))
    equal({"x": "0", "a": "1 2", "b": "&"}, got["args"])


@suite.test
def headers_are_received(driver, url):
    got = object_of(driver.get(url + "/headers", [("X-Mine", "a"), ("x-mine", "b")]))["headers"]
    equal("a, b", got["X-Mine"])
    equal("XMLHttpRequest", got["X-Requested-With"])
    true(got["User-Agent"].startswith("Titanium/"), got["User-Agent"])


@suite.test
def status_codes(driver, url):
    for status in (200, 201, 202, 204, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 504):
        outcome = driver.get(url + "/status/%d" % status)
        equal(status, outcome.status)
        equal(None if status < 400 else "TINET_EHTTPSTATUS", outcome.error_name, str(status))


@suite.test
def redirects_absolute_and_relative(driver, url):
    for path in ("/redirect/5", "/relative-redirect/5", "/absolute-redirect/5"):
        outcome = is_ok(driver.get(url + path))
        equal(6, len(outcome.hops), path)
        equal(url + "/get", outcome.location)


@suite.test
def too_many_redirects(driver, url):
    is_ok(driver.get(url + "/redirect/20"))
    equal("TINET_EREDIRECT", driver.get(url + "/redirect/21").error_name)


@suite.test
def redirect_to_with_each_status_and_POST(driver, url):
    for status, method in ((301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")):
        target = "/redirect-to?url=/anything&status_code=%d" % status
        got = object_of(driver.request("POST", url + target, body=[("bytes", "text/plain", "body")]))
        equal((method, "body" if method == "POST" else ""), (got["method"], got["data"]), str(status))


@suite.test
def codings(driver, url):
    for path, key in (("/gzip", "gzipped"), ("/deflate", "deflated"), ("/brotli", "brotli")):
        equal(True, object_of(driver.get(url + path))[key])


@suite.test
def text_in_UTF_8(driver, url):
    words = "\u222e E\u22c5da = Q, \u12a0\u1295\u1320\u1228\u129b"
    outcome = is_ok(driver.request("POST", url + "/anything", body=[("bytes", "text/plain", words)], wants_text=True))
    equal(words, json.loads(outcome.text_value)["data"])
    outcome = is_ok(driver.get(url + "/encoding/utf8", wants_text=True))
    equal(outcome.body_bytes.decode("utf-8"), outcome.text_value)


@suite.test
def documents(driver, url):
    for path, start in (("/html", b"<!DOCTYPE html>"), ("/xml", b"<?xml")):
        true(is_ok(driver.get(url + path)).body_bytes.startswith(start), path)


@suite.test
def images(driver, url):
    for kind, start in (("png", b"\x89PNG"), ("jpeg", b"\xff\xd8"), ("webp", b"RIFF"), ("svg", b"<svg")):
        outcome = is_ok(driver.get(url + "/image/" + kind))
        true(start in outcome.body_bytes[:200], kind)
        true(outcome.content_type.startswith("image/" + kind), outcome.content_type)


@suite.test
def a_stream_of_lines(driver, url):
    outcome = is_ok(driver.get(url + "/stream/20"))
    equal(list(range(20)), [json.loads(line)["id"] for line in outcome.body_bytes.splitlines()])
    equal(-1, outcome.datastream["progress"])


@suite.test
def bytes_of_the_same_seed_are_the_same(driver, url):
    first = is_ok(driver.get(url + "/bytes/100000?seed=1"))
    second = is_ok(driver.get(url + "/stream-bytes/100000?seed=1&chunk_size=777"))
    equal(100000, first.len)
    equal(first.crc, second.crc)


@suite.test
def a_body_that_drips(driver, url):
    outcome = is_ok(driver.get(url + "/drip?duration=0.6&numbytes=6&delay=0", timeout_ms=5000))
    equal(b"*" * 6, outcome.body_bytes)


@suite.test
def a_delay_longer_than_the_timeout(driver, url):
    equal("TINET_ETIMEDOUT", driver.get(url + "/delay/3", timeout_ms=300).error_name)


@suite.test
def a_delay_shorter_than_the_timeout(driver, url):
    is_ok(driver.get(url + "/delay/0.3", timeout_ms=30000))


@suite.test
def a_header_with_credentials(driver, url):
    got = object_of(driver.get(url + "/basic-auth/user/pass", [("Authorization", "Basic dXNlcjpwYXNz")]))
    equal(True, got["authenticated"])
    equal(401, driver.get(url + "/basic-auth/user/pass").status)


@suite.test
def response_headers(driver, url):
    outcome = driver.get(url + "/response-headers?X-A=1&X-A=2&X-B=%C3%BC")
    equal("1, 2", outcome.header("x-a"))


@suite.test
def a_range_and_an_ETag(driver, url):
    outcome = driver.get(url + "/range/100", [("Range", "bytes=10-19")])
    equal((206, 10), (outcome.status, outcome.len))
    equal(304, driver.get(url + "/etag/x", [("If-None-Match", "x")]).status)


@suite.test
def an_upload_of_a_few_megabytes(driver, url):
    outcome = is_ok(driver.request("POST", url + "/post", body=[("fill", "text/plain", 3000000)]))
    equal(3000000, outcome.sendstream["sum"])
    equal("x" * 3000000, json.loads(driver_body(driver, outcome))["data"])


def driver_body(driver, outcome):
    """A body too large to be printed, by way of a file."""
    with temporary_folder() as folder:
        target = os.path.join(folder, "body")
        again = driver.request("POST", outcome.location, body=[("fill", "text/plain", 3000000)], save=target)
        is_ok(again)
        with open(target, "rb") as f:
            return f.read()


def main():
    if importlib.util.find_spec("httpbin") is None:
        print("1..0 # SKIP python3-httpbin is not installed")
        return 0
    here = os.path.dirname(os.path.abspath(__file__))
    command = lambda port: [sys.executable, os.path.join(here, "httpbin_server.py"), str(port)]
    with temporary_folder() as folder, server(command, folder, "httpbin") as port:
        return finish(suite, Driver(), "http://127.0.0.1:%d" % port)


if __name__ == "__main__":
    sys.exit(main())
