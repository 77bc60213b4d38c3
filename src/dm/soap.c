/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Envelopes. What real servers get wrong is read nevertheless: names in lower case, faults with status 200, subcodes with any prefix.
 */
#include "dm/soap.h"

#include "base/macro.h"
#include "dm/emit.h"
#include "dm/xmlread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* [MS-MDE2] 2.2.10, by subcode or ErrorType. */
static const struct fault {
    const char *subcode;
    int result;
    const char *sentence;
} faults[] = {
    { "MessageFormat", -EPROTO, "The server cannot read what this device sent. Is it an enrolment server of this kind?" },
    { "Authentication", -EACCES, "The server refused user name and password. A one-time password is good once and for a limited time." },
    { "Authorization", -EACCES, "This user may not enrol devices. Ask your administrator." },
    { "CertificateRequest", -EPROTO, "The server could not issue a certificate. Ask your administrator." },
    { "EnrollmentServer", -EAGAIN, "The organisation's management server has a problem. Try again later." },
    { "InternalServiceFault", -EAGAIN, "The server has a problem of its own. Try again later." },
    { "InvalidSecurity", -EACCES, "The server does not accept how this device shows who you are." },
    { "DeviceCapReached", -EACCES, "You have enrolled as many devices as you may. Remove one, or ask your administrator." },
    { "DeviceNotSupported", -EACCES, "The organisation does not manage devices of this kind." },
    { "NotSupported", -EACCES, "The organisation does not offer management to this user." },
    { "NotEligibleToRenew", -EAGAIN, "The server does not renew the certificate yet." },
    { "InMaintenance", -EAGAIN, "The server is being maintained. Try again later." },
    { "UserLicense", -EACCES, "You have no licence for management. Ask your administrator." },
    { "InvalidEnrollmentData", -EPROTO, "The server does not accept the data of this enrolment. Ask your administrator." },
    { "CustomServerError", -EPROTO, "The server refused the enrolment. Ask your administrator." },
};

void soap_message_id(const unsigned char random[16], char ret[SOAP_MESSAGE_ID_SIZE])
{
    size_t n = (size_t)snprintf(ret, SOAP_MESSAGE_ID_SIZE, "urn:uuid:");

    for (size_t i = 0; i < 16; i++) {
        unsigned char byte = i == 6 ? (random[i] & 0x0f) | 0x40 : i == 8 ? (random[i] & 0x3f) | 0x80 : random[i]; /* RFC 4122, version 4 */

        n += (size_t)snprintf(ret + n, SOAP_MESSAGE_ID_SIZE - n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
    }
}

static void emit_text(struct dm_emit *out, const char *text)
{
    dm_emit_escaped(out, text, strlen(text));
}

static void emit_identity(struct dm_emit *out, const struct soap_identity *identity)
{
    if (!identity->password && !identity->token_base64)
        return;
    dm_emit_string(out, "<wsse:Security s:mustUnderstand=\"1\" xmlns:wsse=\"" SOAP_SECURITY "\">");
    if (identity->token_base64) {
        dm_emit_string(out, "<wsse:BinarySecurityToken ValueType=\"http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/"
                            "DeviceEnrollmentUserToken\" EncodingType=\"" SOAP_SECURITY "#base64binary\">");
        emit_text(out, identity->token_base64);
        dm_emit_string(out, "</wsse:BinarySecurityToken>");
    } else {
        dm_emit_string(out, "<wsse:UsernameToken><wsse:Username>");
        emit_text(out, identity->user);
        dm_emit_string(out, "</wsse:Username><wsse:Password Type=\"http://docs.oasis-open.org/wss/2004/01/"
                            "oasis-200401-wss-username-token-profile-1.0#PasswordText\">");
        emit_text(out, identity->password);
        dm_emit_string(out, "</wsse:Password></wsse:UsernameToken>");
    }
    dm_emit_string(out, "</wsse:Security>");
}

static void emit_envelope(
    struct dm_emit *out, const char *action, const char *message_id, const char *to, const struct soap_identity *identity, const char *body)
{
    dm_emit_string(out, "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">"
                        "<s:Header><a:Action s:mustUnderstand=\"1\">");
    emit_text(out, action);
    dm_emit_string(out, "</a:Action><a:MessageID>");
    emit_text(out, message_id);
    dm_emit_string(out, "</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>"
                        "<a:To s:mustUnderstand=\"1\">");
    emit_text(out, to);
    dm_emit_string(out, "</a:To>");
    emit_identity(out, identity);
    dm_emit_string(out, "</s:Header><s:Body>");
    dm_emit_string(out, body);
    dm_emit_string(out, "</s:Body></s:Envelope>");
}

int soap_write(const char *action, const char *message_id, const char *to, const struct soap_identity *identity, const char *body, char **ret,
    size_t *ret_bytes)
{
    struct dm_emit out = { 0 };
    char *text;

    emit_envelope(&out, action, message_id, to, identity, body);
    text = malloc(out.n_bytes + 1);
    if (!text)
        return -ENOMEM;
    out = (struct dm_emit){ .bytes = text, .size_bytes = out.n_bytes };
    emit_envelope(&out, action, message_id, to, identity, body);
    text[out.n_bytes] = '\0';
    *ret = text;
    *ret_bytes = out.n_bytes;
    return 0;
}

const struct dm_element *soap_find(const struct dm_element *element, const char *name)
{
    for (const struct dm_element *e = element ? element->children : NULL; e; e = e->next) {
        const struct dm_element *deeper;

        if (strcasecmp(e->name, name) == 0)
            return e;
        deeper = soap_find(e, name); /* as deep as the reader let it be */
        if (deeper)
            return deeper;
    }
    return NULL;
}

static int explain(struct dm_arena *arena, const struct dm_element *fault, struct dm_error *error)
{
    const char *subcode = dm_element_text(arena, soap_find(soap_find(fault, "Subcode"), "Value"));
    const char *kind = dm_element_text(arena, soap_find(fault, "ErrorType")), *said = dm_element_text(arena, soap_find(fault, "Text"));

    if (subcode && strrchr(subcode, ':'))
        subcode = strrchr(subcode, ':') + 1;
    for (size_t i = 0; i < ELEMENTSOF(faults); i++)
        if ((kind && strcasecmp(kind, faults[i].subcode) == 0) || (subcode && strcasecmp(subcode, faults[i].subcode) == 0))
            return dm_error_set(error, faults[i].result, "%s", faults[i].sentence);
    return dm_error_set(error, -EPROTO, "The server refused the enrolment: %.90s", said ? said : "it did not say why");
}

int soap_read(struct dm_arena *arena, const void *bytes, size_t n_bytes, const char *message_id, const struct dm_element **ret_body,
    struct dm_error *error)
{
    struct dm_budget budget = DM_BUDGET_WHOLE;
    const struct dm_element *fault, *body;
    struct dm_element *root;
    const char *relates;
    int r = dm_xml_parse(arena, &budget, bytes, n_bytes, &root, error);

    if (r < 0)
        return r;
    body = soap_find(root, "Body");
    if (strcasecmp(root->name, "Envelope") != 0 || !body)
        return dm_error_set(error, -EBADMSG, "The server's answer is no SOAP message. Is it an enrolment server?");
    fault = soap_find(body, "Fault");
    if (fault)
        return explain(arena, fault, error);
    relates = dm_element_text(arena, soap_find(soap_find(root, "Header"), "RelatesTo"));
    if (!relates || strcmp(relates, message_id) != 0)
        return dm_error_set(error, -EBADMSG, "The server answered another request than ours.");
    *ret_body = body;
    return 0;
}
