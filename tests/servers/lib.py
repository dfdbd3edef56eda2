"""lib.py - what the tests written in Python are made of.

A test is a function named as a sentence; it fails by raising.  `main()` runs the
functions that were registered and prints TAP.  Here are: the driver (a program
that speaks to libtinet), temporary folders, free ports, processes that are
started and ended by their id, and a certificate authority made by openssl.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import tap  # noqa: E402  (the path comes first)

# A sanitizer build and a busy machine are slow; nothing depends on this number
# except how long a hung test takes to be reported.
PATIENCE = 60


class Skip(Exception):
    """A test that cannot run here; the text says why."""


class Failure(Exception):
    """A check that did not hold."""


def equal(want, got, what=""):
    if want != got:
        raise Failure("%swant %r, got %r" % (what and what + ": ", want, got))


def true(condition, *what):
    if not condition:
        raise Failure("not true: " + " ".join(str(word) for word in what))


# ---- suites ----


class Suite:
    """The tests of one program, in the order in which they were registered."""

    def __init__(self):
        self.tests = []

    def test(self, fn):
        self.tests.append((fn.__name__.replace("_", " "), fn))
        return fn

    def add(self, name, fn):
        self.tests.append((name, fn))

    def run(self, *args):
        writer = tap.Writer()
        wanted = os.environ.get("TINET_TEST_MATCH", "")
        for name, fn in self.tests:
            if wanted in name:
                run_test(writer, name, fn, args)
        return writer.exit_status()


def run_test(writer, name, fn, args):
    started = time.monotonic()
    try:
        fn(*args)
    except Skip as why:
        writer.skip(name, why)
    except Failure as failure:
        writer.point(name, [failure])
    except Exception as error:  # whatever it was, the next test still runs
        writer.point(name, ["%s: %s" % (type(error).__name__, error)])
    else:
        writer.point(name)
    if "TINET_TEST_TIMES" in os.environ:
        print("# %.2f s" % (time.monotonic() - started))


# ---- the driver ----


def encode_word(word):
    out = []
    for byte in str(word).encode("utf-8", "surrogateescape"):
        char = chr(byte)
        is_plain = 0x20 < byte < 0x7F and char != "%"
        out.append(char if is_plain else "%%%02x" % byte)
    return "".join(out)


class Outcome(dict):
    """What the driver reported about one request."""

    def __getattr__(self, name):
        return self.get(name)

    @property
    def body_bytes(self):
        return base64.b64decode(self["body"]) if self.get("body") is not None else None

    @property
    def text_value(self):
        text = self.get("text")
        return None if text is None else base64.b64decode(text).decode("utf-8")

    @property
    def error_name(self):
        return self["error"]["name"] if self["error"] else None

    @property
    def error_text(self):
        return self["error"]["text"] if self["error"] else ""

    def header(self, name):
        """All values of a header, or None."""
        values = [v for n, v in self["headers"] if n.lower() == name.lower()]
        return ", ".join(values) if values else None

    def __str__(self):
        shown = dict(self)
        for key in ("body", "headers", "all_headers", "hops", "text"):
            shown.pop(key, None)
        return str(shown)


class Driver:
    """The driver program, kept running over many requests."""

    def __init__(self, path=None, options=None, env=None):
        self.path = path or sys.argv[1]
        self.options = dict(options or {})
        self.env = dict(os.environ, **(env or {}))
        # What the machine's own settings would add.
        for name in list(self.env):
            if name.lower().endswith("_proxy") and name not in (env or {}):
                del self.env[name]
        self.process = None
        self.pending = b""

    def start(self):
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=self.env,
            bufsize=0,
        )
        self.pending = b""
        for name, value in self.options.items():
            if value is True:
                self.command(name)
            else:
                self.command("option", name, value)

    def command(self, *words):
        if self.process is None:
            self.start()
        line = " ".join(encode_word(word) for word in words) + "\n"
        try:
            self.process.stdin.write(line.encode())
        except BrokenPipeError:
            self.fail("the driver has ended")

    def fail(self, why):
        """Ends the driver; the next command starts another."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self.stderr.seek(0)
        said = self.stderr.read().decode("utf-8", "replace")[:6000]
        raise Failure("%s\nexit status %s\n%s" % (why, process.returncode, said))

    def read(self, patience=PATIENCE):
        """The next line of the driver, as an object."""
        until = time.monotonic() + patience
        while b"\n" not in self.pending:
            left = until - time.monotonic()
            ready = select.select([self.process.stdout], [], [], max(left, 0))[0]
            if not ready:
                self.fail("the driver says nothing any more")
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                self.fail("the driver ended too early")
            self.pending += piece
        line, self.pending = self.pending.split(b"\n", 1)
        try:
            return json.loads(line)
        except ValueError:
            self.fail("not JSON: %r" % line[:300])

    def run(self):
        """Runs the loop until nothing is pending.  Returns what was reported."""
        self.command("run")
        lines = []
        while True:
            line = self.read()
            if "ran" in line:
                equal(0, line["ran"], "tinet_loop_run")
                self.fds = line["fds"]
                return lines
            lines.append(Outcome(line))

    def prepare(self, method, url, headers=(), body=(), name="main", **settings):
        """The commands before a send.  `body` is a list of body commands."""
        self.command("client", name)
        self.command("open", method, url)
        for field, value in headers:
            if value is None:
                self.command("unheader", field)
            else:
                self.command("header", field, value)
        for key, value in settings.items():
            self.command("set", key, int(value) if value in (True, False) else value)
        for words in body:
            self.command(*words)

    def request(self, method, url, headers=(), body=(), **settings):
        """Sends one request and returns its outcome."""
        self.prepare(method, url, headers, body, **settings)
        self.command("send")
        lines = self.run()
        outcomes = [line for line in lines if "outcome" in line]
        if len(outcomes) != 1:
            raise Failure("%d outcomes: %s" % (len(outcomes), lines))
        return outcomes[0]

    def get(self, url, headers=(), **settings):
        return self.request("GET", url, headers, **settings)

    def memory(self):
        """(resident now, at most so far) in KiB."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as f:
            fields = dict(line.split(":", 1) for line in f)
        return int(fields["VmRSS"].split()[0]), int(fields["VmHWM"].split()[0])

    def reset_peak(self):
        with open("/proc/%d/clear_refs" % self.process.pid, "w") as f:
            f.write("5")

    def end(self):
        """Closes the loop.  Fails if a handle or a descriptor is left."""
        if self.process is None:
            return
        self.command("end")
        last = self.read()
        equal(0, last.get("close"), "tinet_loop_close")
        equal(last["fds_before"], last["fds_after"], "open descriptors")
        process, self.process = self.process, None
        process.stdin.close()
        status = process.wait(PATIENCE)
        process.stdout.close()
        self.stderr.seek(0)
        said = self.stderr.read().decode("utf-8", "replace")
        if status != 0 or said:
            raise Failure("the driver ended with %s\n%s" % (status, said[:6000]))

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def is_sanitized(path=None):
    """Whether the driver is built with AddressSanitizer: memory then tells
    little."""
    with open(path or sys.argv[1], "rb") as f:
        return b"__asan_init" in f.read()


def finish(suite, driver, *args):
    """Runs the tests and, as the last one, closes the driver's loop."""
    suite.add("closing the loop leaves nothing open", lambda *_: driver.end())
    try:
        return suite.run(driver, *args)
    finally:
        driver.kill()


