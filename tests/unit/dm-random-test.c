/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ten thousand random commands in Atomic and Sequence against a model of a few lines: a flat list of addresses and values, copied before an
 * Atomic and put back when it fails. After each outermost command the tree must hold what the model holds, and every Status must be the
 * model's. MVPN_SEED=n repeats a run.
 */
#include "base/macro.h"
#include "base/prng.h"
#include "dm/objects.h"
#include "dm/policytext.h"
#include "dm/transaction.h"
#include "support/test.h"

#include <stdlib.h>

#define COMMANDS_WANTED 10000
#define ENTRIES_MAX     96
#define CODES_MAX       256
#define MVPN            "./Vendor/mvpn/MobileVPN"
#define VPN             "./Vendor/MSFT/VPNv2"

/* The leaves that take part, below a profile or below MobileVPN, and what may be put there. */
static const struct leaf {
    const char *name;
    const char *values[4];
} profile_leaves[] = {
    { "AlwaysOn", { "true", "false", "maybe" } },
    { "LockDown", { "true", "false" } },
    { "DnsSuffix", { "corp.example", "a.example,b.example" } },
    { "TrustedNetworkDetection", { "corp.example", "" } },
    { "NativeProfile/Servers", { "vpn.example.org", "192.0.2.1,vpn.example.org" } },
    { "NativeProfile/RoutingPolicyType", { "ForceTunnel", "SplitTunnel", "Other" } },
    { "NativeProfile/CryptographySuite/DHGroup", { "ECP384", "Group2", "Group14" } },
}, own_leaves[] = {
    { "Enabled", { "true", "false", "" } },
    { "KeepAlive/Mode", { "detect", "fixed", "sometimes" } },
    { "Bearer/Prefer", { "wifi", "no/such/link", "" } }, /* the tree takes the second, mvpnd does not */
    { "KeepAlive/Interval", { "30", "0", "" } },
};

struct entry {
    char path[96], value[48];
};

struct model {
    struct entry entries[ENTRIES_MAX];
    unsigned n;
};

struct codes {
    unsigned codes[CODES_MAX], n;
};

static struct prng prng;
static unsigned n_commands;

static unsigned pick(unsigned n)
{
    return (unsigned)prng_between(&prng, 0, n - 1);
}

/* ---- the model ---- */

static struct entry *entry_at(struct model *m, const char *path)
{
    for (unsigned i = 0; i < m->n; i++)
        if (strcmp(m->entries[i].path, path) == 0)
            return &m->entries[i];
    return NULL;
}

static void put(struct model *m, const char *path, const char *value)
{
    struct entry *e = entry_at(m, path);

    if (!e)
        e = &m->entries[m->n++];
    snprintf(e->path, sizeof(e->path), "%s", path);
    snprintf(e->value, sizeof(e->value), "%s", value);
}

