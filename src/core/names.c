/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of stable words. Adding a state, reason, event, action or link type without its row here does not compile.
 */
#include "core/names.h"

#include "base/macro.h"
#include "core/action.h"
#include "core/event.h"
#include "core/link.h"

#include <assert.h>
#include <string.h>

static const char *const state_names[] = {
    [STATE_DISABLED] = "disabled",
    [STATE_OFFLINE] = "offline",
    [STATE_ARMED] = "armed",
    [STATE_CONNECTING] = "connecting",
    [STATE_CONNECTED] = "connected",
    [STATE_BACKOFF] = "backoff",
    [STATE_FAILED] = "failed",
    [STATE_DISCONNECTING] = "disconnecting",
};
_Static_assert(ELEMENTSOF(state_names) == N_STATES, "every state has a name");

static const struct {
    const char *word;
    const char *sentence;
} reasons[] = {
    [REASON_NONE] = { "none", "" },
    [REASON_DISABLED] = { "disabled", "The VPN is switched off. Switch it on with 'mvpnctl enable'." },
    [REASON_STARTING] = { "starting", "The VPN is starting." },
    [REASON_ESTABLISHED] = { "established", "The tunnel is up." },
    [REASON_USER_CONNECTED] = { "user-connected", "Connecting because it was asked for." },
    [REASON_USER_DISCONNECTED] = { "user-disconnected",
        "Disconnected on request; the internet stays blocked. 'mvpnctl connect' brings the tunnel back, 'mvpnctl disable' opens the internet." },
    [REASON_RECONFIGURED] = { "reconfigured", "Connecting again with a changed configuration." },
    [REASON_RESUMED] = { "resumed", "Connecting again after sleep." },
    [REASON_ON_DEMAND] = { "on-demand", "While roaming the tunnel is built when it is needed: the first packet of a program brings it up." },
    [REASON_IDLE] = { "idle", "Nothing used the tunnel for a while, so it was taken down; the next packet of a program brings it up again." },
    [REASON_DEMAND] = { "demand", "Connecting because a program wants to send." },
    [REASON_HOME] = { "home-network", "Connecting because this is not a roaming network any more." },
    [REASON_NO_LINK] = { "no-link", "No network connection is usable. Connect to Wi-Fi, switch on mobile data or plug in a cable." },
    [REASON_LINK_LOST] = { "link-lost", "The network connection under the tunnel is gone." },
    [REASON_NEW_LINK] = { "new-link", "Connecting over a network that has just become usable." },
    [REASON_NAME_UNRESOLVED] = { "name-unresolved",
        "The gateway's name cannot be resolved. Check Gateway= in the configuration, and that this network has a working name server." },
    [REASON_GATEWAY_SILENT] = { "gateway-silent",
        "The gateway does not answer. It may be down, or this network may block UDP ports 500 and 4500." },
    [REASON_GATEWAY_UNREACHABLE] = { "gateway-unreachable", "This network cannot reach the gateway. It is tried again by itself." },
    [REASON_PEER_CLOSED] = { "peer-closed", "The gateway closed the tunnel. It is built again by itself." },
    [REASON_PATH_DEAD] = { "path-dead", "The network is up but nothing came back through it. The tunnel is built again." },
    [REASON_TUNNEL_LOST] = { "tunnel-lost", "Somebody removed the tunnel interface. It is built again." },
    [REASON_RETRYING] = { "retrying", "Trying again." },
    [REASON_INTERNAL_ERROR] = { "internal-error", "An unexpected error ended the attempt; the journal of mvpnd says more." },
    [REASON_AUTH_REFUSED] = { "auth-refused",
        "The gateway refused this device's certificate. It may be revoked or unknown there: ask the administrator, or enrol again." },
    [REASON_GATEWAY_UNTRUSTED] = { "gateway-untrusted",
        "The gateway's certificate is not issued by a trusted authority. Check CACertificates=; if it is right, somebody may be impersonating the gateway." },
    [REASON_GATEWAY_IDENTITY_MISMATCH] = { "gateway-identity-mismatch",
        "The gateway's certificate is for another name. Check Gateway= and RemoteIdentity=; if they are right, somebody may be impersonating the gateway." },
    [REASON_GATEWAY_CERTIFICATE_EXPIRED] = { "gateway-certificate-expired",
        "The gateway's certificate has expired. The administrator of the gateway must renew it; check this device's clock, too." },
    [REASON_GATEWAY_CERTIFICATE_REVOKED] = { "gateway-certificate-revoked",
        "The gateway's certificate has been revoked. Tell the administrator; do not use this gateway." },
    [REASON_REVOCATION_UNKNOWN] = { "revocation-unknown",
        "Whether the gateway's certificate is revoked could not be found out, and CheckRevocation=strict asks for it. The CRL or OCSP server must be reachable." },
    [REASON_CERTIFICATE_EXPIRED] = { "certificate-expired",
        "This device's certificate has expired. Enrol again, or put a new one in place and run 'mvpnctl reload'." },
    [REASON_CERTIFICATE_INVALID] = { "certificate-invalid",
        "This device's certificate or key cannot be used. 'mvpnctl check' says which file and why." },
    [REASON_KEY_MISMATCH] = { "key-mismatch", "PrivateKey= does not belong to Certificate=. Put the matching pair in place and run 'mvpnctl reload'." },
    [REASON_CLOCK_WRONG] = { "clock-wrong",
        "By this device's clock a certificate is not valid yet. Set the date and time; the tunnel then comes up by itself." },
    [REASON_PROPOSALS_REFUSED] = { "proposals-refused",
        "The gateway accepts none of the offered ciphers. IKEProposals= and ESPProposals= must have one in common with the gateway." },
    [REASON_SELECTORS_REFUSED] = { "selectors-refused",
        "The gateway refused the networks asked for. RemoteSubnets= must match what the gateway grants." },
    [REASON_NO_ADDRESS] = { "no-address", "The gateway gave this device no address. Its address pool may be exhausted: tell the administrator." },
    [REASON_CONFIG_INCOMPLETE] = { "config-incomplete",
        "The configuration is not complete. 'mvpnctl check' says what is missing; enrol, or fill in the configuration file and run 'mvpnctl reload'." },
    [REASON_LOCKDOWN_FAILED] = { "lockdown-failed",
        "The firewall could not be put in place, so nothing is connected. 'mvpnctl check' says what the kernel lacks." },
};
_Static_assert(ELEMENTSOF(reasons) == N_REASONS, "every reason has a word and a sentence");

