/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings as an object: their end, and what is still missing before a tunnel can be tried. Pure.
 */
#include "config/settings.h"

#include "base/macro.h"
#include "config/keys.h"
#include "config/values.h"

#include <stdlib.h>

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; i < N_CONFIG_KEYS; i++)
        if (value_is_string(config_key((enum config_key_id)i)))
            value_clear(config_key((enum config_key_id)i), settings);
    free(settings);
}

#define LACKS_GATEWAY     1u
#define LACKS_CERTIFICATE 2u
#define LACKS_KEY         4u
#define LACKS_CA          8u
#define SENTENCE(keys)                                                                                       \
    "[Tunnel] lacks " keys                                                                                   \
    ". Enrol with 'mvpnctl enroll', or add what is missing to the configuration and run 'mvpnctl reload'."

const char *settings_incomplete(const struct settings *settings)
{
    static const char *const sentences[] = {
        [0] = NULL,
        [LACKS_GATEWAY] = SENTENCE("Gateway="),
        [LACKS_CERTIFICATE] = SENTENCE("Certificate="),
        [LACKS_GATEWAY | LACKS_CERTIFICATE] = SENTENCE("Gateway= and Certificate="),
        [LACKS_KEY] = SENTENCE("PrivateKey="),
        [LACKS_GATEWAY | LACKS_KEY] = SENTENCE("Gateway= and PrivateKey="),
        [LACKS_CERTIFICATE | LACKS_KEY] = SENTENCE("Certificate= and PrivateKey="),
        [LACKS_GATEWAY | LACKS_CERTIFICATE | LACKS_KEY] = SENTENCE("Gateway=, Certificate= and PrivateKey="),
        [LACKS_CA] = SENTENCE("CACertificates="),
        [LACKS_GATEWAY | LACKS_CA] = SENTENCE("Gateway= and CACertificates="),
        [LACKS_CERTIFICATE | LACKS_CA] = SENTENCE("Certificate= and CACertificates="),
        [LACKS_GATEWAY | LACKS_CERTIFICATE | LACKS_CA] =
            SENTENCE("Gateway=, Certificate= and CACertificates="),
        [LACKS_KEY | LACKS_CA] = SENTENCE("PrivateKey= and CACertificates="),
        [LACKS_GATEWAY | LACKS_KEY | LACKS_CA] = SENTENCE("Gateway=, PrivateKey= and CACertificates="),
        [LACKS_CERTIFICATE | LACKS_KEY | LACKS_CA] =
            SENTENCE("Certificate=, PrivateKey= and CACertificates="),
        [LACKS_GATEWAY | LACKS_CERTIFICATE | LACKS_KEY | LACKS_CA] =
            "Nothing is configured yet: [Tunnel] lacks Gateway=, Certificate=, PrivateKey= and "
            "CACertificates=. Enrol with 'mvpnctl enroll', "
            "or write them into the configuration and run 'mvpnctl reload'.",
    };
    unsigned lacks = 0;

    if (settings->policy.n_gateways == 0)
        lacks |= LACKS_GATEWAY;
    if (!settings->certificate)
        lacks |= LACKS_CERTIFICATE;
    if (!settings->private_key)
        lacks |= LACKS_KEY;
    if (!settings->ca_certificates)
        lacks |= LACKS_CA;
    return sentences[lacks];
}
