# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""A dbus-daemon with mvpn's installed policy, the test service on it, and mvpnctl: what the tests of the bus share.

Everything lives in one temporary folder and ends with the test. Nothing waits for a time: only for lines, with a generous limit.
"""

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SERVICE = os.environ.get("BUS_SERVICE", "")
CTL = os.environ.get("MVPNCTL", "")
NOBODY = 65534
LIMIT = 30                          # seconds; only ever reached by a failure
NAME, PATH, INTERFACE = "org.mvpn1", "/org/mvpn1", "org.mvpn1.Manager"

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
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
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <include>{root}/conf/org.mvpn1.conf</include>
  <include>{root}/conf/org.mvpn1.Management.conf</include>
  <include ignore_missing="yes">/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
</busconfig>
"""


def skip(reason):
    print("skipped: " + reason)
    sys.exit(77)


def main():
    """Runs the caller's tests, or says why it cannot."""
    if os.geteuid() != 0:
        skip("needs root, to call as root and as nobody")
    for program in ("dbus-daemon", "busctl", "setpriv"):
        if not shutil.which(program):
            skip(program + " is not installed")
    if not os.access(SERVICE, os.X_OK) or not os.access(CTL, os.X_OK):
        sys.exit("BUS_SERVICE and MVPNCTL must name the test service and mvpnctl")
    unittest.main(verbosity=2, warnings="ignore")


class Lines:
    """The lines of a program's output, each to be waited for."""

    def __init__(self, stream):
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def _read(self, stream):
        for line in stream:
            self.queue.put(line.rstrip("\n"))
        stream.close()
        self.queue.put(None)

    def next(self, limit=LIMIT):
        """The next line; None when the program closed its output"""
        try:
            return self.queue.get(timeout=limit)
        except queue.Empty:
            raise AssertionError("no line came") from None

    def until(self, wanted):
        """All lines up to the first that has wanted in it"""
        seen = []
        while True:
            line = self.next()
            if line is None:
                raise AssertionError(f"output ended without {wanted!r}: {seen}")
            seen.append(line)
            if wanted in line:
                return seen


class Process:
    """A program of the test, ended with it."""

    def __init__(self, args, **kw):
        self.popen = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, **kw)
        self.lines = Lines(self.popen.stdout)

    def stop(self, how=signal.SIGKILL):
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        if self.popen.stdin and not self.popen.stdin.closed:
            try:
                self.popen.stdin.close()
            except BrokenPipeError:
                pass
        return self.popen.wait(LIMIT)


class Service(Process):
    """bus-service: src/bus with a report that the test sets"""

    def __init__(self, env, **kw):
        super().__init__([SERVICE], env=env, **kw)
        self.first = self.lines.next()

    def stop(self, how=None):
        """As a daemon ends: in order, so that a sanitizer can speak. With a signal: by that"""
        if how or self.popen.poll() is not None:
            return super().stop(how or signal.SIGKILL)
        self.popen.stdin.close()
        status = self.popen.wait(LIMIT)
        if status != 0:
            raise AssertionError(f"the service ended with {status}")
        return status

    def do(self, *commands):
        """Sends commands; returns the names of the calls that came in meanwhile"""
        calls = []
        for command in commands:
            self.popen.stdin.write(command + "\n")
            self.popen.stdin.flush()
            while (line := self.lines.next()) != "ok":
                if line is None or not line.startswith(("call ", "bus ")):
                    raise AssertionError(f"{command!r}: {line!r}")
                calls.append(line)
        return calls

    def call(self):
        """Waits for a call; returns its name"""
        line = self.lines.next()
        if not line or not line.startswith("call "):
            raise AssertionError(f"no call but {line!r}")
        return line.split()[1]


class Management(Process):
    """dm-management: org.mvpn1.Management as the test answers for it"""

    def __init__(self, env):
        super().__init__([os.environ["DM_MANAGEMENT"]], env=env)
        self.first = self.lines.next()

    def do(self, command):
        self.popen.stdin.write(command + "\n")
        self.popen.stdin.flush()
        line = self.lines.next()
        if line != "ok":
            raise AssertionError(f"{command!r}: {line!r}")


class BusTest(unittest.TestCase):
    """A bus for each test; self.env names it"""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mvpn-bus-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.ctl_path = os.path.join(self.folder, "mvpnctl")    # where nobody may run it, wherever the build is
        shutil.copy(CTL, self.ctl_path)
        self.address = "unix:path=" + self.folder + "/bus"
        self.env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "DBUS_SESSION_BUS_ADDRESS")}
        self.env.update(DBUS_SYSTEM_BUS_ADDRESS=self.address, LC_ALL="C.UTF-8", TERM="xterm")
        self.config = os.path.join(self.folder, "bus.conf")
        with open(self.config, "w", encoding="ascii") as out:
            out.write(CONFIG.format(socket=self.folder + "/bus", root=ROOT))
        self.daemon = None
        self.start_bus()

    def start_bus(self, prefix=()):
        with open(os.path.join(self.folder, "dbus-daemon.log"), "ab") as log:
            self.daemon = Process([*prefix, "dbus-daemon", "--config-file=" + self.config, "--nofork", "--nopidfile", "--print-address"], stderr=log)
        self.addCleanup(self.daemon.stop)
        self.assertIn(self.folder, self.daemon.lines.next())

    def stop_bus(self):
        self.daemon.stop()
        if os.path.exists(self.folder + "/bus"):
            os.unlink(self.folder + "/bus")

    def start_service(self, **kw):
        service = Service(self.env, **kw)
        self.addCleanup(service.stop)
        return service

    def start(self, *args, **kw):
        process = Process(args, env=self.env, **kw)
        self.addCleanup(process.stop)
        return process

    def as_nobody(self, *args, user=NOBODY):
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *args]

    def run_program(self, *args, env=None):
        return subprocess.run(args, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=LIMIT, check=False)

    def ctl(self, *args, nobody=False, env=None):
        """mvpnctl to its end: (exit status, output, errors)"""
        command = [self.ctl_path, *args]
        done = self.run_program(*(self.as_nobody(*command) if nobody else command), env=env)
        return done.returncode, done.stdout, done.stderr

    def busctl(self, *args, nobody=False):
        command = ["busctl", "--address=" + self.address, *args]
        return self.run_program(*(self.as_nobody(*command) if nobody else command))

    def method(self, *args, nobody=False):
        return self.busctl("call", NAME, PATH, INTERFACE, *args, nobody=nobody)
