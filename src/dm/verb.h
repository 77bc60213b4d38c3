/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which elements of a body are commands.
 */
#include "dm/message.h"

/* False: not a command (CmdID, Item, Final, ...), or one that no SyncML has. */
bool dm_verb_of(const char *name, enum dm_verb *ret);
