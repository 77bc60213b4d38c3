# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Enrolment as Windows does it ([MS-MDE2], [MS-XCEP], [MS-WSTEP]): discovery, certificate policies, a token that is a provisioning document.

Moods, each also for one step only by @discover, @policies, @token: soap-fault=SUBCODE, fault-lower, fault-200, soap-relates (to another request),
discovery-http, discovery-other=HOST, and those of hostile.py (xml-), provisioning.py, ca.py and web.py.
"""
import base64
import binascii
import uuid
from xml.sax.saxutils import escape

import ca
import hostile
import provisioning
import soap

DISCOVER = "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
POLICY = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
TOKEN = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken"
USER_TOKEN = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken"
DOCUMENT = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentProvisionDoc"
PKCS10 = soap.ENROLLMENT + "#PKCS10"
PKCS7 = (soap.ENROLLMENT + "#PKCS7", soap.SECURITY + "#PKCS7")
ACTIONS = {
    "discover": [DISCOVER + "/IDiscoveryService/Discover"],
    "policies": [POLICY + "/IPolicy/GetPolicies"],
    "token": [soap.ENROLLMENT + "/RST/wstep"],
}
POLICIES = """<GetPoliciesResponse xmlns="{namespace}"><response><policyID/><policyFriendlyName xsi:nil="true"/><nextUpdateHours xsi:nil="true"/>
<policiesNotChanged xsi:nil="true"/><policies><policy><policyOIDReference>0</policyOIDReference><cAs xsi:nil="true"/><attributes>
<commonName>device</commonName><policySchema>3</policySchema><certificateValidity><validityPeriodSeconds>{lifetime}</validityPeriodSeconds>
<renewalPeriodSeconds>{renewal}</renewalPeriodSeconds></certificateValidity><permission><enroll>true</enroll><autoEnroll>false</autoEnroll>
</permission><privateKeyAttributes><minimalKeyLength>{bits}</minimalKeyLength><keySpec xsi:nil="true"/><keyUsageProperty xsi:nil="true"/>
<permissions xsi:nil="true"/><algorithmOIDReference xsi:nil="true"/><cryptoProviders xsi:nil="true"/></privateKeyAttributes><revision>
<majorRevision>101</majorRevision><minorRevision>0</minorRevision></revision><supersededPolicies xsi:nil="true"/><privateKeyFlags xsi:nil="true"/>
<subjectNameFlags xsi:nil="true"/><enrollmentFlags xsi:nil="true"/><generalFlags xsi:nil="true"/>
<hashAlgorithmOIDReference>0</hashAlgorithmOIDReference><rARequirements xsi:nil="true"/><keyArchivalAttributes xsi:nil="true"/>
<extensions xsi:nil="true"/></attributes></policy></policies></response><cAs xsi:nil="true"/><oIDs><oID><value>2.16.840.1.101.3.4.2.1</value>
<group>1</group><oIDReferenceID>0</oIDReferenceID><defaultName>szOID_NIST_sha256</defaultName></oID></oIDs></GetPoliciesResponse>"""


class Mde2:
    def __init__(self, state, authority):
        self.state, self.authority = state, authority

    def handle(self, request):
        if request.method == "GET":         # the first look of a client: is there such a server at all?
            return request.reply(200, "text/html", b"")
        message, moods = None, self.state.moods("mde2")
        try:
            message = soap.Message(request.body)
            step = self.step(request, message)
            moods = self.state.moods("mde2", step)
            request.where = ["mde2", step]
            self.check_frame(request, message, step)
            if "soap-fault" in moods:
                raise soap.Fault(moods.get("soap-fault", "InternalServiceFault"))
            answer = {"discover": self.discover, "policies": self.policies, "token": self.token}[step](request, message, moods)
            return request.reply(200, "application/soap+xml; charset=utf-8", hostile.spoil(answer, moods))
        except (soap.Fault, ca.Refused) as error:
            subcode = error.subcode if isinstance(error, soap.Fault) else "CertificateRequest"
            self.state.record("refused", operation="mde2", subcode=subcode, reason=str(error))
            body = soap.fault(subcode, str(error), message.id if message else "", "fault-lower" in moods)
            return request.reply(200 if "fault-200" in moods else 500, "application/soap+xml; charset=utf-8", hostile.spoil(body, moods))

    @staticmethod
    def step(request, message):
        for name, step in (("Discover", "discover"), ("GetPolicies", "policies"), ("RequestSecurityToken", "token")):
            if message.find(name, message.part("Body")) is not None:
                if (step == "discover") != request.path.lower().endswith("/discovery.svc"):
                    raise soap.Fault("MessageFormat", f"{name} is not asked for at {request.path}")
                return step
        raise soap.Fault("MessageFormat", "no such operation")

    def check_frame(self, request, message, step):
        for rule, text in soap.violations(message, ACTIONS[step], request.path):
            self.state.record("violation", rule=rule, text=text)
        if not request.headers.get("Content-Type", "").startswith("application/soap+xml"):
            self.state.record("violation", rule="soap-content-type", text=request.headers.get("Content-Type"))

    def relates(self, message, moods):
        return f"urn:uuid:{uuid.uuid4()}" if "soap-relates" in moods else message.id

    def discover(self, _request, message, moods):
        settings = self.state.settings()
        self.state.record("discover", **{name: message.text(name) for name in ("EmailAddress", "RequestVersion", "DeviceType", "ApplicationVersion",
                                                                               "OSEdition")},
                          policies=[e.text for e in message.root.iter("{*}AuthPolicy")])
        for name in ("EmailAddress", "RequestVersion", "DeviceType", "ApplicationVersion"):
            if not message.text(name):
                self.state.record("violation", rule="discover-element", text=name)
        base = settings["enroll_url"]
        if "discovery-http" in moods:
            base = base.replace("https:", "http:")
        if "discovery-other" in moods:
            base = "https://" + moods.get("discovery-other", "www.example.net")
        sts = f"<AuthenticationServiceUrl>{escape(base)}/sts</AuthenticationServiceUrl>" if settings["auth_policy"] == "Federated" else ""
        body = (f'<DiscoverResponse xmlns="{DISCOVER}"><DiscoverResult><AuthPolicy>{settings["auth_policy"]}</AuthPolicy>'
                "<EnrollmentVersion>3.0</EnrollmentVersion>"
                f"<EnrollmentPolicyServiceUrl>{base}/EnrollmentServer/Policy.svc</EnrollmentPolicyServiceUrl>"
                f"<EnrollmentServiceUrl>{base}/EnrollmentServer/Enrollment.svc</EnrollmentServiceUrl>{sts}</DiscoverResult></DiscoverResponse>")
        return soap.envelope(ACTIONS["discover"][0] + "Response", self.relates(message, moods), body)

    def policies(self, request, message, moods):
        self.authenticate(request, message, spend=False)
        settings = self.state.settings()
        body = POLICIES.format(namespace=POLICY, lifetime=settings["lifetime"], renewal=settings["renew_period"] * 86400,
                               bits=settings["key_length"])
        return soap.envelope(ACTIONS["policies"][0] + "Response", self.relates(message, moods), body)

    def authenticate(self, request, message, spend):
        """The security header, by the policy that discovery told; spend: what is good once is used up by this."""
        header, policy = message.part("Header"), self.state.settings()["auth_policy"]
        if policy == "OnPremise":
            user, password = message.text("Username", header), message.text("Password", header)
            good = self.state.use_password(user, password) if spend else self.state.password_is_good(user, password)
        elif policy == "Federated":
            good = self.token_is_good(message, header)
        else:
            good = bool(request.client_certificate)
        if not good:
            raise soap.Fault("Authentication")

    def token_is_good(self, message, header):
        element = message.find("BinarySecurityToken", header)
        if element is None or element.get("ValueType") != USER_TOKEN:
            self.state.record("violation", rule="token-value-type", text=None if element is None else element.get("ValueType"))
            return False
        try:
            text = base64.b64decode("".join((element.text or "").split()), validate=True).decode()
        except ValueError:
            return False
        return text.strip() in self.state.lines("tokens")

    def token(self, request, message, moods):
        body = message.part("Body")
        if message.text("TokenType", body) != TOKEN:
            self.state.record("violation", rule="token-type", text=message.text("TokenType", body))
        request_type = message.text("RequestType", body)
        element = message.find("BinarySecurityToken", body)
        if element is None:
            raise soap.Fault("MessageFormat", "there is no request in this message")
        try:
            content = base64.b64decode("".join((element.text or "").split()), validate=True)
        except binascii.Error as error:
            raise soap.Fault("MessageFormat", str(error)) from error
        context = {item.get("Name"): message.text("Value", item) for item in body.iter("{*}ContextItem")}
        self.state.record("token", request=request_type.rsplit("/", 1)[-1], kind=element.get("ValueType"), context=context)
        for name in ("DeviceType", "ApplicationVersion"):
            if name not in context:
                self.state.record("violation", rule="token-context", text=name)
        renewal = request_type == TRUST + "/Renew"
        if not renewal and request_type != TRUST + "/Issue":
            raise soap.Fault("MessageFormat", f"no such request: {request_type}")
        csr = self.renewal(request, element, content) if renewal else self.first(request, message, element, content)
        return self.issue(message, csr, moods, renewal)

    def first(self, request, message, element, content):
        if element.get("ValueType") != PKCS10:
            self.state.record("violation", rule="token-value-type", text=element.get("ValueType"))
        facts = ca.csr_facts(content)
        if facts["bits"] < self.state.settings()["key_length"] and "rsaEncryption" in facts["text"]:
            raise soap.Fault("CertificateRequest", f"a key of {facts['bits']} bits is too short")
        self.authenticate(request, message, spend=True)
        return content

    def renewal(self, request, element, content):
        """A CMS, signed with the key of the certificate of the TLS connection"""
        if element.get("ValueType") not in PKCS7:
            self.state.record("violation", rule="token-value-type", text=element.get("ValueType"))
        if not request.client_certificate:
            raise soap.Fault("Authentication", "a renewal needs the old certificate")
        csr, signer = self.authority.open_renewal(content)
        if signer != request.client_certificate:
            raise soap.Fault("Authorization", "signed by one, sent by another")
        if csr.startswith(b"MI"):
            csr = base64.b64decode(csr)
        return csr

    def issue(self, message, csr, moods, renewal):
        pem = self.authority.issue(csr, moods)
        document = provisioning.Writer(self.state, self.authority, moods).document(pem, renewal)
        self.state.record("enrolled", by="mde2", operation="renew" if renewal else "issue")
        body = (f'<RequestSecurityTokenResponseCollection xmlns="{TRUST}"><RequestSecurityTokenResponse><TokenType>{TOKEN}</TokenType>'
                f'<DispositionMessage xmlns="{soap.ENROLLMENT}"/><RequestedSecurityToken><BinarySecurityToken ValueType="{DOCUMENT}" '
                f'EncodingType="{soap.SECURITY}#base64binary" xmlns="{soap.SECURITY}">{base64.b64encode(document).decode()}</BinarySecurityToken>'
                f'</RequestedSecurityToken><RequestID xmlns="{soap.ENROLLMENT}">0</RequestID></RequestSecurityTokenResponse>'
                "</RequestSecurityTokenResponseCollection>")
        return soap.envelope(soap.ENROLLMENT + "/RSTRC/wstep", self.relates(message, moods), body, secure=True)
