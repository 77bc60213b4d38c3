/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Compares a text with the file fw-golden/NAME.ENDING; a difference is shown by diff. FW_GOLDEN_WRITE=1 writes the files anew (then read what
 * `git diff` says).
 */
void fw_golden_check(const char *name, const char *ending, const char *text);
