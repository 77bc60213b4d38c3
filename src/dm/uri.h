/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Addresses of nodes in the management tree: "./Vendor/MSFT/VPNv2/My%20VPN?list=Struct" taken apart. Decides which names may exist at all:
 * control characters, "/", ".", ".." and "*" never do. "./Device/..." and "./SyncML/DMAcc" mean what they mean to Windows: the same node
 * without that prefix. Knows nothing of which nodes there are.
 */
#include <stdbool.h>
#include <stddef.h>

#define DM_URI_BYTES_MAX  1024
#define DM_URI_DEPTH_MAX  16
#define DM_NAME_BYTES_MAX 200

enum dm_uri_query {
    DM_URI_QUERY_NONE,
    DM_URI_QUERY_PROPERTY,
    DM_URI_QUERY_STRUCT,
    DM_URI_QUERY_STRUCT_DATA,
    DM_URI_QUERY_TNDS,
};

enum dm_property {
    DM_PROPERTY_ACL,
    DM_PROPERTY_FORMAT,
    DM_PROPERTY_NAME,
    DM_PROPERTY_TYPE,
    DM_PROPERTY_OPTIONAL, /* Size, Title, TStamp, VerNo: 406 */
};

struct dm_uri {
    unsigned n_names;
    const char *names[DM_URI_DEPTH_MAX]; /* decoded, inside text */
    enum dm_uri_query query;
    enum dm_property property;
    char text[DM_URI_BYTES_MAX + 1];
};

/* 0, or the status that answers it: 400 malformed or a name that may not be, 406 a query that is not supported, 414 too long. */
unsigned dm_uri_parse(const char *text, struct dm_uri *ret);

/* May a node be called that? */
bool dm_name_is_valid(const char *name);

/* The name as it stands in an address; buf takes DM_NAME_BYTES_MAX * 3 + 1. Returns buf. */
char *dm_name_encode(const char *name, char *buf, size_t size);
