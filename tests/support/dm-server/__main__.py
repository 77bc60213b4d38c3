#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""The DM and enrolment server of the tests: EST, MDE2 and OMA DM 1.2 over HTTPS, which behaves or misbehaves as the files in its folder say.

Written from the OMA and Microsoft texts and RFC 7030, and from nothing of the client under test. state.py says which files there are.

  dm-server serve --state DIR --ca PEM --ca-key KEY --cert PEM --key KEY [--port N] [--site NAME] [--ready FILE] ADDRESS…
  dm-server certificate --state DIR --ca PEM --ca-key KEY --out PREFIX NAME…    a certificate for a server of these names
  dm-server set --state DIR KEY=VALUE…              settings; a value that is no JSON is a string
  dm-server mood --state DIR [MOOD…]                how to misbehave from now on (moods.py has the list); none: not at all
  dm-server profile [--name N] [--verb V] [NODE=VALUE…]    a script on standard output that sets up a VPN with LockDown by one Atomic
  dm-server log --state DIR [EVENT [KEY=VALUE…]]    what was written down, one JSON object a line; fails where there is nothing
  dm-server notify --password P --nonce BASE64 [--session N] [--server-id ID]   a package #0 on standard output
"""
import argparse
import json
import os
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import ca  # noqa: E402
import dm  # noqa: E402
import est  # noqa: E402
import mde2  # noqa: E402
import moods  # noqa: E402
import package0  # noqa: E402
import script  # noqa: E402
import state  # noqa: E402
import web  # noqa: E402


def serve(args):
    shared = state.State(args.state, args.site)
    authority = ca.Authority(shared, args.ca, args.ca_key)
    areas = [("/.well-known/est/", "est", est.Est(shared, authority)), ("/enrollmentserver/", "mde2", mde2.Mde2(shared, authority)),
             ("/dm", "dm", dm.Dm(shared))]
    web.Handler.state, web.Handler.areas = shared, areas
    web.Handler.contexts = web.Contexts(shared, authority, args.cert, args.key)
    for address in args.address:
        server = (web.Server6 if ":" in address else web.Server)((address, args.port), web.Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
    if args.ready:
        with open(args.ready + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.rename(args.ready + ".new", args.ready)
    threading.Event().wait()


def certificate(args):
    authority = ca.Authority(state.State(args.state), args.ca, args.ca_key)
    authority.server(*args.name, out=args.out)


def notify(args):
    sys.stdout.buffer.write(package0.build(args.server_id, args.password, args.nonce, args.session, args.version))


def change(args):
    shared = state.State(args.state)
    settings = shared.json("settings.json", {})
    for word in args.which:
        key, _, value = word.partition("=")
        if key not in state.KNOWN:
            sys.exit(f"there is no setting {key}")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    with open(shared.path("settings.json.new"), "w", encoding="utf-8") as file:
        json.dump(settings, file)
    os.rename(shared.path("settings.json.new"), shared.path("settings.json"))


def mood(args):
    moods.Moods(args.which, ())
    shared = state.State(args.state)
    with open(shared.path("moods.new"), "w", encoding="utf-8") as file:
        file.write("".join(word + "\n" for word in args.which))
    os.rename(shared.path("moods.new"), shared.path("moods"))


def profile(args):
    json.dump(script.profile(args.name, [word.partition("=")[::2] for word in args.which], args.verb), sys.stdout, indent=1)


def log(args):
    wanted = dict(word.partition("=")[::2] for word in args.which)
    lines = [entry for entry in map(json.loads, state.State(args.state).lines("log.jsonl"))
             if args.event in (None, entry["event"]) and all(str(entry.get(key)) == value for key, value in wanted.items())]
    print("".join(json.dumps(entry) + "\n" for entry in lines), end="")
    sys.exit(not lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    for name, function in (("serve", serve), ("certificate", certificate)):
        verb = verbs.add_parser(name)
        verb.set_defaults(function=function)
        for option in ("--state", "--ca", "--ca-key"):
            verb.add_argument(option, required=True)
        if name == "serve":
            verb.add_argument("--cert", required=True)
            verb.add_argument("--key", required=True)
            verb.add_argument("--port", type=int, default=443)
            verb.add_argument("--site", default="server")
            verb.add_argument("--ready")
            verb.add_argument("address", nargs="+")
        else:
            verb.add_argument("--out", required=True)
            verb.add_argument("name", nargs="+")
    for name, function in (("set", change), ("mood", mood)):
        verb = verbs.add_parser(name)
        verb.set_defaults(function=function)
        verb.add_argument("--state", required=True)
        verb.add_argument("which", nargs="*")
    verb = verbs.add_parser("profile")
    verb.set_defaults(function=profile)
    verb.add_argument("--name", default="lab")
    verb.add_argument("--verb", default="Add")
    verb.add_argument("which", nargs="*")
    verb = verbs.add_parser("log")
    verb.set_defaults(function=log)
    verb.add_argument("--state", required=True)
    verb.add_argument("event", nargs="?")
    verb.add_argument("which", nargs="*")
    verb = verbs.add_parser("notify")
    verb.set_defaults(function=notify)
    verb.add_argument("--server-id", default=state.DEFAULTS["server_id"])
    verb.add_argument("--password", default=state.DEFAULTS["dm_server_password"])
    verb.add_argument("--nonce", required=True)
    verb.add_argument("--session", type=int, default=1)
    verb.add_argument("--version", type=int, default=11, help="ten times the version: 11, or 12")
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
