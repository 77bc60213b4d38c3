/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * characteristic and parm, by tables of names. Read leniently where servers are known to be sloppy (bool as chr, base64 with line ends,
 * letters of either case); what is believed is decided by who asked.
 */
#include "dm/provisioning.h"

#include "base/macro.h"
#include "dm/element.h"
#include "dm/issued.h"
#include "dm/server.h"
#include "dm/xmlread.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const char *type_of(const struct dm_element *e)
{
    const char *type = dm_element_attribute(e, "type");

    return type ? type : "";
}

/* The next characteristic of that type from this element on; type NULL: any. */
static const struct dm_element *seek(const struct dm_element *e, const char *type)
{
    while (e && (!dm_element_is(e, "characteristic") || (type && strcasecmp(type_of(e), type) != 0)))
        e = e->next;
    return e;
}

static const struct dm_element *inside(const struct dm_element *e, const char *type)
{
    return e ? seek(e->children, type) : NULL;
}

static const char *parm(const struct dm_element *e, const char *name)
{
    for (e = e ? e->children : NULL; e; e = e->next) {
        const char *found = dm_element_is(e, "parm") ? dm_element_attribute(e, "name") : NULL;

        if (found && strcasecmp(found, name) == 0)
            return dm_element_attribute(e, "value");
    }
    return NULL;
}

