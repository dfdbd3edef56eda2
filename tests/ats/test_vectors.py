#!/usr/bin/env python3
"""The 173 test vectors of App Transport Security.

  test_vectors.py DECIDE

Vectors 1 to 157 stand in vectors.txt; those about a Titanium project, 158 to
173, are below.  Each becomes a file that the library reads and questions that
it answers.
"""

import datetime
import json
import os
import plistlib
import re
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "servers"))
from lib import *  # noqa: E402,F403

HERE = os.path.dirname(os.path.abspath(__file__))
suite = Suite()
DAY = 86400

FLAGS = {"builtins": 1, "exact": 2, "depth1": 4, "ct": 8, "lenient": 16}
PROFILES = ["current", "ios17", "ios10", "ios9", "apple-nosdk9"]
CONTEXTS = {"media": 1, "web": 2, "socket": 3}
NOTES = {"subdomain-depth": 1, "ip-literal": 2, "ct-unknown": 4, "pin-cleartext": 8}
KEYS = {
    "AL": "NSAllowsArbitraryLoads",
    "ALM": "NSAllowsArbitraryLoadsForMedia",
    "ALW": "NSAllowsArbitraryLoadsInWebContent",
    "LN": "NSAllowsLocalNetworking",
    "NIAP": "NSRequiresNIAPTLSPackageVersion",
    "ED": "NSExceptionDomains",
    "PIN": "NSPinnedDomains",
    "http": "NSExceptionAllowsInsecureHTTPLoads",
    "sub": "NSIncludesSubdomains",
    "fs": "NSExceptionRequiresForwardSecrecy",
    "tls": "NSExceptionMinimumTLSVersion",
    "niap": "NSExceptionRequiresNIAPTLSPackageVersion",
    "tphttp": "NSThirdPartyExceptionAllowsInsecureHTTPLoads",
    "leaf": "NSPinnedLeafIdentities",
    "ca": "NSPinnedCAIdentities",
}
P = (
    "ED{example.com:{http1},198.51.100.0/24:{http1},198.51.100.0/27:{http0},"
    "198.51.100.1:{http1},198.51.100.101:{http0},2001%3Adb8%3A%3A/32:{http1},"
    "2001%3Adb8%3A%3A/64:{http0}}"
)


