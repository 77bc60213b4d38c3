/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys, and finding in it: exactly, or what was probably meant. Pure.
 */
#include "config/keys.h"

#include "base/macro.h"
#include "config/values.h"

#include <ctype.h>
#include <string.h>

static const struct value_choice revocation_choices[] = { { "no", CHECK_REVOCATION_NO },
    { "yes", CHECK_REVOCATION_YES }, { "strict", CHECK_REVOCATION_STRICT }, { NULL, 0 } };
static const struct value_choice data_path_choices[] = { { "auto", DATA_PATH_AUTO },
    { "kernel", DATA_PATH_KERNEL }, { "user", DATA_PATH_USER }, { NULL, 0 } };
static const struct value_choice keepalive_choices[] = { { "detect", KEEPALIVE_MODE_DETECT },
    { "fixed", KEEPALIVE_MODE_FIXED }, { "off", KEEPALIVE_MODE_OFF }, { NULL, 0 } };
static const struct value_choice roaming_choices[] = { { "auto", ROAMING_DETECT_AUTO },
    { "always", ROAMING_DETECT_ALWAYS }, { "never", ROAMING_DETECT_NEVER }, { NULL, 0 } };

_Static_assert(sizeof(enum check_revocation) == sizeof(int) && sizeof(enum data_path) == sizeof(int) &&
                   sizeof(enum keepalive_mode) == sizeof(int) && sizeof(enum roaming_detect) == sizeof(int),
    "value_set_choice writes an int");

#define SIZE_OF(member) sizeof(((struct settings *)0)->member)
#define ROW(s, n, setter, member, text)                                                                      \
    .section = s, .name = n, .initial = text, .set = value_set_##setter,                                     \
    .offset = offsetof(struct settings, member), .size = SIZE_OF(member)
#define COUNT(member, limit) .n_offset = offsetof(struct settings, member), .max = limit
#define RANGE(low, high)     .min = low, .max = high
#define FORBIDDEN            .rule = POLICY_RULE_FORBIDDEN
#define STORE                .rule = POLICY_RULE_STORE
#define CLOSE                .rule = POLICY_RULE_CLOSE

