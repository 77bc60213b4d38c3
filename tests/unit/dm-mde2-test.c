/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The provisioning document field by field, SOAP's frame and faults, and what the engine refuses at each step. That the whole conversation ends
 * in a certificate is shown with the test server (lab/enrol).
 */
#include "base/macro.h"
#include "dm/mde2.h"
#include "dm/provisioning.h"
#include "dm/soap.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>

#define W7(inside) "<characteristic type=\"APPLICATION\"><parm name=\"APPID\" value=\"w7\"/>" inside "</characteristic>"
#define DOCUMENT(inside) "<wap-provisioningdoc version=\"1.1\">" inside "</wap-provisioningdoc>"
#define ADDR(url)        "<parm name=\"ADDR\" value=\"" url "\"/>"
#define ID(name)         "<parm name=\"PROVIDER-ID\" value=\"" name "\"/>"

static int read_document(const char *text, struct dm_provisioned *ret)
{
    struct dm_error error = { 0 };
    int r = dm_provisioning_read(text, strlen(text), ret, &error);

    CHECK((r < 0) == (error.text[0] != '\0'));
    return r;
}

static void reads_the_account(void)
{
    struct dm_provisioned p = { 0 };

    CHECK_EQ(read_document(DOCUMENT(
        "<characteristic type=\"DMClient\"><characteristic type=\"Provider\"><characteristic type=\"other\"><characteristic type=\"Poll\">"
        "<parm name=\"NumberOfFirstRetries\" value=\"99\"/></characteristic></characteristic><characteristic type=\"srv\">"
        "<characteristic type=\"Poll\"><parm name=\"numberoffirstretries\" value=\"8\" datatype=\"integer\"/>"
        "<parm name=\"IntervalForRemainingScheduledRetries\" value=\"1560\"/><parm name=\"PollOnLogin\" value=\"true\" datatype=\"string\"/>"
        "</characteristic></characteristic></characteristic></characteristic>"
        W7(ID("srv") ADDR("https://dm.example.com/dm") "<parm name=\"CONNRETRYFREQ\" value=\"6\"/>"
           "<parm name=\"DISABLEONROAMING\" value=\"1\"/><parm name=\"INITIALBACKOFFTIME\" value=\"-1\"/><characteristic type=\"APPAUTH\"><parm name=\"AAUTHLEVEL\" value=\"APPSRV\"/>"
           "<parm name=\"AAUTHTYPE\" value=\"DIGEST\"/><parm name=\"AAUTHNAME\" value=\"client1\"/><parm name=\"AAUTHSECRET\" value=\"s3cret\"/>"
           "<parm name=\"AAUTHDATA\" value=\"AQIDBA==\"/></characteristic>")
        W7(ID("second") ADDR("https://other.example.com/dm")) "<characteristic type=\"Registry\"/><unheard-of/>"), &p), 0);
    CHECK_STR(p.settings.provider_id, "srv");
    CHECK_STR(p.settings.address, "https://dm.example.com/dm"); /* the first account counts */
    CHECK_EQ(p.settings.client.proof, DM_PROOF_MD5);
    CHECK_STR(p.settings.client.user, "client1");
    CHECK_STR(p.settings.client.nonce, "AQIDBA==");
    CHECK_EQ(p.settings.server.proof, DM_PROOF_TLS);
    CHECK(p.settings.not_while_roaming);
    CHECK_EQ(p.settings.retry_count, 6);
    CHECK_EQ(p.settings.initial_backoff_msec, 0); /* no number */
    CHECK_EQ(p.settings.poll.first_retries, 8);
    CHECK_EQ(p.settings.poll.remaining_interval_min, 1560);
    CHECK(p.settings.poll.on_login);
    CHECK_EQ(p.settings.n_passed_over, 2);
    dm_provisioned_clear(&p);
}

static void refuses_documents(void)
{
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        { "", -EBADMSG },
        { "<a/>", -EBADMSG },
        { "<!DOCTYPE a>" DOCUMENT(""), -EPERM },
        { DOCUMENT(W7(ID("srv") ADDR("http://dm.example.com/dm"))), -EPERM },
        { DOCUMENT(W7(ID("srv") ADDR("https://user@dm.example.com/dm"))), -EPERM },
        { DOCUMENT(W7(ID("srv"))), -EPERM },
        { DOCUMENT(W7(ADDR("https://dm.example.com/dm"))), -EBADMSG },
        { DOCUMENT(W7(ID("a/b") ADDR("https://dm.example.com/dm"))), -EBADMSG },
        { DOCUMENT("<characteristic type=\"CertificateStore\"><characteristic type=\"Root\"><characteristic type=\"System\"><characteristic "
                   "type=\"A\"><parm name=\"EncodedCertificate\" value=\"AAAA\"/></characteristic></characteristic></characteristic>"
                   "</characteristic>"), -EBADMSG },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_provisioned p = { 0 };

        test_context("row %zu", i);
        CHECK_EQ(read_document(rows[i].text, &p), rows[i].result);
        CHECK(!p.roots && !p.others);
    }
}

