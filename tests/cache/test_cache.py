#!/usr/bin/env python3
"""The cache against an origin that counts what it is asked."""

import email.utils
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "servers"))
from lib import *

suite = Suite()
NONE, MISS, HIT, STALE, REVALIDATED = range(5)
MIB = 1 << 20


def http_date(offset=0):
    return email.utils.formatdate(time.time() + offset, usegmt=True)


class Origin:
    """Answers each path as `routes` says; a route is a function of the request
    that returns the bytes of the response, or None to close."""

    def __init__(self):
        self.routes, self.asked = {}, []
        self.server = Threaded(self.serve)
        self.n_urls = 0
        self.is_cutting = False  # closes after the next answer

    def serve(self, connection):
        reader = Reader(connection)
        while True:
            request = read_request(reader, connection)
            self.asked.append(request)
            answer = self.routes[request.target](request)
            if answer is None:
                return
            connection.sendall(answer)
            if self.is_cutting:
                self.is_cutting = False
                return

    def url(self, route):
        self.n_urls += 1
        path = "/%d" % self.n_urls
        self.routes[path] = route
        return "http://127.0.0.1:%d%s" % (self.server.port, path)

    def page(self, headers, body=b"body", status="200 OK"):
        """A page that says the same each time, and 304 to its own ETag."""
        tag = dict(headers).get("ETag")

        def route(request):
            if tag and request.header("If-None-Match") == tag:
                return response("304 Not Modified", headers).replace(b"Content-Length: 0\r\n", b"")
            return response(status, headers, body)

        return self.url(route)


class World:
    def __init__(self, folder):
        self.folder, self.origin, self.n = folder, Origin(), 0

    def path(self):
        self.n += 1
        return os.path.join(self.folder, "cache%d" % self.n)

    @contextlib.contextmanager
    def driver(self, path="memory", *ceilings):
        driver = Driver()
        driver.command("cache", path, *ceilings)
        try:
            yield driver
            driver.end()
        finally:
            driver.kill()


def info(driver):
    driver.command("cache-info")
    return Outcome(driver.read())


def check(driver, url, state, body=b"body", status=200, headers=(), **settings):
    outcome = driver.get(url, headers, uses_cache=True, **settings)
    equal("load" if status < 400 else "error", outcome.outcome, str(outcome))
    equal(status, outcome.status)
    equal(state, outcome.cache, "state")
    if body is not None:
        equal(body, outcome.body_bytes)
    return outcome


def twice(world, headers, first=MISS, second=HIT, asked=(), status="200 OK"):
    """One page, asked for twice in each kind of cache."""
    code = int(status.split()[0])
    for path in ("memory", world.path()):
        url = world.origin.page(headers, status=status)
        with world.driver(path) as driver:
            check(driver, url, first, status=code, headers=asked)
            check(driver, url, second, status=code, headers=asked)


# ---- directives ----


@suite.test
def a_fresh_response_is_a_hit_with_an_age(world):
    for path in ("memory", world.path()):
        url = world.origin.page([("Cache-Control", "max-age=60")])
        before = len(world.origin.asked)
        with world.driver(path) as driver:
            first = check(driver, url, MISS)
            equal(None, first.header("Age"))
            second = check(driver, url, HIT)
            true(int(second.header("Age")) >= 0)
            equal(first.events, second.events)
        equal(before + 1, len(world.origin.asked))


@suite.test
def it_survives_the_process(world):
    path = world.path()
    url = world.origin.page([("Cache-Control", "max-age=60")])
    big = world.origin.page([("Cache-Control", "max-age=60")], b"x" * 300000)
    with world.driver(path) as driver:
        check(driver, url, MISS)
        check(driver, big, MISS, b"x" * 300000)
    with world.driver(path) as driver:
        check(driver, url, HIT)
        check(driver, big, HIT, b"x" * 300000)
    equal(0o700, os.stat(path).st_mode & 0o777)
    for name in os.listdir(path):
        equal(0o600, os.stat(os.path.join(path, name)).st_mode & 0o777, name)


@suite.test
def an_expired_response_is_validated(world):
    twice(world, [("Cache-Control", "max-age=0"), ("ETag", '"a"')], MISS, REVALIDATED)
    true(world.origin.asked[-1].header("If-None-Match") == '"a"')


