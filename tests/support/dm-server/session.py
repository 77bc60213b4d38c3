# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""One management session from the server's side (OMA-TS-DM_Protocol 1.2): takes the client's messages, checks that every command was answered in
order, and sends the script's packages. Pure but for the log: what comes in and goes out are bytes and values.

Moods: session-id, msg-id, ver, target, other-source (a header that is not this session's), respuri-http, respuri-other, respuri-same, no-status,
status-unasked, endless-session (one Get more, for ever), abort (Alert 1223), auth-refuse, auth-basic (a challenge for less than was agreed),
auth-unknown, nonce-replay, nonce-empty, server-cred-wrong, sloppy-nonce (no base64), sloppy-cmdid (numbers fall), and those of script.py, syncml.py.
"""
import base64
from xml.sax.saxutils import escape

import auth
import rules
import script
import syncml

TYPES = {"basic": "syncml:auth-basic", "md5": "syncml:auth-md5", "hmac": "syncml:auth-MAC"}
REPLAYED, PLAIN = b"the same again", b"no base64!"


class Sent:
    """A command that waits for its Status."""

    def __init__(self, msg_id, cmd_id, command):
        self.ref, self.command, self.verb = (str(msg_id), str(cmd_id)), command, command.get("verb", "raw")
        self.target = command.get("target", "")
        expect = command.get("expect")
        self.expect = [expect] if isinstance(expect, int) else expect
        self.container = self.verb in ("Atomic", "Sequence")
        self.children, self.code = [], None


class Session:
    def __init__(self, state, settings, source, session_id, addresses):
        self.state, self.settings, self.device, self.session_id, self.addresses = state, settings, source, session_id, addresses
        self.client_msg_id = self.msg_id = self.tries = 0
        self.authenticated = self.begun = self.ended = self.ok = self.commands_sent = False
        self.packages, self.queue, self.waiting, self.gets, self.big = [], [], [], {}, {}
        self.atomics = []       # of which the children's codes must fit
        self.last_ref, self.alert_ref, self.sent_now, self.server_tries = None, None, [], 0
        self.way, self.client_max = "", 0       # the path that a RespURI asked for; the client's MaxMsgSize
        self.closed = True      # our last message ended our package
        self.faults = 0

    # --- what comes in

    def record(self, event, **fields):
        self.state.record(event, session=self.session_id, message=self.client_msg_id, **fields)

    def violation(self, rule, what):
        self.faults += 1
        self.record("violation", rule=rule, text=what)

    def take(self, message, credentials, moods):
        """A client's message -> the server's answer (bytes). credentials: the HMAC header's fields and the body they are of"""
        for rule, what in [*rules.header(message, self), *rules.body(message)]:
            self.violation(rule, what)
        self.client_max = int(message.max_msg_size) if message.max_msg_size.isdigit() else self.client_max
        self.client_msg_id = int(message.msg_id) if message.msg_id.isdigit() else self.client_msg_id + 1
        code, challenge = self.authenticate(message, credentials, moods)
        self.ok = code < 400
        answers = [self.status("0", "SyncHdr", code, challenge, self.addresses[0], message.source)]
        if message.final and not self.closed:
            self.violation("final-early", "the server's package is not at its end (OMA-TS-DM_Protocol, 6.1)")
        if self.ok and not self.begun:
            self.begin(message)
        self.check_first_status(message)
        answers += [answer for command in message.commands for answer in self.take_command(command, code)]
        if message.final or self.queue:
            self.check_all_answered()
        return self.next(message, answers, moods)

    def begin(self, message):
        for rule, what in rules.first_package(message):
            self.violation(rule, what)
        self.begun, self.packages = True, script.load(self.state)
        self.record("session", id=message.session_id, device=self.device, packages=len(self.packages))

    def take_command(self, command, code):
        """The statuses that answer one of the client's commands"""
        if command.verb == "Status":
            self.take_status(command)
            return []
        answer = code if not self.ok else 200
        if command.verb == "Results" and self.ok:
            answer = self.take_results(command)
            if answer == 200:           # only a piece of a large object, or a wrong one, is answered (OMA-TS-DM_Protocol, 6.1 and 6.2)
                return []
        elif command.verb == "Alert":
            self.record("alert", code=command.data, correlator=command.correlator,
                        items=[{"source": i.source, "target": i.target, "type": i.type, "format": i.format, "data": i.data} for i in command.items])
            self.ended = self.ended or command.data == "1223"
        elif command.verb == "Replace":
            self.record("device", items={item.source: item.data for item in command.items})
        return [self.status(command.cmd_id, command.verb, answer)]

    def check_first_status(self, message):
        """After the first message, a message begins with the Status of the other's header"""
        statuses = [c for c in message.commands if c.verb == "Status"]
        if self.msg_id and (not statuses or (statuses[0].cmd_ref, statuses[0].msg_ref) != ("0", str(self.msg_id))):
            self.violation("status-header-first", [(c.msg_ref, c.cmd_ref) for c in statuses])
        if statuses and message.commands[:len(statuses)] != statuses and any(
                c.verb in ("Alert", "Replace") for c in message.commands[:len(statuses)]):
            self.violation("status-after-command", [c.verb for c in message.commands])

    def take_status(self, command):
        if command.cmd_ref == "0":
            return self.take_header_status(command)
        ref, code = (command.msg_ref, command.cmd_ref), int(command.data or "0")
        at = next((n for n, sent in enumerate(self.waiting) if sent.ref == ref), None)
        if at is None:
            if ref not in (self.last_ref, self.alert_ref):     # several items may each have a Status, and so may our Alert 1222
                self.violation("status-unasked", f"{ref} {command.cmd}")
            return None
        if not all(sent.container for sent in self.waiting[:at]):
            self.violation("status-order", f"{ref} before {self.waiting[0].ref}")
        sent, self.last_ref = self.waiting.pop(at), ref
        if sent.verb != "raw" and command.cmd != sent.verb:
            self.violation("status-cmd", f"{command.cmd} for {sent.verb}")
        if command.target_ref and sent.target and command.target_ref != sent.target:
            self.violation("status-target-ref", f"{command.target_ref} for {sent.target}")
        sent.code = code
        good = sent.expect is None or code in sent.expect
        self.record("status", verb=sent.verb, target=sent.target, code=code, expect=sent.expect, ok=good)
        if not good:
            self.record("unexpected", what="status", verb=sent.verb, target=sent.target, code=code, expect=sent.expect)
        return None

    def take_header_status(self, command):
        code = int(command.data or "0")
        self.record("header-status", code=code, challenge=command.challenge)
        if command.challenge and command.challenge[1]:
            auth.keep(self.state, "server", base64.b64decode(command.challenge[1]))
        if code in (401, 407):
            self.server_tries += 1
            self.waiting = [sent for sent in self.waiting if sent.ref[0] != str(self.msg_id)]
            if self.server_tries == 1 and command.challenge:
                self.settings = {**self.settings, "server_cred": next((k for k, v in TYPES.items() if v == command.challenge[0]), "md5")}
                self.queue.insert(0, self.sent_now)
            else:
                self.ended = True
        elif code >= 400:
            self.ended = True

    def take_results(self, command):
        sent = self.gets.get((command.msg_ref, command.cmd_ref))
        if sent is None:
            self.violation("results-unasked", f"{command.msg_ref} {command.cmd_ref}")
            return 200
        for item in command.items:
            key = (command.msg_ref, command.cmd_ref, item.source)
            size, data = self.big.pop(key, (item.size, ""))
            data += item.data or ""
            if item.more:
                self.big[key] = (size, data)
                return 213
            if size and (command.items[0].size or size) and len(data.encode()) != int(size):
                self.violation("results-size", f"{len(data.encode())} instead of {size}")
                return 424
            self.take_value(sent, command, item, data)
        return 200

    def take_value(self, sent, command, item, data):
        meta = syncml.child(command.element, "Meta")
        kind = [item.format or syncml.text(meta, "Format") if meta is not None else item.format,
                item.type or syncml.text(meta, "Type") if meta is not None else item.type]
        self.record("results", target=item.source or sent.target, format=kind[0], type=kind[1], data=data)
        want = sent.command.get("want")
        if want is not None and want != data:
            self.record("unexpected", what="results", target=sent.target, data=data, want=want)
        for name in ("dm_password", "dm_server_password"):
            if self.settings[name] in data:
                self.record("unexpected", what="secret", target=sent.target, data=data)

    def check_all_answered(self):
        if self.waiting:
            self.violation("status-missing", [f"{sent.ref} {sent.verb} {sent.target}" for sent in self.waiting])
            self.waiting = []
        for sent in self.atomics:
            for what in rules.atomic(sent.code, [c.code for c in sent.children]):
                self.violation("atomic", what)
        self.atomics = []

    # --- who is there

    def authenticate(self, message, credentials, moods):
        """(code for the header, challenge or None)"""
        how = self.settings["dm_auth"]
        if "auth-refuse" in moods:
            return 401, self.challenge(how, moods)
        if how not in TYPES:
            return 200, None
        if how != "hmac" and self.authenticated and message.cred is None:
            return 200, None
        good = self.credentials_are_good(how, message, credentials)
        if good is None:
            self.tries += 1
            return 407, self.challenge(how, moods)
        self.authenticated = self.authenticated or good
        if not good:
            self.tries += 1
            return 401, self.challenge(how, moods)
        return (200 if how == "hmac" else 212), (None if how == "basic" else self.challenge(how, moods))

    def credentials_are_good(self, how, message, credentials):
        """None where there are none"""
        user, password, nonce = self.settings["dm_user"], self.settings["dm_password"], auth.nonces(self.state).get("client")
        fields, body = credentials
        if how == "hmac":
            if not fields:
                return None
            good = nonce is not None and fields.get("username") == user and fields.get("mac") == auth.hmac(user, password, nonce, body)
        else:
            if message.cred is None:
                return None
            kind, data = message.cred
            if how == "md5":
                good = kind == TYPES[how] and nonce is not None and data == auth.digest(user, password, nonce)
            else:
                good = kind == TYPES[how] and data == auth.basic(user, password)
            if kind == TYPES["basic"] and how != "basic":
                self.violation("password-in-the-clear", "basic was not asked for")
        again = bool(good and how != "basic" and not self.state.once("nonce " + nonce.hex()))
        self.record("cred", how=how, ok=good, again=again, nonce=nonce.hex() if nonce else None)
        return good

    def challenge(self, how, moods):
        kind = TYPES["basic"] if "auth-basic" in moods else "syncml:auth-none" if "auth-unknown" in moods else TYPES.get(how, TYPES["md5"])
        fields = [("Type", kind), ("Format", "b64")]
        if kind != TYPES["basic"]:
            nonce = REPLAYED if "nonce-replay" in moods else PLAIN if "sloppy-nonce" in moods else b"" if "nonce-empty" in moods else None
            if nonce is None:
                nonce = auth.fresh(self.state, "client")
            else:
                auth.keep(self.state, "client", nonce)
            fields.append(("NextNonce", nonce.decode() if nonce == PLAIN else auth.b64(nonce)))
        return "<Chal><Meta>" + "".join(syncml.element(n, v, f' xmlns="{syncml.METINF}"') for n, v in fields) + "</Meta></Chal>"

    # --- what goes out

    def status(self, cmd_ref, cmd, code, challenge=None, target="", source=""):
        refs = "".join(syncml.element(n, v) for n, v in (("TargetRef", target), ("SourceRef", source)) if v)
        return (f"<MsgRef>{self.client_msg_id}</MsgRef><CmdRef>{escape(cmd_ref)}</CmdRef><Cmd>{cmd}</Cmd>{refs}{challenge or ''}"
                f"<Data>{code}</Data>")

    def next(self, message, answers, moods):
        if not self.ok or self.ended:
            self.ended = self.ended or self.tries > 3
            if self.ended:
                self.end()
            return self.write(answers, [], True, moods)
        if not message.final and not self.queue:
            return self.write(answers, [{"verb": "Alert", "code": 1222, "quiet": True}], False, moods)
        if not self.queue:
            package = list(self.packages.pop(0)) if self.packages else []
            package += [] if self.commands_sent else script.added(moods, self.settings["server_id"])
            if "endless-session" in moods:
                package.append({"verb": "Get", "target": "./DevInfo/DevId"})
            if "abort" in moods:
                package = [{"verb": "Alert", "code": 1223, "quiet": True}]
            self.queue = script.messages(package, self.state, moods)
            self.commands_sent = True
        commands = self.queue.pop(0)
        if not commands and not self.queue:
            self.end()
        return self.write(answers, commands, not self.queue, moods)

    def end(self):
        self.ended = True
        self.record("session-end", violations=self.faults, authenticated=self.ok)

    def write(self, answers, commands, final, moods):
        self.msg_id += 1
        self.sent_now, self.closed = commands, final or not commands or all(c.get("quiet") for c in commands)
        numbers = iter(range(1000, 0, -1) if "sloppy-cmdid" in moods else range(1, 1 << 20))
        if "no-status" in moods:
            answers = []
        if "status-unasked" in moods:
            answers = [*answers, self.status("777", "Replace", 200)]
        body = "".join(f"<Status><CmdID>{next(numbers)}</CmdID>{answer}</Status>" for answer in answers)
        body += "".join(self.write_command(command, numbers, moods) for command in commands)
        return (f'<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="{syncml.NAMESPACE}">{self.header(moods)}'
                f"<SyncBody>{body}{'<Final/>' if final else ''}</SyncBody></SyncML>").encode()

    def write_command(self, command, numbers, moods, parent=None):
        cmd_id = command.get("cmdid") or next(numbers)
        sent = Sent(self.msg_id, cmd_id, command)
        if command.get("quiet"):
            self.alert_ref = sent.ref
        elif not command.get("noresp"):
            self.waiting.append(sent)
        if sent.verb == "Get":
            self.gets[sent.ref] = sent
        if parent:
            parent.children.append(sent)
        if sent.verb == "Atomic" and not command.get("noresp"):
            self.atomics.append(sent)
        children = "".join(self.write_command(c, numbers, moods, sent) for c in command.get("commands", []))
        return syncml.command_xml(command, cmd_id, moods, children)

    def header(self, moods):
        source = "https://www.example.net/dm" if "other-source" in moods else self.settings["dm_url"]
        target = "somebody-else" if "target" in moods else self.device
        fields = [("VerDTD", "1.1" if "ver" in moods else "1.2"), ("VerProto", "DM/1.1" if "ver" in moods else "DM/1.2"),
                  ("SessionID", "FFFF" if "session-id" in moods else self.session_id), ("MsgID", 1 if "msg-id" in moods else self.msg_id)]
        name = f"<LocName>{escape(self.settings['dm_server_name'])}</LocName>" if self.settings.get("server_cred") else ""
        text = "".join(syncml.element(n, v) for n, v in fields)
        text += f"<Target><LocURI>{escape(target)}</LocURI></Target><Source><LocURI>{escape(source)}</LocURI>{name}</Source>"
        uri = self.resp_uri(moods)
        text += f"<RespURI>{escape(uri)}</RespURI>" if uri else ""
        meta = "".join(syncml.element(n, self.settings[key], f' xmlns="{syncml.METINF}"')
                       for n, key in (("MaxMsgSize", "max_msg_size"), ("MaxObjSize", "max_obj_size")))
        return f"<SyncHdr>{text}{self.own_credentials(moods)}<Meta>{meta}</Meta></SyncHdr>"

    def resp_uri(self, moods):
        url = self.settings["dm_url"]
        if "respuri-http" in moods:
            return url.replace("https:", "http:")
        if "respuri-other" in moods:
            return moods.get("respuri-other", "https://www.example.net/dm")
        if "respuri-same" not in moods:
            return ""
        here = f"{url}?session={self.session_id}"
        self.way = here
        if here not in self.addresses:
            self.addresses.append(here)
        return here

    def came_by(self, path):
        """A client goes on where a RespURI tells it to, once it was told"""
        if self.way and not self.way.endswith(path):
            self.violation("respuri", f"{path} instead of {self.way}")

    def own_credentials(self, moods):
        """By which the server shows the client that it is the server, where settings' server_cred or the client's challenge want it"""
        how = self.settings.get("server_cred")
        if how not in ("basic", "md5"):
            return ""
        name, password = self.settings["dm_server_name"], self.settings["dm_server_password"]
        if "server-cred-wrong" in moods:
            password += "?"
        data = auth.basic(name, password) if how == "basic" else auth.digest(name, password, auth.nonces(self.state).get("server", b""))
        meta = syncml.element("Type", TYPES[how], f' xmlns="{syncml.METINF}"') + syncml.element("Format", "b64", f' xmlns="{syncml.METINF}"')
        return f"<Cred><Meta>{meta}</Meta><Data>{data}</Data></Cred>"

    def hmac_header(self, body):
        if self.settings.get("server_cred") != "hmac":
            return {}
        name = self.settings["dm_server_name"]
        mac = auth.hmac(name, self.settings["dm_server_password"], auth.nonces(self.state).get("server", b""), body)
        return {"x-syncml-hmac": f'algorithm=MD5, username="{name}", mac={mac}'}
