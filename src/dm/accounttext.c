/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of the account, and of the management server's part of it, as they stand on disk.
 */
#include "dm/account.h"

#include "base/macro.h"
#include "dm/fields.h"
#include "dm/provisioning.h"

#include <errno.h>
#include <string.h>

#define A(key, member, kind) DM_FIELD(struct dm_account, key, member, kind)
#define P(key, member, kind) DM_FIELD(struct dm_provisioning, key, member, kind)

static const struct dm_field account_fields[] = {
    A("method", method, DM_FIELD_TEXT),
    A("server", server, DM_FIELD_TEXT),
    A("service", service, DM_FIELD_TEXT),
    A("name", name, DM_FIELD_TEXT),
    A("previous", previous, DM_FIELD_TEXT),
    A("device", device, DM_FIELD_TEXT),
    A("pin", pin, DM_FIELD_TEXT),
    A("enrolled-at", enrolled_at_sec, DM_FIELD_INT64),
    A("renewed-at", renewed_at_sec, DM_FIELD_INT64),
    A("renew-at", renew_at_sec, DM_FIELD_INT64),
    A("expires-at", expires_at_sec, DM_FIELD_INT64),
    A("next-session-at", next_session_at_sec, DM_FIELD_INT64),
    A("failed", n_failed, DM_FIELD_UINT32),
    A("applied", applied_generation, DM_FIELD_UINT32),
    A("applied-print", applied_print, DM_FIELD_TEXT),
    A("refused-print", refused_print, DM_FIELD_TEXT),
    A("refused-why", refused_why, DM_FIELD_TEXT),
    A("serial", serial, DM_FIELD_UINT32),
    A("sessions", n_sessions, DM_FIELD_UINT32),
    A("begun", n_begun, DM_FIELD_UINT32),
};

static const struct dm_field management_fields[] = {
    P("provider", provider_id, DM_FIELD_TEXT),
    P("address", address, DM_FIELD_TEXT),
    P("wbxml", wbxml, DM_FIELD_BOOL),
    P("client-proof", client.proof, DM_FIELD_UINT32),
    P("client-user", client.user, DM_FIELD_TEXT),
    P("client-secret", client.secret, DM_FIELD_TEXT),
    P("client-nonce", client.nonce, DM_FIELD_TEXT),
    P("client-nonce-used", client.nonce_used, DM_FIELD_BOOL),
    P("server-proof", server.proof, DM_FIELD_UINT32),
    P("server-user", server.user, DM_FIELD_TEXT),
    P("server-secret", server.secret, DM_FIELD_TEXT),
    P("server-nonce", server.nonce, DM_FIELD_TEXT),
    P("server-nonce-used", server.nonce_used, DM_FIELD_BOOL),
    P("not-while-roaming", not_while_roaming, DM_FIELD_BOOL),
    P("retries", retry_count, DM_FIELD_UINT32),
    P("initial-backoff", initial_backoff_msec, DM_FIELD_UINT32),
    P("max-backoff", max_backoff_msec, DM_FIELD_UINT32),
    P("first-retries", poll.first_retries, DM_FIELD_UINT32),
    P("first-interval", poll.first_interval_min, DM_FIELD_UINT32),
    P("second-retries", poll.second_retries, DM_FIELD_UINT32),
    P("second-interval", poll.second_interval_min, DM_FIELD_UINT32),
    P("remaining-retries", poll.remaining_retries, DM_FIELD_UINT32),
    P("remaining-interval", poll.remaining_interval_min, DM_FIELD_UINT32),
    P("on-login", poll.on_login, DM_FIELD_BOOL),
    P("renew-period", renew_period_days, DM_FIELD_UINT32),
    P("renew-retry", renew_retry_days, DM_FIELD_UINT32),
};

_Static_assert(sizeof(enum dm_proof) == sizeof(uint32_t), "a proof is written as a number");

int dm_account_format(const struct dm_account *account, char *ret, size_t size)
{
    return dm_fields_format(account, account_fields, ELEMENTSOF(account_fields), ret, size);
}

int dm_account_parse(const char *text, size_t n_bytes, struct dm_account *ret)
{
    struct dm_account account = { 0 };

    if (dm_fields_parse(text, n_bytes, account_fields, ELEMENTSOF(account_fields), &account) < 0 || !account.method[0] || !account.name[0])
        return -EBADMSG;
    *ret = account;
    return 0;
}

int dm_management_format(const struct dm_provisioning *management, char *ret, size_t size)
{
    return dm_fields_format(management, management_fields, ELEMENTSOF(management_fields), ret, size);
}

int dm_management_parse(const char *text, size_t n_bytes, struct dm_provisioning *ret)
{
    struct dm_provisioning management = { 0 };

    if (dm_fields_parse(text, n_bytes, management_fields, ELEMENTSOF(management_fields), &management) < 0 || !management.address[0] ||
        management.client.proof > DM_PROOF_HMAC || management.server.proof > DM_PROOF_HMAC)
        return -EBADMSG;
    *ret = management;
    return 0;
}
