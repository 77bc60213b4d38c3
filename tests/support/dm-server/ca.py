# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""The certification authority: openssl does all of it. Moods make it issue what no device may take: see issue()."""
import base64
import os
import re
import subprocess
import tempfile
import time
import urllib.parse

CONFIG = """
[ca]
default_ca = server
[server]
database = index.txt
new_certs_dir = .
default_md = sha256
unique_subject = no
policy = any
rand_serial = yes
email_in_dn = no
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
[req]
distinguished_name = dn
[dn]
[device]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {san}
[no_client_auth]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = {san}
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
subjectAltName = {san}
[https]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = {san}
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


class Refused(Exception):
    """A request that cannot be granted, with the reason."""


def openssl(*args, data=b"", cwd=None):
    done = subprocess.run(["openssl", *args], input=data, capture_output=True, check=False, cwd=cwd)
    if done.returncode:
        raise Refused(f"openssl {args[0]}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout


def to_der(pem):
    return b"".join(base64.b64decode(body) for body in re.findall(r"-----BEGIN [A-Z ]+-----\s(.*?)-----END", pem.decode(), re.S)[:1])


def to_pem(der, label):
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(der) + f"-----END {label}-----\n".encode()


def stamp(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


def new_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def csr_facts(der):
    """Subject, public key and whether the signature proves that the asker has the private key."""
    pem = to_pem(der, "CERTIFICATE REQUEST")
    verified = subprocess.run(["openssl", "req", "-noout", "-verify"], input=pem, capture_output=True, check=False)
    if verified.returncode or b"verify failure" in verified.stderr.lower():
        raise Refused("the request's signature proves nothing: " + verified.stderr.decode(errors="replace").strip()[-200:])
    subject = openssl("req", "-noout", "-subject", "-nameopt", "RFC2253", data=pem).decode().strip().removeprefix("subject=").strip()
    text = openssl("req", "-noout", "-text", data=pem).decode()
    bits = re.search(r"Public-Key: \((\d+) bit", text)
    challenge = re.search(r"challengePassword\s*:(.*)", text)
    return {"subject": subject, "bits": int(bits.group(1)) if bits else 0, "challenge": challenge.group(1).strip() if challenge else "",
            "key": openssl("req", "-noout", "-pubkey", data=pem).decode(), "text": text}


def certificate_subject(der):
    text = openssl("x509", "-noout", "-subject", "-nameopt", "RFC2253", data=to_pem(der, "CERTIFICATE"))
    return text.decode().strip().removeprefix("subject=").strip()


class Authority:
    """One CA with its root; another, of which nobody has heard, is made beside it when a mood wants it."""

    def __init__(self, state, certificate, key):
        self.state, self.certificate, self.key = state, os.path.abspath(certificate), os.path.abspath(key)

    def root(self):
        with open(self.certificate, "rb") as file:
            return file.read()

    def other(self):
        """Another root with the same name: (certificate, key)."""
        pem, key = self.state.path("other-root.pem"), self.state.path("other-root.key")
        with self.state.lock:
            if not os.path.exists(pem):
                new_key(key)
                config = self.state.path("other-root.cnf")
                with open(config, "w", encoding="ascii") as file:
                    file.write(CONFIG.format(san="DNS:none"))
                openssl("req", "-x509", "-new", "-config", config, "-extensions", "root", "-key", key, "-subj", "/O=Example/CN=Example Root CA",
                        "-days", "3650", "-out", pem)
        return os.path.abspath(pem), os.path.abspath(key)

    def issue(self, csr, moods):
        """PKCS#10 (DER) -> certificate (PEM).

        Moods: cert-wrong-key, cert-wrong-chain, cert-ca, cert-expired, cert-future, cert-no-client-auth.
        """
        facts, settings = csr_facts(csr), self.state.settings()
        name = settings["device_name"] or (re.search(r"CN=([\w.-]+)", facts["subject"]) or [None, "device"])[1]
        with tempfile.TemporaryDirectory() as scratch:
            with open(os.path.join(scratch, "ca.cnf"), "w", encoding="ascii") as file:
                file.write(CONFIG.format(san="DNS:" + name))
            with open(os.path.join(scratch, "index.txt"), "w", encoding="ascii"):
                pass
            with open(os.path.join(scratch, "csr"), "wb") as file:
                file.write(to_pem(csr, "CERTIFICATE REQUEST"))
            if "cert-wrong-key" in moods:
                new_key(os.path.join(scratch, "key"))
                openssl("req", "-new", "-config", "ca.cnf", "-key", "key", "-subj", "/CN=" + name, "-out", "csr", cwd=scratch)
            certificate, key = self.other() if "cert-wrong-chain" in moods else (self.certificate, self.key)
            kind = "authority" if "cert-ca" in moods else "no_client_auth" if "cert-no-client-auth" in moods else "device"
            begin, end = self.validity(settings, moods)
            subject = ["-subj", "/O=Example/CN=" + name] if settings["device_name"] or not facts["subject"] else ["-preserveDN"]
            openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", certificate, "-keyfile", key, "-extensions", kind, "-in", "csr",
                    "-out", "pem", "-startdate", begin, "-enddate", end, *subject, cwd=scratch)
            with open(os.path.join(scratch, "pem"), "rb") as file:
                pem = file.read()
        self.state.record("issued", subject=certificate_subject(to_der(pem)), asked=facts["subject"], until=end)
        return pem

    def server(self, *names, out=None, by=None):
        """A certificate of this CA (or of another: certificate, key) for a server: the paths of it and of its key; made once."""
        out = out or self.state.path("server-" + names[0] + ("-other" if by else ""))
        with self.state.lock:
            if not os.path.exists(out + ".pem"):
                config = out + ".cnf"
                with open(config, "w", encoding="ascii") as file:
                    file.write(CONFIG.format(san=",".join("DNS:" + name for name in names)))
                new_key(out + ".key")
                csr = openssl("req", "-new", "-config", config, "-key", out + ".key", "-subj", "/O=Example/CN=" + names[0])
                authority, key = by or (self.certificate, self.key)
                openssl("x509", "-req", "-CA", authority, "-CAkey", key, "-set_serial", "0x" + os.urandom(8).hex(), "-days", "365",
                        "-extfile", config, "-extensions", "https", "-out", out + ".pem", data=csr)
        return out + ".pem", out + ".key"

    def other_server(self):
        """The server's usual name by another CA."""
        host = urllib.parse.urlsplit(self.state.settings()["dm_url"]).hostname
        return self.server(host, urllib.parse.urlsplit(self.state.settings()["enroll_url"]).hostname, by=self.other())

    def odd_server(self, kind):
        """The server's usual name in a certificate that has expired, or that it signed itself."""
        name = urllib.parse.urlsplit(self.state.settings()["dm_url"]).hostname
        out = self.state.path("server-" + kind)
        with self.state.lock:
            if os.path.exists(out + ".pem"):
                return out + ".pem", out + ".key"
            new_key(out + ".key")
            with tempfile.TemporaryDirectory() as scratch:
                with open(os.path.join(scratch, "ca.cnf"), "w", encoding="ascii") as file:
                    file.write(CONFIG.format(san="DNS:" + name))
                with open(os.path.join(scratch, "index.txt"), "w", encoding="ascii"):
                    pass
                key, subject = os.path.abspath(out + ".key"), "/O=Example/CN=" + name
                if kind == "self-signed":
                    openssl("req", "-x509", "-new", "-config", "ca.cnf", "-extensions", "https", "-key", key, "-subj", subject, "-days", "30", "-out",
                            "pem", cwd=scratch)
                else:
                    openssl("req", "-new", "-config", "ca.cnf", "-key", key, "-subj", subject, "-out", "csr", cwd=scratch)
                    openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", self.certificate, "-keyfile", self.key, "-extensions", "https",
                            "-in", "csr", "-out", "pem", "-startdate", stamp(time.time() - 30 * 86400), "-enddate", stamp(time.time() - 3600),
                            cwd=scratch)
                with open(os.path.join(scratch, "pem"), "rb") as file, open(out + ".pem", "wb") as copy:
                    copy.write(file.read())
        return out + ".pem", out + ".key"

    @staticmethod
    def validity(settings, moods):
        now = time.time()
        if "cert-expired" in moods:
            return stamp(now - 30 * 86400), stamp(now - 3600)
        if "cert-future" in moods:
            return stamp(now + 86400), stamp(now + 30 * 86400)
        return stamp(now - 300), stamp(now + moods.number("cert-lifetime", settings["lifetime"]))

    @staticmethod
    def bag(*certificates):
        """Certificates (PEM) in a CMS that signs nothing: DER."""
        return openssl("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER", data=b"".join(certificates))

    def open_renewal(self, der):
        """A CMS signed with the old key around a PKCS#10: (PKCS#10, the signer's certificate in DER)."""
        with tempfile.TemporaryDirectory() as scratch:
            with open(os.path.join(scratch, "cms"), "wb") as file:
                file.write(der)
            openssl("cms", "-verify", "-inform", "DER", "-in", "cms", "-CAfile", self.certificate, "-purpose", "any", "-binary", "-out", "csr",
                    "-signer", "signer", cwd=scratch)
            with open(os.path.join(scratch, "csr"), "rb") as csr, open(os.path.join(scratch, "signer"), "rb") as signer:
                return csr.read(), to_der(signer.read())
