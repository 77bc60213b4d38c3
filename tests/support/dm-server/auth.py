# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Credentials of OMA DM (OMA-TS-DM_Security 1.2, 5.3): basic, MD5 digest, HMAC; and the nonces, of which each is good for one session.

In nonces.json: "client" is what the client's next digest is made with, "server" what the server's is. It never says who may do what.
"""
import base64
import hashlib
import json
import os
import re


def b64(data):
    return base64.b64encode(data).decode()


def md5(data):
    return hashlib.md5(data).digest()


def user_hash(user, password):
    return b64(md5(f"{user}:{password}".encode()))


def digest(user, password, nonce):
    return b64(md5(user_hash(user, password).encode() + b":" + nonce))


def hmac(user, password, nonce, body):
    return b64(md5(user_hash(user, password).encode() + b":" + nonce + b":" + b64(md5(body)).encode()))


def basic(user, password):
    return b64(f"{user}:{password}".encode())


def hmac_header(text):
    """x-syncml-hmac: algorithm=MD5, username="…", mac=… -> a dictionary"""
    return {key.lower(): value.strip('"') for key, value in re.findall(r'(\w+)\s*=\s*("[^"]*"|[^,\s]+)', text or "")}


def nonces(state):
    return {name: base64.b64decode(value) for name, value in state.json("nonces.json", {}).items()}


def keep(state, who, nonce):
    """Remember the nonce for the next digest; on the disk before anybody can be told of it."""
    with state.lock:
        known = {**state.json("nonces.json", {}), who: b64(nonce)}
        with open(state.path("nonces.json.new"), "w", encoding="ascii") as file:
            json.dump(known, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(state.path("nonces.json.new"), state.path("nonces.json"))


def fresh(state, who):
    nonce = os.urandom(16)
    keep(state, who, nonce)
    return nonce
