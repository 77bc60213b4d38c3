/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From files' bytes to settings; builder.h tells what is decided here. Remembers for each key which line of which file set it, so that an
 * error between two keys is told at the line that a person has to change.
 * A key set twice in one file is an error: one of the two lines is a mistake, and nobody but its author knows which.
 */
#include "config/builder.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "config/keys.h"
#include "config/parse.h"
#include "config/rules.h"
#include "config/values.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define ECHO_MAX_BYTES 64 /* of a bad value, in an error */
#define STORE_PREFIX   "dm:"
#define STORE_NAME_MAX 64
#define POLICY_HINT    "remove the line from the policy on the management server"

struct origin {
    const char *file; /* NULL: the default */
    unsigned line;
};

struct builder {
    struct settings *settings;
    char *dm_dir;
    builder_report report;
    void *userdata;
    char **files; /* names, for origins */
    size_t n_files;
    size_t n_errors;
    struct origin origins[N_CONFIG_KEYS];
};

/* One file while it is being taken in. */
struct intake {
    struct builder *builder;
    const char *file;
    enum config_source source;
    bool section_known;
    unsigned lines[N_CONFIG_KEYS]; /* where each key was set in this file; 0: not */
};

/* Keeps the end of a path that does not fit: the file's name says more than the root. */
static void copy_file_name(char *buf, size_t size, const char *file)
{
    size_t length = strlen(file);

    if (length < size)
        memcpy(buf, file, length + 1);
    else
        snprintf(buf, size, "...%s", file + length - (size - 4));
}

void builder_add_error(struct builder *builder, const char *file, unsigned line, const char *text)
{
    struct settings_error error = { .line = line };

    builder->n_errors++;
    copy_file_name(error.file, sizeof(error.file), file);
    snprintf(error.text, sizeof(error.text), "%s", text);
    parse_mend_text(error.text);
    builder->report(builder->userdata, &error);
}

static int apply_defaults(struct settings *settings)
{
    char text[256];
    struct strbuf ignored;
    int r = 0;

    for (size_t i = 0; i < N_CONFIG_KEYS && r == 0; i++) {
        strbuf_init(&ignored, text, sizeof(text));
        r = config_key_set(config_key((enum config_key_id)i), "", settings, &ignored);
    }
    return r;
}

int builder_new(const char *dm_dir, builder_report report, void *userdata, struct builder **ret)
{
    struct builder *builder = calloc(1, sizeof(*builder));
    int r;

    if (!builder)
        return -ENOMEM;
    builder->report = report;
    builder->userdata = userdata;
    builder->dm_dir = strdup(dm_dir);
    builder->settings = calloc(1, sizeof(*builder->settings));
    r = builder->dm_dir && builder->settings ? apply_defaults(builder->settings) : -ENOMEM;
    if (r < 0) {
        builder_free(builder);
        return r;
    }
    *ret = builder;
    return 0;
}

void builder_free(struct builder *builder)
{
    if (!builder)
        return;
    for (size_t i = 0; i < builder->n_files; i++)
        free(builder->files[i]);
    free(builder->files);
    free(builder->dm_dir);
    settings_free(builder->settings);
    free(builder);
}

static int remember_file(struct builder *builder, const char *file, const char **ret)
{
    char **files = reallocarray(builder->files, builder->n_files + 1, sizeof(*files));

    if (!files)
        return -ENOMEM;
    builder->files = files;
    files[builder->n_files] = strdup(file);
    if (!files[builder->n_files])
        return -ENOMEM;
    *ret = files[builder->n_files++];
    return 0;
}

static void _printf_(3, 4) complain(struct intake *intake, unsigned line, const char *format, ...)
{
    char text[sizeof(((struct settings_error *)0)->text)];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    builder_add_error(intake->builder, intake->file, line, text);
}

