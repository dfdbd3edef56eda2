#!/usr/bin/env python3
"""test_install.py - an installed tinet is all that a C program needs.

Installs the build into an empty folder, compiles examples/c with nothing but
what pkg-config says, against the shared and against the static library, and
runs the programs against a server of its own.
"""

import glob
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import tap  # noqa: E402

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build-release"))
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
TEXT = "tinet was here\n"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET with TEXT, POST and PUT with the length and type received."""

    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session=1; Max-Age=100")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(TEXT.encode())

    def read_body(self):
        length = self.headers.get("Content-Length")
        if length is not None:
            return self.rfile.read(int(length))
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def do_POST(self):
        self.server.uploads.append((self.headers.get("Content-Type"), self.read_body()))
        self.answer(b"%d bytes\n" % len(self.server.uploads[-1][1]))

    do_PUT = do_POST

    def log_message(self, *_args):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.uploads = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, "http://127.0.0.1:%d" % server.server_address[1]


def run(command, **kwargs):
    """(exit status, what it printed)"""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
        **kwargs,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def tree(top):
    found = []
    for folder, _subfolders, names in os.walk(top):
        found += [os.path.relpath(os.path.join(folder, n), top) for n in names]
    return sorted(found)


class Installed:
    """A folder that stands for the root of a machine."""

    def __init__(self, top):
        self.top = top
        found = glob.glob(os.path.join(top, "**", "tinet.pc"), recursive=True)
        self.pc_folder = os.path.dirname(found[0]) if found else None
        self.lib_folder = os.path.dirname(self.pc_folder) if found else None

    def pkg_config(self, *args):
        env = dict(
            os.environ,
            PKG_CONFIG_LIBDIR=self.pc_folder,
            PKG_CONFIG_SYSROOT_DIR=self.top,
        )
        status, text = run(["pkg-config", *args, "tinet"], env=env)
        if status != 0:
            raise RuntimeError(text)
        return text.split()

    def compile(self, source, program, is_static):
        flags = self.pkg_config("--cflags", "--libs", *["--static"] * is_static)
        return run(["cc", *STRICT, source, "-o", program, *flags])

    def run(self, *command):
        env = dict(os.environ, LD_LIBRARY_PATH=self.lib_folder)
        return run(list(command), env=env)


def install(top):
    command = ["meson", "install", "--no-rebuild", "--quiet", "-C", BUILD]
    status, text = run([*command, "--destdir", top])
    return [text] if status != 0 else []


def check_files(top):
    there = tree(top)
    headers = sorted(os.listdir(os.path.join(ROOT, "include", "tinet")))
    wanted = [r"include/tinet/%s" % h for h in headers if h.endswith(".h")]
    wanted += [
        r"libtinet\.so\.0",
        r"libtinet\.so\.\d+\.\d+\.\d+",
        r"libtinet\.so",
        r"libtinet\.a",
        r"pkgconfig/tinet\.pc",
        r"bin/tinet",
    ]
    return [
        "%s is not installed" % pattern
        for pattern in wanted
        if not any(re.search("(^|/)" + pattern + "$", path) for path in there)
    ]


def check_no_build_paths(installed):
    """An installed file that names the folder it was built in is broken."""
    problems = []
    for path in tree(installed.top):
        if not re.search(r"\.(pc|h)$|bin/tinet$|\.so\.\d+\.\d+\.\d+$", path):
            continue
        with open(os.path.join(installed.top, path), "rb") as f:
            data = f.read()
        if path.endswith((".pc", ".h")):
            if ROOT.encode() in data:
                problems.append("%s names the source folder" % path)
            continue
        _status, text = run(["readelf", "-d", os.path.join(installed.top, path)])
        if "RPATH" in text or "RUNPATH" in text:
            problems.append("%s has a run path" % path)
    return problems


def check_dependencies(program, is_static):
    status, text = run(["readelf", "-d", program])
    has_shared = "libtinet.so" in text
    if status != 0 or has_shared == is_static:
        return ["linked against the wrong library:\n" + text]
    return []


def check_get(installed, program, base):
    status, text = installed.run(program, base + "/hello")
    if status != 0 or TEXT not in text:
        return ["exit status %d, printed: %s" % (status, text)]
    return []


def check_get_fails(installed, program):
    """A port that nothing listens on."""
    status, text = installed.run(program, "http://127.0.0.1:1/")
    return [] if status == 1 else ["exit status %d, printed: %s" % (status, text)]


def check_upload(installed, program, server, base, folder):
    path = os.path.join(folder, "upload.bin")
    content = bytes(range(256)) * 4000
    with open(path, "wb") as f:
        f.write(content)
    status, text = installed.run(program, base + "/upload", path)
    if status != 0:
        return ["exit status %d, printed: %s" % (status, text)]
    if not server.uploads or content not in server.uploads[-1][1]:
        return ["the server did not receive the file"]
    return []


def check_session(installed, program, base, folder):
    """The second run has the cookie of the first."""
    jar = os.path.join(folder, os.path.basename(program) + ".sqlite")
    for want in ("0 cookies\n200 OK\nsession of 127.0.0.1\n", "1 cookies\n200 OK\nsession of 127.0.0.1\n"):
        status, text = installed.run(program, jar, base + "/hello")
        if status != 0 or text != want:
            return ["exit status %d, printed: %s" % (status, text)]
    return []


XML = "console.log(Ti.XML.parseString('<a>parsed</a>').documentElement.textContent);\n"


def run_javascript(installed, folder, text):
    path = os.path.join(folder, "app.js")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    found = glob.glob(os.path.join(installed.top, "**", "bin", "tinet"), recursive=True)
    return installed.run(found[0], "run", path)


def check_javascript(out, installed, folder):
    """`tinet run` finds all of itself below the prefix."""
    if not any(path.endswith("loader.node") for path in tree(installed.top)):
        out.point("an installed tinet runs programs", ["the addon is not installed"])
        return
    status, text = run_javascript(installed, folder, XML)
    problems = [] if status == 0 and text == "parsed\n" else [text]
    out.point("an installed tinet has the packages it requires", problems)
    server, base = serve()
    program = readme_block("js").replace("http://localhost/", base + "/")
    status, text = run_javascript(installed, folder, program)
    server.shutdown()
    problems = [] if status == 0 and text == "200 " + TEXT + "\n" else [text]
    out.point("an installed tinet runs the README's program", problems)


def check_linking(out, installed, folder, is_static):
    label = "static" if is_static else "shared"
    server, base = serve()
    checks = {
        "get": lambda p: check_get(installed, p, base) + check_get_fails(installed, p),
        "upload": lambda p: check_upload(installed, p, server, base, folder),
        "session": lambda p: check_session(installed, p, base, folder),
    }
    for name, check in checks.items():
        source = os.path.join(ROOT, "examples", "c", name + ".c")
        program = os.path.join(folder, "%s-%s" % (name, label))
        status, text = installed.compile(source, program, is_static)
        problems = [text] if status != 0 else check_dependencies(program, is_static)
        out.point("%s.c compiles with pkg-config, %s" % (name, label), problems)
        problems = ["it did not compile"] if status != 0 else check(program)
        out.point("%s runs, %s" % (name, label), problems)
    server.shutdown()


def readme_block(language):
    """The README's first program in a language."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        return re.search(r"^```%s\n(.*?)^```$" % language, f.read(), re.M | re.S).group(1)


