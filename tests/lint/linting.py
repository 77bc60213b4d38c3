# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lint checks share: the list of the project's files and the way findings are reported.

Files are those git tracks or would track (so that build trees and scratch files are no matter), or every file where there is no git.
Never writes anything.
"""
import os
import subprocess
import sys


class Findings:
    def __init__(self):
        self.n = 0

    def add(self, path, line, text):
        self.n += 1
        print(f"{path}:{line}: {text}")

    def exit(self, what):
        print(f"{what}: {self.n} findings" if self.n else f"{what}: ok")
        sys.exit(1 if self.n else 0)


def files(root):
    """Paths relative to root, sorted."""
    try:
        out = subprocess.run(
            ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            capture_output=True, check=True).stdout
        names = [n.decode() for n in out.split(b"\0") if n]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, leaves in os.walk(root):
            folders[:] = [f for f in folders if f not in (".git", "build")]
            names += [os.path.relpath(os.path.join(folder, n), root) for n in leaves]
    return sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))


def text(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def is_c(name):
    return name.endswith((".c", ".h"))
