# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""HTTPS: TLS with or without client certificates, requests as plain values, and answers that misbehave as transports do.

Moods of TLS: tls-require (no handshake without a client certificate), tls-none (none is asked for), tls-other-ca (the server's own certificate is
another CA's), tls-other-name, tls-expired, tls-self-signed, tls-silence (no handshake at all), tls-close (in the middle of it), tls-old (TLS 1.1).
Moods of answers: status=CODE, redirect[=URL], redirect-http, gzip, gzip-bomb, transfer-gzip (the same as a Transfer-Encoding), slow[=SECONDS a byte],
endless, endless-headers, continue (100 for ever), trailers (behind the body, for ever), silence, reset, short (the length says more than there is),
long (the length says 4 GiB), two-lengths, http-chunked, chunk-nonsense, chunk-endless (a chunk whose extension does not end), http-09 (a body alone),
garbage, content-type=TYPE.
It knows nothing of what the answers say: the areas (est, mde2, dm) do.
"""
import base64
import functools
import gzip
import socket
import socketserver
import ssl
import sys
import time
import traceback
from http.server import BaseHTTPRequestHandler

MAX_REQUEST = 16 << 20


@functools.cache
def gzip_bomb():
    return gzip.compress(b" " * (256 << 20), 9)


class Request:
    """One request, and the only way to answer it."""

    def __init__(self, handler, body):
        self.handler, self.body = handler, body
        self.method, self.path, self.headers = handler.command, handler.path.split("?")[0], handler.headers
        self.query = handler.path.partition("?")[2]
        self.client_certificate = handler.client_certificate
        self.where = [handler.area]

    def basic(self):
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(value).decode().partition(":") if scheme.lower() == "basic" else ("", "", "")
        except ValueError:
            user = password = ""
        return user, password

    def reply(self, status, kind, body, headers=None):
        self.handler.where = self.where
        self.handler.answer(status, kind, body, dict(headers or {}), self.handler.state.moods(*self.where))


class NoTls(Exception):
    """A handshake that came to nothing, with the reason."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = contexts = areas = None
    client_certificate, area, where = b"", "", ()
    timeout = 600

    def setup(self):
        try:
            self.request.settimeout(30)
            while "tls-silence" in self.state.moods():
                time.sleep(0.1)
            if "tls-close" in self.state.moods():
                self.request.recv(100)
                raise NoTls("told to close in the middle")
            self.request = self.contexts.of_the_moment().wrap_socket(self.request, server_side=True)
            self.client_certificate = self.request.getpeercert(True) or b""
        except (OSError, ssl.SSLError) as error:
            raise NoTls(str(error)) from error
        super().setup()

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        self.dispatch()

    def do_POST(self):
        self.dispatch()

    def dispatch(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_REQUEST or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.state.record("violation", rule="http-length", text=str(self.headers))
            return self.answer(411, "text/plain", b"a length is needed\n", {}, self.state.moods())
        body = self.rfile.read(int(length))
        path = self.path.split("?")[0].lower()
        self.area, area = next(((name, area) for prefix, name, area in self.areas if path.startswith(prefix)), ("", None))
        self.where = [self.area]
        self.state.record("request", area=self.area, method=self.command, path=self.path, bytes=len(body), kind=self.headers.get("Content-Type"),
                          client=self.subject(), host=self.headers.get("Host"), agent=self.headers.get("User-Agent"),
                          accept=self.headers.get("Accept-Encoding"), peer=self.client_address[0])
        if not area:
            return self.answer(404, "text/plain", b"nothing here\n", {}, self.state.moods())
        try:
            area.handle(Request(self, body))
        except (ConnectionError, ssl.SSLError, TimeoutError) as error:
            self.close_connection = True
            self.state.record("gone", area=self.area, reason=str(error))

    def subject(self):
        names = (self.request.getpeercert() or {}).get("subject", ()) if self.client_certificate else ()
        return ",".join(f"{key}={value}" for part in names for key, value in part)

    def answer(self, status, kind, body, headers, moods):
        if "silence" in moods:
            self.close_connection = True
            return self.wait_while("silence")
        if "reset" in moods:
            self.close_connection = True
            return None
        if "redirect" in moods or "redirect-http" in moods:
            status, body = 302, b""
            headers["Location"] = moods.get("redirect", "http://" + self.headers.get("Host", "www.example.net") + self.path)
        if self.answer_raw(body, moods):
            self.close_connection = True
            return None
        status = moods.number("status", status)
        headers["Content-Type"] = moods.get("content-type", kind)
        if "gzip" in moods or "gzip-bomb" in moods:
            body = gzip_bomb() if "gzip-bomb" in moods else gzip.compress(body, 9)
            headers["Content-Encoding"] = "gzip"
        self.write_head(status, body, headers, moods)
        return self.write_body(body, moods)

    def answer_raw(self, body, moods):
        """What is no HTTP/1.1, or not to its end; False: none of these"""
        if "http-09" in moods:
            self.wfile.write(b"<html>" + body)
        elif "garbage" in moods:
            self.wfile.write(bytes(range(256)) * 64)
        elif "continue" in moods:
            while "continue" in self.state.moods(*self.where):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        elif {"chunk-nonsense", "chunk-endless", "trailers"} & set(moods.values):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            if "chunk-nonsense" in moods:
                self.wfile.write(b"many\r\n" + body + b"\r\n0\r\n\r\n")
            elif "chunk-endless" in moods:
                self.wfile.write(b"1;")
                while "chunk-endless" in self.state.moods(*self.where):
                    self.wfile.write(b"more" * 2000)
            else:
                self.wfile.write(b"%x\r\n%s\r\n0\r\n" % (len(body), body))
                while "trailers" in self.state.moods(*self.where):
                    self.wfile.write(b"X-More: " + b"m" * 8000 + b"\r\n")
        else:
            return False
        return True

    def write_head(self, status, body, headers, moods):
        length = len(body) + 1000 if "short" in moods else 4 << 30 if "long" in moods else len(body)
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        if "endless-headers" in moods:
            self.flush_headers()
            while "endless-headers" in self.state.moods(*self.where):
                self.wfile.write(b"X-More: " + b"m" * 8000 + b"\r\n")
        if "endless" in moods or "http-chunked" in moods:
            self.send_header("Transfer-Encoding", "chunked")
        elif status != 204:
            self.send_header("Content-Length", str(length))
        if "two-lengths" in moods:
            self.send_header("Content-Length", str(length + 1))
        if "transfer-gzip" in moods:
            self.send_header("Transfer-Encoding", "gzip")
        if {"short", "long", "endless"} & set(moods.values):
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()

    def write_body(self, body, moods):
        if "slow" in moods:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(float(moods.get("slow", "1")))
            return
        if "endless" in moods or "http-chunked" in moods:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) if body else b"")
            while "endless" in self.state.moods(*self.where):
                self.wfile.write(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self.wfile.write(body)

    def wait_while(self, mood):
        while mood in self.state.moods(*self.where):
            time.sleep(0.1)


class Contexts:
    """TLS as the moods want it; made anew for each connection, for they may have changed."""

    def __init__(self, state, authority, certificate, key):
        self.state, self.authority, self.pair = state, authority, (certificate, key)

    def of_the_moment(self):
        moods = self.state.moods()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        pair = self.pair
        if "tls-other-ca" in moods:
            pair = self.authority.other_server()
        elif "tls-other-name" in moods:
            pair = self.authority.server("other.example.org")
        elif "tls-expired" in moods:
            pair = self.authority.odd_server("expired")
        elif "tls-self-signed" in moods:
            pair = self.authority.odd_server("self-signed")
        if "tls-old" in moods:
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(*pair)
        context.load_verify_locations(self.authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED if "tls-require" in moods else ssl.CERT_NONE if "tls-none" in moods else ssl.CERT_OPTIONAL
        return context


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if isinstance(error, NoTls):
            Handler.state.record("tls-failed", reason=str(error), peer=client_address[0])
        elif not isinstance(error, OSError):
            Handler.state.record("server-error", reason=traceback.format_exc())


class Server6(Server):
    address_family = socket.AF_INET6
