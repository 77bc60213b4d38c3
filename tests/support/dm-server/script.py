# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""What a session is to do: script.json, by sessions, packages and commands; and the commands that moods add.

  {"sessions": [S, S, …]}  or S itself, which is {"packages": [[COMMAND, …], …], "always": true|false}
  COMMAND: {"verb": "Replace", "target": "./…", "format": "int", "type": "text/plain", "data": "1", "expect": 200}
    verb Atomic or Sequence: "commands"; Alert: "code"; several items: "items"; Get: "want" is the value to come
    "expect" is a status code or a list of them; "chunk": N sends the data in pieces of N characters (large object); "file": data from a file
    "raw" is XML as it is, {cmdid} being its number; "cmdid", "noresp", "no_cmdid", "correlator", "split" (the message ends after this command, which
    servers do only within a large object: a sloppy one)
Each S is done once, "always" for ever; a session beyond the script gets no commands.
Moods: names, exec, secrets, addresses (commands that must not succeed), inner-… of hostile.py (on a ProfileXML), atomic-in-atomic, get-in-atomic.
"""
import hashlib
import json
import os

import hostile

OURS = "./Vendor/mvpn/MobileVPN"
VPN = "./Device/Vendor/MSFT/VPNv2/"
PROFILE = ("<VPNProfile><NativeProfile><Servers>vpn.example.com</Servers><NativeProtocolType>IKEv2</NativeProtocolType><Authentication>"
           "<MachineMethod>Certificate</MachineMethod></Authentication></NativeProfile><AlwaysOn>true</AlwaysOn></VPNProfile>")
NAMES = (OURS + "/../DevInfo/DevId", OURS + "/./Enabled", "./.", "..", ".", "/", "//", "./", OURS + "/*", "./*", VPN + "a%00b/ProfileXML",
         VPN + "a\tb/ProfileXML", VPN + "a%2f..%2fb/ProfileXML", VPN + "../../etc/ProfileXML", VPN + "." + "/ProfileXML", VPN + "*/ProfileXML",
         VPN + "\u202eb/ProfileXML", VPN + "n" * 2000 + "/ProfileXML", "./" + "a/" * 200, OURS + "?list=Struct&prop=ACL", OURS + "?prop=../ACL")
EXECS = (OURS, OURS + "/Enabled", OURS + "/UserMayDisable", OURS + "/Status/State", "./DevInfo/DevId", "./DevDetail", "./SyncML/DMAcc",
         "./Vendor/MSFT/Reboot/RebootNow", "./Device/Vendor/MSFT/RemoteWipe/doWipe", "./bin/sh", VPN + "lab")
SECRETS = ("./SyncML/DMAcc/{id}/AppAuth/ClientSide/AAuthSecret", "./SyncML/DMAcc/{id}/AppAuth/ServerSide/AAuthSecret",
           "./SyncML/DMAcc/{id}/AppAuth/ServerSide/AAuthData", "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/lab/Install/Challenge",
           "./Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/lab/PFXCertPassword", "./SyncML/DMAcc?list=StructData", "./SyncML/DMAcc?list=TNDS")
ADDRESSES = ("./SyncML/DMAcc/{id}/AppAddr/1/Addr", "./Vendor/MSFT/DMClient/Provider/{id}/ManagementServiceAddress")
REFUSED = list(range(400, 600))


def load(state):
    """The packages of the session that begins now."""
    script = state.json("script.json", {})
    stamp = os.stat(state.path("script.json")).st_mtime_ns if script else 0
    sessions = script.get("sessions") or ([script] if "packages" in script else [])
    if not sessions:
        return []
    turn = state.count("script " + hashlib.sha256(json.dumps(script).encode() + str(stamp).encode()).hexdigest())
    if turn > len(sessions):
        return sessions[-1]["packages"] if sessions[-1].get("always") else []
    return sessions[turn - 1]["packages"]


def added(moods, server_id):
    """Commands that the moods want besides"""
    if "names" in moods:
        for name in NAMES:
            yield {"verb": "Replace", "target": name, "format": "chr", "data": "1", "expect": REFUSED}
            yield {"verb": "Get", "target": name, "expect": REFUSED + [200]}
    if "exec" in moods:
        for name in EXECS:
            yield {"verb": "Exec", "target": name, "expect": REFUSED}
    if "secrets" in moods:
        for name in SECRETS:
            yield {"verb": "Get", "target": name.format(id=server_id), "expect": REFUSED + [200]}
    if "addresses" in moods:
        for name in ADDRESSES:
            for address in ("http://dm.corp.example.com/dm", "https://www.example.net/dm", "file:///etc/passwd"):
                yield {"verb": "Replace", "target": name.format(id=server_id), "format": "chr", "data": address, "expect": REFUSED}
    if moods.first("inner-"):
        yield {"verb": "Replace", "target": VPN + "lab/ProfileXML", "format": "xml", "type": "text/xml", "data": PROFILE, "expect": REFUSED}
    get = {"verb": "Get", "target": "./DevInfo/DevId"}
    if "get-in-atomic" in moods:
        yield {"verb": "Atomic", "commands": [{**get, "expect": [500]}], "expect": [507]}
    if "atomic-in-atomic" in moods:
        yield {"verb": "Atomic", "commands": [{"verb": "Atomic", "commands": [], "expect": [500]}], "expect": [507]}


def leaf(verb, target, value):
    """A command for one node; the format is what the value looks like"""
    kind = "bool" if value in ("true", "false") else "int" if value.isdigit() else "chr"
    return {"verb": verb, "target": target, "format": kind, "type": "text/plain", "data": value, "expect": [200]}


def profile(name, nodes, verb="Add"):
    """A script that sets up a VPN by one Atomic. nodes: (PATH, value) below NativeProfile's parent; a PATH that begins with ./ is another object's"""
    basic = {"NativeProfile/Servers": "vpn.example.com", "NativeProfile/NativeProtocolType": "IKEv2",
             "NativeProfile/Authentication/MachineMethod": "Certificate", "NativeProfile/RoutingPolicyType": "ForceTunnel",
             "AlwaysOn": "true", "DeviceTunnel": "true", "LockDown": "true"}
    commands = [leaf(verb, path if path.startswith("./") else VPN + name + "/" + path, value)
                for path, value in {**basic, **dict(nodes)}.items() if value]
    return {"packages": [[{"verb": "Atomic", "commands": commands, "expect": [200]}]]}


def prepared(command, state, moods):
    """A command with its data in place"""
    command = dict(command)
    if "file" in command:
        with open(os.path.join(state.folder, command["file"]), encoding="utf-8") as file:
            command["data"] = file.read()
    if moods.first("inner-") and str(command.get("data", "")).lstrip().startswith("<"):
        command["data"] = hostile.spoil(command["data"].encode(), moods, "inner-").decode(errors="replace").replace("\0", "")
    return command


def messages(package, state, moods):
    """A package as messages, each a list of commands: more than one by "split" and for large objects"""
    out = [[]]
    for command in [prepared(c, state, moods) for c in package]:
        pieces = list(cut(command))
        for piece in pieces[:-1]:
            out[-1].append(piece)
            out.append([])
        out[-1].append(pieces[-1])
        if command.get("split"):
            out.append([])
    return out


def cut(command):
    size, data = command.get("chunk"), command.get("data", "")
    if not size or len(data) <= size:
        yield command
        return
    parts = [data[at:at + size] for at in range(0, len(data), size)]
    plain = {key: value for key, value in command.items() if key not in ("chunk", "file")}
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        piece = {**plain, "data": part, "more": not last}
        if at == 0:
            piece["size"] = command.get("told_size", len(data.encode()))
        if not last:
            piece["expect"] = [213]
        yield piece