/* The value as an error may show it: short, and without the PIN of a token. */
static void echo_value(const char *value, char *buf, size_t size)
{
    const char *pin = strcasestr(value, "pin-value=");
    size_t length = pin ? (size_t)(pin - value) : strlen(value);
    bool whole = !pin && length <= ECHO_MAX_BYTES;

    snprintf(buf, size, "%.*s", (int)MIN_OF(length, (size_t)ECHO_MAX_BYTES), value);
    parse_mend_text(buf);
    if (!whole)
        strcat(buf, "...");
}

static void take_section(struct intake *intake, const struct parse_item *item)
{
    const char *nearest;

    intake->section_known = config_section_exists(item->section);
    if (intake->section_known)
        return;
    nearest = config_section_nearest(item->section);
    if (nearest)
        complain(intake, item->line, "there is no section [%s]; did you mean [%s]?", item->section, nearest);
    else
        complain(intake, item->line,
            "there is no section [%s]; the sections are [Tunnel] [Reconnect] [Keepalive] [Roaming] "
            "[BaseLink] [Lockdown] [Management]",
            item->section);
}

static void complain_unknown_key(struct intake *intake, const struct parse_item *item)
{
    const char *nearest = config_key_nearest(item->section, item->key),
               *elsewhere = config_section_of(item->key);

    if (elsewhere)
        complain(intake, item->line, "%s= belongs to section [%s], not [%s]; move the line there", item->key,
            elsewhere, item->section);
    else if (nearest)
        complain(intake, item->line, "there is no key %s= in [%s]; did you mean %s=?", item->key,
            item->section, nearest);
    else
        complain(intake, item->line,
            "there is no key %s= in [%s]; remove the line, or see mvpn.conf(5) for the keys", item->key,
            item->section);
}

static const struct config_key *find_key(struct intake *intake, const struct parse_item *item)
{
    const struct config_key *key;

    if (*item->section == '\0') {
        complain(intake, item->line,
            "%s= stands before the first section; put a header like [Tunnel] above it", item->key);
        return NULL;
    }
    key = config_key_find(item->section, item->key);
    if (!key) {
        complain_unknown_key(intake, item);
        return NULL;
    }
    unsigned *first_line = &intake->lines[config_key_id(key)];
    if (*first_line > 0) {
        complain(intake, item->line, "%s= is set twice, first in line %u; remove one of the two lines",
            item->key, *first_line);
        return NULL;
    }
    *first_line = item->line;
    return key;
}

static int set_value(
    struct intake *intake, const struct config_key *key, unsigned line, const char *value, bool *ret_good)
{
    char shown[ECHO_MAX_BYTES + 8], text[384];
    struct strbuf problem;
    int r;

    strbuf_init(&problem, text, sizeof(text));
    r = config_key_set(key, value, intake->builder->settings, &problem);
    *ret_good = r == 0;
    if (r != -EINVAL)
        return r;
    echo_value(value, shown, sizeof(shown));
    complain(intake, line, "%s=%s: %s", key->name, shown, text);
    return 0;
}

/* A file in mvpn's own store: one plain name, so that no policy reaches any other file, and nothing that a program takes for an option. */
static bool store_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length > STORE_NAME_MAX || !(isalnum((unsigned char)name[0]) || name[0] == '_'))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return true;
}

static const char *store_folder(enum config_key_id id, const char **ret_ending)
{
    *ret_ending = id == KEY_PRIVATE_KEY ? "key" : "pem";
    return id == KEY_PRIVATE_KEY ? "keys" : id == KEY_CERTIFICATE ? "certs" : "roots";
}

/* dm:NAME, as enrolment has put it there; the administrator may name it, too. */
static int set_stored(
    struct intake *intake, const struct config_key *key, unsigned line, const char *value, bool *ret_good)
{
    const char *name = value + strlen(STORE_PREFIX), *folder, *ending;
    _cleanup_free_ char *path = NULL;