@suite.test
def no_cache_is_validated_each_time(world):
    twice(world, [("Cache-Control", "max-age=60, no-cache"), ("ETag", '"a"')], MISS, REVALIDATED)


@suite.test
def no_cache_with_names_keeps_these_out(world):
    url = world.origin.page([("Cache-Control", 'max-age=60, no-cache="X-Secret"'), ("X-Secret", "s")])
    with world.driver() as driver:
        equal("s", check(driver, url, MISS).header("X-Secret"))
        equal(None, check(driver, url, HIT).header("X-Secret"))


@suite.test
def no_store_is_not_stored(world):
    twice(world, [("Cache-Control", "max-age=60, no-store")], MISS, MISS)
    twice(world, [("Cache-Control", "max-age=60")], MISS, MISS, [("Cache-Control", "no-store")])


@suite.test
def private_and_public_are_stored(world):
    for word in ("private", "public"):
        twice(world, [("Cache-Control", "max-age=60, " + word)])


@suite.test
def shared_caches_directives_mean_nothing(world):
    twice(world, [("Cache-Control", "s-maxage=60")], MISS, MISS)
    twice(world, [("Cache-Control", "max-age=60, s-maxage=0, proxy-revalidate")])


@suite.test
def expires_and_last_modified_make_it_fresh(world):
    twice(world, [("Date", http_date()), ("Expires", http_date(60))])
    twice(world, [("Date", http_date()), ("Last-Modified", http_date(-100000))])
    twice(world, [("Date", http_date()), ("Expires", "0"), ("ETag", '"a"')], MISS, REVALIDATED)


@suite.test
def what_another_cache_had_for_long_is_stale(world):
    twice(world, [("Cache-Control", "max-age=60"), ("Age", "100"), ("ETag", '"a"')], MISS, REVALIDATED)


@suite.test
def statuses_are_stored_or_not(world):
    fresh = [("Cache-Control", "max-age=60")]
    twice(world, fresh, status="404 Not Found")
    twice(world, fresh, status="410 Gone")
    twice(world, fresh, MISS, MISS, status="401 Unauthorized")
    twice(world, fresh + [("Content-Range", "bytes 0-3/9")], MISS, MISS, status="206 Partial Content")


@suite.test
def requests_can_refuse_or_want_less(world):
    fresh = [("Cache-Control", "max-age=60"), ("ETag", '"a"')]
    twice(world, fresh, MISS, REVALIDATED, [("Cache-Control", "no-cache")])
    twice(world, fresh, MISS, REVALIDATED, [("Pragma", "no-cache")])
    twice(world, fresh, MISS, REVALIDATED, [("Cache-Control", "min-fresh=100")])
    twice(world, fresh + [("Age", "10")], MISS, REVALIDATED, [("Cache-Control", "max-age=5")])


@suite.test
def requests_can_take_stale_ones(world):
    stale = [("Cache-Control", "max-age=1"), ("Age", "10"), ("ETag", '"a"')]
    twice(world, stale, MISS, STALE, [("Cache-Control", "max-stale")])
    twice(world, stale, MISS, STALE, [("Cache-Control", "max-stale=60")])
    twice(world, stale, MISS, REVALIDATED, [("Cache-Control", "max-stale=1")])
    stale[0] = ("Cache-Control", "max-age=1, must-revalidate")
    twice(world, stale, MISS, REVALIDATED, [("Cache-Control", "max-stale")])


@suite.test
def only_if_cached_does_not_ask(world):
    url = world.origin.page([("Cache-Control", "max-age=60")])
    only = [("Cache-Control", "only-if-cached")]
    with world.driver() as driver:
        before = len(world.origin.asked)
        check(driver, url, MISS, None, 504, only)
        equal(before, len(world.origin.asked))
        check(driver, url, MISS)
        check(driver, url, HIT, headers=only)


@suite.test
def conditions_and_ranges_of_the_application_pass_by(world):
    url = world.origin.page([("Cache-Control", "max-age=60"), ("ETag", '"a"')])
    with world.driver() as driver:
        check(driver, url, MISS)
        check(driver, url, NONE, b"", 304, [("If-None-Match", '"a"')])
        check(driver, url, NONE, headers=[("Range", "bytes=0-1")])
        check(driver, url, HIT)


