"""tap.py - reading and writing the Test Anything Protocol.

`Report` reads what a test program printed, nested subtests included, and counts
single test points.  `Writer` is what the project's own Python tests print with.
"""

import re

POINT = re.compile(r"^( *)(not )?ok\b *(\d+)? *(?:- )?(.*)$")
PLAN = re.compile(r"^( *)1\.\.(\d+)(?: *# *(.*))?$")
DIRECTIVE = re.compile(r"(?<!\\)# *(SKIP|TODO)\S*\s*(.*)$", re.I)


class Report:
    """The points of one program.

    A point that has subtests is not counted itself, unless it failed although
    none of its subtests did (a hook that threw, a subtest that was never run).
    """

    def __init__(self):
        self.passed = []
        self.failed = []
        self.skipped = []  # (name, reason)
        self.problems = []  # what is wrong with the output itself
        self._levels = {}  # indent -> points seen since the level began
        self._plans = {}  # indent -> announced points
        self._failed_below = {}  # indent -> failures among the deeper points
        self._in_yaml = None  # indent of the block we are in

    def feed(self, line):
        line = line.rstrip("\r\n")
        if self._skips_yaml(line):
            return
        plan = PLAN.match(line)
        if plan:
            self._on_plan(len(plan.group(1)), int(plan.group(2)), plan.group(3))
            return
        point = POINT.match(line)
        if point:
            self._on_point(
                len(point.group(1)), point.group(2) is not None, point.group(4)
            )
        elif line.lstrip().lower().startswith("bail out!"):
            self.problems.append(line.strip())

    def finish(self):
        """Checks what can only be known at the end."""
        self._close_deeper(0)
        count, plan = self._levels.get(0, 0), self._plans.get(0)
        if plan is None:
            self.problems.append("no plan: the program did not reach its end")
        elif plan != count:
            self.problems.append("planned %d tests, ran %d" % (plan, count))

    def _skips_yaml(self, line):
        if self._in_yaml is not None:
            if line == self._in_yaml + "...":
                self._in_yaml = None
            return True
        if line.strip() == "---" and line.startswith(" "):
            self._in_yaml = line[: -len("---")]
            return True
        return False

    def _on_plan(self, indent, count, comment):
        if indent in self._plans:
            self.problems.append("two plans")
        self._plans[indent] = count
        if count == 0 and comment:
            self.skipped.append(("everything", comment))

    def _close_deeper(self, indent):
        """Ends the levels below `indent`; returns whether there were any, and
        how many of their points failed."""
        deeper = [level for level in self._levels if level > indent]
        n_failed = 0
        for level in deeper:
            count, plan = self._levels.pop(level), self._plans.pop(level, None)
            if plan is not None and plan != count:
                self.problems.append(
                    "a subtest planned %d tests, ran %d" % (plan, count)
                )
            n_failed += self._failed_below.pop(level, 0)
        return bool(deeper), n_failed

    def _on_point(self, indent, is_failure, text):
        has_subtests, n_failed = self._close_deeper(indent)
        self._levels[indent] = self._levels.get(indent, 0) + 1
        directive = DIRECTIVE.search(text)
        name = DIRECTIVE.sub("", text).strip()
        if has_subtests:
            if is_failure and n_failed == 0:
                self.failed.append(name)
                n_failed = 1
        elif directive:
            reason = directive.group(2).strip()
            kind = directive.group(1).upper()
            if kind == "TODO":
                reason = "not written yet" + (": " + reason if reason else "")
            self.skipped.append((name, reason or "no reason given"))
        elif is_failure:
            self.failed.append(name)
            n_failed = 1
        else:
            self.passed.append(name)
        self._failed_below[indent] = self._failed_below.get(indent, 0) + n_failed


def parse(lines):
    report = Report()
    for line in lines:
        report.feed(line)
    report.finish()
    return report


class Writer:
    """Prints points as they come; exit_status() prints the plan."""

    def __init__(self):
        self.n = 0
        self.n_failed = 0

    def point(self, name, problems=()):
        """`problems` empty = passed; they are printed as comments above."""
        problems = list(problems)
        self.n += 1
        for problem in problems:
            for line in str(problem).splitlines() or [""]:
                print("# " + line)
        if problems:
            self.n_failed += 1
        verdict = "not ok" if problems else "ok"
        print("%s %d - %s" % (verdict, self.n, name), flush=True)

    def skip(self, name, why):
        self.n += 1
        print("ok %d - %s # SKIP %s" % (self.n, name, why), flush=True)

    def exit_status(self):
        print("1..%d" % self.n, flush=True)
        return 1 if self.n_failed or self.n == 0 else 0
