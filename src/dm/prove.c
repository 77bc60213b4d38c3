/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both sides' proofs. Ours: presented with the first message and after each challenge, until the server answers 212; a nonce is told to be
 * kept as used before the message that uses it, and a challenge that offers a used one again is no challenge. The server's: only where the
 * account asks for more than its TLS certificate.
 */
#include "dm/session_internal.h"

#include "dm/base64.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool same_nonce(const struct dm_nonce *a, const struct dm_nonce *b)
{
    return a->n_bytes == b->n_bytes && memcmp(a->bytes, b->bytes, a->n_bytes) == 0;
}

static void keep(struct dm_session *s, enum dm_action_kind kind, const struct dm_credentials *credentials)
{
    struct dm_action *action = dm_session_act(s, kind);

    if (!action)
        return;
    action->nonce = credentials->nonce;
    action->nonce_used = credentials->nonce_used;
}

static bool has_nonce(const struct dm_credentials *credentials)
{
    return credentials->nonce.n_bytes > 0 && !credentials->nonce_used;
}

static void use_nonce(struct dm_session *s)
{
    s->client.nonce_used = true;
    keep(s, DM_ACTION_KEEP_CLIENT_NONCE, &s->client);
}

static bool put_cred(struct dm_message *m, const char *type, const char *data)
{
    struct dm_cred *cred = dm_arena_alloc(m->arena, sizeof(*cred));

    if (!cred)
        return false;
    cred->type = type;
    cred->format = "b64";
    cred->data = dm_message_string(m, data);
    m->cred = cred;
    return cred->data != NULL;
}

static bool put_basic(struct dm_session *s, struct dm_message *m)
{
    char text[DM_USER_SIZE * 3];

    if (dm_digest_basic(s->client.user, s->client.password, text, sizeof(text)) < 0)
        return false;
    return put_cred(m, "syncml:auth-basic", text);
}

static bool put_md5(struct dm_session *s, struct dm_message *m)
{
    char text[DM_DIGEST_TEXT_SIZE];

    if (!has_nonce(&s->client))
        return true; /* the server will offer one */
    if (dm_digest_md5(s->client.user, s->client.password, &s->client.nonce, text) < 0)
        return false;
    use_nonce(s);
    return put_cred(m, "syncml:auth-md5", text);
}

bool dm_session_prove(struct dm_session *s, struct dm_message *m)
{
    if (s->client_done || !s->present)
        return true;
    switch (s->client.auth) {
    case DM_AUTH_NONE:
    case DM_AUTH_HMAC: /* in the header of the transport */
        return true;
    case DM_AUTH_BASIC:
        return s->n_challenges > 0 ? put_basic(s, m) : true; /* never unasked */
    case DM_AUTH_MD5:
        return put_md5(s, m);
    }
    return true;
}

char *dm_session_mac(struct dm_session *s, const void *body, size_t n_body)
{
    struct dm_hmac hmac = { "", "" };
    char text[DM_USER_SIZE * 2 + 128];

    if (s->client.auth != DM_AUTH_HMAC || s->client_done || !has_nonce(&s->client))
        return NULL;
    if (strlen(s->client.user) >= sizeof(hmac.user) ||
        dm_digest_hmac(s->client.user, s->client.password, &s->client.nonce, body, n_body, hmac.mac) < 0)
        return NULL;
    strcpy(hmac.user, s->client.user);
    if (dm_hmac_write(&hmac, text, sizeof(text)) < 0)
        return NULL;
    use_nonce(s);
    return strdup(text);
}

/* The nonce of a challenge, when it is one that was not used yet. */
static bool take_nonce(struct dm_session *s, const struct dm_chal *chal)
{
    struct dm_nonce nonce;

    if (!chal->next_nonce || dm_nonce_decode(chal->next_nonce, chal->format, &nonce) < 0)
        return false;
    if (same_nonce(&nonce, &s->client.nonce))
        return false;
    s->client.nonce = nonce;
    s->client.nonce_used = false;
    keep(s, DM_ACTION_KEEP_CLIENT_NONCE, &s->client);
    return true;
}

static bool auth_of(const char *type, enum dm_auth *ret)
{
    if (!type)
        return false;
    if (strcasecmp(type, "syncml:auth-md5") == 0)
        *ret = DM_AUTH_MD5;
    else if (strcasecmp(type, "syncml:auth-MAC") == 0)
        *ret = DM_AUTH_HMAC;
    else if (strcasecmp(type, "syncml:auth-basic") == 0)
        *ret = DM_AUTH_BASIC;
    else
        return false;
    return true;
}