@suite.test
def without_uses_cache_nothing_is_read_or_stored(world):
    url = world.origin.page([("Cache-Control", "max-age=60")])
    with world.driver() as driver:
        equal(NONE, driver.get(url).cache)
        equal("no-cache", world.origin.asked[-1].header("Cache-Control"))
        check(driver, url, MISS)
        equal(None, world.origin.asked[-1].header("Cache-Control"))
        equal(None, world.origin.asked[-1].header("Pragma"))
        before = len(world.origin.asked)
        equal(NONE, driver.get(url, uses_cache=False).cache)
        equal(before + 1, len(world.origin.asked))


@suite.test
def a_hit_does_not_wait_for_a_connection(world):
    url = world.origin.page([("Cache-Control", "max-age=60")])
    is_asked = threading.Event()

    def slow(_):
        is_asked.wait(PATIENCE)
        return response(body=b"slow")

    driver = Driver(options={"max_connections_per_origin": 1})
    driver.command("cache", "memory")
    try:
        check(driver, url, MISS)
        for name, page in (("slow", world.origin.url(slow)), ("hit", url)):
            driver.prepare("GET", page, name=name, uses_cache=True)
            driver.command("send")
        driver.command("run")
        first = Outcome(driver.read())
        is_asked.set()
        equal(("hit", HIT), (first.name, first.cache))
        equal("slow", driver.read()["name"])
        equal(0, driver.read()["ran"])
        driver.end()
    finally:
        is_asked.set()
        driver.kill()


@suite.test
def synchronous_requests_use_it_too(world):
    url = world.origin.page([("Cache-Control", "max-age=60")])
    with world.driver() as driver:
        check(driver, url, MISS)
        driver.prepare("GET", url, uses_cache=True)
        driver.command("sync")
        outcomes = [line for line in driver.run() if "outcome" in line]
        equal([HIT], [line.cache for line in outcomes])


# ---- validation ----


@suite.test
def a_304_updates_fields_and_a_200_replaces(world):
    tags = ['"a"', '"a"', '"b"', '"b"']
    count = [0]

    def route(request):
        tag = tags[count[0]]
        count[0] += 1
        headers = [("Cache-Control", "max-age=0"), ("ETag", tag), ("X-Count", str(count[0]))]
        if request.header("If-None-Match") == tag:
            return response("304 Not Modified", headers + [("Set-Cookie", "a=%d" % count[0])])
        return response("200 OK", headers, tag.encode())

    for path in ("memory", world.path()):
        count[0] = 0
        url = world.origin.url(route)
        with world.driver(path) as driver:
            driver.command("cookies", "memory")
            check(driver, url, MISS, b'"a"')
            equal("2", check(driver, url, REVALIDATED, b'"a"').header("X-Count"))
            check(driver, url, MISS, b'"b"')
            equal("a=2", world.origin.asked[-1].header("Cookie"))
            equal("4", check(driver, url, REVALIDATED, b'"b"').header("X-Count"))


@suite.test
def a_304_that_forbids_storing_ends_it(world):
    def route(request):
        if request.header("If-None-Match"):
            return response("304 Not Modified", [("Cache-Control", "no-store"), ("ETag", '"a"')])
        return response("200 OK", [("Cache-Control", "max-age=0"), ("ETag", '"a"')], b"body")

    for path in ("memory", world.path()):
        url = world.origin.url(route)
        with world.driver(path) as driver:
            check(driver, url, MISS)
            check(driver, url, REVALIDATED)
            equal(0, info(driver).entries)
            check(driver, url, MISS)


@suite.test
def a_request_with_no_store_leaves_what_is_stored_as_it_is(world):
    url = world.origin.page([("Cache-Control", "max-age=0"), ("ETag", '"a"')])
    with world.driver() as driver:
        check(driver, url, MISS)
        check(driver, url, REVALIDATED, headers=[("Cache-Control", "no-store")])
        check(driver, url, REVALIDATED)
        equal(1, info(driver).entries)


@suite.test
def a_304_about_something_else_is_fetched_again(world):
    def route(request):
        if request.header("If-None-Match"):
            return response("304 Not Modified", [("ETag", '"other"')])
        return response("200 OK", [("Cache-Control", "max-age=0"), ("ETag", '"a"')], b"body")

    url = world.origin.url(route)
    with world.driver() as driver:
        check(driver, url, MISS)
        check(driver, url, MISS)
        equal(None, world.origin.asked[-1].header("If-None-Match"))


