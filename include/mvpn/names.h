/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The stable words of status and of the D-Bus properties State and Reason. A reason of the second group passes by itself; one of the third
 * needs a person (state "failed"). New words may be added; none changes its meaning.
 */

#define MVPN_STATE_DISABLED      "disabled"
#define MVPN_STATE_OFFLINE       "offline"
#define MVPN_STATE_ARMED         "armed"
#define MVPN_STATE_CONNECTING    "connecting"
#define MVPN_STATE_CONNECTED     "connected"
#define MVPN_STATE_BACKOFF       "backoff"
#define MVPN_STATE_FAILED        "failed"
#define MVPN_STATE_DISCONNECTING "disconnecting"

#define MVPN_REASON_NONE              "none"
#define MVPN_REASON_DISABLED          "disabled"
#define MVPN_REASON_STARTING          "starting"
#define MVPN_REASON_ESTABLISHED       "established"
#define MVPN_REASON_USER_CONNECTED    "user-connected"
#define MVPN_REASON_USER_DISCONNECTED "user-disconnected"
#define MVPN_REASON_RECONFIGURED      "reconfigured"
#define MVPN_REASON_RESUMED           "resumed"

#define MVPN_REASON_NO_LINK             "no-link"
#define MVPN_REASON_LINK_LOST           "link-lost"
#define MVPN_REASON_NEW_LINK            "new-link"
#define MVPN_REASON_NAME_UNRESOLVED     "name-unresolved"
#define MVPN_REASON_GATEWAY_SILENT      "gateway-silent"
#define MVPN_REASON_GATEWAY_UNREACHABLE "gateway-unreachable"
#define MVPN_REASON_PEER_CLOSED         "peer-closed"
#define MVPN_REASON_PATH_DEAD           "path-dead"
#define MVPN_REASON_TUNNEL_LOST         "tunnel-lost"
#define MVPN_REASON_RETRYING            "retrying"
#define MVPN_REASON_INTERNAL_ERROR      "internal-error"

#define MVPN_REASON_AUTH_REFUSED                "auth-refused"
#define MVPN_REASON_GATEWAY_UNTRUSTED           "gateway-untrusted"
#define MVPN_REASON_GATEWAY_IDENTITY_MISMATCH   "gateway-identity-mismatch"
#define MVPN_REASON_GATEWAY_CERTIFICATE_EXPIRED "gateway-certificate-expired"
#define MVPN_REASON_GATEWAY_CERTIFICATE_REVOKED "gateway-certificate-revoked"
#define MVPN_REASON_REVOCATION_UNKNOWN          "revocation-unknown"
#define MVPN_REASON_CERTIFICATE_EXPIRED         "certificate-expired"
#define MVPN_REASON_CERTIFICATE_INVALID         "certificate-invalid"
#define MVPN_REASON_KEY_MISMATCH                "key-mismatch"
#define MVPN_REASON_CLOCK_WRONG                 "clock-wrong"
#define MVPN_REASON_PROPOSALS_REFUSED           "proposals-refused"
#define MVPN_REASON_SELECTORS_REFUSED           "selectors-refused"
#define MVPN_REASON_NO_ADDRESS                  "no-address"
#define MVPN_REASON_CONFIG_INCOMPLETE           "config-incomplete"
#define MVPN_REASON_LOCKDOWN_FAILED             "lockdown-failed"
