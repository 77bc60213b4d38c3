/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The table of every key that a configuration file may set: section, name, type, target, bounds, default, and what the management server's
 * policy may do to it. Adding a key is adding a row here (and its lines in conf/mvpn.conf, which a test compares). Pure.
 */
#include "config/settings.h"

/* What the policy file in the state directory may do with a key. */
enum policy_rule {
    POLICY_RULE_FREE,
    POLICY_RULE_FORBIDDEN, /* the administrator of the device decides alone */
    POLICY_RULE_STORE,     /* names a file in mvpn's own store, never a path */
    POLICY_RULE_CLOSE,     /* only what closes an opening in lockdown: "no", or an empty list */
};

/* The keys that other code of this folder speaks of; the rest is only in the table. */
enum config_key_id {
    KEY_ENABLED,
    KEY_GATEWAY,
    KEY_LOCAL_IDENTITY,
    KEY_REMOTE_IDENTITY,
    KEY_CERTIFICATE,
    KEY_PRIVATE_KEY,
    KEY_CA_CERTIFICATES,
    KEY_CHECK_REVOCATION,
    KEY_IKE_PROPOSALS,
    KEY_ESP_PROPOSALS,
    KEY_REMOTE_SUBNETS,
    KEY_DATA_PATH,
    KEY_STANDARD_PORTS,
    KEY_INTERFACE,
    KEY_MTU,
    KEY_DNS,
    KEY_SEARCH_DOMAINS,
    KEY_FIREWALL_MARK,
    KEY_INITIAL_DELAY,
    KEY_MAX_DELAY,
    KEY_KEEPALIVE_MODE,
    KEY_KEEPALIVE_INTERVAL,
    KEY_KEEPALIVE_MIN_INTERVAL,
    KEY_KEEPALIVE_MAX_INTERVAL,
    KEY_PROBE_SERVER,
    KEY_ROAMING_DETECT,
    KEY_ROAMING_KEEPALIVE,
    KEY_IDLE_TIMEOUT,
    KEY_PREFER,
    KEY_IGNORE,
    KEY_MIGRATE,
    KEY_ALLOW_LAN,
    KEY_ALLOW_USB,
    KEY_ALLOW_CELLULAR,
    KEY_PORTAL_COMMAND,
    KEY_MANAGEMENT_SERVER,
    KEY_MANAGEMENT_POLL,
    KEY_USER_MAY_DISABLE,
};
#define N_CONFIG_KEYS (KEY_USER_MAY_DISABLE + 1)

struct strbuf;
struct config_key;

/*
 * Sets the target in *settings from a value that is not empty. 0; -EINVAL with a phrase in `problem` (what is wrong and what to write); -ENOMEM.
 * On failure the target may be half set: the settings are then thrown away.
 */
typedef int (*value_setter)(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);

struct config_key {
    const char *section, *name;
    const char *initial; /* the default as text; NULL: not set */
    value_setter set;
    size_t offset;     /* of the target in struct settings */
    size_t size;       /* of the target */
    size_t n_offset;   /* of the list's count; 0: not a list */
    uint64_t min, max; /* of numbers and spans; of a list: max entries */
    const struct value_choice *choices;
    enum policy_rule rule;
};

/* Words of an enumeration; the list ends with word NULL. The target is an int-sized enum. */
struct value_choice {
    const char *word;
    int value;
};

const struct config_key *config_key(enum config_key_id id);

/* NULL where there is none. */
const struct config_key *config_key_find(const char *section, const char *name);
enum config_key_id config_key_id(const struct config_key *key);
bool config_section_exists(const char *section);

/* What was probably meant by an unknown word; NULL where nothing is near. Names of sections, or of the keys of a section. */
const char *config_section_nearest(const char *word);
const char *config_key_nearest(const char *section, const char *word);
/* The section that has a key of exactly this name; NULL. */
const char *config_section_of(const char *name);

/* Sets from text; empty text restores the default. As value_setter. */
int config_key_set(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