static const char *const event_names[] = {
    [EVENT_START] = "start",
    [EVENT_REMEMBERED] = "remembered",
    [EVENT_ENABLE] = "enable",
    [EVENT_DISABLE] = "disable",
    [EVENT_CONNECT] = "connect",
    [EVENT_DISCONNECT] = "disconnect",
    [EVENT_POLICY] = "policy",
    [EVENT_LINKS] = "links",
    [EVENT_CLOCK] = "clock",
    [EVENT_CREDENTIALS] = "credentials",
    [EVENT_RESOLVERS] = "resolvers",
    [EVENT_RESOLVED] = "resolved",
    [EVENT_IKE_ESTABLISHED] = "ike-established",
    [EVENT_IKE_ANSWERED] = "ike-answered",
    [EVENT_IKE_FAILED] = "ike-failed",
    [EVENT_IKE_CLOSED] = "ike-closed",
    [EVENT_IKE_MOVED] = "ike-moved",
    [EVENT_TRAFFIC] = "traffic",
    [EVENT_OFFLOADED] = "offloaded",
    [EVENT_PATH_MTU] = "path-mtu",
    [EVENT_NEIGHBOUR_LOST] = "neighbour-lost",
    [EVENT_DEMAND] = "demand",
    [EVENT_PROBE_ANSWER] = "probe-answer",
    [EVENT_PROBE_FAILED] = "probe-failed",
    [EVENT_NAT_RECALLED] = "nat-recalled",
    [EVENT_TUNNEL_LOST] = "tunnel-lost",
    [EVENT_FETCH_WANTED] = "fetch-wanted",
    [EVENT_FETCH_DONE] = "fetch-done",
    [EVENT_FIREWALL_FAILED] = "firewall-failed",
    [EVENT_STORE_FAILED] = "store-failed",
    [EVENT_SUSPEND] = "suspend",
    [EVENT_RESUME] = "resume",
    [EVENT_TIMER] = "timer",
};
_Static_assert(ELEMENTSOF(event_names) == N_EVENTS, "every event has a name");

