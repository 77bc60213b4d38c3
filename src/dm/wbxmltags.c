/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three tables, each beginning at code 5. NULL stands where the specification left a gap.
 */
#include "dm/wbxmltags.h"
#include "base/macro.h"

#include <stddef.h>
#include <string.h>

#define FIRST_CODE 5

/* clang-format off */
static const char *const SYNCML[] = {
    "Add", "Alert", "Archive", "Atomic", "Chal", "Cmd", "CmdID", "CmdRef", "Copy", "Cred", "Data", /* 05 */
    "Delete", "Exec", "Final", "Get", "Item", "Lang", "LocName", "LocURI", "Map", "MapItem", "Meta", "MsgID", "MsgRef", "NoResp", "NoResults",
    "Put", /* 1f */
    "Replace", "RespURI", "Results", "Search", "Sequence", "SessionID", "SftDel", "Source", "SourceRef", "Status", "Sync", "SyncBody", "SyncHdr",
    "SyncML", "Target", "TargetRef", /* 2f */
    NULL, "VerDTD", "VerProto", "NumberOfChanges", "MoreData", "Field", "Filter", "Record", "FilterType", "SourceParent", "TargetParent", "Move",
    "Correlator", /* 3c */
};

static const char *const METINF[] = {
    "Anchor", "EMI", "Format", "FreeID", "FreeMem", "Last", "Mark", "MaxMsgSize", "Mem", "MetInf", "Next", /* 05 */
    "NextNonce", "SharedMem", "Size", "Type", "Version", "MaxObjSize", "FieldLevel", /* 16 */
};

static const char *const DDF[] = {
    "AccessType", "ACL", "Add", "b64", "bin", "bool", "chr", "CaseSense", "CIS", "Copy", "CS", /* 05 */
    "date", "DDFName", "DefaultValue", "Delete", "Description", "DFFormat", "DFProperties", "DFTitle", "DFType", "Dynamic", "Exec", "float",
    "Format", "Get", "int", "Man", /* 1f */
    "MgmtTree", "MIME", "Mod", "Name", "Node", "node", "NodeName", "null", "Occurrence", "One", "OneOrMore", "OneOrN", "Path", "Permanent",
    "Replace", "RTProperties", /* 2f */
    "Scope", "Size", "time", "Title", "TStamp", "Type", "Value", "VerDTD", "VerNo", "xml", "ZeroOrMore", "ZeroOrN", "ZeroOrOne", /* 3c */
};
/* clang-format on */

_Static_assert(ELEMENTSOF(SYNCML) == 0x3c - FIRST_CODE + 1, "SyncML's tags go from 05 to 3c");
_Static_assert(ELEMENTSOF(METINF) == 0x16 - FIRST_CODE + 1, "MetInf's tags go from 05 to 16");
_Static_assert(ELEMENTSOF(DDF) == 0x3c - FIRST_CODE + 1, "DDF's tags go from 05 to 3c");

static const struct page {
    const char *ns;
    const char *const *names;
    size_t n_names;
} PAGES[] = {
    [DM_WBXML_PAGE_SYNCML] = { "SYNCML:SYNCML1.2", SYNCML, ELEMENTSOF(SYNCML) },
    [DM_WBXML_PAGE_METINF] = { "syncml:metinf", METINF, ELEMENTSOF(METINF) },
    [DM_WBXML_PAGE_DDF] = { "syncml:dmddf1.2", DDF, ELEMENTSOF(DDF) },
};

const char *dm_wbxml_tag_name(unsigned page, uint8_t code)
{
    if (page >= ELEMENTSOF(PAGES) || code < FIRST_CODE || (size_t)(code - FIRST_CODE) >= PAGES[page].n_names)
        return NULL;
    return PAGES[page].names[code - FIRST_CODE];
}

uint8_t dm_wbxml_tag_code(unsigned page, const char *name)
{
    for (size_t i = 0; page < ELEMENTSOF(PAGES) && i < PAGES[page].n_names; i++)
        if (PAGES[page].names[i] && strcmp(PAGES[page].names[i], name) == 0)
            return (uint8_t)(i + FIRST_CODE);
    return 0;
}

const char *dm_wbxml_page_namespace(unsigned page)
{
    return page < ELEMENTSOF(PAGES) ? PAGES[page].ns : NULL;
}
