# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""XML that no reader may take, made from a document that it may. One function for the documents of every protocol here, also for those that
travel inside another; the moods' names begin with xml- for a whole answer, prov- for a provisioning document, inner- for XML as a node's value.

  doctype     an empty DOCTYPE                            deep[=N]      N elements in each other (65)
  entity      an entity of one's own, and its use         many[=N]      N elements (20001)
  external    an entity that is a file of the reader's    big[=BYTES]   a text (1048577)
  parameter   a parameter entity from the network         attributes[=N]  an element with that many (20001)
  laughs      entities of entities of entities            truncated, none (no XML), empty, latin (bytes that are no UTF-8), nul
  xinclude    an element that asks for a file             root (another root element)
"""
import re

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def document_type(kind, root):
    return {
        "doctype": f"<!DOCTYPE {root}>",
        "entity": f'<!DOCTYPE {root} [<!ENTITY e "inside">]>',
        "external": f'<!DOCTYPE {root} [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        "parameter": f'<!DOCTYPE {root} [<!ENTITY % e SYSTEM "http://www.example.net/e.dtd"> %e;]>',
        "laughs": f'<!DOCTYPE {root} [<!ENTITY l0 "ha">{LAUGHS}]>',
    }.get(kind, "")


def addition(kind, size):
    return {
        "entity": lambda: "<x>&e;</x>",
        "external": lambda: "<x>&e;</x>",
        "laughs": lambda: "<x>&l9;</x>",
        "deep": lambda: "<x>" * (size or 65) + "</x>" * (size or 65),
        "many": lambda: "<x/>" * (size or 20001),
        "big": lambda: "<x>" + "b" * (size or (1 << 20) + 1) + "</x>",
        "attributes": lambda: "<x " + " ".join(f'a{n}="1"' for n in range(size or 20001)) + "/>",
        "xinclude": lambda: '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>',
    }.get(kind, lambda: "")()


def spoil(document, moods, prefix="xml-"):
    """The document (bytes) as the first mood of that prefix wants it."""
    kind = moods.first(prefix)
    if kind is None:
        return document
    if kind in ("none", "empty"):
        return b"this is no XML" if kind == "none" else b""
    if kind == "truncated":
        return document[:len(document) * 2 // 3]
    match = re.search(rb"<([A-Za-z][\w:.-]*)", document)
    root, end = match.group(1).decode(), document.rindex(b"</")
    if kind in ("latin", "nul"):
        return document[:end] + (b"<x>\xff\xfe</x>" if kind == "latin" else b"<x>\0</x>") + document[end:]
    if kind == "root":
        return document[:match.start()] + b"<other" + document[match.end():end] + b"</other>"
    middle = document[match.start():end] + addition(kind, moods.number(prefix + kind, 0)).encode() + document[end:]
    return document[:match.start()] + document_type(kind, root).encode() + middle
