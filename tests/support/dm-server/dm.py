# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""OMA DM over HTTPS (OMA-TS-DM_HTTPBinding 1.2): requests to sessions, sessions' answers to replies. A session begins with MsgID 1.

WHERE of its moods: dm, or dm and the number of the server's message in its session (xml-deep@dm2). http-403 refuses the request itself.
"""
import threading

import auth
import hostile
import session
import syncml


class Dm:
    def __init__(self, state):
        self.state, self.sessions, self.lock = state, {}, threading.Lock()

    def handle(self, request):
        with self.lock:
            reply = self.answer(request)
        return request.reply(*reply)

    def answer(self, request):
        """(status, type, body, headers)"""
        settings = self.state.settings()
        kind = request.headers.get("Content-Type", "").split(";")[0].strip()
        if request.method != "POST" or kind not in (syncml.XML, syncml.WBXML):
            self.state.record("violation", rule="content-type", text=f"{request.method} {kind}")
            return 415, "text/plain", b"", {}
        if settings["dm_auth"] == "tls" and not request.client_certificate:
            self.state.record("refused", operation="dm", reason="no client certificate")
            return 403, "text/plain", b"", {}
        try:
            message = syncml.Message(request.body, kind)
        except syncml.Unreadable as error:
            self.state.record("violation", rule="unreadable", text=str(error))
            return 400, "text/plain", b"", {}
        self.state.record("message", bytes=len(request.body), kind=kind, text=syncml.etree.tostring(message.root, encoding="unicode"))
        here = self.session(request, message, settings)
        here.came_by(request.handler.path)
        request.where = ["dm", f"dm{here.msg_id + 1}"]
        moods = self.state.moods(*request.where)
        credentials = auth.hmac_header(request.headers.get("x-syncml-hmac")), request.body
        body = hostile.spoil(here.take(message, credentials, moods), moods)
        fits = len(body) <= (here.client_max or len(body))
        self.state.record("answer", session=here.session_id, bytes=len(body), fits=fits, text=body[:20000].decode(errors="replace"))
        if kind == syncml.WBXML and moods.first("xml-") is None:
            body = syncml.to_wbxml(body)
        return 200, kind, body, here.hmac_header(body)

    def session(self, request, message, settings):
        key = (message.source, message.session_id)
        if message.msg_id == "1" or key not in self.sessions:
            if message.msg_id != "1":
                self.state.record("violation", rule="no-such-session", text=str(key))
            addresses = [settings["dm_url"], "https://" + request.headers.get("Host", "") + request.handler.path]
            self.sessions[key] = session.Session(self.state, settings, message.source, message.session_id, addresses)
        return self.sessions[key]
