#!/usr/bin/env python3
"""run.py - plays the case files of this folder.

    run.py DRIVER [CASE ...]
"""

import glob
import sys

from case import *

# Header fields of every request; `request N fields` leaves them out.
USUAL = ("host", "user-agent", "accept", "accept-encoding", "x-requested-with", "cache-control",
         "pragma", "content-length", "connection")


class Player:
    """Plays one case and checks it."""

    def __init__(self, case, driver, server):
        self.case, self.driver, self.server = case, driver, server
        self.outcomes, self.warnings, self.refusals = [], [], []
        self.clients = ["main"]

    def play(self):
        for text, _ in self.case.all("have"):
            name, _, content = text.partition(" ")
            write(os.path.join(self.server.dir, name), unescape(content))
        self.server.begin([Answer(text + " ".join([""] + more))
                           for text, more in self.case.all("serve")])
        for text, more in self.case.all("do"):
            self.do(text, more)
        for name in self.clients:
            self.driver.command("client", name)
            self.driver.command("free")
        self.driver.run()
        if self.server.errors:
            raise Failure("the server failed: %s" % self.server.errors)
        checks = self.case.all("expect")
        true(checks, "the case expects something")
        for text, more in checks:
            self.expect(" ".join([text, *more]))

    # ---- do ----

    def do(self, text, more):
        words = text.split(" ")
        if words == ["again"] or words == ["show"] or words == ["abort"]:
            for line in more:
                self.driver.command(*self.words(line))
            self.driver.command(words[0])
            self.run()
            return
        verb = "send"
        if words[0] in ("also", "sync"):
            verb = words.pop(0)
        if len(words) != 2:
            raise Malformed("do " + text)
        self.start(words[0], words[1], more)
        self.driver.command("sync" if verb == "sync" else "send")
        if verb != "also":
            self.run()

    def start(self, method, url, more):
        early = [line for line in more if line.startswith("early ")]
        name = [line.split(" ")[1] for line in more if line.startswith("client ")]
        name = name[0] if name else "main"
        if name not in self.clients:
            self.clients.append(name)
        self.driver.command("client", name)
        for line in early:
            self.driver.command(*self.words(line[6:]))
        url = re.sub(r"^http:/(?!/)", "{http}/", url)
        url = re.sub(r"^alt:/", "{alt}/", url)
        self.driver.command("open", "" if method == '""' else method, self.server.replace(url))
        for line in more:
            if not line.startswith(("client ", "early ")):
                self.driver.command(*self.words(line))

    def words(self, line):
        line = self.server.replace(line)
        if line.startswith("header "):
            name, _, value = line[7:].partition(":")
            return ["header", name, unescape(value.strip()).decode("utf-8", "surrogateescape")]
        words = shlex.split(line.replace("\\", "\\\\"))
        return [unescape(word).decode("utf-8", "surrogateescape") for word in words]

    def run(self):
        for line in self.driver.run():
            if "outcome" in line:
                self.outcomes.append(line)
            elif "warning" in line:
                self.warnings.append(line["warning"])
            elif "call" in line:
                self.refusals.append("%s %s" % (line["call"], line["error"]))

    # ---- expect ----

    def expect(self, text):
        match = re.match(r"outcome (\d+) (.*)$", text)
        number, check = (int(match.group(1)), match.group(2)) if match else (0, text)
        try:
            self.check(number, self.server.replace(check))
        except Failure as failure:
            shown = self.outcomes[number - 1] if len(self.outcomes) >= number > 0 else (
                self.outcomes[-1] if self.outcomes else "no outcome")
            raise Failure("expect %s: %s\n%s" % (text, failure, shown))

    def check(self, number, check):
        word, _, rest = check.partition(" ")
        if word in ("requests", "connections", "request", "warning", "refused", "file", "no",
                    "only") and not check.startswith("no header"):
            self.check_world(word, rest)
            return
        if check == "none":
            equal(0, len(self.outcomes), "outcomes")
            return
        true(len(self.outcomes) >= max(number, 1), "there is such an outcome")
        outcome = self.outcomes[number - 1]
        getattr(self, "is_" + word if not check.startswith("no header") else "is_no")(outcome, rest)

    def check_world(self, word, rest):
        if word == "requests":
            equal(int(rest), len(self.server.requests))
        elif word == "connections":
            equal(int(rest), self.server.n_connections())
        elif word == "warning":
            true(any(rest in warning for warning in self.warnings), self.warnings)
        elif word == "refused":
            true(rest in self.refusals, self.refusals)
        elif word == "file":
            name, _, content = rest.partition(" has")
            content = content[1:]
            with open(os.path.join(self.server.dir, name), "rb") as f:
                equal(unescape(content), f.read())
        elif word == "only":
            equal(sorted(rest.partition("files ")[2].split(", ")), sorted(os.listdir(self.server.dir)))
        elif word == "no":
            name = rest.partition("file ")[2]
            true(not os.path.exists(os.path.join(self.server.dir, name)), "it is there")
        else:
            self.check_request(rest)

    def check_request(self, text):
        number, verb, rest = re.match(r"(\d+) (\w+) ?(.*)$", text).groups()
        true(len(self.server.requests) >= int(number), "there is such a request")
        request = self.server.requests[int(number) - 1]
        if verb == "is":
            equal(rest, request.method + " " + request.target)
        elif verb == "has":
            name, _, value = rest.partition(":")
            equal(unescape(value.strip()).decode("latin-1"), request.header(name))
        elif verb == "lacks":
            equal(None, request.header(rest))
        elif verb == "body":
            equal(unescape(rest), request.body)
        elif verb == "matches":
            true(re.search(rest, request.head.decode("latin-1")), request.head)
        elif verb == "contains":
            true(unescape(rest) in request.body, request.body)
        elif verb == "fields":
            names = [n for n, _ in request.headers if n.lower() not in USUAL]
            equal(rest, ", ".join(names))
        else:
            raise Malformed("expect request " + text)

    def is_load(self, outcome, rest):
        equal(None, outcome.error)
        equal("load", outcome.outcome)

    def is_error(self, outcome, rest):
        equal(rest, outcome.error_name)

    def is_says(self, outcome, rest):
        true(rest in outcome.error_text, repr(outcome.error_text))

    def is_number(self, outcome, rest):
        equal(rest, "%s %d" % (outcome.error["origin"], outcome.error["number"]))

    def is_status(self, outcome, rest):
        equal(int(rest), outcome.status)

    def is_state(self, outcome, rest):
        equal(int(rest), outcome.state)

    def is_phrase(self, outcome, rest):
        equal(rest, outcome.statustext)

    def is_body(self, outcome, rest):
        equal(unescape(rest), outcome.body_bytes)

    def is_length(self, outcome, rest):
        equal(int(rest), outcome.len)

    def is_text(self, outcome, rest):
        equal(rest, outcome.text_value)

    def is_header(self, outcome, rest):
        name, _, value = rest.partition(":")
        equal(unescape(value.strip()).decode("latin-1"), outcome.header(name))

    def is_no(self, outcome, rest):
        equal(None, outcome.header(rest.partition("header ")[2]))

    def is_lines(self, outcome, rest):
        equal(unescape(rest).decode("latin-1"), outcome.all_headers)

    def is_location(self, outcome, rest):
        equal(rest, outcome.location)

    def is_method(self, outcome, rest):
        equal(rest, outcome.method)

    def is_hops(self, outcome, rest):
        equal(int(rest), len(outcome.hops))

    def is_reused(self, outcome, rest):
        equal(True, outcome.hops[-1]["is_reused"])

    def is_in(self, outcome, rest):
        equal("file", rest)
        equal(True, outcome.is_in_file)

    def is_memory(self, outcome, rest):
        equal(False, outcome.is_in_file)

    def is_sent(self, outcome, rest):
        self.is_progress(outcome.sendstream, rest)

    def is_received(self, outcome, rest):
        self.is_progress(outcome.datastream, rest)

    def is_progress(self, got, rest):
        words = dict(word.split("=") for word in rest.split(" "))
        for key, value in words.items():
            equal(float(value), float(got[key]), key)

    def is_events(self, outcome, rest):
        events = [e.replace("state ", "") if e.startswith("state") else e.split(" ")[0]
                  for e in outcome.events]
        equal(rest, " ".join(events))


def play(path, case, shared):
    options = {}
    for text, _ in case.all("with"):
        name, _, value = text.partition(" ")
        options[name] = value
    with temporary_folder() as folder:
        server = ScriptedServer(folder)
        options = {name: server.replace(value) for name, value in options.items()}
        driver = Driver(options=options) if options else shared
        try:
            Player(case, driver, server).play()
            if options:
                driver.end()
        except Exception:
            driver.kill()  # what the case has left in it is no other's business
            raise
        finally:
            server.close()


def main():
    paths = sys.argv[2:] or sorted(
        glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*", "*.case")))
    suite, driver = Suite(), Driver()
    for path in paths:
        name = os.path.join(os.path.basename(os.path.dirname(path)),
                            os.path.splitext(os.path.basename(path))[0])
        try:
            case = Case(path)
        except Malformed as error:
            message = str(error)
            suite.add(name, lambda _, m=message: true(False, m))
            continue
        suite.add("%s: %s" % (name, case.about), lambda d, p=path, c=case: play(p, c, d))
    return finish(suite, driver)


if __name__ == "__main__":
    sys.exit(main())
