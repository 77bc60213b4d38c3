/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three requests; each body is XML made here, with nothing of the server's in it but the addresses that it told.
 */
#include "dm/mde2.h"

#include "dm/csr.h"
#include "dm/issued.h"
#include "dm/keys.h"
#include "dm/provisioning.h"
#include "dm/server.h"
#include "dm/soap.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES_MAX ((size_t)512 * 1024)
#define TOKEN_TYPE       "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentToken"
#define RSA_BITS_OFFERED 3072

enum mde2_stage {
    MDE2_DISCOVER,
    MDE2_POLICIES,
    MDE2_TOKEN,
    MDE2_DONE,
};

struct mde2 {
    struct dm_enrol_wish wish;
    enum mde2_stage stage;
    char policy_url[DM_URL_SIZE], service_url[DM_URL_SIZE];
    char message_id[SOAP_MESSAGE_ID_SIZE];
    char *token_base64; /* of the federated way */
    char *request; /* what is being sent; holds the password */
    size_t request_bytes;
    struct dm_enrolled enrolled;
};

static void drop_request(struct mde2 *mde2)
{
    dm_secret_free(mde2->request, mde2->request_bytes);
    mde2->request = NULL;
    mde2->request_bytes = 0;
}

struct mde2 *mde2_new(const struct dm_enrol_wish *wish)
{
    struct mde2 *mde2 = calloc(1, sizeof(*mde2));

    if (!mde2)
        return NULL;
    mde2->wish = *wish;
    if (wish->old_certificate) {
        mde2->stage = MDE2_TOKEN; /* the account knows where */
        snprintf(mde2->service_url, sizeof(mde2->service_url), "%s", wish->server_url);
    }
    if (wish->secret && wish->secret_is_token && dm_base64_make(wish->secret, strlen(wish->secret), &mde2->token_base64) < 0)
        return mde2_free(mde2);
    return mde2;
}

struct mde2 *mde2_free(struct mde2 *mde2)
{
    if (!mde2)
        return NULL;
    drop_request(mde2);
    dm_enrolled_clear(&mde2->enrolled);
    dm_secret_free(mde2->token_base64, mde2->token_base64 ? strlen(mde2->token_base64) : 0);
    free(mde2);
    return NULL;
}

void mde2_take(struct mde2 *mde2, struct dm_enrolled *ret)
{
    *ret = mde2->enrolled;
    mde2->enrolled = (struct dm_enrolled){ 0 };
}

static int write_request(struct mde2 *mde2, const char *action, const char *url, bool with_identity, const char *body)
{
    struct soap_identity identity = { 0 };
    unsigned char random[16];

    if (with_identity && mde2->token_base64)
        identity.token_base64 = mde2->token_base64;
    else if (with_identity && mde2->wish.secret)
        identity = (struct soap_identity){ .user = mde2->wish.user ? mde2->wish.user : "", .password = mde2->wish.secret };
    if (RAND_bytes(random, sizeof(random)) != 1)
        return -EIO;
    soap_message_id(random, mde2->message_id);
    drop_request(mde2);
    return soap_write(action, mde2->message_id, url, &identity, body, &mde2->request, &mde2->request_bytes);
}

/* What was typed goes into XML; it is a name or a mail address, or it is not sent. */
static bool is_plain(const char *text)
{
    return strpbrk(text, "<>&\"'") == NULL;
}

static int ask_discovery(struct mde2 *mde2, char *url, size_t size)
{
    char body[2048];
    const char *user = mde2->wish.user && mde2->wish.user[0] ? mde2->wish.user : "device@localhost";

    snprintf(url, size, "%s/EnrollmentServer/Discovery.svc", mde2->wish.server_url);
    if (!is_plain(user) || strlen(user) > 256)
        return -EINVAL;
    snprintf(body, sizeof(body),
        "<Discover xmlns=\"" SOAP_DISCOVER "\"><request xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"
        "<EmailAddress>%s</EmailAddress><RequestVersion>3.0</RequestVersion><DeviceType>Linux</DeviceType>"
        "<ApplicationVersion>" MVPN_VERSION "</ApplicationVersion><OSEdition>48</OSEdition>"
        "<AuthPolicies><AuthPolicy>%s</AuthPolicy></AuthPolicies></request></Discover>",
        user, mde2->wish.secret_is_token ? "Federated" : "OnPremise");
    return write_request(mde2, SOAP_DISCOVER "/IDiscoveryService/Discover", url, false, body);
}