class Engine:
    def __init__(self, command):
        self.process = subprocess.Popen(
            [command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def line(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def policy(self, path, profile="current", flags=0, sdk="-"):
        """(findings as {id: suggestion}, their lines as written, error)."""
        self.line(f"policy {path} {profile} {flags} {sdk}")
        findings, lines, error = {}, [], None
        for answer in iter(self.process.stdout.readline, ".\n"):
            if not answer:
                raise RuntimeError("the engine has ended")
            kind, rest = answer.rstrip("\n").split(" ", 1)
            if kind == "error":
                error = rest
            else:
                lines.append(rest)
                findings[rest.split(" ")[0]] = rest.split("|")[1]
        return findings, lines, error

    def effective(self):
        """What stands in the Info.plist under NSAppTransportSecurity."""
        self.line("print")
        text = "".join(iter(self.process.stdout.readline, ".\n"))
        return json.loads(text)["NSAppTransportSecurity"]

    def end(self):
        self.process.stdin.close()
        equal(0, self.process.wait(), "status")

    def ask(self, question):
        self.line("ask " + question)
        answer = self.process.stdout.readline().split()
        if not answer:
            raise RuntimeError("the engine has ended")
        return answer


def one_hash(letter):
    import base64

    return base64.b64encode(letter.encode() * 32).decode()


def value_of(text):
    """The value behind a key of the table: 1, 0, ="x", =2, =#13, =word."""
    if text in ("1", "0"):
        return text == "1"
    text = text[1:]
    if text.startswith('"'):
        return text.strip('"')
    if text.startswith("#") or text.isdigit():
        return int(text.lstrip("#"))
    return {"[]": []}.get(text, text)


def split_level(text):
    """What is between commas outside of braces."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "{") - (c == "}")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part for part in parts + [text[start:]] if part]


def entry_of(text, is_pin):
    if text == '""':
        return ""
    entry = {}
    for part in split_level(text[1:-1]):
        name, rest = re.match(r"([a-z]+)(.*)", part).groups()
        if is_pin and name in ("leaf", "ca"):
            pins = [{"SPKI-SHA256-BASE64": one_hash(c)} for c in rest[1:]]
            entry[KEYS[name]] = pins
        else:
            entry[KEYS[name]] = value_of(rest)
    return entry


def policy_of(text):
    """(dictionary, profile, flags)."""
    ats, profile, flags = {}, "current", 0
    if text == "∅":
        return None, profile, flags
    for part in text.replace("P", P, 1).split() if text == "P" else text.split():
        if part == "{}":
            continue
        if part.startswith("@"):
            if part[1:] in PROFILES:
                profile = part[1:]
            else:
                flags |= FLAGS[part[1:]]
            continue
        name, rest = re.match(r"([A-Z]+)(.*)", part).groups()
        if not rest.startswith("{"):
            ats[KEYS[name]] = value_of(rest)
            continue
        domains = ats.setdefault(KEYS[name], {})
        for item in split_level(rest[1:-1]):
            host, entry = item.split(":", 1)
            domains[urllib.parse.unquote(host)] = entry_of(entry, name == "PIN")
    return ats, profile, flags


def seconds(day):
    date = datetime.date.fromisoformat(day)
    return int((date - datetime.date(1970, 1, 1)).total_seconds())


def key_of(text):
    kind = {"rsa": 1, "ec": 2}[text.rstrip("0123456789")]
    return [kind, int(text.lstrip("rsaec"))]


def connection_of(text):
    """The words of a connection."""
    base, *changes = text.split("+")
    version, _, code = base.partition(":")
    numbers = {"F13": ("13", "1301"), "F12": ("12", "C02F")}.get(
        base, (version[1:], code)
    )
    version = 0x0301 + int(numbers[0][-1])
    suite_code = int(code or numbers[1], 16)
    now = seconds("2026-06-01")
    # type, bits, hash, self-signed, key letter, from, to
    leaf = [1, 2048, 0, 0, "x", now, now + 90 * DAY]
    intermediate = [1, 2048, 0, 0, "y", now - 1000 * DAY, now + 1000 * DAY]
    root = [1, 4096, 0, 1, "z", now - 5000 * DAY, now + 5000 * DAY]
    chain = [leaf, intermediate, root]
    ems, trust, host, anchor, scts = 1, 0, 1, 0, [1, 3, 3, 0]
    for change in changes:
        name, _, value = change.partition("=")
        if name in ("leaf", "int", "root"):
            chain[("leaf", "int", "root").index(name)][:2] = key_of(value)
        elif name in ("leafhash", "inthash", "roothash"):
            chain[("leafhash", "inthash", "roothash").index(name)][2] = 2
        elif name in ("key", "intkey", "rootkey"):
            chain[("key", "intkey", "rootkey").index(name)][4] = value
        elif name == "selfsigned":
            leaf[3] = 1
            chain = [leaf]
        elif name == "days":
            days, _, day = value.partition("@")
            leaf[5] = seconds(day)
            leaf[6] = leaf[5] + int(days) * DAY
        elif name == "scts":
            current, once = value.split("/")
            scts = [1, int(current), int(once), 0]
        elif name == "noscts":
            scts = [0, 0, 0, 0]
        elif name == "custom":
            anchor = 1
        elif name == "noems":
            ems = 0
        elif name == "untrusted":
            trust = 1
        elif name == "expired":
            trust = 2
        elif name == "nohost":
            host = 0
        elif name != "resumed":  # a resumed one has the facts of the first
            raise ValueError(change)
    words = [version, suite_code, ems, trust, host, anchor, *scts, len(chain)]
    for cert in chain:
        words += cert
    return " ".join(str(word) for word in words)


def question_of(request, connection):
    first, *options = request.split()
    scheme, host = first.split(":", 1)
    scheme = {"h": "http", "s": "https"}.get(scheme, scheme)
    context = hsts = override = 0
    for option in options:
        if option.startswith("ctx="):
            context = CONTEXTS[option[4:]]
        elif option == "override":
            override = 1
        elif option == "hsts":
            hsts = 1
        elif not option.startswith("port="):
            raise ValueError(option)
    words = f"{scheme} {host} {context} {override} {hsts}"
    return words + (" " + connection_of(connection) if connection else "")


def check(expectation, findings, answer):
    want, code, *rest = expectation.split()
    equal(want + " " + code, answer[0] + " " + answer[1], "verdict")
    nsurl, ssl, notes, upgraded = (int(word) for word in answer[2:6])
    for item in rest:
        name, _, value = item.partition(":")
        if name == "lint":
            true(value in findings, f"finding {value} in {findings}")
        elif name == "hint":
            true(value in findings.values(), f"hint {value} in {findings}")
        elif name == "note":
            true(notes & NOTES[value], f"note {value} in {notes}")
        elif name == "ssl":
            equal(int(value), ssl, "SSL status")
        elif name == "seen":
            true(value in answer[8:], f"{value} in {answer[8:]}")
        elif name == "upgraded":
            equal(1, upgraded, "upgraded")
        else:
            equal(int(item), nsurl, "NSURLError code")
    # What is denied always carries Apple's number and a reason.
    if want == "D":
        true(nsurl != 0, "no NSURLError code")


def run_vector(engine, folder, line):
    number, policy, request, connection, expectation = (
        part.strip() for part in line.split(" ;")
    )
    ats, profile, flags = policy_of(policy)
    path = os.path.join(folder, "Info.plist")

    def test():
        # Both forms of a property list say the same.
        for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
            with open(path, "wb") as f:
                whole = {} if ats is None else {"NSAppTransportSecurity": ats}
                plistlib.dump(whole, f, fmt=form)
            findings, _, error = engine.policy(path, profile, flags)
            equal(None, error, "error")
            check(expectation, findings, engine.ask(question_of(request, connection)))

    suite.add(f"vector {number}: {policy} {request} {connection}: {expectation}", test)
    return int(number)


# ---- Titanium ----

def tiapp(body="", dict_body=None, sdk="13.0.0.GA"):
    ios = "" if dict_body is None else f"<ios><plist><dict>{dict_body}</dict></plist></ios>"
    return (
        '<?xml version="1.0"?>\n<ti:app xmlns:ti="http://ti.tidev.io">\n'
        f"<id>org.example</id><name>A</name><sdk-version>{sdk}</sdk-version>\n{body}{ios}\n</ti:app>\n"
    )


def ats_dict(inner):
    return f"<key>NSAppTransportSecurity</key><dict>{inner}</dict>"


# What SDKs before 12.2.0 add, value for value.
INJECTED = {
    "NSExceptionMinimumTLSVersion": "TLSv1.2",
    "NSExceptionRequiresForwardSecrecy": True,
    "NSExceptionAllowsInsecureHTTPLoads": False,
    "NSRequiresCertificateTransparency": False,
    "NSIncludesSubdomains": True,
    "NSThirdPartyExceptionMinimumTLSVersion": "TLSv1.2",
    "NSThirdPartyExceptionRequiresForwardSecrecy": True,
    "NSThirdPartyExceptionAllowsInsecureHTTPLoads": True,
}
AL_FALSE = ats_dict("<key>NSAllowsArbitraryLoads</key><false/>")
# The example of Titanium's documentation, as it stands there.
DOCUMENTED = """<ti:app>
  ...
  <ios>
    <plist>
      <dict>
        <key>NSAppTransportSecurity</key>
        <dict>
          <!-- 1) Default -->
          <key>NSAllowsArbitraryLoads</key>
          <true/>

          <-- 2) Alternative to 1) -->
          <key>NSExceptionDomains</key>
          <dict>
            <key>www.foo.com</key>
            <dict>
              <key>NSExceptionMinimumTLSVersion</key>
              <string>TLSv1.0</string>
              <key>NSExceptionRequiresForwardSecrecy</key>
              <false/>
              <key>NSExceptionAllowsInsecureHTTPLoads</key>
              <true/>
            </dict>
          </dict>
        </dict>
      </dict>
    </plist>
  </ios>
  ...