@suite.test
def errors_are_covered_where_it_is_allowed(world):
    tag = [("ETag", '"a"')]
    for control, second, validator in (
        ("stale-if-error=60", STALE, tag), ("stale-if-error=60", STALE, []), ("foo", None, tag),
        ("stale-if-error=60, must-revalidate", None, tag),
    ):
        for failure in (response("503 Service Unavailable", (), b"sorry"), None):
            is_down = [False]

            def route(_, control=control, validator=validator):
                if is_down[0]:
                    return failure
                return response("200 OK", [("Cache-Control", "max-age=0, " + control)] + validator, b"body")

            url = world.origin.url(route)
            with world.driver(world.path()) as driver:
                check(driver, url, MISS)
                is_down[0] = True
                if second:
                    check(driver, url, second)
                elif failure:
                    check(driver, url, MISS, None, 503)
                else:
                    equal("error", driver.get(url, uses_cache=True).outcome)


@suite.test
def stale_while_revalidate_asks_behind_the_scenes(world):
    count = [0]

    def route(_):
        count[0] += 1
        age = "100" if count[0] == 1 else "0"
        return response("200 OK", [("Cache-Control", "max-age=60, stale-while-revalidate=600"),
                                   ("Age", age)], b"%d" % count[0])

    url = world.origin.url(route)
    with world.driver(world.path()) as driver:
        check(driver, url, MISS, b"1")
        check(driver, url, STALE, b"1")  # `run` ends when the other has
        check(driver, url, HIT, b"2")


@suite.test
def cookies_of_a_refresh_are_stored(world):
    count = [0]

    def route(_):
        count[0] += 1
        age = "100" if count[0] == 1 else "0"
        return response("200 OK", [("Cache-Control", "max-age=60, stale-while-revalidate=600"),
                                   ("Age", age), ("Set-Cookie", "n=%d; Path=/" % count[0])], b"body")

    url = world.origin.url(route)
    echo = world.origin.url(lambda request: response(body=(request.header("Cookie") or "none").encode()))
    with world.driver() as driver:
        driver.command("cookies", "memory")
        check(driver, url, MISS)
        check(driver, url, STALE)
        equal(b"n=2", driver.get(echo).body_bytes)


# ---- keys ----


@suite.test
def vary_tells_responses_apart(world):
    def route(request):
        word = request.header("X-Word") or "none"
        return response("200 OK", [("Cache-Control", "max-age=60"), ("Vary", "X-Word, accept")], word.encode())

    for path in ("memory", world.path()):
        url = world.origin.url(route)
        with world.driver(path) as driver:
            for state in (MISS, HIT):
                check(driver, url, state, b"none")
                check(driver, url, state, b"a", headers=[("X-Word", "a")])
                check(driver, url, state, b"b", headers=[("X-Word", "b")])


@suite.test
def vary_star_is_not_stored(world):
    twice(world, [("Cache-Control", "max-age=60"), ("Vary", "*")], MISS, MISS)


@suite.test
def vary_sees_the_cookies_of_the_store(world):
    def route(request):
        headers = [("Cache-Control", "max-age=60"), ("Vary", "Cookie")]
        return response("200 OK", headers, (request.header("Cookie") or "none").encode())

    url = world.origin.url(route)
    sign_in = world.origin.page([("Set-Cookie", "who=me; Path=/")])
    path = world.path()
    with world.driver(path) as driver:
        driver.command("cookies", "memory")
        check(driver, url, MISS, b"none")
        driver.get(sign_in)
        check(driver, url, MISS, b"who=me")
        check(driver, url, HIT, b"who=me")
    with world.driver(path) as driver:  # nobody
        check(driver, url, HIT, b"none")


@suite.test
def a_hit_does_not_set_its_cookies_again(world):
    url = world.origin.page([("Cache-Control", "max-age=60"), ("Set-Cookie", "old=1; Path=/")])
    echo = world.origin.url(lambda request: response(body=(request.header("Cookie") or "none").encode()))
    path = world.path()
    with world.driver(path) as driver:
        driver.command("cookies", "memory")
        check(driver, url, MISS)
        equal(b"old=1", driver.get(echo).body_bytes)
    with world.driver(path) as driver:
        driver.command("cookies", "memory")
        equal("old=1; Path=/", check(driver, url, HIT).header("Set-Cookie"))
        equal(b"none", driver.get(echo).body_bytes)


