/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMAcc (OMA-TS-DM_StdObj) and DMClient/Provider (Microsoft's DMClient): the account of the server, and when it is asked. Accounts and
 * providers are made by enrolment only; a server sets a few values of its own. Secrets can be set, never read; addresses must be https and
 * lead where enrolment allowed.
 */
#include "dm/definition.h"

#include "dm/verbs.h"

#include <string.h>

/* A new address of the server: its own origin or one of the list. */
static unsigned verify_address(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    (void)tree;
    if (!node->size || (request->origins && dm_origin_allows(request->origins, node->data)))
        return 0;
    return dm_refuse(error, 406, "%s: only https to the server's own origin or one named at enrolment", node->name);
}

/* "Exec ./Vendor/MSFT/DMClient/Unenroll" names the provider as its data: it must be the asking server's own. */
static unsigned verify_unenroll(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const struct dm_node *provider;

    (void)node;
    provider = request->data.data ? dm_tree_child(dm_tree_at(tree, DM_URI_PROVIDER), request->data.data) : NULL;
    if (!provider)
        return dm_refuse(error, 404, "there is no such provider");
    if (!provider->owner || strcmp(provider->owner, request->server) != 0)
        return dm_refuse(error, 425, "the provider is another server's");
    return 0;
}

static const struct dm_def port_values[] = { DM_READ("PortNbr", INT, .initial = "443") };
static const struct dm_def ports[] = {
    { .access = DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(port_values) },
};
static const struct dm_def address_values[] = {
    DM_FIXED("Addr", CHR, .max_bytes = 1024, .verify = verify_address),
    DM_READ("AddrType", CHR, .initial = "URI"),
    DM_GROUP("Port", ports),
};
static const struct dm_def addresses[] = {
    { .access = DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(address_values) },
};
static const struct dm_def auth_values[] = {
    DM_READ("AAuthLevel", CHR, .initial = "CLCRED"),
    DM_READ("AAuthType", CHR),
    DM_READ("AAuthName", CHR),
    { .name = "AAuthSecret", .access = DM_R, .format = DM_FORMAT_CHR, .permanent = true, .secret = true, .max_bytes = 256 },
    { .name = "AAuthData", .access = DM_R, .format = DM_FORMAT_BIN, .permanent = true, .secret = true, .max_bytes = 256 },
};
static const struct dm_def auths[] = {
    { .access = DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(auth_values) },
};
static const struct dm_def account[] = {
    DM_READ("AppID", CHR, .initial = "w7"),
    DM_READ("ServerID", CHR),
    DM_FIXED("Name", CHR, .max_bytes = 256),
    DM_FIXED("PrefConRef", CHR, .max_bytes = 256),
    DM_GROUP("AppAddr", addresses),
    DM_READ("AAuthPref", CHR),
    DM_GROUP("AppAuth", auths),
};
static const struct dm_def accounts[] = {
    { .access = DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(account) },
};
const struct dm_def dm_object_dmacc = DM_GROUP("DMAcc", accounts);

static const struct dm_def poll[] = {
    DM_FIXED("IntervalForFirstSetOfRetries", INT, .values = "0..525600"),
    DM_FIXED("NumberOfFirstRetries", INT, .values = "0..1000"),
    DM_FIXED("IntervalForSecondSetOfRetries", INT, .values = "0..525600"),
    DM_FIXED("NumberOfSecondRetries", INT, .values = "0..1000"),
    DM_FIXED("IntervalForRemainingScheduledRetries", INT, .values = "0..525600"),
    DM_FIXED("NumberOfRemainingScheduledRetries", INT, .values = "0..1000"),
    DM_FIXED("PollOnLogin", BOOL, .values = "false"),
    DM_FIXED("AllUsersPollOnFirstLogin", BOOL, .values = "false"),
};
static const struct dm_def provider[] = {
    DM_FIXED("EntDeviceName", CHR, .max_bytes = 256),
    DM_FIXED("EntDMID", CHR, .max_bytes = 256),
    DM_FIXED("UPN", CHR, .max_bytes = 256),
    DM_FIXED("HelpPhoneNumber", CHR, .max_bytes = 64),
    DM_FIXED("HelpWebsite", CHR, .max_bytes = 1024),
    DM_FIXED("HelpEmailAddress", CHR, .max_bytes = 256),
    DM_FIXED("ManagementServiceAddress", CHR, .max_bytes = 1024, .verify = verify_address),
    DM_FIXED("RequireMessageSigning", BOOL, .values = "false"),
    DM_READ("CertRenewTimeStamp", CHR),
    DM_READ("SyncApplicationVersion", CHR, .initial = "1.0"),
    DM_GROUP("Poll", poll),
    DM_EXEC("Unenroll", DM_EXEC_UNENROLL),
};
static const struct dm_def providers[] = {
    { .access = DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(provider) },
};
static const struct dm_def dmclient[] = {
    DM_GROUP("Provider", providers),
    DM_EXEC("Unenroll", DM_EXEC_UNENROLL, .verify = verify_unenroll),
};
const struct dm_def dm_object_dmclient = DM_GROUP("DMClient", dmclient);
