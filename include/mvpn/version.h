/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The version of mvpn that these headers belong to; the running daemon's is the D-Bus property Version.
 */
#define MVPN_VERSION_STRING "0.1.0"
