/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function for each section. A value of the server goes into a line only when it cannot end that line or begin a comment, and the whole
 * text is read by mvpnd's own parser before anybody is told that it is good.
 */
#include "dm/policytext.h"

#include "base/cleanup.h"
#include "config/builder.h"
#include "dm/cryptosuite.h"
#include "dm/grow.h"
#include "dm/objects.h"
#include "dm/verbs.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORED "dm:" /* in mvpn's own store */

struct writer {
    struct dm_grow text;
    struct dm_error *error;
    const char *section; /* that is open */
    bool refused;
};

static bool is_safe(const char *value)
{
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '#')
            return false;
    return true;
}

static void line(struct writer *w, const char *section, const char *key, const char *value)
{
    if (!*value)
        return;
    if (!is_safe(value)) {
        dm_error_set(w->error, -EINVAL, "%s holds what no value may", key);
        w->refused = true;
        return;
    }
    if (!w->section || strcmp(w->section, section) != 0) {
        dm_grow_text(&w->text, "[");
        dm_grow_text(&w->text, section);
        dm_grow_text(&w->text, "]\n");
        w->section = section;
    }
    dm_grow_text(&w->text, key);
    dm_grow_text(&w->text, "=");
    dm_grow_text(&w->text, value);
    dm_grow_text(&w->text, "\n");
}

static void stored(struct writer *w, const char *key, const char *name)
{
    char value[80];

    if (!name)
        return;
    snprintf(value, sizeof(value), STORED "%s", name);
    line(w, "Tunnel", key, value);
}

/* Words of a list of the server, separated by any of `separators`, into our list with single spaces; each up to `end` if that stands in it. */
static void add_words(struct dm_grow *list, const char *text, const char *separators, char end)
{
    while (*text) {
        size_t length = strcspn(text, separators), n = length;
        const char *word = text, *cut = end ? memchr(text, end, length) : NULL;

        if (cut)
            n = (size_t)(cut - text);
        while (n && isspace((unsigned char)*word)) {
            word++;
            n--;
        }
        while (n && isspace((unsigned char)word[n - 1]))
            n--;
        if (n && list->length)
            dm_grow_text(list, " ");
        dm_grow_bytes(list, word, n);
        text += length + (text[length] != '\0');
    }
}

static void list_line(struct writer *w, const char *section, const char *key, struct dm_grow *list)
{
    _cleanup_free_ char *text = dm_grow_steal(list);

    if (text)
        line(w, section, key, text);
    else
        w->text.failed = true;
}

/* The profile that counts: the one that is always on, else the first with a server. */
static struct dm_node *active_profile(struct dm_tree *tree)
{
    struct dm_node *profiles = dm_tree_at(tree, DM_URI_VPNV2), *first = NULL;

    for (struct dm_node *p = profiles ? profiles->children : NULL; p; p = p->next) {
        if (!*dm_node_text(dm_tree_child(p, "NativeProfile"), "Servers"))
            continue;
        if (dm_node_true(p, "AlwaysOn"))
            return p;
        first = first ? first : p;
    }
    return first;
}

static void write_subnets(struct writer *w, const struct dm_node *profile)
{
    const struct dm_node *routes = dm_tree_child(profile, "RouteList"), *filters = dm_tree_child(profile, "TrafficFilterList");
    bool split = strcmp(dm_node_text(dm_tree_child(profile, "NativeProfile"), "RoutingPolicyType"), "SplitTunnel") == 0;
    struct dm_grow list = { 0 };
    char word[100];

    for (const struct dm_node *r = split && routes ? routes->children : NULL; r; r = r->next) {
        const char *address = dm_node_text(r, "Address"), *size = dm_node_text(r, "PrefixSize");

        if (!*address || !*size)
            continue;
        snprintf(word, sizeof(word), "%.63s/%.8s", address, size);
        add_words(&list, word, " ", 0);
    }
    for (const struct dm_node *f = filters ? filters->children : NULL; f; f = f->next)
        add_words(&list, dm_node_text(f, "RemoteAddressRanges"), ",", 0);
    list_line(w, "Tunnel", "RemoteSubnets", &list);
}

static void write_dns(struct writer *w, const struct dm_node *profile)
{
    const struct dm_node *list = dm_tree_child(profile, "DomainNameInformationList");
    struct dm_grow servers = { 0 }, domains = { 0 };

    add_words(&domains, dm_node_text(profile, "DnsSuffix"), ",", 0);
    for (const struct dm_node *d = list ? list->children : NULL; d; d = d->next) {
        const char *name = dm_node_text(d, "DomainName");

        add_words(&servers, dm_node_text(d, "DnsServers"), ",", 0);
        add_words(&domains, name + (*name == '.'), ",", 0);
    }
    list_line(w, "Tunnel", "DNS", &servers);
    list_line(w, "Tunnel", "SearchDomains", &domains);
}

static void write_profile(struct writer *w, const struct dm_node *profile)
{
    const struct dm_node *native = dm_tree_child(profile, "NativeProfile");
    const struct dm_node *suite = dm_tree_child(native, "CryptographySuite");
    struct dm_grow servers = { 0 };
    char proposal[120];

    add_words(&servers, dm_node_text(native, "Servers"), ",", ';');
    list_line(w, "Tunnel", "Gateway", &servers);
    if (suite) {
        line(w, "Tunnel", "IKEProposals", dm_crypto_ike(suite, proposal, sizeof(proposal)));
        line(w, "Tunnel", "ESPProposals", dm_crypto_esp(suite, proposal, sizeof(proposal)));
    }
    write_subnets(w, profile);
    write_dns(w, profile);
}

