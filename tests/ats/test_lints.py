#!/usr/bin/env python3
"""Every finding there is, where it is and what it says to write.

  test_lints.py DECIDE

A case is a document in which § marks the place that is to be found.  At the end
no finding of src/ats/finding.c may be without a case.
"""

import os
import re
import sys
import tempfile

from test_vectors import HERE, Engine, Suite, equal, true

suite = Suite()
PLIST = '<plist version="1.0">\n<dict>\n%s\n</dict></plist>\n'
TIAPP = '<ti:app xmlns:ti="http://ti.tidev.io">\n<id>a.b</id><name>n</name>\n%s\n</ti:app>\n'


def ats(inner):
    return PLIST % ("<key>NSAppTransportSecurity</key><dict>\n%s\n</dict>" % inner)


def domains(inner, name="NSExceptionDomains"):
    return ats("<key>%s</key><dict>\n%s\n</dict>" % (name, inner))


def entry(inner, host="a.example.com"):
    return domains("<key>%s</key><dict>\n%s\n</dict>" % (host, inner))


def pins(inner, host="a.example.com"):
    return domains("<key>%s</key><dict>\n%s\n</dict>" % (host, inner), "NSPinnedDomains")


def project(dict_body, before="", sdk="13.0.0.GA"):
    return TIAPP % ("<sdk-version>%s</sdk-version>%s<ios><plist><dict>\n%s\n</dict></plist></ios>" % (sdk, before, dict_body))


def whitelist(value, kind="bool"):
    return '<analytics>true</analytics>\n§<property name="ios.whitelist.appcelerator.com" type="%s">%s</property>' % (kind, value)


ON = "<key>NSAppTransportSecurity</key><dict/>"
LOADS = "<key>NSAllowsArbitraryLoads</key><true/>\n"
HTTP = "<key>NSExceptionAllowsInsecureHTTPLoads</key><true/>"
NO_FS = "<key>NSExceptionRequiresForwardSecrecy</key><false/>"
SUB = "<key>NSIncludesSubdomains</key><true/>"
TLS10 = "<key>NSExceptionMinimumTLSVersion</key><string>TLSv1.0</string>"
PIN = "<dict><key>SPKI-SHA256-BASE64</key>%s</dict>"
GOOD_PIN = PIN % ("<string>" + "A" * 43 + "=</string>")


def leaf(identity):
    return "<key>NSPinnedLeafIdentities</key><array>\n%s\n</array>" % identity


