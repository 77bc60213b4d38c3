/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the answers of a SCEP server: the first byte says what is attacked (GetCACaps, GetCACert or the signed answer), the rest is sent.
 * Invariants: never a certificate (nobody can sign one for a key that is this program's own), a sentence with every refusal, and an end.
 * Keys and the authority are made once, so that the bytes alone decide.
 */
#include "dm/scep.h"
#include "dm/scepca.h"
#include "dm/scepmessage.h"
#include "fuzz/target.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1750000000

static const char caps[] = "SCEPStandard";
static EVP_PKEY *device_key;
static X509 *authority;

static void prepare(void)
{
    EVP_PKEY *key;

    if (authority)
        return;
    device_key = EVP_RSA_gen(2048);
    key = EVP_RSA_gen(2048);
    authority = scep_self_signed(key, "Authority", NOW);
    MUST_HOLD(device_key && authority);
    EVP_PKEY_free(key);
}

static int answer(struct scep *scep, const void *body, size_t n, struct dm_error *error)
{
    return scep_answer(scep, &(struct dm_answer){ .status = 200, .content_type = "", .body = body, .body_bytes = n, .now_sec = NOW }, error);
}

/* The conversation up to the answer that is attacked. */
static void attack_conversation(unsigned stage, const char *bytes, size_t n)
{
    struct scep *scep = scep_new(&(struct dm_enrol_wish){
        .server_url = "https://scep.example.com/scep", .common_name = "fuzz", .patience_sec = 60, .key = device_key });
    struct dm_exchange exchange;
    struct dm_error error = { 0 };
    int r = 0;

    MUST_HOLD(scep && scep_next(scep, &exchange, &error) == 1);
    if (stage > 0) {
        MUST_HOLD(answer(scep, caps, strlen(caps), &error) == 0);
        MUST_HOLD(scep_next(scep, &exchange, &error) == 1);
    }
    r = answer(scep, bytes, n, &error);
    MUST_HOLD(r == 0 || error.text[0]);
    scep_free(scep);
}

static void attack_message(const char *bytes, size_t n)
{
    STACK_OF(X509) *signers = sk_X509_new_null();
    struct scep_expected expected = { .transaction = "00", .nonce = (const uint8_t *)"0123456789abcdef", .recipient = authority, .key = device_key };
    struct dm_error error = { 0 };
    struct scep_reply reply;
    int r;

    MUST_HOLD(signers && sk_X509_push(signers, authority) > 0);
    expected.signers = signers;
    r = scep_message_open(bytes, n, &expected, &reply, &error);
    MUST_HOLD(r < 0 && error.text[0]);
    sk_X509_free(signers);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    char *body = malloc(n_bytes + 1);

    prepare();
    MUST_HOLD(body != NULL);
    if (n_bytes) {
        memcpy(body, bytes + 1, n_bytes - 1);
        body[n_bytes - 1] = '\0';
        if (bytes[0] % 3 == 2)
            attack_message(body, n_bytes - 1);
        else
            attack_conversation(bytes[0] % 3, body, n_bytes - 1);
    }
    free(body);
    return 0;
}
