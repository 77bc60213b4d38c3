# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Every way to misbehave, by name, and where it is explained: a mood that nobody knows would make a test pass for nothing, so it is an error."""
import re

XML = ("doctype", "entity", "external", "parameter", "laughs", "deep", "many", "big", "attributes", "truncated", "none", "empty", "latin", "nul",
       "xinclude", "root")
NAMES = {
    "web": ("tls-require", "tls-none", "tls-other-ca", "tls-other-name", "tls-silence", "status", "redirect", "redirect-http", "gzip", "gzip-bomb",
            "slow", "endless", "endless-headers", "silence", "reset", "short", "long", "http-chunked", "tls-close", "tls-old", "tls-expired",
            "tls-self-signed", "http-09", "garbage", "continue", "chunk-nonsense", "chunk-endless", "trailers", "content-type", "transfer-gzip",
            "two-lengths"),
    "ca": ("cert-wrong-key", "cert-wrong-chain", "cert-ca", "cert-expired", "cert-future", "cert-no-client-auth", "cert-lifetime"),
    "est": ("est-pending", "est-no-csrattrs", "est-error", "est-empty", "est-not-base64", "est-crlf", "est-two"),
    "mde2": ("soap-fault", "fault-lower", "fault-200", "soap-relates", "discovery-http", "discovery-other"),
    "provisioning": ("addr-http", "addr-other", "prov-no-certificate", "prov-extra", "no-root", "second-account", "sloppy-base64", "sloppy-bool"),
    "session": ("session-id", "msg-id", "ver", "target", "other-source", "respuri-http", "respuri-other", "respuri-same", "no-status",
                "status-unasked", "endless-session", "abort", "auth-refuse", "auth-basic", "auth-unknown", "nonce-replay", "nonce-empty",
                "server-cred-wrong", "sloppy-nonce", "sloppy-cmdid"),
    "syncml": ("sloppy-prefix", "sloppy-type", "sloppy-bool", "sloppy-base64"),
    "script": ("names", "exec", "secrets", "addresses", "get-in-atomic", "atomic-in-atomic"),
    "hostile": tuple(prefix + kind for prefix in ("xml-", "prov-", "inner-") for kind in XML),
}
KNOWN = {name for names in NAMES.values() for name in names}


def parse(line):
    """NAME[=VALUE][@WHERE] -> (name, value, where)"""
    match = re.fullmatch(r"([\w-]+)(?:=([^@]*))?(?:@(\w+))?", line)
    if not match or match.group(1) not in KNOWN:
        raise ValueError(f"there is no mood {line}")
    return match.group(1), match.group(2) or "", match.group(3) or ""


class Moods:
    """The moods of one moment, as one place of the server sees them."""

    def __init__(self, lines, where):
        found = [parse(line) for line in lines]
        self.values = {name: value for name, value, place in found if not place or place in where}

    def __contains__(self, name):
        return name in self.values

    def get(self, name, otherwise=""):
        return self.values.get(name) or otherwise

    def number(self, name, otherwise):
        return int(self.get(name, str(otherwise)))

    def first(self, prefix):
        """What XML of that prefix is to be like (hostile.py), or None"""
        return next((kind for kind in XML if prefix + kind in self.values), None)