</ti:app>
"""


def titanium_vectors(engine, folder):
    project = os.path.join(folder, "project")
    os.mkdir(project)

    def load(text, sdk="-", flags=0, plist=None, profile="current"):
        with open(os.path.join(project, "tiapp.xml"), "w") as f:
            f.write(text)
        base = os.path.join(project, "Info.plist")
        if os.path.exists(base):
            os.unlink(base)
        if plist is not None:
            with open(base, "wb") as f:
                plistlib.dump({"NSAppTransportSecurity": plist}, f)
        return engine.policy(project, profile, flags, sdk)

    def verdict(request, connection=""):
        answer = engine.ask(question_of(request, connection))
        return answer[0] + " " + answer[1], answer[6]

    def expect(want, request, connection="", entry=None):
        got, key = verdict(request, connection)
        equal(want, got, request)
        if entry:
            equal(entry, key, "entry")

    def v158():
        load(tiapp())
        equal({"NSAllowsArbitraryLoads": True}, engine.effective(), "effective")
        expect("A arbitrary-loads", "h:example.com")

    def v159():
        load(tiapp("", AL_FALSE))
        equal({"NSAllowsArbitraryLoads": False}, engine.effective(), "effective")
        expect("D cleartext", "h:example.com", entry="-")
        expect("D cleartext", "h:appcelerator.com", entry="-")

    def v160():
        load(tiapp("<analytics>true</analytics>", AL_FALSE, "10.0.0.GA"))
        whole = {"NSAllowsArbitraryLoads": False, "NSExceptionDomains": {"appcelerator.com": INJECTED}}
        equal(whole, engine.effective(), "effective")
        expect("D cleartext", "h:api.appcelerator.com", entry="appcelerator.com")
        load(tiapp("<analytics>true</analytics>", AL_FALSE), sdk="12.1.0")
        expect("D cleartext", "h:api.appcelerator.com", entry="appcelerator.com")
        load(tiapp("<analytics>true</analytics>", AL_FALSE), sdk="12.2.0")
        expect("D cleartext", "h:api.appcelerator.com", entry="-")

    def whitelist(value, kind="bool"):
        return (
            f'<analytics>true</analytics><property name="ios.whitelist.appcelerator.com" type="{kind}">'
            f"{value}</property>"
        )

    def v161():
        _, lines, _ = load(tiapp(whitelist("false"), AL_FALSE, "10.0.0"))
        warnings = [line for line in lines if line.startswith("whitelist-off warning")]
        equal(2, len(warnings), str(lines))
        equal({"NSAllowsArbitraryLoads": False}, engine.effective(), "effective")
        expect("D cleartext", "h:api.appcelerator.com", entry="-")

    def v162():
        for value, is_injected in (
            ("False", True), ("FALSE", True), ("no", True), ("NO", True),
            ("yes", True), ("1", True), ("0x0", True), ("0", False),
            ("", False), (" false ", False), ("null", False), ("0.0", False),
            ("-0", False), ("0e1", False), ("0.0.0", True), ("-", True),
        ):  # fmt: skip
            load(tiapp(whitelist(value), AL_FALSE, "10.0.0"))
            entry = "appcelerator.com" if is_injected else "-"
            expect("D cleartext", "h:api.appcelerator.com", entry=entry)
        load(tiapp(whitelist("false", "string"), AL_FALSE, "10.0.0"))
        expect("D cleartext", "h:api.appcelerator.com", entry="appcelerator.com")
        findings, _, _ = load(tiapp(whitelist("False"), AL_FALSE, "10.0.0"))
        true("bool-spelling" in findings, str(findings))

    def misspelt(value):
        return ats_dict(f"<key>NSAllowArbitraryLoads</key><{value}/>")

    def v163():
        findings, _, _ = load(tiapp("", misspelt("false")))
        equal("NSAllowsArbitraryLoads", findings["unknown-key"], "hint")
        expect("D cleartext", "h:example.com")

    def v164():
        _, lines, _ = load(tiapp("", misspelt("true")))
        true(any(re.match("unknown-key error 4 ", l) for l in lines), str(lines))
        expect("D cleartext", "h:example.com")

    def v165():
        text = ats_dict("<key>NSAllowsArbitraryLoads</key><string>false</string>")
        findings, _, _ = load(tiapp("", text, "10.0.0"))
        true("type" in findings, str(findings))
        equal({"NSAllowsArbitraryLoads": "false"}, engine.effective(), "effective")
        # the builder leaves it alone: no entry
        expect("D cleartext", "h:api.appcelerator.com", entry="-")

    def v166():
        _, _, error = load(DOCUMENTED)
        true(error and error.startswith("TINET_ESYNTAX"), str(error))
        true("tiapp.xml:12:12: malformed comment" in error, error)

    def v167():
        text = DOCUMENTED
        findings, lines, error = load(text, flags=FLAGS["lenient"])
        equal(None, error, "error")
        true(any(l.startswith("xml-comment warning 12 12 ") for l in lines), str(lines))
        true("xml-namespace" in findings, str(findings))
        true("redundant-exception" in findings, str(findings))
        expect("A exception", "h:www.foo.com")
        expect("A arbitrary-loads", "h:bar.com")

    def v168():
        v167()
        expect("A exception", "s:www.foo.com", "T10:0035")

    def v169():
        domain = {"NSExceptionAllowsInsecureHTTPLoads": True}
        load(
            tiapp("", ats_dict("<key>NSExceptionDomains</key><dict><key>b.example</key><dict>"
                               "<key>NSExceptionAllowsInsecureHTTPLoads</key><true/></dict></dict>")),
            plist={"NSExceptionDomains": {"a.example": domain}},
        )  # fmt: skip
        expect("A exception", "h:a.example")
        expect("A exception", "h:b.example")
        expect("D cleartext", "h:c.example")

    def v170():
        load(
            tiapp("", ats_dict("<key>NSExceptionDomains</key><dict><key>a.example</key><dict>"
                               "<key>NSExceptionAllowsInsecureHTTPLoads</key><true/></dict></dict>")),
            plist={"NSExceptionDomains": {"a.example": {
                "NSExceptionAllowsInsecureHTTPLoads": False, "NSIncludesSubdomains": True}}},
        )  # fmt: skip
        united = {"NSExceptionAllowsInsecureHTTPLoads": True, "NSIncludesSubdomains": True}
        equal({"NSExceptionDomains": {"a.example": united}}, engine.effective(), "effective")
        expect("A exception", "h:a.example")
        expect("A exception", "h:www.a.example")

    def v171():
        analytics = "<analytics>true</analytics>"
        load(tiapp(analytics, AL_FALSE, "10.0.0"))
        expect("D cleartext", "h:api.appcelerator.com", entry="appcelerator.com")
        load(tiapp("", AL_FALSE, "10.0.0"))
        expect("D cleartext", "h:api.appcelerator.com", entry="-")
        load(tiapp("", AL_FALSE, "8.0.0"))
        expect("D cleartext", "h:api.appcelerator.com", entry="appcelerator.com")
        load(tiapp(analytics, AL_FALSE, "10.0.0"), profile="ios9")
        expect("D cleartext", "h:api.appcelerator.com", entry="appcelerator.com")

    def v172():
        one = "<ios><plist><dict>" + ats_dict("") + "</dict></plist></ios>"
        findings, _, _ = load(tiapp(one + "<ios></ios>"))
        true("several-ios" in findings, str(findings))
        expect("A arbitrary-loads", "h:example.com")

    def v173():
        text = ats_dict("<key>NSAllowsArbitraryLoads</key><True/>")
        findings, _, _ = load(tiapp("", text))
        equal("true", findings.get("type"), "hint")
        expect("D cleartext", "h:example.com")

    def as_the_tools_do():
        """What random projects have shown of node-titanium-sdk 6.1.0 and its reader of property lists."""
        local = "<key>NSAllowsLocalNetworking</key><true/>"
        one, two = ats_dict(local), AL_FALSE
        for what, text, plist, want in (
            ("the last <plist> counts", f"<ios><plist><dict>{one}</dict></plist><plist><dict>{two}</dict></plist></ios>", None,
             {"NSAllowsArbitraryLoads": False}),
            ("of several <dict> the last key counts", f"<ios><plist><dict>{one}</dict><dict>{two}</dict></plist></ios>", None,
             {"NSAllowsArbitraryLoads": False}),
            ("another prefix is another element", f"<ti:ios><plist><dict>{one}</dict></plist></ti:ios>", None,
             {"NSAllowsArbitraryLoads": True}),
            ("keys of the project's Info.plist are trimmed", f"<ios><plist><dict>{two}</dict></plist></ios>",
             {" NSAllowsLocalNetworking ": True}, {"NSAllowsLocalNetworking": True, "NSAllowsArbitraryLoads": False}),
            ("a number is read as far as it goes", "<ios><plist><dict>" + ats_dict(
                "<key>NSAllowsArbitraryLoads</key><integer>0x</integer>") + "</dict></plist></ios>", None,
             {"NSAllowsArbitraryLoads": 0}),
            ("an element that is none takes its key along", "<ios><plist><dict>" + ats_dict(
                "<key>NSAllowsArbitraryLoads</key><YES/>" + local) + "</dict></plist></ios>", None,
             {"NSAllowsLocalNetworking": True}),
        ):  # fmt: skip
            load(tiapp(text), plist=plist)
            equal(want, engine.effective(), what)
        domains = ats_dict("<key>NSExceptionDomains</key><false/>")
        load(tiapp("", domains, "9.0.0"))
        equal({"NSAllowsArbitraryLoads": False, "NSExceptionDomains": {"appcelerator.com": INJECTED}}, engine.effective(), "false")
        load(tiapp(""), sdk="4.1.0")  # before the builder knew of ATS
        equal({}, engine.effective(), "an SDK before 5.0")

    suite.add("projects are read as Titanium's tools read them", as_the_tools_do)
    tests = {name[1:]: test for name, test in locals().items() if re.match(r"v\d", name)}
    for number, test in sorted(tests.items()):
        suite.add(f"vector {number}: Titanium", test)
    return {int(number) for number in tests}


def main():
    engine = Engine(sys.argv[1])
    numbers = set()
    with tempfile.TemporaryDirectory() as folder:
        for line in open(os.path.join(HERE, "vectors.txt"), encoding="utf-8"):
            if not line.startswith("#"):
                numbers.add(run_vector(engine, folder, line.rstrip("\n")))
        numbers |= titanium_vectors(engine, folder)
        suite.add(
            "all 173 are there",
            lambda: equal(set(range(1, 174)), numbers, "numbers"),
        )
        suite.add("the engine ends well", engine.end)
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
