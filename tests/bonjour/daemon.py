"""daemon.py - a system bus and an avahi-daemon for a machine of the tests.

Both are the machine's own: the bus has a socket in a folder of the test's, the
daemon runs in the machine's network and sees an empty /run.
"""

import os
import signal
import subprocess
import tempfile
import time

TIMEOUT = 60

# What a system bus allows, and what the daemon's package adds to that.
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <include>/usr/share/dbus-1/system.d/avahi-dbus.conf</include>
</busconfig>
"""

AVAHI_CONFIG = """[server]
host-name=%s
use-ipv4=yes
use-ipv6=yes
ratelimit-interval-usec=1000000
ratelimit-burst=1000
%s
[publish]
publish-hinfo=no
publish-workstation=no
%s
"""

# In a mount namespace of its own: a /run with nothing of the machine's in it.
IN_EMPTY_RUN = 'mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && exec "$@"'


def wait_for(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "waited in vain for " + what
        time.sleep(0.02)


class System:
    """The system bus of a machine, and its daemon.  Both can be ended, killed,
    stopped and started again."""

    def __init__(self, machine, host, server="", publish=""):
        self.machine = machine
        self.folder = tempfile.TemporaryDirectory(prefix="tinet-bus-")
        self.socket = os.path.join(self.folder.name, "bus")
        self.address = "unix:path=" + self.socket
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        self._write("bus.conf", BUS_CONFIG % self.socket)
        self.configure(host, server, publish)
        self.bus = self.avahi = None

    def configure(self, host, server="", publish=""):
        self._write("avahi.conf", AVAHI_CONFIG % (host, server, publish))

    def _path(self, name):
        return os.path.join(self.folder.name, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def start_bus(self):
        with open(self._path("bus.log"), "a", encoding="utf-8") as log:
            self.bus = subprocess.Popen(
                ["dbus-daemon", "--nofork", "--nopidfile", "--config-file", self._path("bus.conf")],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        wait_for(lambda: os.path.exists(self.socket), "the bus")

    def begin_avahi(self):
        """Starts the daemon without waiting for it."""
        with open(self._path("avahi.log"), "a", encoding="utf-8") as log:
            self.avahi = subprocess.Popen(
                self.machine.command(
                    "unshare", "-m", "sh", "-c", IN_EMPTY_RUN, "sh",
                    "avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits",
                    "-f", self._path("avahi.conf"),
                ),
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )

    def start_avahi(self):
        self.begin_avahi()
        wait_for(self.is_running, "the daemon:\n" + self.log())

    def start(self):
        self.start_bus()
        self.start_avahi()
        return self

    def log(self):
        with open(self._path("avahi.log"), encoding="utf-8") as log:
            return log.read()

    def call(self, method, *args):
        """Of the daemon's server object; its standard output."""
        return subprocess.run(
            ["dbus-send", "--bus=" + self.address, "--print-reply=literal",
             "--dest=org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server2." + method, *args],
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
        ).stdout

    def is_running(self):
        return "2" in self.call("GetState").split()

    def run(self, *args):
        """A program that uses this bus, in the machine."""
        return subprocess.run(
            self.machine.command(*args), env=self.env, capture_output=True, text=True,
            timeout=TIMEOUT, check=False,
        ).stdout

    def freeze(self, process):
        process.send_signal(signal.SIGSTOP)

    def thaw(self, process):
        process.send_signal(signal.SIGCONT)

    @staticmethod
    def _end(process, number):
        if process and process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
            process.wait(timeout=TIMEOUT)

    def end_avahi(self):
        self._end(self.avahi, signal.SIGTERM)

    def kill_avahi(self):
        self._end(self.avahi, signal.SIGKILL)

    def kill_bus(self):
        self._end(self.bus, signal.SIGKILL)
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def close(self):
        self.kill_avahi()
        self.kill_bus()
        self.folder.cleanup()
