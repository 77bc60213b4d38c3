# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Enrolment over Secure Transport (RFC 7030): cacerts, csrattrs, simpleenroll, simplereenroll. A one-time password pays for one certificate.

Moods: est-pending=SECONDS[,TIMES] (202 and Retry-After first), est-no-csrattrs, est-error=CODE, est-empty, est-not-base64, est-crlf, est-two,
and those of ca.py.
"""
import base64
import binascii
import hashlib

import ca



def der(tag, body):
    return bytes([tag, len(body)]) + body


def csr_attributes():
    """id-ecPublicKey with prime256v1 as a value, ecdsa-with-SHA256: what a request is hoped to be like (RFC 7030, 4.5.2)."""
    curve = der(0x30, der(6, bytes.fromhex("2a8648ce3d0201")) + der(0x31, der(6, bytes.fromhex("2a8648ce3d030107"))))
    return der(0x30, curve + der(6, bytes.fromhex("2a8648ce3d040302")))


class Est:
    def __init__(self, state, authority):
        self.state, self.authority = state, authority

    def handle(self, request):
        """request: web.Request -> web's reply by request.reply()"""
        operation = request.path.rsplit("/", 1)[-1]
        moods = self.state.moods("est", operation)
        if "est-error" in moods:
            return request.reply(moods.number("est-error", 500), "text/plain", b"told to fail\n")
        if request.method == "GET" and operation == "cacerts":
            return self.answer(request, self.authority.bag(self.authority.root()), moods, "application/pkcs7-mime")
        if request.method == "GET" and operation == "csrattrs":
            if "est-no-csrattrs" in moods:
                return request.reply(204, "text/plain", b"")
            return self.answer(request, csr_attributes(), moods, "application/csrattrs")
        if request.method == "POST" and operation in ("simpleenroll", "simplereenroll"):
            return self.enroll(request, operation, moods)
        return request.reply(404, "text/plain", b"no such operation\n")

    def answer(self, request, body, moods, kind):
        if "est-empty" in moods:
            body = b""
        text = base64.encodebytes(body)
        if "est-crlf" in moods:
            text = text.replace(b"\n", b"\r\n")
        if "est-not-base64" in moods:
            text = body
        return request.reply(200, kind, text, {"Content-Transfer-Encoding": "base64"})

    def may_enroll(self, request, operation):
        """None, or the status and the reason why not."""
        if operation == "simplereenroll":
            return None if request.client_certificate else (403, "a client certificate is needed")
        if request.client_certificate:
            return None
        user, password = request.basic()
        if self.state.password_is_good(user, password):
            return None
        return 401, "a good password is needed"

    def enroll(self, request, operation, moods):
        refused = self.may_enroll(request, operation)
        if refused:
            self.state.record("refused", operation=operation, reason=refused[1], user=request.basic()[0])
            headers = {"WWW-Authenticate": 'Basic realm="est"'} if refused[0] == 401 else {}
            return request.reply(refused[0], "text/plain", refused[1].encode() + b"\n", headers)
        if request.headers.get("Content-Type", "").split(";")[0] != "application/pkcs10":
            self.state.record("violation", rule="est-content-type", text=request.headers.get("Content-Type"))
        try:
            csr = base64.b64decode(b"".join(request.body.split()), validate=True)
            facts = ca.csr_facts(csr)
            self.check_renewal(request, operation, facts)
            pending = self.pending(csr, moods)
            if pending:
                self.state.record("pending", operation=operation, retry_after=pending)
                return request.reply(202, "text/plain", b"later\n", {"Retry-After": pending})
            return self.issue(request, operation, csr, moods)
        except (ca.Refused, binascii.Error) as error:
            self.state.record("refused", operation=operation, reason=str(error))
            return request.reply(400, "text/plain", str(error).encode() + b"\n")

    def check_renewal(self, request, operation, facts):
        if operation != "simplereenroll":
            return
        old = ca.certificate_subject(request.client_certificate)
        if facts["subject"] != old:
            self.state.record("violation", rule="est-renewal-subject", text=f"{facts['subject']} instead of {old}")
            raise ca.Refused("a renewal keeps its subject (RFC 7030, 4.2.2)")

    def pending(self, csr, moods):
        """Seconds to come back after, or an empty text; it counts by request, so the same one is granted in the end."""
        if "est-pending" not in moods:
            return ""
        seconds, _, times = moods.get("est-pending", "1").partition(",")
        return seconds if self.state.count("pending " + hashlib.sha256(csr).hexdigest()) <= int(times or 1) else ""

    def issue(self, request, operation, csr, moods):
        if operation == "simpleenroll" and not request.client_certificate and not self.state.use_password(*request.basic()):
            return request.reply(401, "text/plain", b"used meanwhile\n", {"WWW-Authenticate": 'Basic realm="est"'})
        certificate = self.authority.issue(csr, moods)
        certificates = [certificate, self.authority.issue(csr, moods)] if "est-two" in moods else [certificate]
        self.state.record("enrolled", by="est", operation=operation)
        return self.answer(request, self.authority.bag(*certificates), moods, "application/pkcs7-mime; smime-type=certs-only")
