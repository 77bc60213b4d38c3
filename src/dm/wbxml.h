/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * WBXML's own numbers (WAP-192-WBXML, 7.1), those that SyncML needs and those that must be recognised to be refused.
 */
#define WBXML_SWITCH_PAGE    0x00
#define WBXML_END            0x01
#define WBXML_ENTITY         0x02
#define WBXML_STR_I          0x03
#define WBXML_LITERAL        0x04
#define WBXML_EXT_I_0        0x40
#define WBXML_EXT_I_1        0x41
#define WBXML_EXT_I_2        0x42
#define WBXML_PI             0x43
#define WBXML_EXT_T_0        0x80
#define WBXML_EXT_T_1        0x81
#define WBXML_EXT_T_2        0x82
#define WBXML_STR_T          0x83
#define WBXML_EXT_0          0xc0
#define WBXML_EXT_1          0xc1
#define WBXML_EXT_2          0xc2
#define WBXML_OPAQUE         0xc3
#define WBXML_HAS_CONTENT    0x40 /* in a tag */
#define WBXML_HAS_ATTRIBUTES 0x80

#define WBXML_VERSION_1_2        0x02
#define WBXML_PUBLIC_ID_SYNCML10 0x0fd1
#define WBXML_PUBLIC_ID_SYNCML11 0x0fd3
#define WBXML_PUBLIC_ID_SYNCML12 0x1201
#define WBXML_CHARSET_ASCII      3 /* IANA's MIBenum */
#define WBXML_CHARSET_UTF8       106