@suite.test
def credentials_do_not_share(world):
    url = world.origin.page([("Cache-Control", "max-age=60")])
    with world.driver(world.path()) as driver:
        check(driver, url, MISS, headers=[("Authorization", "Basic YTph")])
        check(driver, url, MISS, headers=[("Authorization", "Basic Yjpi")])
        check(driver, url, MISS)
        check(driver, url, HIT, headers=[("Authorization", "Basic YTph")])


@suite.test
def a_fragment_does_not_count(world):
    url = world.origin.page([("Cache-Control", "max-age=60")])
    with world.driver() as driver:
        check(driver, url + "#a", MISS)
        check(driver, url + "#b", HIT)


@suite.test
def unsafe_methods_invalidate(world):
    for path in ("memory", world.path()):
        pages = [world.origin.page([("Cache-Control", "max-age=60")]) for _ in range(4)]
        foreign = world.origin.page([("Cache-Control", "max-age=60")]).replace("127.0.0.1", "localhost")
        target = pages[0]

        def route(request, pages=pages, foreign=foreign):
            if request.method == "POST":
                return response("201 Created", [("Location", pages[1]), ("Content-Location", foreign)])
            if request.method == "PUT":
                return response("204 No Content", [("Content-Location", pages[3])])
            if request.method == "DELETE":
                return response("404 Not Found")
            return response("200 OK", [("Cache-Control", "max-age=60")], b"body")

        with world.driver(path) as driver:
            world.origin.routes["/" + target.rsplit("/", 1)[1]] = route
            for page in pages + [foreign]:
                check(driver, page, MISS)
            driver.request("DELETE", target)
            check(driver, target, HIT)
            driver.request("POST", target, body=[("bytes", "text/plain", "x")])
            check(driver, target, MISS)
            check(driver, pages[1], MISS)
            check(driver, pages[2], HIT)
            check(driver, pages[3], HIT)
            check(driver, foreign, HIT)
            driver.request("PUT", target, body=[("bytes", "text/plain", "x")])
            check(driver, target, MISS)
            check(driver, pages[2], HIT)
            check(driver, pages[3], MISS)


@suite.test
def a_redirect_is_a_hit_too_if_it_may_be(world):
    target = world.origin.page([("Cache-Control", "max-age=60")])
    for status, headers, again in (
        ("301 Moved Permanently", [("Cache-Control", "max-age=60")], 0),
        ("302 Found", [("Cache-Control", "max-age=60")], 0),
        ("302 Found", [], 1),
    ):
        url = world.origin.page(headers + [("Location", target)], status=status)
        with world.driver(world.path()) as driver:
            check(driver, url, MISS)
            before = len(world.origin.asked)
            check(driver, url, HIT)
            equal(before + again, len(world.origin.asked), status)


@suite.test
def what_was_under_way_when_it_became_invalid_is_not_stored(world):
    is_asked, is_changed = threading.Event(), threading.Event()

    def route(request):
        if request.method == "POST":
            is_asked.wait(PATIENCE)
            is_changed.set()
            return response("204 No Content")
        is_early = not is_changed.is_set()
        if is_early:  # answers with what was there before, when the other has
            is_asked.set()
            is_changed.wait(PATIENCE)
            time.sleep(0.05)
        return response("200 OK", [("Cache-Control", "max-age=60")], b"old" if is_early else b"new")

    url = world.origin.url(route)
    with world.driver() as driver:
        driver.prepare("GET", url, name="get", uses_cache=True)
        driver.command("send")
        driver.prepare("POST", url, body=[("bytes", "text/plain", "x")], name="post")
        driver.command("send")
        bodies = {line.name: line.body_bytes for line in driver.run() if "outcome" in line}
        equal(b"old", bodies["get"])
        check(driver, url, MISS, b"new")
        check(driver, url, HIT, b"new")


# ---- bodies ----


