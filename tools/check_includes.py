#!/usr/bin/env python3
"""check_includes.py - who includes whom: the directions of the layout.

- src/core includes no capability; a capability includes core, itself, and what
  ALLOWED names.  Nothing else, so there are no cycles.
- Public headers include C headers and <tinet/...> only.
- cli, bindings and bench see public headers (and their own files) only.
- A foreign header stays behind one fence.
"""

import posixpath
import re
import sys

import lint

ALLOWED = {
    "core": set(),
    "app": {"core"},
    "ats": {"core", "trust"},
    "cookie": {"core"},
    "nat64": {"core"},
    "socket": {"core", "trust"},
    "status": {"core"},
    "push": {"core"},
    "bonjour": {"core", "socket"},
    "http": {"core", "ats", "cookie", "trust"},
    "trust": {"core"},
}

# What a public header may include besides <tinet/...>.
C_HEADERS = {"stdbool.h", "stddef.h", "stdint.h", "stdarg.h", "limits.h"}

# The header's beginning, and which files may include it.
FENCES = [
    (r"curl/", r"src/http/curl_[^/]*|bench/.*"),
    (r"openssl/", r"src/http/tls_[^/]*|src/[a-z0-9]+/tls_[^/]*|bench/.*"),
    (r"avahi-", r"src/[a-z0-9]+/avahi_[^/]*"),
    (r"systemd/", r"src/[a-z0-9]+/sdbus_[^/]*"),
    (r"linux/(rt)?netlink\.h|libmnl/", r"src/status/netlink[^/]*"),
    (r"uv\.h", r"src/core/loop_uv\.c|src/socket/[^/]*_uv\.c|bench/.*"),
    (r"node_api\.h|js_native_api", r"bindings/node/.*"),
    (r"zlib\.h|brotli/|zstd\.h", r"src/http/coding_[^/]*\.c"),
    (r"libxml/", r"src/[a-z0-9]+/xml_[^/]*\.c"),
    (r"idn2\.h", r"src/core/idna[^/]*\.c"),
    (r"sqlite3\.h", r"src/core/db_sqlite\.c|bench/.*"),
    (r"libpsl\.h", r"src/core/psl[^/]*\.c"),
    (r"plist/", r"src/ats/plist[^/]*\.c"),
    (r"jansson\.h", r"src/cookie/text_json\.c"),
    (r"nghttp2/", r"src/http/h2_[^/]*|bench/.*"),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def includes(text):
    """(line number, is_quoted, path) of each #include outside of comments."""
    # Literals must stay, they are the paths; so only comments are blanked.
    text = re.sub(
        r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S
    )
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield line, match.group(1) == '"', match.group(2)


def folder_of(path):
    """("src", "http") for src/http/url.c; ("cli", None) for cli/get.c."""
    parts = path.split("/")
    if parts[0] == "src":
        return "src", parts[1] if len(parts) > 2 else None
    return parts[0], None


def capability_included(path, is_quoted, target):
    """The capability whose private header `target` is, or None."""
    if target.startswith("tinet/"):
        return None
    if not is_quoted:
        return None
    parts = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    parts = parts.split("/")
    if parts[0] == "src" and len(parts) > 2 and parts[1] in ALLOWED:
        if "/" not in target or target.startswith("../"):
            return parts[1]
    # By the include folder `src`: "core/buf.h".
    head = target.split("/")[0]
    return head if "/" in target and head in ALLOWED else None


def public_header_problem(target):
    if target.startswith("tinet/") or target in C_HEADERS:
        return None
    return "a public header may not include %s" % target


def direction_problem(path, is_quoted, target):
    top, capability = folder_of(path)
    included = capability_included(path, is_quoted, target)
    if path.startswith("include/tinet/"):
        return public_header_problem(target)
    if included is None:
        return None
    if top in ("cli", "bindings", "bench", "examples"):
        return "%s sees public headers only, not %s" % (top, target)
    if top != "src" or capability == included:
        return None
    if included not in ALLOWED.get(capability, set()):
        return "%s may not include %s (%s)" % (capability, included, target)
    return None


def fence_problem(path, target):
    if path.startswith("tests/"):
        return None
    for header, allowed in FENCES:
        if re.match(header, target) and not re.fullmatch(allowed, path):
            return "%s stays behind its fence (%s)" % (target, allowed)
    return None


def sources(top):
    folders = ("include", "src", "cli", "bindings", "bench", "examples")
    return lint.files(top, ".c", ".h", under=folders)


def check(top, name, problem_of):
    problems = []
    for path in sources(top):
        for line, is_quoted, target in includes(lint.read(top, path)):
            problem = problem_of(path, is_quoted, target)
            if problem:
                problems.append("%s:%d: %s" % (path, line, problem))
    return name, problems


def check_includes(top):
    yield check(top, "includes go the allowed way", direction_problem)
    yield check(
        top,
        "foreign headers stay behind their fences",
        lambda path, _is_quoted, target: fence_problem(path, target),
    )
    known = {
        folder_of(path)[1] for path in lint.files(top, ".c", ".h", under=["src"])
    }
    yield "every capability has its rule", [
        "src/%s has no entry in ALLOWED" % name
        for name in sorted(known - set(ALLOWED) - {None})
    ]


if __name__ == "__main__":
    sys.exit(lint.main(check_includes))
