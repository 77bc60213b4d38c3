/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * enroll, unenroll, sync, dm show: the commands that mvpn-dm carries out. Shows what it tells meanwhile.
 */
#include "ctl/ctl.h"

enum ctl_exit ctl_enroll(const struct ctl_options *options);
enum ctl_exit ctl_unenroll(const struct ctl_options *options);
enum ctl_exit ctl_sync(const struct ctl_options *options);
enum ctl_exit ctl_dm(const struct ctl_options *options);
