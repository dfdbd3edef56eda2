#!/usr/bin/env python3
"""test_ats.py - `tinet ats check`, `plist` and `explain`, and ATS of `tinet run`."""

import json
import os
import plistlib
import re
import struct
import subprocess

from cli import *

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ti:app xmlns:ti="http://ti.appcelerator.org">
  <id>com.example.shop</id>
  <name>shop</name>
  <version>1.0</version>
  <sdk-version>%s</sdk-version>
  <analytics>true</analytics>
"""
ENTRY = """  <ios>
    <plist>
      <dict>
        <key>NSAppTransportSecurity</key>
        <dict>
          <key>NSExceptionDomains</key>
          <dict>
            <key>api.example.com</key>
            <dict>
              <key>%s</key>
              <true/>
            </dict>
          </dict>
        </dict>
      </dict>
    </plist>
  </ios>
"""
GOOD = "NSExceptionAllowsInsecureHTTPLoads"
TYPO = "NSExceptionAllowInsecureHTTPLoads"


def project(folder, inner="", sdk="12.6.0.GA"):
    write(folder, "tiapp.xml", (HEAD % sdk + inner + "</ti:app>\n").encode())
    os.makedirs(os.path.join(folder, "Resources"), exist_ok=True)
    return folder


def ats(*args, **more):
    return tinet("ats", *args, **more)


# ---- check ----


@test
def a_typo_is_found_with_its_place_and_what_to_write(folder):
    done = ats("check", project(folder, ENTRY % TYPO))
    equal(done.status, 2)
    contains(done.out, "tiapp.xml:17:15: error: unknown key '%s' in api.example.com; did you mean '%s'?" % (TYPO, GOOD))
    contains(done.out, "write: " + GOOD)


@test
def the_line_is_shown_with_a_mark(folder):
    done = ats("check", project(folder, ENTRY % TYPO))
    lines = done.out.splitlines()
    at = [i for i, line in enumerate(lines) if "[unknown-key]" in line][0]
    equal(lines[at + 1], "    17 | " + " " * 14 + "<key>%s</key>" % TYPO)
    equal(lines[at + 2], "       | " + " " * 14 + "^")
    long = write(folder, "long.plist", b"<plist><dict>" + b"<key>a</key>" + b"<!-- c -->" * 20
                 + b"<true/><key>NSAppTransportSecurity</key><dict><key>\xc3\xa9</key><true/></dict></dict></plist>")
    lines = ats("check", long).out.splitlines()
    assert max(map(len, lines[1:])) <= 80, lines
    equal(lines[1][lines[2].index("^"):][:8], "<key>é</")


@test
def what_app_review_asks_about_is_told(folder):
    done = ats("check", project(folder, ENTRY % GOOD), "--format", "json")
    equal(done.status, 0)
    report = json.loads(done.out)
    equal(report["schema"], "tinet.ats.check/1")
    findings = {f["id"]: f for f in report["files"][0]["findings"]}
    equal(findings["review-justification"]["review"], True)


@test
def the_severity_that_fails_can_be_chosen(folder):
    project(folder, ENTRY % GOOD)
    equal(ats("check", folder).status, 0)
    equal(ats("check", folder, "--fail-on", "info").status, 2)
    equal(ats("check", folder, "--fail-on", "never").status, 64)


@test
def sarif_has_rules_results_and_places(folder):
    done = ats("check", project(folder, ENTRY % TYPO), "--format", "sarif")
    equal(done.status, 2)
    log = json.loads(done.out)
    equal(log["version"], "2.1.0")
    run = log["runs"][0]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["results"] and all(result["ruleId"] in rules for result in run["results"])
    typo = [result for result in run["results"] if result["ruleId"] == "unknown-key"][0]
    equal(typo["level"], "error")
    region = typo["locations"][0]["physicalLocation"]["region"]
    equal((region["startLine"], region["startColumn"]), (17, 15))
    bad = write(folder, "a b.plist", b"<plist><dict>\n<key>a</key></dict></plist>")
    done = ats("check", bad, "--format", "sarif")
    equal(done.status, 65)
    result = json.loads(done.out)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    equal(result["artifactLocation"]["uri"], "file://" + bad.replace(" ", "%20"))
    equal(result["region"]["startLine"], 2)


@test
def several_paths_and_this_folder(folder):
    project(folder, ENTRY % GOOD)
    equal(ats("check", cwd=folder).status, 0)
    plist = write(folder, "Info.plist", plistlib.dumps({"NSAppTransportSecurity": {"NSAllowsArbitraryLoads": "YES"}}))
    done = ats("check", folder, plist)
    equal(done.status, 2)
    contains(done.out, "Info.plist:")


@test
def malformed_files(folder):
    for name, data in [
        ("cut.plist", b"<plist><dict><key>a"),
        ("entity.plist", b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict/></plist>'),
        ("comment.xml", b"<ti:app xmlns:ti='x'><!-- a -- b --><id>a</id></ti:app>"),
        ("deep.plist", b"<plist>" + b"<array>" * 500 + b"</array>" * 500 + b"</plist>"),
        ("huge.plist", b"<plist><dict><!--" + b"x" * 5000000 + b"--></dict></plist>"),
        ("cut.bin", plistlib.dumps({"NSAppTransportSecurity": {}}, fmt=plistlib.FMT_BINARY)[:20]),
        ("none.plist", b""),
    ]:
        done = ats("check", write(folder, name, data))
        equal(done.status, 65)
        contains(done.out + done.err, name)
    equal(ats("check", os.path.join(folder, "missing")).status, 66)
    path = write(folder, "lenient.xml", b"<ti:app xmlns:ti='x'><!-- a -- b --><id>a.b</id><name>n</name><version>1</version></ti:app>")
    equal(ats("check", path, "--lenient").status, 0)
    equal(ats("check", path, "--lenient", "--fail-on", "warning").status, 2)


def bomb(size, n):
    """A binary property list: an array of `n` references to one text."""
    array = b"\xaf\x12" + struct.pack(">I", n) + b"\0\1" * n
    text = b"\x5f\x12" + struct.pack(">I", size) + b"A" * size
    table = 8 + len(array) + len(text)
    return (b"bplist00" + array + text + struct.pack(">II", 8, 8 + len(array)) + bytes(6) + b"\4\2"
            + struct.pack(">QQQ", 2, 0, table))


def measured(*args):
    """(exit status, seconds of CPU, bytes of memory) of a run."""
    process = subprocess.Popen([TINET, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_env())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


@test
def a_bomb_goes_off_nowhere(folder):
    for name, data in [
        ("text.bin", bomb(1000000, 390000)),
        ("laughs.plist", b"<!DOCTYPE plist [<!ENTITY a 'aaaaaaaaaa'>%s]><plist><dict><key>&a12;</key><true/></dict></plist>"
         % b"".join(b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 13))),
        ("keys.plist", b"<plist><dict>" + b"<key>a</key><true/>" * 190000 + b"</dict></plist>"),
        ("domains.plist", b"<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSExceptionDomains</key><dict>"
         + b"".join(b"<key>h%d.example.com</key><dict/>" % i for i in range(90000)) + b"</dict></dict></dict></plist>"),
        ("spaces.xml", b"<ti:app xmlns:ti='x'><id>" + b" " * 4000000 + b"</id></ti:app>"),
    ]:
        path = write(folder, name, data)
        for verb in ("check", "plist"):
            status, cpu, memory = measured("ats", verb, path)
            equal((name, status), (name, 65 if name in ("text.bin", "laughs.plist") else 0))
            assert cpu < 10 and memory < 600 << 20, (name, verb, cpu, memory)


@test
def what_is_wrong_with_an_encoding_is_said_once_and_by_this_program(folder):
    path = write(folder, "odd.plist", b"<\0p\0l\0i\0s\0t\0>\0\0\xdb\x3e\0" * 9)
    done = ats("plist", path)
    equal(done.status, 65)
    equal(len(done.err.splitlines()), 1)
    assert done.err.startswith("tinet: " + path + ":"), done.err


@test
def an_entity_reads_no_file(folder):
    secret = write(folder, "secret", b"hunter2")
    path = write(folder, "x.plist", b'<!DOCTYPE plist [<!ENTITY a SYSTEM "file://%s">]><plist><dict><key>&a;</key><true/></dict></plist>'
                 % secret.encode())
    for verb in ("check", "plist"):
        done = ats(verb, path)
        equal(done.status, 65)
        assert "hunter2" not in done.out + done.err


# ---- plist ----


def effective(folder, *args):
    done = ats("plist", folder, "--format", "xml", *args)
    equal(done.status, 0)
    return plistlib.loads(done.raw)["NSAppTransportSecurity"]


@test
def without_a_dictionary_the_builder_turns_ats_off(folder):
    equal(effective(project(folder))["NSAllowsArbitraryLoads"], True)
    contains(ats("plist", folder).out, "NSAllowsArbitraryLoads")


@test
def with_one_it_is_what_the_project_says(folder):
    equal(effective(project(folder, ENTRY % GOOD))["NSExceptionDomains"]["api.example.com"], {GOOD: True})
    text = ats("plist", folder).out
    contains(text, "tiapp.xml:")
    contains(text, "default")


@test
def the_injection_depends_on_the_sdk(folder):
    old = effective(project(folder, ENTRY % GOOD, "9.0.3.GA"))
    assert "appcelerator.com" in old["NSExceptionDomains"], old
    new = effective(folder, "--titanium-sdk", "12.6.0")
    equal(list(new["NSExceptionDomains"]), ["api.example.com"])


@test
def the_table_says_where_a_value_comes_from(folder):
    write(folder, "Info.plist", plistlib.dumps({"NSAppTransportSecurity": {"NSAllowsLocalNetworking": True}}))
    done = ats("plist", project(folder, ENTRY % GOOD, "9.0.3.GA"))
    equal(done.status, 0)
    rows = {line.split()[0]: line.split() for line in done.out.splitlines() if line.startswith(" ")}
    equal(rows["NSAllowsLocalNetworking"], ["NSAllowsLocalNetworking", "YES", "Info.plist:7:3"])
    assert re.search(r"^ +%s +YES +tiapp\.xml:17:15$" % GOOD, done.out, re.M), done.out
    equal(rows["appcelerator.com"][1:], ["injected", "by", "the", "build"])
    equal(rows["NSAllowsArbitraryLoads"][1:], ["NO", "injected", "by", "the", "build"])
    equal(rows["NSAllowsArbitraryLoadsForMedia"][1:], ["NO", "default"])
    contains(done.out, "SDKs before 12.2.0 add appcelerator.com")
    for name in EXAMPLES:
        out = ats("plist", os.path.join(ROOT, "examples", "ats", name), "--titanium-sdk", "10.0.0").out
        assert max(map(len, out.splitlines())) <= 80, out


@test
def a_folder_with_an_info_plist_alone(folder):
    write(folder, "Info.plist", plistlib.dumps({"NSAppTransportSecurity": {"NSAllowsArbitraryLoads": True}}))
    equal(effective(folder), {"NSAllowsArbitraryLoads": True})
    equal(ats("check", os.path.join(folder, "nowhere")).status, 66)


@test
def the_whole_info_plist_keeps_its_other_keys(folder):
    write(folder, "Info.plist", plistlib.dumps({"CFBundleName": "shop", "NSAppTransportSecurity": {"NSAllowsLocalNetworking": True}}))
    done = ats("plist", project(folder, ENTRY % GOOD), "--format", "json", "--all")
    whole = json.loads(done.out)
    equal(whole["CFBundleName"], "shop")
    equal(set(whole["NSAppTransportSecurity"]), {"NSAllowsLocalNetworking", "NSExceptionDomains"})


@test
def binary_in_the_same_out(folder):
    ats_dictionary = {"NSExceptionDomains": {"a.test": {"NSIncludesSubdomains": True}}}
    path = write(folder, "Info.plist", plistlib.dumps({"NSAppTransportSecurity": ats_dictionary}, fmt=plistlib.FMT_BINARY))
    equal(effective(path), ats_dictionary)


# ---- explain ----


@test
def a_url_is_explained_without_connecting(folder):
    project(folder, ENTRY % GOOD)
    done = ats("explain", folder, "http://api.example.com/v1", "https://www.example.com/")
    equal(done.status, 0)
    contains(done.out, "http://api.example.com: allowed")
    contains(done.out, "tiapp.xml:15")
    contains(done.out, "TLS 1.2 or later")
    done = ats("explain", folder, "http://www.example.com/")
    equal(done.status, 1)
    contains(done.out, "denied [cleartext")
    contains(done.out, "NSURLErrorDomain -1022")
    contains(done.out, "would be excused by " + GOOD)


@test
def a_port_does_not_matter_and_the_nearest_entry_is_named(folder):
    project(folder, ENTRY % GOOD)
    equal(ats("explain", folder, "http://api.example.com:8080/", "http://u:p@API.example.com").status, 0)
    done = ats("explain", folder, "http://v2.api.example.com/")
    equal(done.status, 1)
    contains(" ".join(done.out.split()), "the nearest entry, api.example.com, does not reach it: no NSIncludesSubdomains")
    assert max(map(len, done.out.splitlines())) <= 80, done.out


@test
def a_verdict_as_json(folder):
    project(folder, ENTRY % GOOD)
    done = ats("explain", folder, "--json", "http://www.example.com/a", "http://api.example.com/", "https://api.example.com/")
    equal(done.status, 1)
    denied, allowed, open_ = map(json.loads, done.out.splitlines())
    equal(denied["schema"], "tinet.ats.explain/1")
    equal(denied["url"], "http://www.example.com/a")
    equal((denied["verdict"]["allow"], denied["verdict"]["code"], denied["matched_entry"]), (False, "cleartext", None))
    equal(denied["verdict"]["reasons"][0]["apple"]["code"], -1022)
    equal(denied["verdict"]["reasons"][0]["key"], GOOD)
    equal((allowed["verdict"]["code"], allowed["matched_entry"]["key"], allowed["matched_entry"]["line"]),
          ("exception", "api.example.com", 15))
    equal((open_["needs_connection"], open_["requirements"]["min_tls"], open_["requirements"]["suites"]), (True, "1.2", "ats"))


@test
def statuses_of_several_urls(folder):
    project(folder, ENTRY % GOOD)
    for urls, status in [
        (["http://api.example.com/"], 0),
        (["http://api.example.com/", "--no-exceptions"], 3),
        (["http://api.example.com/", "http://www.example.com/", "--no-exceptions"], 3),
        (["http://www.example.com/", "nonsense"], 1),
        (["nonsense", "https://api.example.com/"], 64),
    ]:
        equal(ats("explain", folder, *urls).status, status)
    off = os.path.join(ROOT, "examples", "ats", "off-by-default")
    equal(ats("explain", off, "http://www.example.com/", "--no-exceptions").status, 3)


@test
def contexts_and_local_hosts(folder):
    path = write(folder, "Info.plist", plistlib.dumps({"NSAppTransportSecurity": {"NSAllowsArbitraryLoadsInWebContent": True}}))
    equal(ats("explain", path, "http://a.test/").status, 1)
    equal(ats("explain", path, "http://a.test/", "--context", "web").status, 0)
    equal(ats("explain", path, "http://a.test/", "--context", "socket").status, 0)
    equal(ats("explain", path, "http://nas/").status, 0)
    equal(ats("explain", path, "http://nas/", "--no-direct").status, 1)
    equal(ats("explain", path, "nonsense").status, 64)


# ---- the examples ----

EXAMPLES = {
    "off-by-default": ["ats-off"],
    "on": [],
    "exception-domain": ["apex-only", "review-justification"],
    "pinning": [],
    "traps": ["apex-only", "arbitrary-loads-ignored", "redundant-exception", "review-justification", "tls-version", "type",
              "unknown-key", "url-in-key", "wildcard"],
}


@test
def the_examples_are_what_they_say(_folder):
    top = os.path.join(ROOT, "examples", "ats")
    folders = {name for name in os.listdir(top) if os.path.exists(os.path.join(top, name, "tiapp.xml"))}
    equal(folders, set(EXAMPLES))
    for name, ids in EXAMPLES.items():
        report = json.loads(ats("check", os.path.join(top, name), "--format", "json").out)
        equal(sorted(f["id"] for f in report["files"][0]["findings"]), ids)
    for name, url, status in [
        ("off-by-default", "http://api.example.com/", 0),
        ("on", "http://api.example.com/", 1),
        ("on", "https://api.example.com/", 0),
        ("exception-domain", "http://sensor.example.com/", 0),
        ("exception-domain", "http://partner.example.net/", 1),
        ("traps", "http://www.example.net/", 1),
    ]:
        equal(ats("explain", os.path.join(top, name), url).status, status)


@test
def the_documentation_has_every_finding(_folder):
    with open(os.path.join(ROOT, "src", "ats", "finding.c")) as f:
        known = dict(re.findall(r'\{"([a-z0-9-]+)",\s+TINET_ATS_(\w+)', f.read()))
    assert len(known) > 30
    with open(os.path.join(ROOT, "docs", "ats.md")) as f:
        rows = re.findall(r"^\| (error|warning|info) \| (.*) \|$", f.read(), re.M)
    equal({name: severity.upper() for severity, names in rows for name in re.findall(r"`([a-z0-9-]+)`", names)}, known)


# ---- the command line ----


@test
def usage(folder):
    for args in ([], ["chekc"], ["check", "--format", "xml", folder], ["plist", "--bogus"], ["explain", folder]):
        done = ats(*args)
        equal(done.status, 64)
    contains(ats("chekc").err, "did you mean 'check'?")
    for verb in ("check", "plist", "explain", "diagnose"):
        done = ats(verb, "--help")
        equal(done.status, 0)
        assert max(map(len, done.out.splitlines())) <= 80


main()
