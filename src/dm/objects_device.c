/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DevInfo and DevDetail (OMA-TS-DM_StdObj): what the device is. Read only; mvpn-dm tells the values.
 */
#include "dm/definition.h"

static const struct dm_def devinfo[] = {
    DM_READ("DevId", CHR, .initial = "unknown"),
    DM_READ("Man", CHR, .initial = "unknown"),
    DM_READ("Mod", CHR, .initial = "unknown"),
    DM_READ("DmV", CHR, .initial = "1.2"),
    DM_READ("Lang", CHR, .initial = "en-US"),
};
const struct dm_def dm_object_devinfo = DM_GROUP("DevInfo", devinfo);

static const struct dm_def uri_limits[] = {
    DM_READ("MaxDepth", CHR, .initial = "16"),
    DM_READ("MaxTotLen", CHR, .initial = "1024"),
    DM_READ("MaxSegLen", CHR, .initial = "200"),
};
static const struct dm_def devdetail[] = {
    DM_GROUP("URI", uri_limits),
    DM_READ("DevTyp", CHR, .initial = "handset"),
    DM_READ("OEM", CHR),
    DM_READ("FwV", CHR),
    DM_READ("SwV", CHR),
    DM_READ("HwV", CHR),
    DM_READ("LrgObj", BOOL, .initial = "true"),
};
const struct dm_def dm_object_devdetail = DM_GROUP("DevDetail", devdetail);
_Static_assert(DM_URI_DEPTH_MAX == 16 && DM_URI_BYTES_MAX == 1024 && DM_NAME_BYTES_MAX == 200, "DevDetail/URI says so");