static const char *const action_names[] = {
    [ACTION_FIREWALL] = "firewall",
    [ACTION_ROUTING] = "routing",
    [ACTION_STORE] = "store",
    [ACTION_FIND_RESOLVERS] = "find-resolvers",
    [ACTION_RESOLVE] = "resolve",
    [ACTION_RESOLVE_CANCEL] = "resolve-cancel",
    [ACTION_IKE_START] = "ike-start",
    [ACTION_IKE_STOP] = "ike-stop",
    [ACTION_IKE_INITIATE] = "ike-initiate",
    [ACTION_IKE_MIGRATE] = "ike-migrate",
    [ACTION_IKE_LIVENESS] = "ike-liveness",
    [ACTION_IKE_TERMINATE] = "ike-terminate",
    [ACTION_KEEPALIVE] = "keepalive",
    [ACTION_OFFLOAD_KEEPALIVES] = "offload-keepalives",
    [ACTION_WATCH_TRAFFIC] = "watch-traffic",
    [ACTION_FETCH_REPLY] = "fetch-reply",
    [ACTION_WATCH_DEMAND] = "watch-demand",
    [ACTION_PROBE_SEND] = "probe-send",
    [ACTION_PROBE_CLOSE] = "probe-close",
    [ACTION_NAT_RECALL] = "nat-recall",
    [ACTION_NAT_REMEMBER] = "nat-remember",
    [ACTION_DNS] = "dns",
    [ACTION_CHARACTER] = "character",
    [ACTION_SLEEP_READY] = "sleep-ready",
    [ACTION_REMEMBER] = "remember",
};
_Static_assert(ELEMENTSOF(action_names) == N_ACTIONS, "every action has a name");

static const char *const link_type_names[] = {
    [LINK_TYPE_ETHERNET] = "ethernet",
    [LINK_TYPE_WIFI] = "wifi",
    [LINK_TYPE_CELLULAR] = "cellular",
    [LINK_TYPE_OTHER] = "other",
    [LINK_TYPE_TUNNEL] = "tunnel",
    [LINK_TYPE_BRIDGE] = "bridge",
    [LINK_TYPE_CONTAINER] = "container",
    [LINK_TYPE_LOOPBACK] = "loopback",
};
_Static_assert(ELEMENTSOF(link_type_names) == N_LINK_TYPES, "every link type has a name");

const char *state_name(enum state state)
{
    return state_names[state];
}

const char *reason_name(enum reason reason)
{
    return reasons[reason].word;
}

const char *reason_sentence(enum reason reason)
{
    return reasons[reason].sentence;
}

bool reason_is_permanent(enum reason reason)
{
    return reason >= REASON_AUTH_REFUSED;
}

const char *event_name(enum event_type type)
{
    return event_names[type];
}

const char *action_name(enum action_type type)
{
    return action_names[type];
}

const char *link_type_name(enum link_type type)
{
    return link_type_names[type];
}

static bool find_name(const char *const *names, unsigned n_names, const char *name, unsigned *ret)
{
    for (unsigned i = 0; i < n_names; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

bool state_from_name(const char *name, enum state *ret)
{
    unsigned i;

    if (!find_name(state_names, N_STATES, name, &i))
        return false;
    *ret = (enum state)i;
    return true;
}

static const char *const nat_method_names[] = {
    [NAT_METHOD_NONE] = "none",
    [NAT_METHOD_STUN] = "stun",
    [NAT_METHOD_MOBIKE] = "mobike",
    [NAT_METHOD_ADMIN] = "admin",
};
_Static_assert(ELEMENTSOF(nat_method_names) == N_NAT_METHODS, "every method has a name");

const char *nat_method_name(enum nat_method method)
{
    return nat_method_names[method];
}

bool reason_from_name(const char *name, enum reason *ret)
{
    for (unsigned i = 0; i < N_REASONS; i++) {
        if (strcmp(reasons[i].word, name) == 0) {
            *ret = (enum reason)i;
            return true;
        }
    }
    return false;
}

bool event_from_name(const char *name, enum event_type *ret)
{
    unsigned i;

    if (!find_name(event_names, N_EVENTS, name, &i))
        return false;
    *ret = (enum event_type)i;
    return true;
}

bool link_type_from_name(const char *name, enum link_type *ret)
{
    unsigned i;

    if (!find_name(link_type_names, N_LINK_TYPES, name, &i))
        return false;
    *ret = (enum link_type)i;
    return true;
}