# id, severity, document, what to write, profile
CASES = [
    # the keys and their names
    ("unknown-key", "warning", ats("§<key>NSAllowArbitraryLoads</key><false/>"), "NSAllowsArbitraryLoads"),
    ("unknown-key", "error", ats("§<key>NSAllowArbitraryLoads</key><true/>"), "NSAllowsArbitraryLoads"),
    ("unknown-key", "error", ats("§<key>nsallowsarbitraryloads</key><true/>"), "NSAllowsArbitraryLoads"),
    ("unknown-key", "error", ats("§<key>NSAllowsArbitraryLoads </key><true/>"), "NSAllowsArbitraryLoads"),
    ("unknown-key", "error", ats("§<key>NSAllowsArbitraryLoadsInMedia</key><true/>"), "NSAllowsArbitraryLoadsForMedia"),
    ("unknown-key", "error", ats("§<key>NSExceptionDomain</key><dict/>"), "NSExceptionDomains"),
    ("unknown-key", "error", entry("§<key>NSExceptionAllowInsecureHTTPLoads</key><true/>"), "NSExceptionAllowsInsecureHTTPLoads"),
    ("unknown-key", "error", entry("§<key>NSExceptionMinimumTlsVersions</key><string>TLSv1.0</string>"), "NSExceptionMinimumTLSVersion"),
    ("unknown-key", "error", pins("§<key>NSPinnedLeafIdentitys</key><array/>"), "NSPinnedLeafIdentities"),
    ("unknown-key", "warning", ats("§<key>Something</key><true/>"), ""),
    ("legacy-key", "warning", entry("§<key>NSThirdPartyExceptionAllowsInsecureHTTPLoads</key><true/>"), "NSExceptionAllowsInsecureHTTPLoads"),
    ("legacy-key", "warning", entry("§<key>NSTemporaryExceptionAllowsInsecureHTTPSLoads</key><true/>"), "NSExceptionAllowsInsecureHTTPLoads"),
    ("legacy-key", "warning", entry("§<key>NSTemporaryThirdPartyExceptionMinimumTLSVersion</key><string>TLSv1.0</string>"), "NSExceptionMinimumTLSVersion"),
    ("legacy-key", "warning", entry("§<key>NSTemporaryExceptionRequiresForwardSecrecy</key><false/>"), "NSExceptionRequiresForwardSecrecy"),
    ("misplaced-key", "error", PLIST % "§<key>NSAllowsArbitraryLoads</key><true/>", None),
    ("misplaced-key", "error", PLIST % ("§<key>NSExceptionDomains</key><dict/>"), None),
    ("misplaced-key", "error", ats("§" + HTTP), ""),
    ("misplaced-key", "error", ats("§<key>example.com</key><dict>" + HTTP + "</dict>"), ""),
    ("misplaced-key", "error", entry("§" + LOADS), ""),
    ("duplicate-key", "warning", ats(LOADS + "§<key>NSAllowsArbitraryLoads</key><false/>"), ""),
    ("duplicate-key", "warning", domains("<key>a.example.com</key><dict>" + HTTP + "</dict>\n§<key>a.example.com</key><dict/>"), ""),
    ("obsolete-key", "info", entry("§<key>NSRequiresCertificateTransparency</key><true/>"), ""),
    ("newer-key", "warning", ats("§<key>NSRequiresNIAPTLSPackageVersion</key><string>FCP_v2.1</string>"), "", "ios17"),
    ("newer-key", "warning", ats("§<key>NSPinnedDomains</key><dict/>"), "", "ios9"),
    ("niap", "warning", ats("<key>NSRequiresNIAPTLSPackageVersion</key>\n§<string>FCP_v3</string>"), "FCP_v2.1"),
    # values
    ("type", "error", ats("<key>NSAllowsArbitraryLoads</key>\n§<string>YES</string>"), "<true/> or <false/>"),
    ("type", "error", ats("<key>NSAllowsArbitraryLoads</key>\n§<integer>2</integer>"), "<true/> or <false/>"),
    ("type", "error", ats("<key>NSAllowsArbitraryLoads</key>\n§<real>1</real>"), "<true/> or <false/>"),
    ("type", "error", entry("<key>NSExceptionMinimumTLSVersion</key>\n§<real>1.0</real>"), "<string>...</string>"),
    ("type", "error", ats("<key>NSExceptionDomains</key>\n§<array/>"), "<dict>...</dict>"),
    ("type", "error", domains("<key>a.example.com</key>\n§<string/>"), "<dict>...</dict>"),
    ("type", "error", ats("<key>NSPinnedDomains</key>\n§<true/>"), "<dict>...</dict>"),
    ("type", "error", domains("<key>a.example.com</key>\n§<true/>", "NSPinnedDomains"), "<dict>...</dict>"),
    ("type", "error", pins("<key>NSPinnedLeafIdentities</key>\n§<dict/>"), "<array>...</array>"),
    ("type", "error", pins(leaf(GOOD_PIN) + "<key>NSIncludesSubdomains</key>\n§<integer>1</integer>"), "<true/> or <false/>"),
    ("type", "error", PLIST % "<key>NSAppTransportSecurity</key>\n§<string>x</string>", ""),
    ("type", "error", project("<key>NSAppTransportSecurity</key>\n§<true/>"), "<dict>...</dict>"),
    ("type", "error", project("<key>NSAppTransportSecurity</key><dict><key>NSAllowsArbitraryLoads</key>\n§<True/></dict>"), "true"),
    ("type", "error", project("<key>NSAppTransportSecurity</key><dict>§<key>NSAllowsArbitraryLoads</key></dict>"), ""),
    ("type", "error", project("<key>NSAppTransportSecurity</key><dict>§<true/></dict>"), ""),
    ("type", "error", project("<key>a</key>§<integer>many</integer>" + ON), ""),
    ("tls-version", "error", entry("<key>NSExceptionMinimumTLSVersion</key>\n§<string>1.0</string>"), "TLSv1.0"),
    ("tls-version", "error", entry("<key>NSExceptionMinimumTLSVersion</key>\n§<string>TLSV1.3</string>"), "TLSv1.3"),
    ("tls-version", "error", entry("<key>NSExceptionMinimumTLSVersion</key>\n§<string>TLSv1.4</string>"), None),
    # hosts
    ("case", "warning", domains("§<key>EXAMPLE.com</key><dict/>"), "example.com"),
    ("trailing-dot", "warning", domains("§<key>example.com.</key><dict/>"), "example.com"),
    ("wildcard", "error", domains("§<key>*.example.com</key><dict/>"), "example.com"),
    ("port-in-key", "error", domains("§<key>example.com:443</key><dict/>"), None),
    ("url-in-key", "error", domains("§<key>http://example.com</key><dict/>"), None),
    ("url-in-key", "error", domains("§<key>example.com/v1</key><dict/>"), None),
    ("public-suffix", "warning", domains("§<key>co.uk</key><dict>" + HTTP + SUB + "</dict>"), ""),
    ("idn-key", "warning", domains("§<key>bücher.example</key><dict>" + HTTP + "</dict>"), "xn--bcher-kva.example"),
    ("cidr", "error", domains("§<key>300.0.0.0/8</key><dict/>"), ""),
    ("cidr", "error", domains("§<key>10.0.0.0/010</key><dict/>"), ""),
    ("cidr-abbrev", "info", domains("§<key>10/8</key><dict/>"), "10.0.0.0/8"),
    ("ip-not-canonical", "warning", domains("§<key>2001:DB8::1</key><dict/>"), "2001:db8::1"),
    ("ip-key-unsupported", "warning", domains("§<key>192.0.2.1</key><dict/>"), "", "ios10"),
    ("ipv4-literal", "info", domains("§<key>192.0.2.1</key><dict/>"), ""),
    ("ipv4-literal", "info", domains("§<key>192.0.2.0/24</key><dict/>"), ""),
    # what a policy comes to
    ("review-justification", "info", ats("§" + LOADS), ""),
    ("review-justification", "info", ats("§<key>NSAllowsArbitraryLoadsForMedia</key><true/>"), ""),
    ("review-justification", "info", ats("§<key>NSAllowsArbitraryLoadsInWebContent</key><true/>"), ""),
    ("review-justification", "info", entry("§" + HTTP), ""),
    ("review-justification", "info", entry("§" + TLS10), ""),
    ("arbitrary-loads-ignored", "warning", ats("§" + LOADS + "<key>NSAllowsLocalNetworking</key><true/>"), ""),
    ("default-value", "info", ats("§<key>NSAllowsArbitraryLoads</key><false/>"), ""),
    ("redundant-exception", "warning", ats(LOADS + "<key>NSExceptionDomains</key><dict>\n§<key>www.foo.com</key><dict>" + HTTP + "</dict></dict>"), ""),
    ("redundant-exception", "warning", domains("§<key>www.foo.com</key><dict/>"), ""),
    ("entry-enforces", "warning", ats(LOADS + "<key>NSExceptionDomains</key><dict>\n§<key>www.foo.com</key><dict/></dict>"), ""),
    ("weak-exception", "warning", domains("§<key>a.example.com</key><dict>" + HTTP + NO_FS + TLS10 + "</dict>"), ""),
    ("apex-only", "info", domains("§<key>example.com</key><dict>" + HTTP + "</dict>"), ""),
    ("pin-base64", "error", pins(leaf(PIN % "\n§<string>nonsense!</string>")), None),
    ("pin-base64", "error", pins(leaf(PIN % "\n§<string>AAAA</string>")), None),
    ("pin-base64", "error", pins(leaf("§<string>AAAA</string>")), None),
    ("pin-empty", "error", pins("<key>NSPinnedLeafIdentities</key>\n§<array/>"), ""),
    ("pin-none", "warning", domains("§<key>a.example.com</key><dict/>", "NSPinnedDomains"), ""),
    ("pin-cleartext", "warning", ats(LOADS + "<key>NSPinnedDomains</key><dict>\n§<key>a.example.com</key><dict>" + leaf(GOOD_PIN) + "</dict></dict>"), ""),
    # XML
    ("xml-comment", "warning", project(ON + "\n<§-- a -->"), "<!-- ... -->"),
    ("xml-comment", "warning", project(ON + "\n<§!- a ->"), "<!-- ... -->"),
    ("xml", "warning", TIAPP % "<name>n</namee>§", None),
    ("xml-namespace", "warning", "<ti:app§>\n<id>a.b</id><name>n</name>\n</ti:app>", None),
    ("stray-text", "warning", TIAPP % "  §...", ""),
    ("stray-text", "warning", project("<!-- c -->\n  §x" + ON), ""),
    ("text-split", "warning", project(ON + "<key>a</key>§<string>b<!-- c -->d</string>"), ""),
    # Titanium
    ("ats-off", "info", "§" + TIAPP % "", ""),
    ("several-ios", "warning", TIAPP % ("<ios/>\n§<ios><plist><dict>" + ON + "</dict></plist></ios>"), ""),
    ("iphone-section", "error", TIAPP % "§<iphone><orientations/></iphone>", "ios"),
    ("obsolete-property", "info", project(ON, whitelist("false")), ""),
    ("whitelist-off", "warning", project(ON, whitelist("false"), "10.0.0"), ""),
    ("whitelist-off", "warning", project("§" + ON, "", "10.0.0"), ""),
    ("bool-spelling", "warning", project(ON, whitelist("False"), "10.0.0"), "false"),
    ("bool-spelling", "warning", project(ON, whitelist("false", "string"), "10.0.0"), 'type="bool"'),
]


