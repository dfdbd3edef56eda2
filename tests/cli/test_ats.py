#!/usr/bin/env python3
"""test_ats.py - `tinet ats check`, `plist` and `explain`, and ATS of `tinet run`."""

import json
import os
import plistlib
import re

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
    equal(ats("check", write(folder, "lenient.xml", b"<ti:app xmlns:ti='x'><!-- a -- b --><id>a.b</id><name>n</name>"
                             b"<version>1</version></ti:app>"), "--lenient", "--fail-on", "error").status, 2)


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
    "off-by-default": [],
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