static bool is_below(const char *path, const char *top)
{
    size_t n = strlen(top);

    return strncmp(path, top, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static void drop(struct model *m, const char *top)
{
    unsigned n = 0;

    for (unsigned i = 0; i < m->n; i++)
        if (!is_below(m->entries[i].path, top))
            m->entries[n++] = m->entries[i];
    m->n = n;
}

static const char *value_at(struct model *m, const char *profile, const char *leaf)
{
    char path[128];
    struct entry *e;

    snprintf(path, sizeof(path), "%s/%s", profile, leaf);
    e = entry_at(m, path);
    return e ? e->value : "";
}

static const char *leaf_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* What is wrong with a value by itself. */
static bool is_bad_value(const char *path, const char *value)
{
    static const char *const bad[][2] = { { "AlwaysOn", "maybe" }, { "RoutingPolicyType", "Other" }, { "DHGroup", "Group2" },
        { "Mode", "sometimes" }, { "Interval", "0" } };

    for (size_t i = 0; i < ELEMENTSOF(bad); i++)
        if (strcmp(leaf_of(path), bad[i][0]) == 0 && strcmp(value, bad[i][1]) == 0)
            return true;
    return false;
}

/* What is wrong with all of it together. */
static bool is_bad_model(struct model *m)
{
    unsigned n_always_on = 0;
    char profile[64];

    for (char p = '0'; p < '4'; p++) {
        snprintf(profile, sizeof(profile), VPN "/p%c", p);
        n_always_on += strcmp(value_at(m, profile, "AlwaysOn"), "true") == 0;
        if (strcmp(value_at(m, profile, "LockDown"), "true") == 0 &&
            (strcmp(value_at(m, profile, "NativeProfile/RoutingPolicyType"), "SplitTunnel") == 0 ||
                *value_at(m, profile, "TrustedNetworkDetection")))
            return true;
    }
    return n_always_on > 1;
}

static bool mvpnd_refuses(struct model *m)
{
    return strcmp(value_at(m, MVPN, "Bearer/Prefer"), "no/such/link") == 0;
}

static void put_parents(struct model *m, const char *path)
{
    char parent[96];

    for (const char *slash = strchr(path + strlen(VPN) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
        if (!entry_at(m, parent))
            put(m, parent, "(node)");
    }
}

static unsigned model_verb(struct model *m, enum dm_verb verb, const char *path, const char *value)
{
    struct model before = *m;
    bool permanent = is_below(path, MVPN), there = entry_at(m, path) != NULL;

    switch (verb) {
    case DM_VERB_GET:
        return there ? 200 : 404;
    case DM_VERB_DELETE:
        if (!there)
            return 404;
        if (permanent)
            return 405;
        drop(m, path);
        return 200;
    case DM_VERB_ADD:
        if (permanent)
            return 405;
        if (there)
            return 418;
        put_parents(m, path);
        break;
    case DM_VERB_REPLACE:
        if (!there)
            return 404;
        break;
    default:
        return 406;
    }
    put(m, path, value);
    if (!is_bad_value(path, value) && !is_bad_model(m))
        return 200;
    *m = before;
    return 406;
}

static unsigned model_add_code(struct codes *codes, unsigned code)
{
    codes->codes[codes->n] = code;
    return codes->n++;
}

static void model_skip(const struct dm_command *command, struct codes *codes)
{
    model_add_code(codes, 215);
    for (const struct dm_command *c = command->children; c; c = c->next)
        model_skip(c, codes);
}

static bool model_any(struct model *m, const struct dm_command *command, bool atomic, struct codes *codes);

static bool model_children(struct model *m, const struct dm_command *command, bool atomic, struct codes *codes)
{
    bool good = true;

    for (const struct dm_command *c = command->children; c; c = c->next) {
        if (atomic && !good)
            model_skip(c, codes);
        else
            good = model_any(m, c, atomic, codes) && good;
    }
    return good;
}

static bool model_atomic(struct model *m, const struct dm_command *command, struct codes *codes)
{
    struct model before = *m;
    unsigned own = model_add_code(codes, 200);

    if (model_children(m, command, true, codes)) {
        if (!mvpnd_refuses(m))
            return true;
        if (codes->n > own + 1)
            codes->codes[codes->n - 1] = 406; /* the last one is to blame */
    }
    *m = before;
    codes->codes[own] = 507;
    for (unsigned i = own + 1; i < codes->n; i++)
        if (codes->codes[i] == 200)
            codes->codes[i] = 216;
    return false;
}

static bool model_any(struct model *m, const struct dm_command *command, bool atomic, struct codes *codes)
{
    unsigned own;

    if (command->verb == DM_VERB_SEQUENCE) {
        own = model_add_code(codes, 200);
        if (model_children(m, command, atomic, codes))
            return true;
        codes->codes[own] = atomic ? 500 : 200;
        return false;
    }
    if (atomic && (command->verb == DM_VERB_ATOMIC || command->verb == DM_VERB_GET)) {
        model_add_code(codes, 500);
        for (const struct dm_command *c = command->children; c; c = c->next)
            model_skip(c, codes);
        return false;
    }
    if (command->verb == DM_VERB_ATOMIC)
        return model_atomic(m, command, codes);
    own = model_add_code(codes, model_verb(m, command->verb, command->items->target, command->items->data.data));
    return codes->codes[own] == 200;
}

/* ---- commands ---- */

static void add_leaf(struct dm_message *message, struct dm_command *command)
{
    bool own = pick(4) == 0;
    const struct leaf *leaf = own ? &own_leaves[pick(ELEMENTSOF(own_leaves))] : &profile_leaves[pick(ELEMENTSOF(profile_leaves))];
    struct dm_item *item = dm_message_add_item(message, command);
    unsigned n_values = 0;
    char path[128];

    while (n_values < ELEMENTSOF(leaf->values) && leaf->values[n_values])
        n_values++;
    if (own)
        snprintf(path, sizeof(path), MVPN "/%s", leaf->name);
    else if (command->verb == DM_VERB_DELETE && pick(3) == 0)
        snprintf(path, sizeof(path), VPN "/p%u", pick(4));
    else
        snprintf(path, sizeof(path), VPN "/p%u/%s", pick(4), leaf->name);
    item->target = dm_message_string(message, path);
    if (command->verb == DM_VERB_ADD || command->verb == DM_VERB_REPLACE) {
        const char *value = leaf->values[pick(n_values)];

        item->data = dm_message_bytes(message, value, strlen(value));
    }
}

static void add_random(struct dm_message *message, struct dm_command *parent, unsigned depth)
{
    static const enum dm_verb verbs[] = { DM_VERB_ADD, DM_VERB_ADD, DM_VERB_ADD, DM_VERB_ADD, DM_VERB_ADD, DM_VERB_REPLACE, DM_VERB_REPLACE,
        DM_VERB_REPLACE, DM_VERB_DELETE, DM_VERB_GET, DM_VERB_COPY, DM_VERB_ATOMIC, DM_VERB_SEQUENCE };
    enum dm_verb verb = verbs[pick(depth < 3 ? ELEMENTSOF(verbs) : ELEMENTSOF(verbs) - 3)];
    struct dm_command *command;

    if (depth == 0)
        verb = pick(2) ? DM_VERB_ATOMIC : DM_VERB_SEQUENCE;
    command = dm_message_add_command(message, parent, verb);
    command->cmd_id = "1";
    n_commands++;
    if (verb != DM_VERB_ATOMIC && verb != DM_VERB_SEQUENCE) {
        add_leaf(message, command);
        return;
    }
    for (unsigned i = 0, n = 1 + pick(4); i < n; i++)
        add_random(message, command, depth + 1);
}

/* ---- both, compared ---- */

static int take_status(void *userdata, const struct dm_command *command, const char *target, unsigned code)
{
    (void)command;
    (void)target;
    model_add_code(userdata, code);
    return 0;
}

static int take_result(void *userdata, const struct dm_command *command, const struct dm_found *found)
{
    (void)userdata;
    (void)command;
    (void)found;
    return 0;
}

static void take_order(void *userdata, const struct dm_order *order)
{
    (void)userdata;
    (void)order;
}

static void take_log(void *userdata, const struct dm_command *command, const char *target, unsigned code, const char *sentence)
{
    (void)userdata;
    (void)command;
    (void)target;
    if (!sentence[0])
        test_fail(__FILE__, __LINE__, "status %u without a reason", code);
}

static unsigned check_policy(void *userdata, struct dm_tree *tree, struct dm_error *error)
{
    (void)userdata;
    return dm_policy_check(tree, NULL, error);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void add_tree(struct model *m, struct dm_tree *tree, const char *top_uri)
{
    struct dm_node *top = dm_tree_at(tree, top_uri);

    for (struct dm_node *node = dm_tree_walk(top, top); node; node = dm_tree_walk(top, node)) {
        char uri[DM_URI_BYTES_MAX + 1];

        dm_node_uri(node, uri, sizeof(uri));
        put(m, uri, node->format == DM_FORMAT_NODE ? "(node)" : node->data);
    }
}

static void compare(struct dm_tree *tree, const struct model *model)
{
    struct model a = { .n = 0 }, b = *model;

    add_tree(&a, tree, VPN);
    add_tree(&a, tree, MVPN);
    qsort(a.entries, a.n, sizeof(a.entries[0]), by_path);
    qsort(b.entries, b.n, sizeof(b.entries[0]), by_path);
    CHECK_EQ(a.n, b.n);
    for (unsigned i = 0; i < MIN_OF(a.n, b.n); i++) {
        CHECK_STR(a.entries[i].path, b.entries[i].path);
        CHECK_STR(a.entries[i].value, b.entries[i].value);
    }
}

static void run_one(struct dm_tree *tree, struct model *model)
{
    struct dm_message *message = dm_message_new();
    struct codes got = { .n = 0 }, wanted = { .n = 0 };
    struct dm_answers answers = { take_status, take_result, take_order, take_log, &got };
    struct dm_transaction t = { .tree = tree, .server = "srv", .answers = &answers, .check = check_policy };
    struct model before = *model;

    add_random(message, NULL, 0);
    model_any(model, message->commands, false, &wanted);
    if (mvpnd_refuses(model)) { /* a Sequence: all of it is taken back */
        *model = before;
        wanted.n = 0;
    }
    CHECK_EQ(dm_transaction_run(&t, message->commands, NULL), 0);
    if (wanted.n) {
        CHECK_EQ(got.n, wanted.n);
        for (unsigned i = 0; i < MIN_OF(got.n, wanted.n); i++)
            CHECK_EQ(got.codes[i], wanted.codes[i]);
    }
    compare(tree, model);
    dm_message_free(message);
}

static void the_tree_is_the_model(void)
{
    const char *seed = getenv("MVPN_SEED");
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    struct model model = { .n = 0 };
    size_t n_nodes = dm_tree_n_nodes(tree);

    prng.state = seed ? strtoull(seed, NULL, 10) : 20261126;
    printf("seed %" PRIu64 "\n", prng.state);
    add_tree(&model, tree, MVPN);
    for (unsigned i = 0; n_commands < COMMANDS_WANTED && test_n_failures < 10; i++) {
        test_context("outermost command %u", i);
        run_one(tree, &model);
    }
    printf("%u commands\n", n_commands);
    for (char p = '0'; p < '4'; p++) {
        char uri[64];
        struct dm_request request = { .server = "srv", .uri = uri };
        struct dm_error error;

        snprintf(uri, sizeof(uri), VPN "/p%c", p);
        dm_verb_delete(tree, &request, &error);
    }
    dm_tree_commit(tree);
    test_context("after all was deleted");
    CHECK_EQ(dm_tree_n_nodes(tree), n_nodes);
    dm_tree_free(tree);
}

static const struct test tests[] = { TEST(the_tree_is_the_model) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
