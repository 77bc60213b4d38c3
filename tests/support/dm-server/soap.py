# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""SOAP 1.2 with addressing, as [MS-MDE2] uses it: envelopes read by local names, answers and faults written."""
import time
import uuid
from xml.sax.saxutils import escape

from lxml import etree

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ENROLLMENT = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"

# subcode: what a person is told. [MS-MDE2] 2.2.10; the first five are SOAP's own there, the others stand in the detail as well
FAULTS = {
    "MessageFormat": "The message cannot be read.", "Authentication": "User not recognised.", "Authorization": "This user may not enrol.",
    "CertificateRequest": "No certificate was given.", "EnrollmentServer": "The management server failed.", "InternalServiceFault": "An error.",
    "InvalidSecurity": "The security header is wrong.", "DeviceCapReached": "Too many devices.", "DeviceNotSupported": "Not this kind of device.",
    "NotSupported": "Management is not supported.", "NotEligibleToRenew": "It is not time to renew.", "InMaintenance": "Come back later.",
    "UserLicense": "No licence.", "InvalidEnrollmentData": "The enrolment data are wrong.", "CustomServerError": "Ask your administrator.",
}


class Fault(Exception):
    """A refusal by its subcode."""

    def __init__(self, subcode, text=""):
        super().__init__(text or FAULTS.get(subcode, "An error."))
        self.subcode = subcode


class Message:
    """An envelope as read."""

    def __init__(self, body):
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            self.root = etree.fromstring(body, parser)
        except etree.XMLSyntaxError as error:
            raise Fault("MessageFormat", str(error)) from error
        self.namespace = etree.QName(self.root).namespace
        self.action, self.id, self.to = (self.text(name) for name in ("Action", "MessageID", "To"))

    def find(self, name, root=None):
        return next((e for e in (self.root if root is None else root).iter() if isinstance(e.tag, str) and etree.QName(e).localname == name), None)

    def text(self, name, root=None):
        element = self.find(name, root)
        return (element.text or "").strip() if element is not None else ""

    def part(self, name):
        """Header or Body"""
        return self.find(name) if self.find(name) is not None else etree.Element("none")


def violations(message, actions, path):
    """What is wrong with the frame of a request, as (rule, text)."""
    if message.namespace != ENVELOPE or etree.QName(message.root).localname != "Envelope":
        yield "soap-envelope", message.root.tag
    if message.action not in actions:
        yield "soap-action", message.action
    if not message.id.startswith("urn:uuid:"):
        yield "soap-message-id", message.id
    if not message.to.startswith("https://") or not message.to.lower().endswith(path.lower()):
        yield "soap-to", message.to
    if message.root.getroottree().docinfo.doctype:
        yield "soap-doctype", message.root.getroottree().docinfo.doctype


def envelope(action, relates_to, body, secure=False):
    now = time.time()
    times = [time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)) for at in (now, now + 300)]
    security = (f'<o:Security s:mustUnderstand="1" xmlns:o="{SECURITY}"><u:Timestamp u:Id="_0"><u:Created>{times[0]}</u:Created>'
                f"<u:Expires>{times[1]}</u:Expires></u:Timestamp></o:Security>") if secure else ""
    return (f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:a="{ADDRESSING}" xmlns:u="{UTILITY}"><s:Header>'
            f'<a:Action s:mustUnderstand="1">{action}</a:Action>'
            f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>{security}</s:Header>"
            f'<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">{body}</s:Body>'
            "</s:Envelope>").encode()


def fault(subcode, text, relates_to, lower=False):
    """lower: element names and subcode in lower case, as the text's own example and some servers have them"""
    trace = str(uuid.uuid4())
    detail = (f'<s:Detail><DeviceEnrollmentServiceError xmlns="{ENROLLMENT}"><ErrorType>{subcode}</ErrorType><Message>{escape(text)}</Message>'
              f"<TraceId>{trace}</TraceId></DeviceEnrollmentServiceError></s:Detail>")
    body = (f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>s:{subcode}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="en-us">{escape(text)}</s:Text></s:Reason>{detail}</s:Fault>')
    if lower:
        for name in ("Fault", "Code", "Value", "Subcode", "Reason", "Text", "Receiver", "Detail", subcode):
            body = body.replace(f"s:{name}", f"s:{name.lower()}")
    return envelope(ENROLLMENT + "/rstrc/wstep", relates_to, body)