    *ret_good = false;
    if (!store_name_is_valid(name)) {
        complain(intake, line,
            "%s= names something in mvpn's own store that no name there can be; write " STORE_PREFIX
            "NAME with at most %d letters, digits, '.', '_' or '-', and neither '.' nor '-' first",
            key->name, STORE_NAME_MAX);
        return 0;
    }
    folder = store_folder(config_key_id(key), &ending);
    if (asprintf(&path, "%s/%s/%s.%s", intake->builder->dm_dir, folder, name, ending) < 0)
        return -ENOMEM;
    return set_value(intake, key, line, path, ret_good);
}

static bool is_stored(const struct config_key *key, const char *value)
{
    return key->rule == POLICY_RULE_STORE && strncmp(value, STORE_PREFIX, strlen(STORE_PREFIX)) == 0;
}

static int set_only_stored(
    struct intake *intake, const struct config_key *key, unsigned line, const char *value, bool *ret_good)
{
    if (is_stored(key, value))
        return set_stored(intake, key, line, value, ret_good);
    if (*value == '\0')
        return set_value(intake, key, line, "", ret_good);
    *ret_good = false;
    complain(intake, line,
        "%s= in a policy names something in mvpn's own store, never a path or token; write for example " STORE_PREFIX "current",
        key->name);
    return 0;
}

/* What the policy may set in [Lockdown] can only close: after it, the switch is off or the list empty. */
static int set_closing(
    struct intake *intake, const struct config_key *key, unsigned line, const char *value, bool *ret_good)
{
    struct settings *settings = intake->builder->settings;
    bool open;
    int r = set_value(intake, key, line, value, ret_good);

    if (r < 0 || !*ret_good)
        return r;
    open = key->n_offset ? *(uint32_t *)((char *)settings + key->n_offset) > 0
                         : *(bool *)((char *)settings + key->offset);
    if (!open)
        return 0;
    *ret_good = false;
    complain(intake, line, "%s= may only be closed by a policy%s; %s", key->name,
        key->n_offset ? "" : " (no)", POLICY_HINT);
    return 0;
}

static int set_from_policy(
    struct intake *intake, const struct config_key *key, const struct parse_item *item, bool *ret_good)
{
    *ret_good = false;
    switch (key->rule) {
    case POLICY_RULE_FREE:
        return set_value(intake, key, item->line, item->value, ret_good);
    case POLICY_RULE_STORE:
        return set_only_stored(intake, key, item->line, item->value, ret_good);
    case POLICY_RULE_CLOSE:
        return set_closing(intake, key, item->line, item->value, ret_good);
    case POLICY_RULE_FORBIDDEN:
        break;
    }
    complain(intake, item->line,
        "%s= may not be set by a policy, only by this device's administrator in mvpn.conf; %s", key->name,
        POLICY_HINT);
    return 0;
}

static int take_entry(struct intake *intake, const struct parse_item *item)
{
    const struct config_key *key;
    bool good;
    int r;

    if (!intake->section_known && *item->section)
        return 0; /* told at the header */
    key = find_key(intake, item);
    if (!key)
        return 0;
    if (intake->source == CONFIG_SOURCE_POLICY)
        r = set_from_policy(intake, key, item, &good);
    else if (is_stored(key, item->value))
        r = set_stored(intake, key, item->line, item->value, &good);
    else
        r = set_value(intake, key, item->line, item->value, &good);
    if (r == 0 && good)
        intake->builder->origins[config_key_id(key)] = (struct origin){ intake->file, item->line };
    if (config_key_id(key) == KEY_ENABLED && intake->source == CONFIG_SOURCE_POLICY)
        intake->builder->settings->policy_says_enabled = true;
    return r;
}

/* A gateway of the list, by whatever port it is reached. */
static bool lists_gateway(const struct policy *policy, const struct gateway *gateway)
{
    for (uint32_t i = 0; i < policy->n_gateways; i++)
        if (strcasecmp(policy->gateways[i].name, gateway->name) == 0)
            return true;
    return false;
}

