# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""What a client's message must be like (OMA-TS-DM_Protocol 1.2, 6 and 8; OMA-TS-DM_RepPro 1.2, 5 to 7): each departure by a short name and a text.

It looks only at what is there; session.py knows what was to be answered.
"""
import re

import syncml

HEADER_ORDER = ["VerDTD", "VerProto", "SessionID", "MsgID", "Target", "Source", "RespURI", "NoResp", "Cred", "Meta"]
ITEM_ORDER = ["Target", "Source", "SourceParent", "TargetParent", "Meta", "Data", "MoreData"]
STATUS_ORDER = ["CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef", "SourceRef", "Cred", "Chal", "Data", "Item"]
RESULTS_ORDER = ["CmdID", "MsgRef", "CmdRef", "Meta", "TargetRef", "SourceRef", "Item"]
ALERTS = {"1200", "1201", "1222", "1223", "1224", "1225", "1226"}
CODES = {101, 200, 202, 212, 213, 214, 215, 216, 304, 400, 401, 403, 404, 405, 406, 407, 408, 412, 413, 414, 415, 416, 417, 418, 420, 424, 425,
         500, 501, 503, 507, 510, 511, 516, 517}
META = {"Format", "Type", "Size", "NextNonce", "MaxMsgSize", "MaxObjSize", "Mark", "Version", "EMI", "FieldLevel", "Anchor", "Last", "Next", "Mem"}
DEVICE_INFO = ("DevId", "Man", "Mod", "DmV", "Lang")


def in_order(element, order):
    names = [syncml.name_of(e) for e in element if syncml.name_of(e)]
    places = [order.index(name) if name in order else -1 for name in names]
    return -1 not in places and places == sorted(places)


def header(message, session):
    if message.root.tag != f"{{{syncml.NAMESPACE}}}SyncML":
        yield "namespace", message.root.tag
    if message.root.getroottree().docinfo.doctype:
        yield "doctype", message.root.getroottree().docinfo.doctype
    if (message.ver_dtd, message.ver_proto) != ("1.2", "DM/1.2"):
        yield "version", f"{message.ver_dtd} {message.ver_proto}"
    if not re.fullmatch("[0-9A-Fa-f]{1,4}", message.session_id):
        yield "session-id", message.session_id
    if message.msg_id != str(session.client_msg_id + 1):
        yield "msg-id", f"{message.msg_id} after {session.client_msg_id}"
    if message.target not in session.addresses:
        yield "target", message.target
    if not message.source or (session.device and message.source != session.device):
        yield "source", message.source
    if not in_order(message.header, HEADER_ORDER):
        yield "header-order", [syncml.name_of(e) for e in message.header]
    if message.size > session.settings["max_msg_size"]:
        yield "message-size", message.size


def body(message):
    names = [syncml.name_of(e) for e in message.body if syncml.name_of(e)]
    if "Final" in names[:-1]:
        yield "final", "not the last element"
    for name in names:
        if name not in syncml.COMMANDS + ("Final",):
            yield "command", name
    ids = [command.cmd_id for command in walk(message.commands)]
    if len(set(ids)) != len(ids):
        yield "cmd-id-twice", ids
    for cmd_id in ids:
        if not re.fullmatch("[1-9][0-9]*", cmd_id):
            yield "cmd-id", cmd_id
    for element in message.root.iter():
        name = syncml.name_of(element)
        if name in META and element.tag != f"{{{syncml.METINF}}}{name}":
            yield "metinf", element.tag
        if name not in META and name and not element.tag.startswith(f"{{{syncml.NAMESPACE}}}") and not inside_data(element):
            yield "namespace", element.tag
        if name == "Item" and not in_order(element, ITEM_ORDER):
            yield "item-order", [syncml.name_of(e) for e in element]
    for command in message.commands:
        yield from one(command)


def inside_data(element):
    return any(syncml.name_of(e) == "Data" for e in element.iterancestors())


def walk(commands):
    for command in commands:
        yield command
        yield from walk(command.children)


def one(command):
    if command.verb == "Status":
        if not in_order(command.element, STATUS_ORDER):
            yield "status-order-of-elements", [syncml.name_of(e) for e in command.element]
        if not (command.msg_ref and command.cmd_ref and command.cmd):
            yield "status-refs", f"{command.msg_ref} {command.cmd_ref} {command.cmd}"
        if not (command.data or "").isdigit() or int(command.data) not in CODES:
            yield "status-code", command.data
    elif command.verb == "Results":
        if not in_order(command.element, RESULTS_ORDER):
            yield "results-order", [syncml.name_of(e) for e in command.element]
        if not command.cmd_ref or not command.items:
            yield "results-refs", f"{command.msg_ref} {command.cmd_ref}"
    elif command.verb == "Alert":
        if command.data not in ALERTS:
            yield "alert", command.data
        if command.data == "1226" and not all(item.type and item.data is not None for item in command.items):
            yield "alert-1226", "an item without type or data"
    elif command.verb not in ("Replace",):
        yield "verb", f"a client sends no {command.verb}"


def atomic(code, children):
    """The codes of an Atomic and of what is in it: all of it, or nothing. One failed; what came before was rolled back (216) or could not be (516);
    what comes after was not tried (215)"""
    if code is not None and code < 300 and any(c is not None and c >= 300 or c in (215, 216) for c in children):
        yield f"{code}, but inside {children}"
    if code == 507 and children:
        failed = next((n for n, c in enumerate(children) if c is not None and c >= 400 and c != 516), len(children))
        if any(c not in (216, 516) for c in children[:failed]) or any(c != 215 for c in children[failed + 1:]) or failed == len(children):
            yield f"507, but inside {children}"


def first_package(message):
    """Package 1: how the session began, and what device this is"""
    if not any(c.verb == "Alert" and c.data in ("1200", "1201") for c in message.commands):
        yield "package1-alert", [c.verb for c in message.commands]
    if any(c.data == "1200" for c in message.commands) and not re.fullmatch("[1-9A-F][0-9A-F]{0,3}", message.session_id):
        yield "package1-session", f"{message.session_id} is no number of a trigger (OMA-TS-DM_Notification, 6.2.2.10)"
    told = {item.source: item.data for c in message.commands if c.verb == "Replace" for item in c.items}
    for name in DEVICE_INFO:
        if not told.get("./DevInfo/" + name):
            yield "package1-devinfo", name
    if told.get("./DevInfo/DevId") and told["./DevInfo/DevId"] != message.source:
        yield "package1-devid", f"{told['./DevInfo/DevId']} is not {message.source}"
    order = [c.verb for c in message.commands if c.verb in ("Alert", "Replace")]
    if order[:1] == ["Replace"]:
        yield "package1-order", order