# ---- processes, ports, folders ----


@contextlib.contextmanager
def temporary_folder():
    folder = tempfile.mkdtemp(prefix="tinet-")
    os.chmod(folder, 0o755)  # servers that give up root read it too
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(n):
    """All different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def free_port():
    return free_ports(1)[0]


def is_listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def write(path, data):
    with open(path, "wb" if isinstance(data, bytes) else "w") as f:
        f.write(data)
    return path


def need_program(*names):
    for name in names:
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if found:
            return found
    raise Skip("%s is not installed" % names[0])


@contextlib.contextmanager
def server(make_command, folder, name):
    """Starts `make_command(port)`, waits until the port answers, ends it.

    The port was free a moment ago; if another process took it meanwhile, the
    server ends and a new one is tried."""
    for _ in range(5):
        port = free_port()
        log = open(os.path.join(folder, name + ".log"), "ab")
        process = subprocess.Popen(
            make_command(port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
        log.close()
        if wait_for_port(process, port):
            break
        end_process(process)
    else:
        with open(os.path.join(folder, name + ".log"), errors="replace") as f:
            raise Failure("%s does not start: %s" % (name, f.read()[-2000:]))
    try:
        yield port
    finally:
        end_process(process)


def wait_for_port(process, port):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            return False
        if is_listening(port) and is_owner(process, port):
            return True
        time.sleep(0.02)
    return False


def is_owner(process, port):
    """Whether it is this process, or one that it started, that listens: a port
    that was free may have been taken by another test meanwhile."""
    inodes = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name) as table:
            for row in table:
                cells = row.split()
                if cells[3] == "0A" and cells[1].endswith(":%04X" % port):
                    inodes.add("socket:[%s]" % cells[9])
    return any(has_socket(pid, inodes) for pid in session_of(process.pid))


def session_of(leader):
    """The processes of a session; `leader` started it."""
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.getsid(int(name)) == leader:
                yield int(name)


def has_socket(pid, inodes):
    folder = "/proc/%d/fd" % pid
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                if os.readlink(os.path.join(folder, name)) in inodes:
                    return True
    return False


def end_process(process):
    """Ends a process that we started in a session of its own, with all of it."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sig)
        except ProcessLookupError:
            pass
        if sig == signal.SIGTERM:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                pass
    process.wait()


