# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""What the server's parts share: a folder. Everything in it is read anew for every request, so that a test steers by writing files.

  moods          how to misbehave, one a line: NAME[=VALUE][@WHERE] (moods.py has the list; WHERE is est, mde2, dm or dm and a message's number)
  settings.json  what differs from DEFAULTS below
  otp            USER PASSWORD [UNTIL], valid once (until that second); otp.used has those that were used
  users          USER PASSWORD, valid always
  tokens         tokens of the Federated way, one a line
  script.json    what the next DM sessions do (script.py)
  log.jsonl      what happened, one JSON object a line, each with "event"; written by appending, so that two servers may share a folder
It decides nothing about protocols.
"""
import fcntl
import json
import os
import threading
import time

import moods

DEFAULTS = {
    "server_id": "mvpn-test",                                    # PROVIDER-ID; Source of DM messages is dm_url
    "enroll_url": "https://enroll.example.com",
    "dm_url": "https://dm.corp.example.com/dm",
    "auth_policy": "OnPremise",                                  # or Federated, Certificate
    "device_name": "",                                           # common name of what is issued, whatever was asked for
    "lifetime": 30 * 86400,                                      # seconds that a device certificate is valid
    "renew_period": 10, "retry_interval": 1,                     # days, of the provisioning document
    "key_length": 2048,
    "dm_auth": "tls",                                            # tls, basic, md5, hmac or none
    "dm_user": "client1", "dm_password": "s3cret",
    "dm_server_name": "mvpn-test", "dm_server_password": "s3rver",  # by which the server authenticates itself, if the script wants it
    "max_msg_size": 65536, "max_obj_size": 1048576,
    "encoding": "application/vnd.syncml.dm+xml",
    "poll": {"NumberOfFirstRetries": 3, "IntervalForFirstSetOfRetries": 1, "NumberOfSecondRetries": 0, "IntervalForSecondSetOfRetries": 0,
             "NumberOfRemainingScheduledRetries": 0, "IntervalForRemainingScheduledRetries": 1560},
    "w7": {"CONNRETRYFREQ": 3, "INITIALBACKOFFTIME": 1000, "MAXBACKOFFTIME": 8000},
    "provider": {},                                              # more parameters of DMClient/Provider
    "server_cred": "",                                           # how the server shows who it is: basic, md5, hmac or not at all
}
KNOWN = frozenset(DEFAULTS)


class State:
    def __init__(self, folder, site="server"):
        self.folder, self.site = folder, site
        self.lock = threading.Lock()

    def path(self, name):
        return os.path.join(self.folder, name)

    def lines(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as text:
                return [line.strip() for line in text if line.strip() and not line.startswith("#")]
        except FileNotFoundError:
            return []

    def json(self, name, otherwise):
        try:
            with open(self.path(name), encoding="utf-8") as text:
                return json.load(text)
        except FileNotFoundError:
            return otherwise

    def settings(self):
        return {**DEFAULTS, **self.json("settings.json", {})}

    def moods(self, *where):
        return moods.Moods(self.lines("moods"), where)

    def record(self, event, **fields):
        line = json.dumps({"event": event, "at": round(time.time(), 3), "site": self.site, **fields}, default=str) + "\n"
        file = os.open(self.path("log.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def once(self, key):
        """True the first time that this key is asked about; shared by all who share the folder."""
        with open(self.path("once"), "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if key + "\n" in file.readlines():
                return False
            file.write(key + "\n")
            return True

    def count(self, key):
        """How often this was asked about, this time included."""
        n = 1
        while not self.once(f"{key} {n}"):
            n += 1
        return n

    def password_is_good(self, user, password):
        if f"{user} {password}" in self.lines("users"):
            return True
        for line in self.lines("otp"):
            words = line.split()
            if words[:2] == [user, password] and not (len(words) > 2 and time.time() > float(words[2])):
                return f"{user} {password}" not in self.lines("otp.used")
        return False

    def use_password(self, user, password):
        """Take a password for something that is given once: True if it was still good."""
        with self.lock, open(self.path("otp.used"), "a", encoding="utf-8") as used:
            fcntl.flock(used, fcntl.LOCK_EX)
            if not self.password_is_good(user, password):
                return False
            if f"{user} {password}" not in self.lines("users"):
                used.write(f"{user} {password}\n")
            return True