static const struct config_key keys[] = {
    [KEY_ENABLED] = { ROW("Tunnel", "Enabled", bool, enabled, "no") },
    [KEY_GATEWAY] = { ROW("Tunnel", "Gateway", gateways, policy.gateways, NULL), COUNT(policy.n_gateways, POLICY_GATEWAYS_MAX) },
    [KEY_LOCAL_IDENTITY] = { ROW("Tunnel", "LocalIdentity", text, local_identity, NULL) },
    [KEY_REMOTE_IDENTITY] = { ROW("Tunnel", "RemoteIdentity", text, remote_identity, NULL) },
    [KEY_CERTIFICATE] = { ROW("Tunnel", "Certificate", path_or_token, certificate, NULL), STORE },
    [KEY_PRIVATE_KEY] = { ROW("Tunnel", "PrivateKey", path_or_token, private_key, NULL), STORE },
    [KEY_CA_CERTIFICATES] = { ROW("Tunnel", "CACertificates", path, ca_certificates, NULL), STORE },
    [KEY_CHECK_REVOCATION] = { ROW("Tunnel", "CheckRevocation", choice, check_revocation, "no"), .choices = revocation_choices },
    [KEY_IKE_PROPOSALS] = { ROW("Tunnel", "IKEProposals", ike_proposals, ike_proposals, NULL) },
    [KEY_ESP_PROPOSALS] = { ROW("Tunnel", "ESPProposals", esp_proposals, esp_proposals, NULL) },
    [KEY_REMOTE_SUBNETS] = { ROW("Tunnel", "RemoteSubnets", subnets, policy.subnets, "0.0.0.0/0 ::/0"),
        COUNT(policy.n_subnets, POLICY_SUBNETS_MAX) },
    [KEY_DATA_PATH] = { ROW("Tunnel", "DataPath", choice, data_path, "auto"), .choices = data_path_choices, FORBIDDEN },
    [KEY_STANDARD_PORTS] = { ROW("Tunnel", "StandardPorts", bool, standard_ports, "no") },
    [KEY_INTERFACE] = { ROW("Tunnel", "Interface", interface, policy.interface, "mvpn0"), FORBIDDEN },
    [KEY_MTU] = { ROW("Tunnel", "MTU", mtu, policy.mtu, "auto"), RANGE(1280, 9000) },
    [KEY_DNS] = { ROW("Tunnel", "DNS", addresses, policy.dns, NULL), COUNT(policy.n_dns, POLICY_DNS_MAX) },
    [KEY_SEARCH_DOMAINS] = { ROW("Tunnel", "SearchDomains", domains, policy.domains, NULL), COUNT(policy.n_domains, POLICY_DOMAINS_MAX) },
    [KEY_FIREWALL_MARK] = { ROW("Tunnel", "FirewallMark", mark, policy.mark, "0x4d56"), RANGE(1, UINT32_MAX) },

    [KEY_INITIAL_DELAY] = { ROW("Reconnect", "InitialDelay", span, policy.initial_delay_usec, "2s"), RANGE(MSEC(100), HOURS(1)) },
    [KEY_MAX_DELAY] = { ROW("Reconnect", "MaxDelay", span, policy.max_delay_usec, "5min"), RANGE(SEC(1), HOURS(24)) },

    [KEY_KEEPALIVE_MODE] = { ROW("Keepalive", "Mode", choice, policy.keepalive_mode, "detect"), .choices = keepalive_choices },
    [KEY_KEEPALIVE_INTERVAL] = { ROW("Keepalive", "Interval", span, policy.keepalive_usec, "20s"), RANGE(SEC(1), HOURS(24)) },
    [KEY_KEEPALIVE_MIN_INTERVAL] = { ROW("Keepalive", "MinInterval", span, policy.keepalive_min_usec, "10s"),
        RANGE(SEC(1), HOURS(24)) },
    [KEY_KEEPALIVE_MAX_INTERVAL] = { ROW("Keepalive", "MaxInterval", span, policy.keepalive_max_usec, "10min"),
        RANGE(SEC(1), HOURS(24)) },
    [KEY_PROBE_SERVER] = { ROW("Keepalive", "ProbeServer", one_server, policy.probe_server, NULL), FORBIDDEN },

    [KEY_ROAMING_DETECT] = { ROW("Roaming", "Detect", choice, policy.roaming_detect, "auto"), .choices = roaming_choices },
    [KEY_ROAMING_KEEPALIVE] = { ROW("Roaming", "Keepalive", bool, policy.roaming_keepalive, "yes") },
    [KEY_IDLE_TIMEOUT] = { ROW("Roaming", "IdleTimeout", span, policy.idle_timeout_usec, "2min"), RANGE(SEC(1), HOURS(24)) },

    [KEY_PREFER] = { ROW("BaseLink", "Prefer", links, policy.prefer, "ethernet wifi cellular"),
        COUNT(policy.n_prefer, POLICY_NAMES_MAX) },
    [KEY_IGNORE] = { ROW("BaseLink", "Ignore", patterns, policy.ignore, NULL), COUNT(policy.n_ignore, POLICY_NAMES_MAX) },
    [KEY_MIGRATE] = { ROW("BaseLink", "Migrate", bool, policy.migrate, "yes") },

    [KEY_ALLOW_LAN] = { ROW("Lockdown", "AllowLAN", bool, policy.allow_lan, "no"), CLOSE },
    [KEY_ALLOW_USB] = { ROW("Lockdown", "AllowUSBAccess", bool, policy.allow_usb, "yes"), CLOSE },
    [KEY_ALLOW_CELLULAR] = { ROW("Lockdown", "AllowCellularServices", interfaces, policy.cellular_services, NULL),
        COUNT(policy.n_cellular_services, POLICY_NAMES_MAX), CLOSE },
    [KEY_PORTAL_COMMAND] = { ROW("Lockdown", "PortalCommand", program, portal_command, NULL), FORBIDDEN },

    [KEY_MANAGEMENT_SERVER] = { ROW("Management", "Server", url, management_server, NULL) },
    [KEY_MANAGEMENT_POLL] = { ROW("Management", "PollInterval", span, management_poll_usec, "8h"), RANGE(SEC(1), HOURS(24 * 366)) },
    [KEY_USER_MAY_DISABLE] = { ROW("Management", "UserMayDisable", bool, policy.user_may_disable, "yes") },
};
_Static_assert(ELEMENTSOF(keys) == N_CONFIG_KEYS, "every key has a row");

const struct config_key *config_key(enum config_key_id id)
{
    return &keys[id];
}

enum config_key_id config_key_id(const struct config_key *key)
{
    return (enum config_key_id)(key - keys);
}

const struct config_key *config_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

bool config_section_exists(const char *section)
{
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].section, section) == 0)
            return true;
    return false;
}

const char *config_section_of(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].section;
    return NULL;
}

#define DISTANCE_MAX 3
#define WORD_MAX     32

/* Levenshtein's distance without regard to case; words that are too long are far away. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n_a = strlen(a), n_b = strlen(b);

    if (n_a > WORD_MAX || n_b > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);

            row[j] = MIN_OF(MIN_OF(row[j] + 1, row[j - 1] + 1), diagonal + (same ? 0 : 1));
            diagonal = above;
        }
    }
    return row[n_b];
}

/* Fewer than half of the letters may differ, and at most DISTANCE_MAX. */
static void consider(const char *candidate, const char *word, size_t *best, const char **ret)
{
    size_t d = distance(candidate, word);

    if (d <= DISTANCE_MAX && d * 2 < strlen(candidate) && d < *best) {
        *best = d;
        *ret = candidate;
    }
}

const char *config_section_nearest(const char *word)
{
    size_t best = WORD_MAX;
    const char *nearest = NULL;

    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        consider(keys[i].section, word, &best, &nearest);
    return nearest;
}

const char *config_key_nearest(const char *section, const char *word)
{
    size_t best = WORD_MAX;
    const char *nearest = NULL;

    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        if (strcmp(keys[i].section, section) == 0)
            consider(keys[i].name, word, &best, &nearest);
    return nearest;
}

int config_key_set(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    if (*value)
        return key->set(key, value, settings, problem);
    value_clear(key, settings);
    return key->initial ? key->set(key, key->initial, settings, problem) : 0;
}