#define ENVELOPE(relates, body) "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\">" \
    "<s:Header><a:RelatesTo>" relates "</a:RelatesTo></s:Header><s:Body>" body "</s:Body></s:Envelope>"
#define FAULT(code) "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>s:" code "</s:Value></s:Subcode></s:Code></s:Fault>"

static void opens_answers(void)
{
    static const struct {
        const char *text;
        int result;
        const char *said;
    } rows[] = {
        { ENVELOPE("urn:uuid:1", "<a/>"), 0, "" },
        { ENVELOPE("urn:uuid:2", "<a/>"), -EBADMSG, "another request" },
        { "<s:Envelope xmlns:s=\"x\"><s:Body/></s:Envelope>", -EBADMSG, "another request" },
        { "<html><body>Hello</body></html>", -EBADMSG, "no SOAP" },
        { ENVELOPE("urn:uuid:1", FAULT("Authentication")), -EACCES, "refused user name and password" },
        { ENVELOPE("urn:uuid:9", FAULT("DeviceCapReached")), -EACCES, "as many devices" },
        { ENVELOPE("", FAULT("inmaintenance")), -EAGAIN, "Try again later" },
        { ENVELOPE("", FAULT("Unheard")), -EPROTO, "did not say why" },
        { "<!DOCTYPE a [<!ENTITY x \"y\">]>" ENVELOPE("urn:uuid:1", "&x;"), -EPERM, "DOCTYPE" },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_arena *arena = dm_arena_new(DM_ARENA_BYTES);
        const struct dm_element *body = NULL;
        struct dm_error error = { 0 };

        test_context("row %zu", i);
        CHECK_EQ(soap_read(arena, rows[i].text, strlen(rows[i].text), "urn:uuid:1", &body, &error), rows[i].result);
        CHECK(strstr(error.text, rows[i].said) != NULL);
        dm_arena_free(arena);
    }
}

static void writes_what_was_typed_as_text(void)
{
    char *text = NULL;
    size_t n = 0;

    CHECK_EQ(soap_write("urn:a", "urn:uuid:1", "https://e.example.com/x", &(struct soap_identity){ .user = "a&b", .password = "<\"'>" }, "<b/>",
        &text, &n), 0);
    CHECK_EQ(n, strlen(text));
    CHECK(strstr(text, ">a&amp;b<") && !strstr(text, "<\"'>"));
    free(text);
}

/* The first request's answer, by a server that knows its id. */
static int discover(const char *body, struct dm_error *error)
{
    struct mde2 *mde2 = mde2_new(&(struct dm_enrol_wish){ .server_url = "https://e.example.com", .common_name = "h", .user = "a@b", .secret = "s" });
    char text[4096], id[64] = "";
    struct dm_exchange exchange;
    const char *at;
    int r;

    CHECK_EQ(mde2_next(mde2, &exchange, error), 1);
    CHECK(!exchange.with_certificate && !exchange.with_password);
    CHECK(strstr(exchange.body, ">s<") == NULL); /* discovery is told no password */
    at = strstr(exchange.body, "urn:uuid:");
    snprintf(id, sizeof(id), "%.45s", at ? at : "");
    snprintf(text, sizeof(text), ENVELOPE("%s", "%s"), id, body);
    r = mde2_answer(mde2, &(struct dm_answer){ .status = 200, .content_type = "", .hmac = "", .body = text, .body_bytes = strlen(text) }, error);
    mde2_free(mde2);
    return r;
}

#define FOUND(policy, a, b) "<AuthPolicy>" policy "</AuthPolicy><EnrollmentPolicyServiceUrl>" a "</EnrollmentPolicyServiceUrl>" \
    "<EnrollmentServiceUrl>" b "</EnrollmentServiceUrl>"

static void follows_discovery_to_https_only(void)
{
    static const struct {
        const char *body;
        int result;
    } rows[] = { { FOUND("OnPremise", "https://a.example.com/p", "https://b.example.com/e"), 0 },
        { FOUND("OnPremise", "http://a.example.com/p", "https://b.example.com/e"), -EPERM },
        { FOUND("OnPremise", "https://a.example.com/p", "file:///etc/passwd"), -EPERM }, { FOUND("OnPremise", "https://a.example.com/p", ""), -EPERM },
        { FOUND("Federated", "https://a.example.com/p", "https://b.example.com/e"), -EACCES }, { "", -EPERM } };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_error error = { 0 };

        test_context("row %zu", i);
        CHECK_EQ(discover(rows[i].body, &error), rows[i].result);
    }
}

static const struct test tests[] = { TEST(reads_the_account), TEST(refuses_documents), TEST(opens_answers), TEST(writes_what_was_typed_as_text),
    TEST(follows_discovery_to_https_only) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
