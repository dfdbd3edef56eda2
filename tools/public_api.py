"""public_api.py - reads the public headers: what is declared and what the
comments say.

Not a C parser: it reads the one style that the headers are written in, and the
lints fail on what it cannot read.
"""

import collections
import re

import lint

Function = collections.namedtuple("Function", "name header line prototype comment")
# A run of declarations with the comment above it, or with kind "section" a title.
Item = collections.namedtuple("Item", "kind title names text comment")

COMMENT = re.compile(r"/\*.*?\*/", re.S)
ERROR_ROW = re.compile(r'X\((TINET_E[A-Z0-9]*),\s*(-\d+),\s*"([^"]*)"\)')
SECTION = re.compile(r"^-{3,} *(.*?) *-{3,}$")


def header_paths(top):
    return lint.files(top, ".h", under=["include/tinet"])


def comment_text(comment):
    """The text of a C comment without its frame, as lines."""
    body = comment[2:-2]
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in body.split("\n")]
    lines[0] = lines[0].strip()
    while lines and not lines[-1]:
        lines.pop()
    return lines


def error_table(top):
    """[(name, number, text)] of error.h."""
    for path in header_paths(top):
        if path.endswith("/error.h"):
            return [
                (name, int(number), text)
                for name, number, text in ERROR_ROW.findall(lint.read(top, path))
            ]
    return []


def _chunks(text):
    """Splits a header's body into (line, comment or None, code) runs: a comment
    that begins a line belongs to the code after it, up to the next empty line
    or such comment."""
    comment, code, started = None, [], 1
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.startswith("/*"):
            if comment is not None or code:
                yield started, comment, "\n".join(code)
            started, code = number + 1, []
            taken = [line]
            while "*/" not in taken[-1]:
                number += 1
                taken.append(lines[number])
            comment = "\n".join(taken)
        elif not line.strip():
            if comment is not None or code:
                yield started, comment, "\n".join(code)
            comment, code, started = None, [], number + 2
        else:
            code.append(line)
        number += 1
    if comment is not None or code:
        yield started, comment, "\n".join(code)


def _blocks(text):
    """As _chunks, but a type's body may hold empty lines and comments."""
    pending = None
    for line, comment, code in _chunks(text):
        if pending is not None:
            more = "\n\n" + (comment + "\n" if comment else "") + code
            pending = (pending[0], pending[1], pending[2] + more)
        else:
            pending = (line, comment, code)
        plain = COMMENT.sub("", pending[2])
        if plain.count("{") == plain.count("}"):
            yield pending
            pending = None
    if pending is not None:
        yield pending


def _blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def declared_functions(top):
    """Every function declared TINET_API, in the order of the headers."""
    for path in header_paths(top):
        text = lint.read(top, path)
        plain = COMMENT.sub(_blank, text)
        plain = re.sub(r"^#.*(\\\n.*)*", _blank, plain, flags=re.M)
        for match in re.finditer(r"\bTINET_API\b([^;{#]*);", plain):
            name = re.search(r"\b(tinet_\w+)\s*\(", match.group(1))
            line = plain.count("\n", 0, match.start()) + 1
            if name is None:
                raise ValueError("%s:%d: TINET_API that is no function" % (path, line))
            prototype = " ".join(match.group(0).split())
            comment = _comment_for(text, line)
            yield Function(name.group(1), path, line, prototype, comment)


def _comment_for(text, line):
    """The comment of the run of declarations that `line` stands in."""
    found = None
    for started, comment, code in _blocks(text):
        length = (comment.count("\n") + 1 if comment else 0) + code.count("\n") + 1
        if started <= line < started + length:
            found = comment
            break
    return comment_text(found) if found else []


def items(top, path):
    """The header as a list of Items for the reference: section titles, and runs
    of declarations with their comment."""
    text = lint.read(top, path)
    text = re.sub(r"^TINET_(BEGIN|END)_DECLS$", "", text, flags=re.M)
    for _line, comment, code in _blocks(_without_guard(text)):
        said = comment_text(comment) if comment else []
        title = SECTION.match(" ".join(said))
        if title:
            yield Item("section", title.group(1), [], "", [])
            said = []
        code = _without_plumbing(code)
        if not code and not said:
            continue
        names = re.findall(r"\bTINET_API\b[^;(]*?\b(tinet_\w+)\s*\(", COMMENT.sub("", code))
        yield Item("block", "", names, code, said)


def _without_guard(text):
    """Blanks the include guard, the includes and the language plumbing, but
    keeps the number of lines."""
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and lines[-1].startswith("#endif"):
        lines[-1] = ""
    guard = re.compile(r"#(ifndef|define) TINET_[A-Z0-9]+_H$|#include ")
    return "\n".join("" if guard.match(line) else line for line in lines)


def _without_plumbing(code):
    """Conditional definitions are the compiler's business."""
    if re.match(r"\s*#if", code):
        return ""
    return re.sub(r"\n{3,}", "\n\n", code).strip("\n")
