/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration from any bytes: what stands before a line "#--- policy ---" is the administrator's file, what follows the management server's
 * policy. Invariants: settings or errors, never both or neither; every error has a line and is printable; settings are within the bounds
 * that the core relies on; and a policy, whatever it says, opens nothing and sets no path, program, interface or data path.
 */
#include "base/macro.h"
#include "config/builder.h"
#include "config/parse.h"
#include "config/values.h"
#include "fuzz/target.h"

#include <string.h>

#define SEPARATOR "#--- policy ---\n"

static void must_be_text(const char *text)
{
    size_t left = strlen(text);

    for (size_t step; left > 0; text += step, left -= step) {
        step = utf8_sequence_length((const unsigned char *)text, left);
        MUST_HOLD(step > 0);
    }
}

static void count_error(void *userdata, const struct settings_error *error)
{
    MUST_HOLD(error->line > 0 && error->text[0] && error->file[0]);
    must_be_text(error->text);
    (*(unsigned *)userdata)++;
}

static struct settings *build(const uint8_t *admin, size_t n_admin, const uint8_t *policy, size_t n_policy)
{
    struct builder *builder;
    struct settings *settings = NULL;
    unsigned n_errors = 0;
    int r;

    MUST_HOLD(builder_new("/store", count_error, &n_errors, &builder) == 0);
    MUST_HOLD(builder_add(builder, "admin", CONFIG_SOURCE_ADMIN, admin, n_admin) == 0);
    if (policy)
        MUST_HOLD(builder_add(builder, "policy", CONFIG_SOURCE_POLICY, policy, n_policy) == 0);
    r = builder_finish(builder, &settings);
    builder_free(builder);
    MUST_HOLD((r == 0) == (settings != NULL));
    MUST_HOLD((r == 0) == (n_errors == 0));
    return settings;
}

static void must_be_within_bounds(const struct settings *s)
{
    const struct policy *p = &s->policy;

    MUST_HOLD(p->n_gateways <= POLICY_GATEWAYS_MAX && p->n_subnets <= POLICY_SUBNETS_MAX &&
              p->n_prefer <= POLICY_NAMES_MAX);
    MUST_HOLD(p->n_ignore <= POLICY_NAMES_MAX && p->n_cellular_services <= POLICY_NAMES_MAX &&
              p->n_dns <= POLICY_DNS_MAX && p->n_domains <= POLICY_DOMAINS_MAX);
    MUST_HOLD(interface_name_is_valid(p->interface));
    MUST_HOLD(p->mark != 0);
    MUST_HOLD(p->mtu == 0 || (p->mtu >= 1280 && p->mtu <= 9000));
    MUST_HOLD(p->initial_delay_usec >= MSEC(100) && p->initial_delay_usec <= p->max_delay_usec &&
              p->max_delay_usec <= HOURS(24));
    MUST_HOLD(p->keepalive_min_usec >= SEC(1) && p->keepalive_min_usec <= p->keepalive_max_usec);
    MUST_HOLD(p->n_subnets > 0);
    MUST_HOLD(p->complete == (p->n_gateways && s->certificate && s->private_key && s->ca_certificates));
    MUST_HOLD(p->complete == (settings_incomplete(s) == NULL));
    for (uint32_t i = 0; i < p->n_gateways; i++)
        MUST_HOLD(p->gateways[i].name[0] && strlen(p->gateways[i].name) < GATEWAY_NAME_SIZE &&
                  !strchr(p->gateways[i].name, '/'));
    for (uint32_t i = 0; i < p->n_cellular_services; i++)
        MUST_HOLD(interface_name_is_valid(p->cellular_services[i]) &&
                  strcmp(p->cellular_services[i], p->interface) != 0);
    MUST_HOLD(!s->certificate || s->certificate[0] == '/' || strncmp(s->certificate, "pkcs11:", 7) == 0);
    MUST_HOLD(!s->portal_command || s->portal_command[0] == '/');
}

static void must_be_same(const char *before, const char *after)
{
    MUST_HOLD(before && after ? strcmp(before, after) == 0 : before == after);
}

static void must_be_same_or_stored(const char *before, const char *after)
{
    static const char *const kinds[] = { "/store/certs/", "/store/keys/", "/store/roots/" };

    for (size_t i = 0; after && i < ELEMENTSOF(kinds); i++) {
        if (strncmp(after, kinds[i], strlen(kinds[i])) == 0) {
            after += strlen(kinds[i]);
            MUST_HOLD(after[0] && after[0] != '.' && !strchr(after, '/'));
            return;
        }
    }
    if (after)
        must_be_same(before, after);
}

static void policy_must_open_nothing(const struct settings *before, const struct settings *after)
{
    MUST_HOLD(before->data_path == after->data_path);
    MUST_HOLD(strcmp(before->policy.interface, after->policy.interface) == 0);
    must_be_same(before->portal_command, after->portal_command);
    MUST_HOLD(memcmp(&before->policy.probe_server, &after->policy.probe_server, sizeof(struct gateway)) == 0);
    must_be_same_or_stored(before->certificate, after->certificate);
    must_be_same_or_stored(before->private_key, after->private_key);
    must_be_same_or_stored(before->ca_certificates, after->ca_certificates);
    MUST_HOLD(before->policy.allow_lan || !after->policy.allow_lan);
    MUST_HOLD(before->policy.allow_usb || !after->policy.allow_usb);
    MUST_HOLD(after->policy.n_cellular_services == 0 ||
              after->policy.n_cellular_services == before->policy.n_cellular_services);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const uint8_t nothing[1];
    const uint8_t *separator = n_bytes ? memmem(bytes, n_bytes, SEPARATOR, strlen(SEPARATOR)) : NULL;
    const uint8_t *policy = separator ? separator + strlen(SEPARATOR) : nothing;
    size_t n_admin = separator ? (size_t)(separator - bytes) : n_bytes;
    size_t n_policy = separator ? (size_t)(bytes + n_bytes - policy) : 0;
    struct settings *alone = build(bytes, n_admin, NULL, 0), *both = build(bytes, n_admin, policy, n_policy);

    if (alone)
        must_be_within_bounds(alone);
    if (both)
        must_be_within_bounds(both);
    if (alone && both)
        policy_must_open_nothing(alone, both);
    settings_free(alone);
    settings_free(both);
    return 0;
}
