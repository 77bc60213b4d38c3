# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""SyncML 1.2 as OMA DM uses it (OMA-TS-DM_RepPro 1.2): messages read into plain objects, commands of a script written as XML.

WBXML goes through libwbxml's tools, where they are installed. It decides nothing about sessions: session.py does.
Moods of writing: sloppy-prefix (Meta's names with an undeclared prefix), sloppy-type (Type outside Meta), sloppy-bool (bool sent as chr),
sloppy-base64 (lines that end with CR LF).
"""
import base64
import re
import shutil
import subprocess
from xml.sax.saxutils import escape

from lxml import etree

NAMESPACE, METINF = "SYNCML:SYNCML1.2", "syncml:metinf"
XML, WBXML = "application/vnd.syncml.dm+xml", "application/vnd.syncml.dm+wbxml"
COMMANDS = ("Add", "Alert", "Atomic", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Sequence", "Status")


class Unreadable(Exception):
    """Bytes that are no message, with the reason."""


def name_of(element):
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def child(element, *names):
    for name in names:
        element = next((e for e in element if name_of(e) == name), None) if element is not None else None
    return element


def text(element, *names):
    found = child(element, *names)
    return (found.text or "").strip() if found is not None else ""


def content(element):
    """What a Data element holds: its text, or the XML inside it as text."""
    if element is None:
        return None
    return (element.text or "") + "".join(etree.tostring(e, encoding="unicode") for e in element)


class Item:
    def __init__(self, element):
        self.target, self.source = text(element, "Target", "LocURI"), text(element, "Source", "LocURI")
        meta = child(element, "Meta")
        self.format, self.type = (text(meta, name) if meta is not None else "" for name in ("Format", "Type"))
        self.size = text(meta, "Size") if meta is not None else ""
        self.data, self.more = content(child(element, "Data")), child(element, "MoreData") is not None


class Command:
    def __init__(self, element):
        self.element, self.verb = element, name_of(element)
        for field, tag in (("cmd_id", "CmdID"), ("msg_ref", "MsgRef"), ("cmd_ref", "CmdRef"), ("cmd", "Cmd"), ("correlator", "Correlator")):
            setattr(self, field, text(element, tag))
        self.data = content(child(element, "Data"))
        self.items = [Item(e) for e in element if name_of(e) == "Item"]
        self.target_ref = text(element, "TargetRef")
        self.children = [Command(e) for e in element if name_of(e) in COMMANDS]
        chal = child(element, "Chal", "Meta")
        self.challenge = None if chal is None else (text(chal, "Type"), text(chal, "NextNonce"))


class Message:
    """One message as read."""

    def __init__(self, body, kind=XML):
        self.size, self.kind = len(body), kind
        self.root = parse(from_wbxml(body) if kind == WBXML else body)
        header, content_part = child(self.root, "SyncHdr"), child(self.root, "SyncBody")
        if header is None or content_part is None or name_of(self.root) != "SyncML":
            raise Unreadable("no SyncML with SyncHdr and SyncBody")
        self.header, self.body = header, content_part
        self.ver_dtd, self.ver_proto = text(header, "VerDTD"), text(header, "VerProto")
        self.session_id, self.msg_id = text(header, "SessionID"), text(header, "MsgID")
        self.target, self.source = text(header, "Target", "LocURI"), text(header, "Source", "LocURI")
        self.source_name = text(header, "Source", "LocName")
        cred = child(header, "Cred")
        self.cred = None if cred is None else (text(cred, "Meta", "Type"), text(cred, "Data"))
        self.no_resp = child(header, "NoResp") is not None
        meta = child(header, "Meta")
        self.max_msg_size, self.max_obj_size = (text(meta, n) if meta is not None else "" for n in ("MaxMsgSize", "MaxObjSize"))
        self.commands = [Command(e) for e in content_part if name_of(e) in COMMANDS]
        self.final = child(content_part, "Final") is not None


def parse(body):
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise Unreadable(str(error)) from error


def tool(name, *args, data):
    if not shutil.which(name):
        raise Unreadable(f"WBXML, and no {name} here")
    done = subprocess.run([name, *args, "-o", "-", "-"], input=data, capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise Unreadable(f"{name}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def from_wbxml(body):
    # the tool gives a DOCTYPE; the reader wants none
    return re.sub(rb"<!DOCTYPE[^>]*>", b"", tool("wbxml2xml", data=body))


def to_wbxml(body):
    return tool("xml2wbxml", "-v", "1.2", data=body)


def element(name, value, attributes=""):
    return f"<{name}{attributes}>{escape(str(value))}</{name}>"


def meta_xml(item, moods):
    """(Meta, what stands outside it)"""
    fields = [(name, item[key]) for name, key in (("Format", "format"), ("Type", "type"), ("Size", "size")) if item.get(key)]
    outside = ""
    if "sloppy-bool" in moods:
        fields = [(name, "chr" if (name, value) == ("Format", "bool") else value) for name, value in fields]
    if "sloppy-type" in moods:
        outside = "".join(element(name, value, f' xmlns="{METINF}"') for name, value in fields if name == "Type")
        fields = [field for field in fields if field[0] != "Type"]
    if "sloppy-prefix" in moods:
        inside = "".join(element("m:" + name, value) for name, value in fields)
    else:
        inside = "".join(element(name, value, f' xmlns="{METINF}"') for name, value in fields)
    return (f"<Meta>{inside}</Meta>" if inside else "") + outside


def item_xml(item, moods):
    """A script's item -> XML. Keys: target, source, format, type, size, data, bytes (base64 of it is sent), cdata, more"""
    data = item.get("data")
    if "bytes" in item:
        data = base64.encodebytes(item["bytes"].encode()).decode()
        data = data.replace("\n", "\r\n") if "sloppy-base64" in moods else data.replace("\n", "")
    elif data is not None and "sloppy-base64" in moods and item.get("format") == "b64":
        data = "\r\n".join(data[at:at + 64] for at in range(0, len(data), 64)) + "\r\n"
    parts = [f"<{tag}><LocURI>{escape(item[key])}</LocURI></{tag}>" for tag, key in (("Target", "target"), ("Source", "source")) if key in item]
    parts.append(meta_xml(item, moods))
    if data is not None:
        value = f"<![CDATA[{data}]]>" if item.get("cdata") else escape(str(data)).replace("\r", "&#13;")
        parts.append(f"<Data>{value}</Data>")
    return f"<Item>{''.join(parts)}{'<MoreData/>' if item.get('more') else ''}</Item>"


def command_xml(command, cmd_id, moods, children=""):
    """A script's command -> XML. Keys: verb, code (of an Alert), correlator, noresp, no_cmdid, items or those of one item; or raw"""
    if "raw" in command:
        return command["raw"].replace("{cmdid}", str(cmd_id))
    verb = command["verb"]
    own = {key: command[key] for key in ("target", "source", "format", "type", "size", "data", "bytes", "cdata", "more") if key in command}
    items = command.get("items") or ([own] if own else [])
    head = "" if command.get("no_cmdid") else element("CmdID", cmd_id)
    head += "<NoResp/>" if command.get("noresp") else ""
    head += element("Data", command["code"]) if "code" in command else ""
    head += element("Correlator", command["correlator"]) if "correlator" in command else ""
    return f"<{verb}>{head}{''.join(item_xml(item, moods) for item in items)}{children}</{verb}>"
