/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The stable words: states and reasons, as scripts read them in status and on D-Bus, and the sentence that tells a person what to do.
 * Decides which reasons are permanent (state `failed`: a person must act). Never depends on anything but the enum value.
 */
#include <stdbool.h>

enum state {
    STATE_DISABLED,
    STATE_OFFLINE,
    STATE_ARMED,
    STATE_CONNECTING,
    STATE_CONNECTED,
    STATE_BACKOFF,
    STATE_FAILED,
    STATE_DISCONNECTING,
};
#define N_STATES (STATE_DISCONNECTING + 1)

enum reason {
    REASON_NONE,
    /* where things are as somebody wanted them */
    REASON_DISABLED,
    REASON_STARTING,
    REASON_ESTABLISHED,
    REASON_USER_CONNECTED, /* connecting because somebody asked */
    REASON_USER_DISCONNECTED,
    REASON_RECONFIGURED,
    REASON_RESUMED,
    REASON_ON_DEMAND, /* armed: the first packet brings the tunnel up */
    REASON_IDLE, /* armed: taken down because nobody used it */
    REASON_DEMAND, /* connecting because a packet wants the tunnel */
    REASON_HOME, /* connecting because the network is not a roaming one any more */
    /* passing: retried with backoff */
    REASON_NO_LINK,
    REASON_LINK_LOST,
    REASON_NEW_LINK,
    REASON_NAME_UNRESOLVED,
    REASON_GATEWAY_SILENT,
    REASON_GATEWAY_UNREACHABLE,
    REASON_PEER_CLOSED,
    REASON_PATH_DEAD,
    REASON_TUNNEL_LOST,
    REASON_RETRYING,
    REASON_INTERNAL_ERROR,
    /* permanent: state failed, retried rarely */
    REASON_AUTH_REFUSED,
    REASON_GATEWAY_UNTRUSTED,
    REASON_GATEWAY_IDENTITY_MISMATCH,
    REASON_GATEWAY_CERTIFICATE_EXPIRED,
    REASON_GATEWAY_CERTIFICATE_REVOKED,
    REASON_REVOCATION_UNKNOWN,
    REASON_CERTIFICATE_EXPIRED,
    REASON_CERTIFICATE_INVALID,
    REASON_KEY_MISMATCH,
    REASON_CLOCK_WRONG,
    REASON_PROPOSALS_REFUSED,
    REASON_SELECTORS_REFUSED,
    REASON_NO_ADDRESS,
    REASON_CONFIG_INCOMPLETE,
    REASON_LOCKDOWN_FAILED,
};
#define N_REASONS (REASON_LOCKDOWN_FAILED + 1)

/* From what a keepalive interval follows. */
enum nat_method {
    NAT_METHOD_NONE, /* nothing is known, or there is nothing to be kept alive */
    NAT_METHOD_STUN,
    NAT_METHOD_MOBIKE,
    NAT_METHOD_ADMIN, /* the configuration */
};
#define N_NAT_METHODS (NAT_METHOD_ADMIN + 1)

const char *nat_method_name(enum nat_method method); /* "stun" */
const char *state_name(enum state state); /* "connected" */
const char *reason_name(enum reason reason); /* "gateway-silent" */
const char *reason_sentence(enum reason reason); /* what happened and what to do, one or two sentences */
bool reason_is_permanent(enum reason reason);

/* The other way, for recorded scenarios and for mvpnctl; false where the word is unknown. */
bool state_from_name(const char *name, enum state *ret);
bool reason_from_name(const char *name, enum reason *ret);