/* Can the challenge be answered, and is it a new one? */
static bool take_challenge(struct dm_session *s, const struct dm_chal *chal)
{
    enum dm_auth auth;

    if (!chal || !auth_of(chal->type, &auth) || !s->client.user || !s->client.password)
        return false;
    if (auth == DM_AUTH_BASIC) {
        if (!s->settings.allow_basic || s->client.auth == DM_AUTH_BASIC)
            return false; /* it was refused already */
        s->client.auth = auth;
        return true;
    }
    if (!take_nonce(s, chal))
        return false;
    s->client.auth = auth;
    return true;
}

static bool was_refused(struct dm_session *s, const struct dm_message *m, unsigned code, const struct dm_command *status)
{
    if (s->n_challenges >= DM_SESSION_CHALLENGES_MAX || !take_challenge(s, status->chal)) {
        dm_session_over(s, DM_END_AUTH_REFUSED, "the server does not take our credentials, and offers no new challenge that we can answer");
        return false;
    }
    s->n_challenges++;
    s->present = true;
    dm_outbox_again(&s->box);
    dm_session_say_header(s, m, code);
    dm_session_send(s, true);
    return false;
}

bool dm_session_accepted(struct dm_session *s, const struct dm_message *m, unsigned code, const struct dm_command *status)
{
    if (status->code == 401 || status->code == 407)
        return was_refused(s, m, code, status);
    if (status->code == 212)
        s->client_done = true;
    if (status->code >= 300) {
        dm_session_log(s, "the server answers our message with status %u", status->code);
        dm_session_over(s, DM_END_PROTOCOL, NULL);
        return false;
    }
    if (status->chal && status->chal->next_nonce)
        take_nonce(s, status->chal);
    return true;
}

static bool md5_holds(const struct dm_credentials *server, const struct dm_message *m)
{
    char wanted[DM_DIGEST_TEXT_SIZE];

    return m->cred->data && has_nonce(server) && dm_digest_md5(server->user, server->password, &server->nonce, wanted) == 0 &&
           dm_digest_equal(m->cred->data, wanted);
}

static bool hmac_holds(const struct dm_credentials *server, const void *body, size_t n_body, const char *header)
{
    char wanted[DM_DIGEST_TEXT_SIZE];
    struct dm_hmac hmac;

    return has_nonce(server) && dm_hmac_parse(header, &hmac, NULL) == 0 && strcmp(hmac.user, server->user) == 0 &&
           dm_digest_hmac(server->user, server->password, &server->nonce, body, n_body, wanted) == 0 &&
           dm_digest_equal(hmac.mac, wanted);
}

unsigned dm_session_judge(
    struct dm_session *s, const struct dm_message *m, const void *body, size_t n_body, const char *hmac_header)
{
    if (s->server_done)
        return 200;
    switch (s->server.auth) {
    case DM_AUTH_NONE:
        return 200;
    case DM_AUTH_BASIC: /* a password that the server sends in the clear proves nothing more than TLS does */
    case DM_AUTH_MD5:
        if (!m->cred)
            return 407;
        if (!md5_holds(&s->server, m))
            return 401;
        s->server_done = true;
        return 212;
    case DM_AUTH_HMAC:
        if (!hmac_header)
            return 407;
        return hmac_holds(&s->server, body, n_body, hmac_header) ? 200 : 401;
    }
    return 401;
}

/* Does the server need a nonce: to prove itself in its next message, or for its next notification? */
static bool wants_nonce(struct dm_session *s, unsigned code)
{
    if (s->server.auth == DM_AUTH_NONE)
        return s->settings.offer_nonce && !s->nonce_offered && code == 200;
    return code == 401 || code == 407 || code == 212 || (code == 200 && s->server.auth == DM_AUTH_HMAC);
}

bool dm_session_challenge(struct dm_session *s, unsigned code, const char **ret_type, char *nonce, size_t size)
{
    if (!wants_nonce(s, code))
        return false;
    s->nonce_offered = true;
    s->server.nonce.n_bytes = DM_FRESH_NONCE_BYTES;
    s->settings.random(s->settings.userdata, s->server.nonce.bytes, DM_FRESH_NONCE_BYTES);
    s->server.nonce_used = false;
    keep(s, DM_ACTION_KEEP_SERVER_NONCE, &s->server);
    *ret_type = s->server.auth == DM_AUTH_HMAC ? "syncml:auth-MAC" : "syncml:auth-md5";
    return dm_base64_encode(s->server.nonce.bytes, DM_FRESH_NONCE_BYTES, nonce, size) > 0;
}