static const char *yes_or_no(const char *value)
{
    if (!*value)
        return "";
    return strcmp(value, "true") == 0 ? "yes" : "no";
}

static const char *own(struct dm_tree *tree, const char *leaf)
{
    char uri[128];

    snprintf(uri, sizeof(uri), "%s/%s", DM_URI_MOBILEVPN, leaf);
    return dm_tree_text(tree, uri);
}

static void write_rest(struct writer *w, struct dm_tree *tree, bool locked, bool no_button, const char *server)
{
    const char *may = yes_or_no(own(tree, "UserMayDisable"));

    line(w, "Reconnect", "InitialDelay", own(tree, "Reconnect/InitialDelay"));
    line(w, "Reconnect", "MaxDelay", own(tree, "Reconnect/MaxDelay"));
    line(w, "Keepalive", "Mode", own(tree, "KeepAlive/Mode"));
    line(w, "Keepalive", "Interval", own(tree, "KeepAlive/Interval"));
    line(w, "Roaming", "Keepalive", yes_or_no(own(tree, "KeepAlive/WhenRoaming")));
    line(w, "BaseLink", "Prefer", own(tree, "Bearer/Prefer"));
    line(w, "BaseLink", "Ignore", own(tree, "Bearer/Ignore"));
    line(w, "Lockdown", "AllowLAN", locked ? "no" : "");
    line(w, "Management", "Server", server);
    line(w, "Management", "PollInterval", own(tree, "Schedule/Interval"));
    line(w, "Management", "UserMayDisable", locked || (no_button && !*may) ? "no" : may);
}

char *dm_policy_text(struct dm_tree *tree, const struct dm_policy_names *names, struct dm_error *error)
{
    const struct dm_node *profile = active_profile(tree);
    struct writer w = { .error = error };
    const char *enabled = yes_or_no(own(tree, "Enabled"));
    bool locked = profile && dm_node_true(profile, "LockDown");

    if (!*enabled && profile && dm_node_true(profile, "AlwaysOn"))
        enabled = "yes";
    line(&w, "Tunnel", "Enabled", enabled);
    if (names) {
        stored(&w, "Certificate", names->certificate);
        stored(&w, "PrivateKey", names->private_key);
        stored(&w, "CACertificates", names->ca_certificates);
    }
    if (profile)
        write_profile(&w, profile);
    write_rest(&w, tree, locked, profile && dm_node_true(profile, "DisableDisconnectButton"), names && names->server ? names->server : "");
    if (!w.refused && !w.text.failed)
        return dm_grow_steal(&w.text);
    if (!w.refused)
        dm_error_set(error, -ENOMEM, "there is no memory");
    dm_grow_free(&w.text);
    return NULL;
}

static const char *stored_name(const char *line, size_t n_bytes, const struct dm_policy_names *names, const char **ret_key)
{
    const struct {
        const char *key, *name;
    } keys[] = { { "Certificate=" STORED, names->certificate }, { "PrivateKey=" STORED, names->private_key },
        { "CACertificates=" STORED, names->ca_certificates } };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        *ret_key = keys[i].key;
        if (n_bytes >= strlen(keys[i].key) && memcmp(line, keys[i].key, strlen(keys[i].key)) == 0)
            return keys[i].name;
    }
    return NULL;
}

int dm_policy_rename(const char *policy, const struct dm_policy_names *names, char **ret)
{
    struct dm_grow text = { 0 };
    bool found = false;
    size_t n;

    for (; *policy; policy += n) {
        const char *key, *name;

        n = strcspn(policy, "\n");
        name = stored_name(policy, n, names, &key);
        n += policy[n] == '\n';
        if (!name) {
            dm_grow_bytes(&text, policy, n);
            continue;
        }
        found = true;
        dm_grow_text(&text, key);
        dm_grow_text(&text, name);
        dm_grow_text(&text, "\n");
    }
    if (text.failed || !found) {
        n = text.failed;
        dm_grow_free(&text);
        return n ? -ENOMEM : -ENOENT;
    }
    *ret = dm_grow_steal(&text);
    return *ret ? 0 : -ENOMEM;
}

static void take_first(void *userdata, const struct settings_error *found)
{
    struct dm_error *error = userdata;

    if (!error->text[0])
        dm_error_set(error, -EINVAL, "%s", found->text);
}

unsigned dm_policy_check(struct dm_tree *tree, const struct dm_policy_names *names, struct dm_error *error)
{
    struct dm_error refusal = { "" };
    _cleanup_free_ char *text = dm_policy_text(tree, names, &refusal);
    struct builder *builder = NULL;
    struct settings *settings = NULL;
    int r;

    if (!text)
        return dm_refuse(error, 406, "%s", refusal.text);
    r = builder_new("/var/lib/mvpn-dm", take_first, &refusal, &builder);
    if (r == 0)
        r = builder_add(builder, "policy", CONFIG_SOURCE_POLICY, text, strlen(text));
    if (r == 0)
        r = builder_finish(builder, &settings);
    builder_free(builder);
    settings_free(settings);
    if (r == -ENOMEM)
        return dm_refuse(error, 500, "there is no memory");
    return r < 0 ? dm_refuse(error, 406, "%s", refusal.text) : 0;
}
