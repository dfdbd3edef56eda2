#!/usr/bin/env python3
"""nginx: files, ranges, gzip, redirects, TLS with HTTP/2, limits."""

import sys

from lib import *

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
user root;
events {{ worker_connections 256; }}
http {{
  access_log off;
  default_type application/octet-stream;
  types {{ text/plain txt; application/json json; image/png png; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl http2;
    ssl_certificate {chain}; ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root {folder}/www;
    gzip on; gzip_min_length 1; gzip_types text/plain;
    client_max_body_size 100k;
    location /moved {{ return 301 /text.txt; }}
    location /seeother {{ return 303 /text.txt; }}
    location /repeat {{ return 307 /text.txt; }}
    location /secure {{ return 302 https://localhost:{tls}/text.txt; }}
    location /plain {{ return 302 http://127.0.0.1:{plain}/text.txt; }}
    location /loop {{ return 302 /loop; }}
    location /slow {{ limit_rate 60k; alias {folder}/www/; }}
    location /close {{ keepalive_timeout 0; alias {folder}/www/; }}
    location /empty {{ return 204; }}
    location /drop {{ return 444; }}
    location /teapot {{ return 418 "short and stout"; }}
    location /headers {{ add_header X-A 1; add_header X-A 2; return 200 "ok"; }}
    location /host {{ return 200 "$host $scheme $server_protocol"; }}
  }}
}}
"""

BIG = bytes(range(256)) * 32768  # 8 MiB
TEXT = b"some text\n" * 1000
suite = Suite()


class Nginx:
    def __init__(self, folder, stack):
        self.folder = folder
        self.pki = Pki(folder)
        self.chain, self.key = self.pki.certificate("localhost", "DNS:localhost")
        www = os.path.join(folder, "www")
        os.mkdir(www)
        write(os.path.join(www, "big.bin"), BIG)
        write(os.path.join(www, "text.txt"), TEXT)
        write(os.path.join(www, "empty.txt"), b"")
        write(os.path.join(www, "a b.txt"), b"space")
        self.tls = free_port()
        self.plain = stack.enter_context(server(self.command, folder, "nginx"))
        self.http = "http://127.0.0.1:%d" % self.plain
        self.https = "https://localhost:%d" % self.tls

    def command(self, port):
        config = CONFIG.format(folder=self.folder, plain=port, tls=self.tls, chain=self.chain, key=self.key)
        path = write(os.path.join(self.folder, "nginx.conf"), config)
        return [need_program("nginx"), "-c", path, "-p", self.folder, "-e", os.path.join(self.folder, "error.log")]


def is_ok(outcome, body=None):
    equal("load", outcome.outcome, str(outcome))
    if body is not None:
        equal((len(body), crc(body)), (outcome.len, outcome.crc), "body")


@suite.test
def a_file_of_8_MiB_is_spilled(driver, nginx):
    outcome = driver.get(nginx.http + "/big.bin")
    is_ok(outcome, BIG)
    true(outcome.is_in_file, "it is in a file")
    equal(1.0, outcome.datastream["progress"])
    equal(len(BIG), outcome.datastream["sum"])


@suite.test
def a_small_file_is_in_memory_and_unpacked(driver, nginx):
    outcome = driver.get(nginx.http + "/text.txt")
    is_ok(outcome, TEXT)
    equal("gzip", outcome.header("Content-Encoding"))
    true(not outcome.is_in_file)
    true(outcome.hops[0]["body_len"] < 1000, "received packed")


@suite.test
def identity_is_respected(driver, nginx):
    outcome = driver.get(nginx.http + "/text.txt", [("Accept-Encoding", "identity")])
    is_ok(outcome, TEXT)
    equal(None, outcome.header("Content-Encoding"))
    equal(len(TEXT), outcome.hops[0]["body_len"])


@suite.test
def an_empty_file(driver, nginx):
    outcome = driver.get(nginx.http + "/empty.txt")
    is_ok(outcome, b"")
    equal(["state 1", "state 2", "state 3", "state 4", "load"], outcome.events)


@suite.test
def a_range(driver, nginx):
    outcome = driver.get(nginx.http + "/big.bin", [("Range", "bytes=1000-1999")])
    is_ok(outcome, BIG[1000:2000])
    equal(206, outcome.status)
    equal("bytes 1000-1999/%d" % len(BIG), outcome.header("content-range"))


@suite.test
def a_range_that_cannot_be_satisfied(driver, nginx):
    outcome = driver.get(nginx.http + "/big.bin", [("Range", "bytes=99999999-")])
    equal(("TINET_EHTTPSTATUS", 416), (outcome.error_name, outcome.status))


@suite.test
def a_file_that_did_not_change(driver, nginx):
    tag = driver.get(nginx.http + "/big.bin").header("ETag")
    outcome = driver.get(nginx.http + "/big.bin", [("If-None-Match", tag)])
    is_ok(outcome, b"")
    equal(304, outcome.status)


@suite.test
def HEAD_has_the_length(driver, nginx):
    outcome = driver.request("HEAD", nginx.http + "/big.bin")
    is_ok(outcome, b"")
    equal(str(len(BIG)), outcome.header("Content-Length"))


@suite.test
def a_space_in_the_URL(driver, nginx):
    is_ok(driver.get(nginx.http + "/a b.txt"), b"space")


@suite.test
def errors_of_the_server(driver, nginx):
    for path, status in (("/none", 404), ("/teapot", 418)):
        outcome = driver.get(nginx.http + path)
        equal(("TINET_EHTTPSTATUS", status), (outcome.error_name, outcome.status))
    equal(b"short and stout", outcome.body_bytes)


@suite.test
def no_content(driver, nginx):
    equal(204, driver.get(nginx.http + "/empty").status)


@suite.test
def a_server_that_drops_the_connection(driver, nginx):
    equal("TINET_ECLOSED", driver.get(nginx.http + "/drop").error_name)


@suite.test
def redirects(driver, nginx):
    outcome = driver.get(nginx.http + "/moved")
    is_ok(outcome, TEXT)
    equal(nginx.http + "/text.txt", outcome.location)
    outcome = driver.request("POST", nginx.http + "/seeother", body=[("bytes", "-", "a=b")])
    is_ok(outcome, TEXT)
    outcome = driver.request("POST", nginx.http + "/repeat", body=[("bytes", "-", "a=b")])
    equal(405, outcome.status, "a POST to a file")
    equal("TINET_EREDIRECT", driver.get(nginx.http + "/loop").error_name)


@suite.test
def redirects_between_http_and_https(driver, nginx):
    outcome = driver.get(nginx.http + "/secure")
    is_ok(outcome, TEXT)
    equal(["1.1", "2"], [hop["version"] for hop in outcome.hops])
    outcome = driver.get(nginx.https + "/plain")
    is_ok(outcome, TEXT)
    equal(["2", "1.1"], [hop["version"] for hop in outcome.hops])


@suite.test
def too_large_an_upload_is_a_413(driver, nginx):
    for size in (200000, 3000000):
        outcome = driver.request("POST", nginx.http + "/text.txt", body=[("fill", "-", size)])
        equal(("TINET_EHTTPSTATUS", 413), (outcome.error_name, outcome.status), str(size))


@suite.test
def too_large_an_upload_over_http2_is_a_413(driver, nginx):
    outcome = driver.request("POST", nginx.https + "/text.txt", body=[("fill", "-", 3000000)])
    equal(("TINET_EHTTPSTATUS", 413), (outcome.error_name, outcome.status), str(outcome))


@suite.test
def a_slow_body_that_moves_does_not_time_out(driver, nginx):
    outcome = driver.get(nginx.http + "/slow/big.bin", [("Range", "bytes=0-99999")], timeout_ms=1500)
    is_ok(outcome, BIG[:100000])


@suite.test
def a_slow_body_ends_by_the_timeout_for_the_whole(driver, nginx):
    outcome = driver.get(nginx.http + "/slow/big.bin", timeout_for_resource_ms=700)
    equal("TINET_ETIMEDOUT", outcome.error_name)
    equal(outcome.body_bytes, BIG[: outcome.len], "what came is the beginning")


@suite.test
def a_server_without_keep_alive(driver, nginx):
    for _ in range(2):
        outcome = driver.get(nginx.http + "/close/text.txt")
        is_ok(outcome, TEXT)
        equal("close", outcome.header("Connection"))


@suite.test
def HTTP_2_over_TLS(driver, nginx):
    outcome = driver.get(nginx.https + "/host")
    is_ok(outcome, b"localhost https HTTP/2.0")
    hop = outcome.hops[0]
    equal(("2", "TLSv1.3"), (hop["version"], hop["tls"]))
    equal("OK", outcome.statustext, "the standard phrase")


@suite.test
def HTTP_1_over_TLS_when_asked_for(driver, nginx):
    outcome = driver.get(nginx.https + "/host", is_http1_only=True)
    is_ok(outcome, b"localhost https HTTP/1.1")
    outcome = driver.get(nginx.https + "/host")
    equal("2", outcome.hops[0]["version"], "the next one is not bound by that")


@suite.test
def a_large_body_over_HTTP_2(driver, nginx):
    is_ok(driver.get(nginx.https + "/big.bin"), BIG)


@suite.test
def repeated_headers_over_HTTP_2(driver, nginx):
    outcome = driver.get(nginx.https + "/headers")
    equal("1, 2", outcome.header("x-a"))


@suite.test
def streams_share_one_HTTP_2_connection(driver, nginx):
    is_ok(driver.get(nginx.https + "/host"))
    for i in range(50):
        driver.prepare("GET", nginx.https + "/text.txt", name="h%d" % i)
        driver.command("send")
    outcomes = [line for line in driver.run() if "outcome" in line]
    equal(50, len(outcomes))
    for outcome in outcomes:
        is_ok(outcome, TEXT)
        true(outcome.hops[0]["is_reused"], "on the connection there is")
    for i in range(50):
        driver.command("client", "h%d" % i)
        driver.command("free")


@suite.test
def HTTP_1_requests_at_once(driver, nginx):
    for i in range(30):
        driver.prepare("GET", nginx.http + "/text.txt", name="p%d" % i)
        driver.command("send")
    outcomes = [line for line in driver.run() if "outcome" in line]
    equal(30, len(outcomes))
    for outcome in outcomes:
        is_ok(outcome, TEXT)
    for i in range(30):
        driver.command("client", "p%d" % i)
        driver.command("free")


@suite.test
def an_aborted_stream_leaves_the_others_alone(driver, nginx):
    driver.prepare("GET", nginx.https + "/big.bin", name="aborted")
    driver.command("when", "data", "abort")
    driver.command("send")
    driver.prepare("GET", nginx.https + "/big.bin", name="other")
    driver.command("send")
    outcomes = [line for line in driver.run() if "outcome" in line]
    equal(["other"], [outcome.name for outcome in outcomes])
    is_ok(outcomes[0], BIG)


@suite.test
def a_body_to_a_file(driver, nginx):
    for base in (nginx.http, nginx.https):
        with temporary_folder() as folder:
            target = os.path.join(folder, "big")
            outcome = driver.get(base + "/big.bin", save=target)
            is_ok(outcome, BIG)
            equal(target, outcome.path)
            with open(target, "rb") as f:
                true(f.read() == BIG, "the file is the body")
            equal(["big"], os.listdir(folder))


def main():
    with temporary_folder() as folder, contextlib.ExitStack() as stack:
        nginx = Nginx(folder, stack)
        return finish(suite, Driver(options={"ca_file": nginx.pki.ca}), nginx)


if __name__ == "__main__":
    sys.exit(main())
