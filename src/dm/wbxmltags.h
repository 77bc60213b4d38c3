/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The tags of SyncML 1.2 in WBXML: code page 0 SyncML (OMA-TS-SyncML_RepPro 1.2), 1 MetInf (OMA-TS-SyncML_MetaInfo 1.2), 2 DM DDF
 * (OMA-TS-DM_TND 1.2.1). Decides nothing: names and numbers.
 */
#include <stdint.h>

#define DM_WBXML_PAGE_SYNCML 0
#define DM_WBXML_PAGE_METINF 1
#define DM_WBXML_PAGE_DDF    2

/* NULL: there is no such tag. */
const char *dm_wbxml_tag_name(unsigned page, uint8_t code);
/* 0: there is no such name on that page. */
uint8_t dm_wbxml_tag_code(unsigned page, const char *name);
/* URI; NULL: there is no such page. */
const char *dm_wbxml_page_namespace(unsigned page);