static int ask_policies(struct mde2 *mde2, char *url, size_t size)
{
    snprintf(url, size, "%s", mde2->policy_url);
    return write_request(mde2, SOAP_POLICY "/IPolicy/GetPolicies", url, true,
        "<GetPolicies xmlns=\"" SOAP_POLICY "\"><client><lastUpdate xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>"
        "<preferredLanguage xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/></client>"
        "<requestFilter xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/></GetPolicies>");
}

/* The request for renewal, signed with the key that it replaces ([MS-WSTEP] 3.1.4.1.2.1). */
static int sign_with_old(struct mde2 *mde2, const uint8_t *csr, size_t n_csr, char **ret)
{
    BIO *in = BIO_new_mem_buf(csr, (int)n_csr);
    CMS_ContentInfo *cms = in ? CMS_sign(mde2->wish.old_certificate, mde2->wish.old_key, NULL, in, CMS_BINARY) : NULL;
    unsigned char *der = NULL;
    int n = cms ? i2d_CMS_ContentInfo(cms, &der) : -1, r = n > 0 ? dm_base64_make(der, (size_t)n, ret) : -ENOMEM;

    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    ERR_clear_error();
    return r;
}

static int make_csr(struct mde2 *mde2, char **ret)
{
    struct dm_csr_wish wish = { .common_name = mde2->wish.common_name, .renews = mde2->wish.old_certificate };
    uint8_t *der;
    size_t n;
    int r;

    if (!mde2->enrolled.key) {
        r = dm_key_make(DM_KEY_RSA3072, &mde2->enrolled.key); /* [MS-XCEP] says how many bits of RSA, and nothing of curves */
        if (r < 0)
            return r;
    }
    r = dm_csr_make(mde2->enrolled.key, &wish, &der, &n);
    if (r < 0)
        return r;
    r = mde2->wish.old_certificate ? sign_with_old(mde2, der, n, ret) : dm_base64_make(der, n, ret);
    free(der);
    return r;
}

static int ask_token(struct mde2 *mde2, char *url, size_t size)
{
    bool renewal = mde2->wish.old_certificate != NULL;
    char *csr = NULL, *body = NULL;
    int r;

    snprintf(url, size, "%s", mde2->service_url);
    if (!is_plain(mde2->wish.common_name))
        return -EINVAL;
    r = make_csr(mde2, &csr);
    if (r < 0)
        return r;
    if (asprintf(&body,
            "<wst:RequestSecurityToken xmlns:wst=\"" SOAP_TRUST "\"><wst:TokenType>" TOKEN_TYPE "</wst:TokenType>"
            "<wst:RequestType>" SOAP_TRUST "/%s</wst:RequestType><wsse:BinarySecurityToken xmlns:wsse=\"" SOAP_SECURITY "\" "
            "ValueType=\"%s\" EncodingType=\"" SOAP_SECURITY "#base64binary\">%s</wsse:BinarySecurityToken>"
            "<ac:AdditionalContext xmlns:ac=\"http://schemas.xmlsoap.org/ws/2006/12/authorization\">"
            "<ac:ContextItem Name=\"DeviceType\"><ac:Value>Linux</ac:Value></ac:ContextItem>"
            "<ac:ContextItem Name=\"ApplicationVersion\"><ac:Value>" MVPN_VERSION "</ac:Value></ac:ContextItem>"
            "<ac:ContextItem Name=\"DeviceID\"><ac:Value>%s</ac:Value></ac:ContextItem>"
            "<ac:ContextItem Name=\"DeviceName\"><ac:Value>%s</ac:Value></ac:ContextItem>"
            "<ac:ContextItem Name=\"EnrollmentType\"><ac:Value>Device</ac:Value></ac:ContextItem>"
            "</ac:AdditionalContext></wst:RequestSecurityToken>",
            renewal ? "Renew" : "Issue", renewal ? SOAP_SECURITY "#PKCS7" : SOAP_ENROLLMENT "#PKCS10", csr, mde2->wish.common_name,
            mde2->wish.common_name) < 0)
        body = NULL;
    r = body ? write_request(mde2, SOAP_ENROLLMENT "/RST/wstep", url, !renewal, body) : -ENOMEM;
    free(body);
    free(csr);
    return r;
}