@suite.test
def a_full_disk_costs_nothing_but_the_entry(world):
    if os.geteuid() != 0:
        raise Skip("mounting a small disk needs root")
    folder = tempfile.mkdtemp(dir=world.folder)
    small = write(os.path.join(folder, "small"), "#!/bin/sh\nmount -t tmpfs -o size=256k none %s && exec %s\n" % (folder, sys.argv[1]))
    alone = write(os.path.join(folder, "alone"), "#!/bin/sh\nexec unshare -m sh %s\n" % small)
    os.chmod(alone, 0o700)
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        raise Skip("no mount namespaces here")
    page = [("Cache-Control", "max-age=60")]
    big, little = world.origin.page(page, b"x" * 900000), world.origin.page(page)
    driver = Driver(alone)
    driver.command("cache", os.path.join(folder, "cache"))
    try:
        check(driver, little, MISS)
        for _ in range(2):
            check(driver, big, MISS, b"x" * 900000)
        check(driver, little, HIT)
        equal(1, info(driver).entries)
        driver.end()
    finally:
        driver.kill()


@suite.test
def a_truncated_body_is_not_stored(world):
    def route(request):
        world.origin.is_cutting = True
        return b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 9\r\n\r\nhalf"

    url = world.origin.url(route)
    with world.driver(world.path()) as driver:
        equal("error", driver.get(url, uses_cache=True).outcome)
        equal(0, info(driver).entries)


@suite.test
def a_coded_body_is_kept_as_it_came(world):
    import gzip

    coded = gzip.compress(b"body" * 1000)
    url = world.origin.page([("Cache-Control", "max-age=60"), ("Content-Encoding", "gzip")], coded)
    with world.driver(world.path()) as driver:
        for state in (MISS, HIT):
            check(driver, url, state, b"body" * 1000)
        true(info(driver).bytes < 2000, "stored small")


@suite.test
def a_target_file_is_filled_from_the_cache(world):
    body = random.Random(1).randbytes(700000)
    url = world.origin.page([("Cache-Control", "max-age=60")], body)
    with world.driver(world.path()) as driver:
        check(driver, url, MISS, body)
        target = os.path.join(world.folder, "target")
        check(driver, url, HIT, None, save=target)
        with open(target, "rb") as f:
            equal(crc(body), crc(f.read()))


@suite.test
def what_is_too_large_is_delivered_but_not_stored(world):
    url = world.origin.page([("Cache-Control", "max-age=60")], b"x" * 5000)
    with world.driver(world.path(), "100000", "4000") as driver:
        check(driver, url, MISS, b"x" * 5000)
        check(driver, url, MISS, b"x" * 5000)


@suite.test
def the_least_recently_used_goes_first(world):
    for path in ("memory", world.path()):
        pages = [world.origin.page([("Cache-Control", "max-age=60")], bytes([65 + i]) * 10000) for i in range(4)]
        with world.driver(path, "35000") as driver:
            for i in range(3):
                check(driver, pages[i], MISS, None)
            check(driver, pages[0], HIT, None)
            check(driver, pages[3], MISS, None)
            now = info(driver)
            equal(3, now.entries)
            equal(1, now.evicted)
            true(now.bytes <= 35000, "below the ceiling")
            check(driver, pages[0], HIT, None)
            check(driver, pages[1], MISS, None)


@suite.test
def a_large_body_streams_from_the_disk(world):
    if is_sanitized():
        raise Skip("memory tells little with AddressSanitizer")
    piece = random.Random(2).randbytes(MIB)
    n = 200

    url = world.origin.page([("Cache-Control", "max-age=600")], piece * n)
    with world.driver(world.path(), str(1024 * MIB)) as driver:
        for state in (MISS, HIT):
            driver.prepare("GET", url, name="stream", uses_cache=True)
            driver.command("send")
            outcome = [line for line in driver.run() if "outcome" in line][0]
            equal(state, outcome.cache)
            equal(n * MIB, outcome["len"])
        true(driver.memory()[1] < 64 * 1024, "peak %d KiB" % driver.memory()[1])


@suite.test
def clear_removes_everything(world):
    for path in ("memory", world.path()):
        url = world.origin.page([("Cache-Control", "max-age=60")], b"x" * 200000)
        with world.driver(path) as driver:
            check(driver, url, MISS, None)
            equal(1, info(driver).entries)
            driver.command("cache-clear")
            now = info(driver)
            equal((0, 0), (now.entries, now.bytes))
            if path != "memory":
                equal([], [n for n in os.listdir(path) if n.startswith("b-")])
            check(driver, url, MISS, None)


# ---- processes ----