static bool is_yes(const char *text)
{
    return text && (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

static uint32_t number(const struct dm_element *e, const char *name)
{
    const char *text = parm(e, name);
    char *end;
    unsigned long value;

    if (!text || !text[0] || strspn(text, "0123456789") != strlen(text))
        return 0;
    errno = 0;
    value = strtoul(text, &end, 10);
    return errno || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* False: it does not fit, which is an error and not a shorter text. */
static bool copy(const char *text, char *ret, size_t size)
{
    if (!text)
        return true;
    if (strlen(text) >= size || strpbrk(text, "\r\n"))
        return false;
    strcpy(ret, text);
    return true;
}

static int add_certificate(const char *text, STACK_OF(X509) **stack, struct dm_error *error)
{
    const unsigned char *at;
    uint8_t *der;
    X509 *certificate;
    size_t n;

    if (dm_base64_take(text, strlen(text), &der, &n) < 0)
        return dm_error_set(error, -EBADMSG, "A certificate of the provisioning document is no base64.");
    at = der;
    certificate = d2i_X509(NULL, &at, (long)n);
    free(der);
    ERR_clear_error();
    if (!certificate)
        return dm_error_set(error, -EBADMSG, "A certificate of the provisioning document cannot be read.");
    if (!*stack)
        *stack = sk_X509_new_null();
    if (!*stack || sk_X509_num(*stack) >= DM_CERTIFICATES_MAX || sk_X509_push(*stack, certificate) <= 0) {
        X509_free(certificate);
        return dm_error_set(error, -E2BIG, "The provisioning document has more than %d certificates.", DM_CERTIFICATES_MAX);
    }
    return 0;
}

/* Root/System/THUMBPRINT/EncodedCertificate and its like: every certificate two levels down. */
static int read_store(const struct dm_element *store, STACK_OF(X509) **stack, struct dm_error *error)
{
    int r = 0;

    for (const struct dm_element *where = inside(store, NULL); r == 0 && where; where = seek(where->next, NULL)) {
        if (strcasecmp(type_of(where), "System") != 0 && strcasecmp(type_of(where), "User") != 0)
            continue;
        for (const struct dm_element *e = inside(where, NULL); r == 0 && e; e = seek(e->next, NULL)) {
            const char *text = parm(e, "EncodedCertificate");

            if (text)
                r = add_certificate(text, stack, error);
        }
    }
    return r;
}

static int read_certificates(const struct dm_element *e, struct dm_provisioned *ret, struct dm_error *error)
{
    const struct dm_element *mine = inside(e, "My"), *renew = inside(inside(mine, "WSTEP"), "Renew");
    int r;

    r = read_store(inside(e, "Root"), &ret->roots, error);
    if (r == 0)
        r = read_store(inside(e, "CA"), &ret->others, error);
    if (r == 0)
        r = read_store(mine, &ret->others, error);
    if (renew) {
        ret->settings.renew_period_days = number(renew, "RenewPeriod");
        ret->settings.renew_retry_days = number(renew, "RetryInterval");
    }
    return r;
}

static int read_auth(const struct dm_element *e, struct dm_provisioning *settings, struct dm_error *error)
{
    const char *level = parm(e, "AAUTHLEVEL"), *type = parm(e, "AAUTHTYPE");
    struct dm_appauth *auth;

    if (!level || !type)
        return 0;
    /* CLIENT: by which the server shows itself to the client; APPSRV: the other way round ([MS-MDM], w7 APPLICATION). */
    auth = strcasecmp(level, "CLIENT") == 0 ? &settings->server : &settings->client;
    auth->proof = strcasecmp(type, "BASIC") == 0 ? DM_PROOF_BASIC : strcasecmp(type, "HMAC") == 0 ? DM_PROOF_HMAC : DM_PROOF_MD5;
    if (!copy(parm(e, "AAUTHNAME"), auth->user, sizeof(auth->user)) || !copy(parm(e, "AAUTHSECRET"), auth->secret, sizeof(auth->secret)) ||
        !copy(parm(e, "AAUTHDATA"), auth->nonce, sizeof(auth->nonce)))
        return dm_error_set(error, -EBADMSG, "A name or secret of the management account is too long.");
    return 0;
}

static int read_application(const struct dm_element *e, struct dm_provisioning *settings, struct dm_error *error)
{
    const char *address = parm(e, "ADDR"), *encoding = parm(e, "DEFAULTENCODING"), *id = parm(e, "APPID");
    char origin[DM_ORIGIN_SIZE];
    int r = 0;

    if (!id || strcasecmp(id, "w7") != 0 || settings->address[0])
        return 0;
    if (!address)
        address = parm(inside(e, "APPADDR"), "ADDR");
    if (!address || dm_origin_of(address, origin) < 0)
        return dm_error_set(error, -EPERM, "The management server's address is no https address.");
    if (!copy(address, settings->address, sizeof(settings->address)) ||
        !copy(parm(e, "PROVIDER-ID"), settings->provider_id, sizeof(settings->provider_id)))
        return dm_error_set(error, -EBADMSG, "The management server's address or name is too long.");
    if (!settings->provider_id[0] || strchr(settings->provider_id, '/'))
        return dm_error_set(error, -EBADMSG, "The management server has no usable name (PROVIDER-ID).");
    settings->wbxml = encoding && strcasestr(encoding, "wbxml");
    settings->not_while_roaming = is_yes(parm(e, "DISABLEONROAMING"));
    settings->retry_count = number(e, "CONNRETRYFREQ");
    settings->initial_backoff_msec = number(e, "INITIALBACKOFFTIME");
    settings->max_backoff_msec = number(e, "MAXBACKOFFTIME");
    for (const struct dm_element *auth = inside(e, "APPAUTH"); r == 0 && auth; auth = seek(auth->next, "APPAUTH"))
        r = read_auth(auth, settings, error);
    return r;
}

static void read_client(const struct dm_element *e, struct dm_provisioning *settings)
{
    for (const struct dm_element *provider = inside(inside(e, "Provider"), NULL); provider; provider = seek(provider->next, NULL)) {
        const struct dm_element *poll = inside(provider, "Poll");

        if (!poll || (settings->provider_id[0] && strcmp(type_of(provider), settings->provider_id) != 0))
            continue;
        settings->poll = (struct dm_poll){
            number(poll, "NumberOfFirstRetries"),
            number(poll, "IntervalForFirstSetOfRetries"),
            number(poll, "NumberOfSecondRetries"),
            number(poll, "IntervalForSecondSetOfRetries"),
            number(poll, "NumberOfRemainingScheduledRetries"),
            number(poll, "IntervalForRemainingScheduledRetries"),
            is_yes(parm(poll, "PollOnLogin")),
        };
        return;
    }
}

static int read_document(const struct dm_element *root, struct dm_provisioned *ret, struct dm_error *error)
{
    int r = 0;

    if (!dm_element_is(root, "wap-provisioningdoc"))
        return dm_error_set(error, -EBADMSG, "This is no provisioning document.");
    for (const struct dm_element *e = root->children; r == 0 && e; e = e->next) {
        const char *type = dm_element_is(e, "characteristic") ? type_of(e) : "";

        if (strcasecmp(type, "CertificateStore") == 0)
            r = read_certificates(e, ret, error);
        else if (strcasecmp(type, "APPLICATION") == 0)
            r = read_application(e, &ret->settings, error);
        else if (strcasecmp(type, "DMClient") != 0)
            ret->settings.n_passed_over++;
    }
    for (const struct dm_element *e = root->children; r == 0 && e; e = e->next)
        if (dm_element_is(e, "characteristic") && strcasecmp(type_of(e), "DMClient") == 0)
            read_client(e, &ret->settings);
    return r;
}

int dm_provisioning_read(const void *bytes, size_t n_bytes, struct dm_provisioned *ret, struct dm_error *error)
{
    struct dm_arena *arena = dm_arena_new(DM_ARENA_BYTES);
    struct dm_budget budget = DM_BUDGET_WHOLE;
    struct dm_provisioned provisioned = { 0 };
    struct dm_element *root;
    int r = arena ? dm_xml_parse(arena, &budget, bytes, n_bytes, &root, error) : dm_error_set(error, -ENOMEM, "No memory.");

    if (r == 0)
        r = read_document(root, &provisioned, error);
    dm_arena_free(arena);
    if (r < 0)
        dm_provisioned_clear(&provisioned);
    else
        *ret = provisioned;
    return r;
}

void dm_provisioned_clear(struct dm_provisioned *provisioned)
{
    sk_X509_pop_free(provisioned->roots, X509_free);
    sk_X509_pop_free(provisioned->others, X509_free);
    OPENSSL_cleanse(provisioned, sizeof(*provisioned));
}
