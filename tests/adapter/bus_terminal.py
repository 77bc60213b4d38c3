# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""A small terminal for tests: runs a program on a pty and keeps the screen as a person would see it.

Knows what mvpnctl uses (carriage return, line feed, cursor up, erase, colours, cursor on and off) and fails on anything else.
"""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

ESCAPE = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")


class Screen:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [""]
        self.row = self.column = 0
        self.cursor = True
        self.styles = 0             # colour sequences seen
        self.wraps = 0              # characters written beyond the last column
        self.pending = ""

    def feed(self, text):
        text = self.pending + text
        self.pending = ""
        while text:
            if text[0] != "\x1b":
                self._put(text[0])
                text = text[1:]
                continue
            match = ESCAPE.match(text)
            if not match:
                if len(text) > 16:
                    raise AssertionError(f"not understood: {text[:16]!r}")
                self.pending = text
                return
            self._escape(match.group(1), match.group(2))
            text = text[match.end():]

    def _put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            while len(self.lines) <= self.row:
                self.lines.append("")
        else:
            if self.column >= self.columns:
                self.wraps += 1
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1

    def _escape(self, parameters, letter):
        if letter == "m":
            self.styles += 1
        elif letter == "A":
            self.row -= int(parameters or 1)
            if self.row < max(0, len(self.lines) - self.rows):
                raise AssertionError("the cursor left the screen upwards")
        elif letter == "K" and not parameters:
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif letter == "J" and not parameters:
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif letter in "hl" and parameters == "?25":
            self.cursor = letter == "h"
        else:
            raise AssertionError(f"not understood: ESC [ {parameters} {letter}")

    def text(self):
        return "\n".join(self.lines)


class Terminal:
    """args running on a terminal of this size"""

    def __init__(self, args, env, columns=100, rows=40):
        self.screen = Screen(columns, rows)
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(args[0], args, env)
        self.modes = termios.tcgetattr(self.fd)

    def pump(self, done, limit=30):
        """Shows what comes until done(screen); fails after the limit or at the end of output"""
        end = time.monotonic() + limit
        while not done(self.screen):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError("this did not come:\n" + self.screen.text())
            if not self._read():
                if done(self.screen):
                    return
                raise AssertionError("output ended:\n" + self.screen.text())

    def wait_text(self, wanted):
        self.pump(lambda screen: wanted in screen.text())

    def _read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError:             # the other side is closed
            return False
        self.screen.feed(self.decoder.decode(data))
        return bool(data)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def resize(self, columns, rows):
        self.screen.columns, self.screen.rows = columns, rows
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self, limit=30):
        """Reads to the end; the exit status"""
        stop = time.monotonic() + limit
        while select.select([self.fd], [], [], max(0, stop - time.monotonic()))[0] and self._read():
            pass
        if not self.has_ended():
            raise AssertionError("the output ended, the program did not")
        return self.close()

    def close(self):
        """Ends the program if it runs; its exit status"""
        if self.status is None:
            finished, status = os.waitpid(self.pid, os.WNOHANG)
            if not finished:
                os.kill(self.pid, signal.SIGKILL)
                _, status = os.waitpid(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(status)
            os.close(self.fd)
        return self.status

    def has_ended(self):
        """Gives a program whose output has ended a moment to exit"""
        fd = os.pidfd_open(self.pid)
        try:
            return bool(select.select([fd], [], [], 10)[0])
        finally:
            os.close(fd)
