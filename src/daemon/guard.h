/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * With the kernel's ESP the tunnel would outlive its daemon: SAs stay when a process dies, and nobody would hear the gateway, renew the keys
 * or judge the path any more. A small process of its own waits for the daemon's end, however it comes, and removes them at that moment;
 * lockdown stays. It sleeps, costs no wake-up, and ends with the daemon.
 */

/* The descriptor that keeps it waiting: it acts when all copies of it are closed. Negative errno: there is none. Before other threads exist. */
int guard_start(const char *runtime_dir);