int mde2_next(struct mde2 *mde2, struct dm_exchange *ret, struct dm_error *error)
{
    int r = 0;

    *ret = (struct dm_exchange){ .post = true, .content_type = "application/soap+xml; charset=utf-8", .answer_bytes_max = ANSWER_BYTES_MAX };
    switch (mde2->stage) {
    case MDE2_DISCOVER:
        ret->progress = "Looking for the enrolment service";
        r = ask_discovery(mde2, ret->url, sizeof(ret->url));
        break;
    case MDE2_POLICIES:
        ret->progress = "Asking what certificates the organisation issues";
        r = ask_policies(mde2, ret->url, sizeof(ret->url));
        break;
    case MDE2_TOKEN:
        ret->progress = "Asking for the certificate";
        ret->with_certificate = mde2->wish.old_certificate != NULL;
        r = ask_token(mde2, ret->url, sizeof(ret->url));
        break;
    case MDE2_DONE:
        return 0;
    }
    if (r == -EINVAL)
        return dm_error_set(error, r, "The user's or the device's name has characters that no such name has.");
    if (r < 0)
        return dm_error_set(error, r, "The request could not be made.");
    ret->body = mde2->request;
    ret->body_bytes = mde2->request_bytes;
    return 1;
}

static int take_url(struct dm_arena *arena, const struct dm_element *body, const char *name, char *ret, struct dm_error *error)
{
    const char *url = dm_element_text(arena, soap_find(body, name));
    char origin[DM_ORIGIN_SIZE];

    if (!url || strlen(url) >= DM_URL_SIZE || dm_origin_of(url, origin) < 0)
        return dm_error_set(error, -EPERM, "The server named no https address where to enrol (%s).", name);
    strcpy(ret, url);
    return 0;
}

static int take_discovery(struct mde2 *mde2, struct dm_arena *arena, const struct dm_element *body, struct dm_error *error)
{
    const char *policy = dm_element_text(arena, soap_find(body, "AuthPolicy"));
    int r;

    if (policy && strcasecmp(policy, "Federated") == 0 && !mde2->wish.secret_is_token)
        return dm_error_set(error, -EACCES, "This organisation wants a token: get one in a browser and give it by --token-file.");
    if (policy && strcasecmp(policy, "OnPremise") == 0 && mde2->wish.secret_is_token)
        return dm_error_set(error, -EACCES, "This organisation wants user name and password, not a token.");
    r = take_url(arena, body, "EnrollmentPolicyServiceUrl", mde2->policy_url, error);
    if (r == 0)
        r = take_url(arena, body, "EnrollmentServiceUrl", mde2->service_url, error);
    if (r == 0)
        mde2->stage = MDE2_POLICIES;
    return r;
}

static int take_policies(struct mde2 *mde2, struct dm_arena *arena, const struct dm_element *body, struct dm_error *error)
{
    const char *bits = dm_element_text(arena, soap_find(body, "minimalKeyLength"));

    if (!soap_find(body, "GetPoliciesResponse"))
        return dm_error_set(error, -EBADMSG, "The server did not say what certificates it issues.");
    if (bits && strtoul(bits, NULL, 10) > RSA_BITS_OFFERED)
        return dm_error_set(error, -EPROTO, "The organisation wants keys of %.10s bits; this device makes RSA keys of %d.", bits, RSA_BITS_OFFERED);
    mde2->stage = MDE2_TOKEN;
    return 0;
}

