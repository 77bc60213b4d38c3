/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two judgements of ours in libcharon's certificate checks. Dates are judged at the later of the clock and the newest time that mvpn knows
 * has passed, so that a dead clock does not lock the handset out. And what a signed CRL that we ever saw calls revoked is refused, whatever
 * CheckRevocation= says and whatever the clock thinks of the CRL's age.
 */
#include "ike/charon.h"

#include "base/clock.h"
#include "base/macro.h"

#include <credentials/cert_validator.h>
#include <errno.h>

struct validator {
    cert_validator_t public;
    struct ike *ike;
};

time_t validator_now(const struct ike *ike)
{
    return (time_t)MAX_OF(clock_realtime_sec(), ike->profile.wallclock_floor_sec);
}

static status_t check_lifetime(
    cert_validator_t *public, certificate_t *certificate, int path_length, bool anchor, auth_cfg_t *auth)
{
    time_t now = validator_now(((struct validator *)public)->ike);

    (void)path_length, (void)anchor, (void)auth;
    return certificate->get_validity(certificate, &now, NULL, NULL) ? SUCCESS : FAILED;
}

static bool check_known(cert_validator_t *public, certificate_t *subject, certificate_t *issuer,
    u_int path_length, bool anchor, auth_cfg_t *auth)
{
    struct ike *ike = ((struct validator *)public)->ike;

    (void)path_length, (void)anchor, (void)auth;
    if (!crlcache_revokes(ike->crlcache, subject, issuer))
        return true;
    lib->credmgr->call_hook(lib->credmgr, CRED_HOOK_REVOKED, subject);
    return false;
}

int validator_add(struct ike *ike)
{
    struct validator *validator = calloc(1, sizeof(*validator));

    if (!validator)
        return library_set_error(ike, -ENOMEM, "Out of memory.");
    validator->public.check_lifetime = check_lifetime;
    validator->public.validate = check_known;
    validator->public.validate_online = check_known; /* again: the plugin may just have fetched a list */
    validator->ike = ike;
    ike->validator = &validator->public;
    lib->credmgr->add_validator(lib->credmgr, ike->validator);
    return 0;
}

void validator_remove(struct ike *ike)
{
    if (!ike->validator)
        return;
    lib->credmgr->remove_validator(lib->credmgr, ike->validator);
    free(ike->validator);
    ike->validator = NULL;
}