@suite.test
def two_processes_share(world):
    path = world.path()
    url = world.origin.page([("Cache-Control", "max-age=60")])
    big = world.origin.page([("Cache-Control", "max-age=60")], b"x" * 300000)
    with world.driver(path) as one, world.driver(path) as two:
        check(one, url, MISS)
        info(one)  # written by now
        check(two, url, HIT)
        check(two, big, MISS, None)
        info(two)
        check(one, big, HIT, b"x" * 300000)
        one.request("POST", url, body=[("bytes", "text/plain", "x")])
        info(one)
        check(two, url, MISS)
        one.command("cache-clear")
        info(one)
        check(two, big, MISS, None)


def rows(path):
    """(file, length of its body) of every entry; the index must be whole.  None
    if it was killed before it had made one."""
    index = os.path.join(path, "index.db")
    if not os.path.exists(index):
        return None
    db = sqlite3.connect(index)
    try:
        equal([("ok",)], db.execute("PRAGMA integrity_check").fetchall())
        if not db.execute("SELECT 1 FROM sqlite_master").fetchall():
            return None
        return db.execute("SELECT file, body_len FROM entry").fetchall()
    finally:
        db.close()


class Killed:
    """A folder that one process after another uses until it is killed."""

    def __init__(self, world, seed):
        self.path, self.rng, self.bodies = world.path(), random.Random(seed), {}
        self.n_early = self.n_late = 0
        for i in range(40):
            body = self.rng.randbytes(self.rng.choice((100, 5000, 70000, 300000)))
            self.bodies[world.origin.page([("Cache-Control", "max-age=600")], body)] = body

    def round(self, n_answers):
        """Kills it a moment after that many answers: by what it has done, not by
        the clock, for how far a clock lets it come depends on the machine."""
        driver = Driver()
        driver.command("cache", self.path, str(3 * MIB))
        for i, url in enumerate(self.rng.sample(list(self.bodies), 12)):
            driver.prepare("GET", url, name="c%d" % i, uses_cache=True)
            driver.command("send")
        driver.command("run")
        for _ in range(n_answers):
            equal("load", driver.read()["outcome"])
        time.sleep(self.rng.random() * 0.01)
        driver.kill()
        found = rows(self.path)
        self.n_early += found is None
        self.n_late += bool(found)
        for file, body_len in found or ():
            if body_len:
                equal(body_len, os.stat(os.path.join(self.path, file)).st_size, file)


@suite.test
def killed_at_any_moment_it_opens_and_nothing_is_half(world):
    killed = Killed(world, 3)
    path = killed.path
    n_rounds = 26 if is_sanitized() else 65
    for n in range(n_rounds):
        killed.round(n % 13)
    true(killed.n_late > n_rounds / 2, "rows were seen", killed.n_early, killed.n_late)
    with world.driver(path, str(3 * MIB)) as driver:
        n_hits = 0
        for url, body in killed.bodies.items():
            outcome = driver.get(url, uses_cache=True)
            equal(body, outcome.body_bytes)
            n_hits += outcome.cache == HIT
        true(n_hits > 0, "something was stored")
        info(driver)
        known = {file for file, _ in rows(path)}
        left = {name for name in os.listdir(path) if name.startswith("b-")}
        equal(set(), left - known, "orphans")


@suite.test
def a_file_that_was_cut_or_removed_is_a_miss(world):
    path = world.path()
    body = b"x" * 300000
    url = world.origin.page([("Cache-Control", "max-age=600")], body)
    with world.driver(path) as driver:
        check(driver, url, MISS, body)
    for spoil in (lambda f: os.truncate(f, 5), os.unlink):
        for name in os.listdir(path):
            if name.startswith("b-"):
                spoil(os.path.join(path, name))
        with world.driver(path) as driver:
            check(driver, url, MISS, body)
            check(driver, url, HIT, body)


@suite.test
def a_damaged_index_is_put_aside(world):
    path = world.path()
    url = world.origin.page([("Cache-Control", "max-age=600")])
    with world.driver(path) as driver:
        check(driver, url, MISS)
    write(os.path.join(path, "index.db"), b"this is no database" * 1000)
    driver = Driver()
    driver.command("cache", path)
    try:
        true("index.db" in driver.read()["cache_warning"])
        check(driver, url, MISS)
        check(driver, url, HIT)
        driver.end()
    finally:
        driver.kill()


if __name__ == "__main__":
    with temporary_folder() as folder:
        world = World(folder)
        try:
            status = suite.run(world)
        finally:
            world.origin.server.close()
    sys.exit(status)
