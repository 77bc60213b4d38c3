/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The management objects that this device has, as definitions: one file for each family. What a DDF says of a node (verbs, format, values,
 * whether it is always there) stands in these tables; what the nodes mean together is in the verify functions named there. Nothing here
 * touches the device: live values (DevInfo, Status) are told to the tree by mvpn-dm.
 */
#include "dm/tree.h"

/* The root, with everything below. */
const struct dm_def *dm_objects_root(void);

/* Its parts. */
extern const struct dm_def dm_object_devinfo;
extern const struct dm_def dm_object_devdetail;
extern const struct dm_def dm_object_dmacc;
extern const struct dm_def dm_object_dmclient;
extern const struct dm_def dm_object_vpnv2;
extern const struct dm_def dm_object_certificate_store;
extern const struct dm_def dm_object_client_certificate;
extern const struct dm_def dm_object_root_certificates;
extern const struct dm_def dm_object_mobilevpn;

#define DM_URI_VPNV2     "./Vendor/MSFT/VPNv2"
#define DM_URI_MOBILEVPN "./Vendor/mvpn/MobileVPN"
#define DM_URI_PROVIDER  "./Vendor/MSFT/DMClient/Provider"

/* VPNv2: judges all profiles together (at most one is always on). */
unsigned dm_vpn_verify(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error);
/* One profile: what LockDown forbids, crypto below the floor, what is not supported. */
unsigned dm_vpn_verify_profile(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error);
/* ProfileXML: the document takes the place of all other nodes of the profile. */
unsigned dm_vpn_expand_profile(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error);
