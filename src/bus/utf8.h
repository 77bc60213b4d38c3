/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Text that came from outside (certificates' names, interface names) made valid for JSON and D-Bus, which take UTF-8 only.
 * Decides nothing about what is printable: that is the terminal's business.
 */

/* A malloc'd copy in which every byte that is not valid UTF-8 (RFC 3629) is U+FFFD; NULL when there is no memory. */
char *utf8_clean(const char *text);