class Threaded:
    """A server in a thread: `serve(connection)` is called for each connection,
    in a thread of its own.  What it raises is kept in `errors`."""

    def __init__(self, serve, tls=None):
        self.serve, self.tls = serve, tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.errors = []
        self.n_connections = 0
        self.is_stopping = False
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.is_stopping:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            # Else a response waits 40 ms for the acknowledgement of the tickets of TLS 1.3.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.n_connections += 1
            self.open.add(connection)
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        plain = connection
        plain.settimeout(PATIENCE)
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.serve(connection)
        except (OSError, EOFError):
            pass  # the client went away, which most of these tests provoke
        except Exception as error:  # shown by the test
            self.errors.append("%s: %s" % (type(error).__name__, error))
        finally:
            self.open.discard(plain)
            connection.close()
            plain.close()

    def drop_all(self):
        """Closes every connection there is."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.is_stopping = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- reading requests ----


class Reader:
    """Buffered reading of a socket."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def more(self):
        piece = self.connection.recv(1 << 16)
        if not piece:
            raise EOFError
        self.buffer += piece

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        found, self.buffer = self.buffer.split(mark, 1)
        return found + mark

    def exactly(self, n):
        while len(self.buffer) < n:
            self.more()
        found, self.buffer = self.buffer[:n], self.buffer[n:]
        return found


class Request:
    """A request as it came over the wire."""

    def __init__(self, head, body, raw_body):
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.method, self.target = (lines[0].split(" ") + ["", ""])[:2]
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
        # "Name:" without a value has no space after the colon.
        self.headers += [(l[:-1], "") for l in lines[1:] if l.endswith(":")]
        self.head, self.body, self.raw_body = head, body, raw_body

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(values) if values else None


def read_chunks(reader):
    body = raw = b""
    while True:
        line = reader.until(b"\r\n")
        size = int(line.split(b";")[0], 16)
        raw += line
        if size == 0:
            while True:
                line = reader.until(b"\r\n")
                raw += line
                if line == b"\r\n":
                    return body, raw
        body += reader.exactly(size)
        raw += body[-size:] + reader.exactly(2)


def read_request(reader, connection=None):
    """Reads one request with its body.  EOFError at the end."""
    head = reader.until(b"\r\n\r\n")
    request = Request(head, b"", b"")
    if (request.header("expect") or "").lower() == "100-continue" and connection:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if (request.header("transfer-encoding") or "").lower() == "chunked":
        body, raw = read_chunks(reader)
        return Request(head, body, raw)
    body = reader.exactly(int(request.header("content-length") or 0))
    return Request(head, body, body)


def response(status="200 OK", headers=(), body=b""):
    lines = ["HTTP/1.1 " + status]
    lines += ["%s: %s" % field for field in headers]
    lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


# ---- certificates ----


class Pki:
    """A certificate authority of its own, and certificates for servers."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = self.path("ca.pem")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-days", "2", "-subj", "/CN=tinet test CA",
                 "-keyout", self.path("ca.key"), "-out", self.ca)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *words):
        done = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failure("openssl: " + done.stdout.decode("utf-8", "replace"))

    def certificate(self, name, names, days=2):
        """A certificate for `names`; returns (chain file, key file)."""
        key, request = self.path(name + ".key"), self.path(name + ".csr")
        chain, extensions = self.path(name + ".pem"), self.path(name + ".ext")
        write(extensions, "subjectAltName=%s\nbasicConstraints=CA:FALSE\n" % names)
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.ca,
                 "-CAkey", self.path("ca.key"), "-CAcreateserial",
                 "-days", str(days), "-extfile", extensions, "-out", chain)
        os.chmod(key, 0o644)
        return chain, key


def crc(data):
    return zlib.crc32(data) & 0xFFFFFFFF