def readme_program(folder):
    path = os.path.join(folder, "first.c")
    with open(path, "w", encoding="utf-8") as f:
        f.write(readme_block("c"))
    return path


def check_readme(out, installed, folder):
    server, base = serve()
    program = os.path.join(folder, "first")
    status, text = installed.compile(readme_program(folder), program, False)
    out.point("the README's C program compiles", [text] if status != 0 else [])
    problems = ["it did not compile"]
    if status == 0:
        problems = check_get(installed, program, base)
        problems += check_get_fails(installed, program)
    out.point("the README's C program runs", problems)
    server.shutdown()


def without_shared(installed, folder):
    """A copy in which only libtinet.a is left to be found."""
    top = os.path.join(folder, "static-root")
    shutil.copytree(installed.top, top, symlinks=True)
    for path in glob.glob(os.path.join(top, "**", "libtinet.so*"), recursive=True):
        os.remove(path)
    return Installed(top)


def main():
    out = tap.Writer()
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.join(folder, "root")
        problems = install(top)
        out.point("meson install into an empty folder", problems)
        if not problems:
            installed = Installed(top)
            out.point("everything is installed", check_files(top))
            out.point("nothing points into the build", check_no_build_paths(installed))
            check_javascript(out, installed, folder)
            check_linking(out, installed, folder, False)
            check_readme(out, installed, folder)
            check_linking(out, without_shared(installed, folder), folder, True)
    return out.exit_status()


if __name__ == "__main__":
    sys.exit(main())
