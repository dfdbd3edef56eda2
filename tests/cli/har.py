"""har.py - does a document obey HAR 1.2, and does it agree with itself?"""

import datetime

NUMBER = (int, float)
PAIR = {"name": str, "value": str}
REQUIRED = {
    "log": {"version": str, "creator": dict, "entries": list},
    "creator": {"name": str, "version": str},
    "entry": {
        "startedDateTime": str, "time": NUMBER, "request": dict, "response": dict,
        "cache": dict, "timings": dict,
    },
    "request": {
        "method": str, "url": str, "httpVersion": str, "cookies": list,
        "headers": list, "queryString": list, "headersSize": int, "bodySize": int,
    },
    "response": {
        "status": int, "statusText": str, "httpVersion": str, "cookies": list,
        "headers": list, "content": dict, "redirectURL": str, "headersSize": int,
        "bodySize": int,
    },
    "content": {"size": int, "mimeType": str},
    "timings": {"send": NUMBER, "wait": NUMBER, "receive": NUMBER},
    "postData": {"mimeType": str},
    "param": {"name": str},
    "pair": PAIR,
}  # fmt: skip
OPTIONAL = {
    "log": {"browser": dict, "pages": list, "comment": str},
    "entry": {"pageref": str, "serverIPAddress": str, "connection": str, "comment": str},
    "request": {"postData": dict, "comment": str},
    "response": {"comment": str},
    "content": {"compression": int, "text": str, "encoding": str, "comment": str},
    "timings": {
        "blocked": NUMBER, "dns": NUMBER, "connect": NUMBER, "ssl": NUMBER, "comment": str,
    },
    "postData": {"params": list, "text": str, "comment": str},
    "param": {"value": str, "fileName": str, "contentType": str, "comment": str},
    "pair": {"comment": str},
}  # fmt: skip


def check_object(kind, what):
    assert isinstance(what, dict), "%s is %r" % (kind, what)
    allowed = dict(REQUIRED[kind], **OPTIONAL.get(kind, {}))
    for name, of in REQUIRED[kind].items():
        assert name in what, "%s has no %s" % (kind, name)
    for name, value in what.items():
        if name.startswith("_"):
            continue
        assert name in allowed, "%s has %s" % (kind, name)
        is_right = isinstance(value, allowed[name]) and not isinstance(value, bool)
        assert is_right, "%s.%s is %r" % (kind, name, value)


def check_timings(entry):
    timings = entry["timings"]
    check_object("timings", timings)
    for name, value in timings.items():
        assert value >= 0 or value == -1, "%s is %r" % (name, value)
    for name in ("send", "wait", "receive"):
        assert timings[name] >= 0, "%s is %r" % (name, timings[name])
    ssl, connect = timings.get("ssl", -1), timings.get("connect", -1)
    assert ssl <= connect or ssl == -1, "connect (%r) contains ssl (%r)" % (connect, ssl)
    total = sum(v for n, v in timings.items() if n != "ssl" and v > 0)
    assert abs(total - entry["time"]) < 0.002, "time %r, sum %r" % (entry["time"], total)


def check_request(request):
    check_object("request", request)
    for pair in request["headers"] + request["queryString"] + request["cookies"]:
        check_object("pair", pair)
    if "postData" in request:
        data = request["postData"]
        check_object("postData", data)
        assert ("text" in data) != ("params" in data), "text and params exclude each other"
        for param in data.get("params", []):
            check_object("param", param)


def check_response(response):
    check_object("response", response)
    for pair in response["headers"] + response["cookies"]:
        check_object("pair", pair)
    check_object("content", response["content"])


def check(document):
    """The entries, if the document is right."""
    assert list(document) == ["log"]
    log = document["log"]
    check_object("log", log)
    assert log["version"] == "1.2"
    check_object("creator", log["creator"])
    before = None
    for entry in log["entries"]:
        check_object("entry", entry)
        started = entry["startedDateTime"].replace("Z", "+00:00")
        started = datetime.datetime.fromisoformat(started)
        assert before is None or started >= before, "entries are not in order"
        before = started
        check_request(entry["request"])
        check_response(entry["response"])
        check_timings(entry)
    return log["entries"]