/* The certificate for our key, judged; and whom the organisation trusts: what the document says, else what was trusted before. */
static int take_certificates(struct mde2 *mde2, struct dm_provisioned *provisioned, int64_t now_sec, struct dm_error *error)
{
    struct dm_enrolled *enrolled = &mde2->enrolled;
    struct x509_st *ours;
    int r;

    enrolled->roots = provisioned->roots;
    enrolled->others = provisioned->others;
    provisioned->roots = provisioned->others = NULL;
    if (!enrolled->roots && mde2->wish.old_roots)
        enrolled->roots = X509_chain_up_ref(mde2->wish.old_roots);
    if (!enrolled->roots)
        return dm_error_set(error, -EBADMSG, "The server sent no root that its certificates could be checked by.");
    if (!enrolled->others)
        return dm_error_set(error, -EBADMSG, "The server sent no certificate for this device.");
    ours = dm_issued_find(enrolled->others, enrolled->key, error);
    r = ours ? dm_issued_judge(ours, enrolled->key, enrolled->others, enrolled->roots, now_sec, error) : -EBADMSG;
    if (r == 0) {
        X509_up_ref(ours);
        enrolled->certificate = ours;
    }
    return r;
}

static int take_token(struct mde2 *mde2, struct dm_arena *arena, const struct dm_element *body, int64_t now_sec, struct dm_error *error)
{
    const char *text = dm_element_text(arena, soap_find(soap_find(body, "RequestedSecurityToken"), "BinarySecurityToken"));
    struct dm_provisioned provisioned = { 0 };
    uint8_t *document;
    size_t n;
    int r;

    if (!text || dm_base64_take(text, strlen(text), &document, &n) < 0)
        return dm_error_set(error, -EBADMSG, "The server's answer holds no provisioning document.");
    r = dm_provisioning_read(document, n, &provisioned, error);
    dm_secret_free((char *)document, n);
    if (r < 0)
        return r;
    r = take_certificates(mde2, &provisioned, now_sec, error);
    if (r == 0) {
        mde2->enrolled.provisioning = malloc(sizeof(*mde2->enrolled.provisioning));
        r = mde2->enrolled.provisioning ? 0 : dm_error_set(error, -ENOMEM, "No memory.");
    }
    if (r == 0) {
        *mde2->enrolled.provisioning = provisioned.settings;
        strcpy(mde2->enrolled.provisioning->service_url, mde2->service_url);
        mde2->stage = MDE2_DONE;
    }
    dm_provisioned_clear(&provisioned);
    return r;
}

static int take_body(struct mde2 *mde2, struct dm_arena *arena, const struct dm_answer *answer, struct dm_error *error)
{
    const struct dm_element *body;
    int r = soap_read(arena, answer->body, answer->body_bytes, mde2->message_id, &body, error);

    if (r < 0)
        return r;
    switch (mde2->stage) {
    case MDE2_DISCOVER:
        return take_discovery(mde2, arena, body, error);
    case MDE2_POLICIES:
        return take_policies(mde2, arena, body, error);
    case MDE2_TOKEN:
        return take_token(mde2, arena, body, answer->now_sec, error);
    case MDE2_DONE:
        break;
    }
    return dm_error_set(error, -EPROTO, "Nothing was asked.");
}

int mde2_answer(struct mde2 *mde2, const struct dm_answer *answer, struct dm_error *error)
{
    struct dm_arena *arena;
    int r;

    drop_request(mde2);
    if (answer->status >= 300 && answer->status < 400)
        return dm_error_set(error, -EPROTO, "The server sends us elsewhere (%u), which is not followed.", answer->status);
    if (answer->status == 401 || answer->status == 403)
        return dm_error_set(error, -EACCES, "The server refused user name and password (%u).", answer->status);
    if (answer->status != 200 && answer->status != 500) /* a fault comes with 500 */
        return dm_error_set(error, -EPROTO, "There is no enrolment service of this kind at this address (%u).", answer->status);
    arena = dm_arena_new(DM_ARENA_BYTES);
    if (!arena)
        return dm_error_set(error, -ENOMEM, "No memory.");
    r = take_body(mde2, arena, answer, error);
    dm_arena_free(arena);
    return r;
}