def place(marked):
    before = marked[: marked.index("§")]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def run_case(engine, folder, case):
    name, severity, marked, write, profile = (*case, "current")[:5]
    path = os.path.join(folder, "p.xml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(marked.replace("§", ""))
    _, lines, error = engine.policy(path, profile, 16)
    equal(None, error, "error")
    want = "%s %s %d %d %s|" % (name, severity, *place(marked), path)
    found = [line for line in lines if line.startswith(want)]
    equal(1, len(found), "%r in\n%s" % (want, "\n".join(lines)))
    if write is not None:
        equal(write, found[0].split("|")[1], "what to write")


def every_finding_has_a_case():
    with open(os.path.join(HERE, "..", "..", "src", "ats", "finding.c"), encoding="utf-8") as f:
        known = set(re.findall(r'^    \{"([a-z0-9-]+)",', f.read(), re.M))
    true(len(known) > 40, str(known))
    equal(set(), known - {case[0] for case in CASES}, "findings without a case")
    equal(set(), {case[0] for case in CASES} - known, "cases without a finding")


def main():
    engine = Engine(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for i, case in enumerate(CASES):
            title = "%s (%d) %s" % (case[0], i, case[4] if len(case) > 4 else "")
            suite.add(title.strip(), lambda case=case: run_case(engine, folder, case))
        suite.add("every finding has a case", every_finding_has_a_case)
        suite.add("the engine ends well", engine.end)
        return suite.run()


if __name__ == "__main__":
    sys.exit(main())