/*
 * RemoteIdentity= says who the gateways of the same author must be. A policy that leads to others and does not say who those are means them by
 * their names, as without the key: the administrator's identity would refuse every one of them.
 */
static void forget_identity_of_others(struct intake *intake, const struct policy *before)
{
    struct settings *settings = intake->builder->settings;

    if (!intake->lines[KEY_GATEWAY] || intake->lines[KEY_REMOTE_IDENTITY])
        return;
    for (uint32_t i = 0; i < settings->policy.n_gateways; i++) {
        if (lists_gateway(before, &settings->policy.gateways[i]))
            continue;
        value_clear(config_key(KEY_REMOTE_IDENTITY), settings);
        intake->builder->origins[KEY_REMOTE_IDENTITY] = (struct origin){ NULL, 0 };
        return;
    }
}

static int take_items(struct intake *intake, const void *bytes, size_t n_bytes)
{
    struct parser parser;
    struct parse_item item;
    int r = 0;

    parser_init(&parser, bytes, n_bytes);
    while (r == 0) {
        parser_next(&parser, &item);
        switch (item.type) {
        case PARSE_ITEM_END:
            return 0;
        case PARSE_ITEM_SECTION:
            take_section(intake, &item);
            break;
        case PARSE_ITEM_ENTRY:
            r = take_entry(intake, &item);
            break;
        case PARSE_ITEM_ERROR:
            complain(intake, item.line, "%s", item.problem);
            break;
        }
    }
    return r;
}

int builder_add(
    struct builder *builder, const char *file, enum config_source source, const void *bytes, size_t n_bytes)
{
    struct intake intake = { .builder = builder, .source = source };
    struct policy before = builder->settings->policy;
    int r = remember_file(builder, file, &intake.file);

    if (r == 0)
        r = take_items(&intake, bytes, n_bytes);
    if (r == 0 && source == CONFIG_SOURCE_POLICY)
        forget_identity_of_others(&intake, &before);
    return r;
}

static size_t file_order(const struct builder *builder, const struct origin *origin)
{
    for (size_t i = 0; i < builder->n_files; i++)
        if (builder->files[i] == origin->file)
            return i + 1;
    return 0;
}

/* Of two keys the one that was set later: its line is the one that broke the rule. */
static const struct origin *later_of(
    const struct builder *builder, const struct origin *a, const struct origin *b)
{
    size_t order_a = file_order(builder, a), order_b = file_order(builder, b);

    if (order_a != order_b)
        return order_a > order_b ? a : b;
    return a->line > b->line ? a : b;
}

static void report_violation(void *userdata, enum config_key_id a, enum config_key_id b, const char *text)
{
    struct builder *builder = userdata;
    const struct origin *origin = later_of(builder, &builder->origins[a], &builder->origins[b]);

    builder_add_error(builder, origin->file ? origin->file : "", origin->line, text);
}

/* A name server of our own choice is asked for, too: else the gateway would grant no way to it. */
static void cover_servers(struct policy *policy)
{
    for (uint32_t i = 0; i < policy->n_dns; i++) {
        bool covered = false;

        for (uint32_t k = 0; k < policy->n_subnets; k++)
            covered |= ip_prefix_contains(&policy->subnets[k], &policy->dns[i]);
        if (!covered && policy->n_subnets < POLICY_SUBNETS_MAX)
            policy->subnets[policy->n_subnets++] = ip_prefix_of(&policy->dns[i], policy->dns[i].family == 4 ? 32 : 128);
    }
}

int builder_finish(struct builder *builder, struct settings **ret)
{
    struct settings *settings = builder->settings;

    if (builder->n_errors == 0)
        rules_check(settings, report_violation, builder);
    if (builder->n_errors > 0)
        return -EINVAL;
    cover_servers(&settings->policy);
    settings->policy.complete = settings_incomplete(settings) == NULL;
    *ret = steal_ptr(&builder->settings);
    return 0;
}
