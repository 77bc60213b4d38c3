/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ProfileXML of any bytes. Invariants: it is taken or refused with a reason; refused leaves the tree as it was, to the node; taken under
 * LockDown holds nothing that LockDown forbids and no crypto below the floor; and the policy of what was taken is one that mvpnd's own
 * parser takes, or the command is taken back.
 */
#include "dm/objects.h"
#include "dm/policytext.h"
#include "dm/treefile.h"
#include "dm/verbs.h"
#include "fuzz/target.h"

#include <string.h>

#define PROFILE "./Vendor/MSFT/VPNv2/p"

static void must_be_strong(const char *policy)
{
    static const char *const weak[] = { "=des-", "md5", "modp768", "modp1024", "AllowLAN=yes", "DataPath", "PortalCommand", "ProbeServer" };

    for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
        MUST_HOLD(!strstr(policy, weak[i]) || strstr(policy, "Gateway=")); /* a gateway may be called anything */
    MUST_HOLD(!strstr(policy, "\n[Lockdown]\nAllowLAN=yes"));
}

static void must_obey_lockdown(struct dm_tree *tree)
{
    if (strcmp(dm_tree_text(tree, PROFILE "/LockDown"), "true") != 0)
        return;
    MUST_HOLD(!*dm_tree_text(tree, PROFILE "/TrustedNetworkDetection"));
    MUST_HOLD(strcmp(dm_tree_text(tree, PROFILE "/NativeProfile/RoutingPolicyType"), "SplitTunnel") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const struct dm_policy_names names = { "c", "k", "r", NULL };
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    struct dm_request request = { .server = "a", .uri = PROFILE "/ProfileXML", .data = { (const char *)bytes, n_bytes } };
    struct dm_error error = { "" };
    char *before, *after, *policy;
    unsigned code;

    MUST_HOLD(tree != NULL);
    before = dm_tree_save(tree);
    code = dm_verb_add(tree, &request, &error);
    if (code == 200) {
        must_obey_lockdown(tree);
        code = dm_policy_check(tree, &names, &error);
        if (code)
            dm_tree_undo(tree, 0);
        policy = dm_policy_text(tree, &names, &error);
        MUST_HOLD(policy != NULL);
        must_be_strong(policy);
        free(policy);
    }
    if (code) {
        after = dm_tree_save(tree);
        MUST_HOLD(code >= 400 && code < 600 && error.text[0]);
        MUST_HOLD(strcmp(before, after) == 0);
        free(after);
    }
    free(before);
    dm_tree_free(tree);
    return 0;
}
