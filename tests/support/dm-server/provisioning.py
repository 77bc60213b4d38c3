# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""The provisioning document of [MS-MDE2] 3.6: roots, the client's certificate, the account (APPLICATION w7) and its schedule (DMClient).

Moods: prov-… of hostile.py; addr-http, addr-other=URL, prov-no-certificate, prov-extra (what nobody knows),
sloppy-base64 (with CR LF), sloppy-bool (bool as string), no-root, second-account.
"""
import base64
import hashlib
from xml.sax.saxutils import quoteattr

import auth
import ca
import hostile


def parm(name, value, datatype=""):
    return f"<parm name={quoteattr(name)} value={quoteattr(str(value))}" + (f' datatype="{datatype}"' if datatype else "") + "/>"


def characteristic(kind, *inside):
    return f"<characteristic type={quoteattr(kind)}>{''.join(inside)}</characteristic>"


def typed(name, value, moods):
    if isinstance(value, bool):
        return parm(name, str(value).lower(), "string" if "sloppy-bool" in moods else "boolean")
    return parm(name, value, "integer" if isinstance(value, int) else "string")


def encoded(pem, moods, *more):
    der = ca.to_der(pem)
    text = base64.encodebytes(der).decode().replace("\n", "\r\n") if "sloppy-base64" in moods else base64.b64encode(der).decode()
    # a carriage return in an attribute stays one only as a reference
    value = quoteattr(text).replace("\r", "&#13;")
    return characteristic(hashlib.sha1(der).hexdigest().upper(), f'<parm name="EncodedCertificate" value={value}/>', *more)


class Writer:
    def __init__(self, state, authority, moods):
        self.state, self.authority, self.moods, self.settings = state, authority, moods, state.settings()

    def certificates(self, pem):
        system = characteristic("System", encoded(self.authority.root(), self.moods))
        roots = "" if "no-root" in self.moods else characteristic("Root", system)
        renew = characteristic("WSTEP", characteristic(
            "Renew", typed("ROBOSupport", True, self.moods), typed("RenewPeriod", self.settings["renew_period"], self.moods),
            typed("RetryInterval", self.settings["retry_interval"], self.moods)))
        mine = "" if "prov-no-certificate" in self.moods else encoded(pem, self.moods) + characteristic("PrivateKeyContainer")
        return (characteristic("CertificateStore", roots) if roots else "") + characteristic(
            "CertificateStore", characteristic("My", characteristic("User", mine), renew))

    def credentials(self):
        how = {"basic": "BASIC", "md5": "DIGEST", "hmac": "HMAC"}.get(self.settings["dm_auth"])
        if not how:
            return ""
        return (characteristic("APPAUTH", parm("AAUTHLEVEL", "CLIENT"), parm("AAUTHTYPE", "DIGEST"),
                               parm("AAUTHNAME", self.settings["dm_server_name"]), parm("AAUTHSECRET", self.settings["dm_server_password"]),
                               parm("AAUTHDATA", base64.b64encode(auth.fresh(self.state, "server")).decode()))
                + characteristic("APPAUTH", parm("AAUTHLEVEL", "APPSRV"), parm("AAUTHTYPE", how), parm("AAUTHNAME", self.settings["dm_user"]),
                                 parm("AAUTHSECRET", self.settings["dm_password"]),
                                 parm("AAUTHDATA", base64.b64encode(auth.fresh(self.state, "client")).decode())))

    def application(self, provider, address):
        backoff = "".join(parm(name, value) for name, value in self.settings["w7"].items())
        return characteristic("APPLICATION", parm("APPID", "w7"), parm("PROVIDER-ID", provider), parm("NAME", "Example"), parm("ADDR", address),
                              backoff, '<parm name="BACKCOMPATRETRYDISABLED"/>', parm("DEFAULTENCODING", self.settings["encoding"]),
                              parm("SSLCLIENTCERTSEARCHCRITERIA", "Subject=CN%3ddevice&Stores=My%5CUser"), self.credentials())

    def provider(self, name):
        poll = characteristic("Poll", *(typed(key, value, self.moods) for key, value in self.settings["poll"].items()))
        more = "".join(typed(key, value, self.moods) for key, value in {"EntDeviceName": "handset", **self.settings["provider"]}.items())
        return characteristic("DMClient", characteristic("Provider", characteristic(name, poll, more)))

    def address(self):
        url = self.moods.get("addr-other", self.settings["dm_url"])
        return url.replace("https:", "http:") if "addr-http" in self.moods else url

    def document(self, pem, renewal=False):
        name = self.settings["server_id"]
        parts = [self.certificates(pem)]
        if renewal:
            parts.append(characteristic("APPLICATION", parm("PROVIDER-ID", name)))
        else:
            parts += [self.application(name, self.address()), self.provider(name)]
        if "second-account" in self.moods:
            parts.append(self.application("another", "https://www.example.net/dm"))
        if "prov-extra" in self.moods:
            parts.append(characteristic("Registry", characteristic(r"HKLM\Software\Example", parm("Value", "1"))))
            parts.append("<unheard-of/>")
        text = f'<wap-provisioningdoc version="1.1">{"".join(parts)}</wap-provisioningdoc>'
        return hostile.spoil(text.encode(), self.moods, "prov-")
