/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ./Vendor/mvpn/MobileVPN: what mvpn has and no other client. conf/ddf/mobilevpn.ddf.xml describes it for administrators; a test compares
 * the two. Every leaf is always there; an empty value means the device's own configuration or default.
 */
#include "dm/definition.h"

#include "dm/verbs.h"

#include <stdlib.h>
#include <string.h>

static const struct dm_def keepalive[] = {
    DM_FIXED("Mode", CHR, .values = "detect|fixed|off"),
    DM_FIXED("Interval", INT, .values = "1..86400"),
    DM_FIXED("WhenRoaming", BOOL),
};
static const struct dm_def roaming[] = {
    DM_FIXED("OnDemand", BOOL, .values = "true"), /* roaming is always on demand: false answers 406 */
};

/* InitialDelay may not be longer than MaxDelay; unset ones count with mvpnd's defaults. */
static unsigned verify_reconnect(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const char *initial = dm_node_text(node, "InitialDelay"), *max = dm_node_text(node, "MaxDelay");

    (void)tree;
    (void)request;
    if (strtol(*initial ? initial : "2", NULL, 10) > strtol(*max ? max : "300", NULL, 10))
        return dm_refuse(error, 406, "Reconnect: InitialDelay is longer than MaxDelay");
    return 0;
}

static const struct dm_def reconnect[] = {
    DM_FIXED("InitialDelay", INT, .values = "1..3600"),
    DM_FIXED("MaxDelay", INT, .values = "1..86400"),
};
static const struct dm_def bearer[] = {
    DM_FIXED("Prefer", CHR, .max_bytes = 256),
    DM_FIXED("Ignore", CHR, .max_bytes = 256),
};
static const struct dm_def schedule[] = {
    DM_FIXED("Interval", INT, .values = "60..31536000"),
};
static const struct dm_def status[] = {
    DM_READ("State", CHR),
    DM_READ("Gateway", CHR),
    DM_READ("VirtualIP", CHR),
    DM_READ("Since", CHR),
    DM_READ("LastError", CHR),
    DM_READ("Rx", CHR),
    DM_READ("Tx", CHR),
};
static const struct dm_def mobilevpn[] = {
    DM_FIXED("Enabled", BOOL),
    DM_FIXED("UserMayDisable", BOOL),
    DM_GROUP("KeepAlive", keepalive),
    DM_GROUP("Roaming", roaming),
    { .name = "Reconnect",
        .access = DM_E | DM_G,
        .format = DM_FORMAT_NODE,
        .permanent = true,
        .exec = DM_EXEC_RECONNECT,
        .verify = verify_reconnect,
        DM_CHILDREN(reconnect) },
    DM_GROUP("Bearer", bearer),
    DM_GROUP("Schedule", schedule),
    DM_GROUP("Status", status),
};
const struct dm_def dm_object_mobilevpn = DM_GROUP("MobileVPN", mobilevpn);
