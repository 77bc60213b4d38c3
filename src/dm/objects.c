/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root and the two vendors' folders.
 */
#include "dm/definition.h"

const struct dm_def *dm_objects_root(void)
{
    static struct dm_def microsoft[5], mvpn[1], vendors[2], top[4], root;

    if (root.children)
        return &root;
    microsoft[0] = dm_object_dmclient;
    microsoft[1] = dm_object_vpnv2;
    microsoft[2] = dm_object_certificate_store;
    microsoft[3] = dm_object_client_certificate;
    microsoft[4] = dm_object_root_certificates;
    mvpn[0] = dm_object_mobilevpn;
    vendors[0] = (struct dm_def)DM_GROUP("MSFT", microsoft);
    vendors[1] = (struct dm_def)DM_GROUP("mvpn", mvpn);
    top[0] = dm_object_devinfo;
    top[1] = dm_object_devdetail;
    top[2] = dm_object_dmacc;
    top[3] = (struct dm_def)DM_GROUP("Vendor", vendors);
    root = (struct dm_def)DM_GROUP(".", top);
    return &root;
}
