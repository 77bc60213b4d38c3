/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A fresh network namespace for each test of src/net, with a sysfs and a runtime directory of its own, and the words to look at it with
 * iproute2's eyes. Ends with the process. Never touches the machine's own network.
 */
#include "net/net.h"

#include <stddef.h>

#define LAB_RUNTIME_DIR "/run"
#define LAB_MARK        0x4d56

/* false: not root, or no namespaces here. */
bool lab_possible(void);

/* The calling process moves into a new, empty network namespace with `lo` up. */
void lab_enter(void);

/* Runs it with sh; a failing command fails the test. */
void lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What it prints, without the last newline; owned by the caller, never NULL. */
char *lab_output(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The whole of rules, routes, addresses, links and the settings that src/net may touch; owned by the caller. */
char *lab_everything(void);

/*
 * Dispatches until all of these changes were reported, at most 30 s (the kernel has one lock for all namespaces of the machine); gives all
 * that were.
 */
int lab_wait(struct net *net, int wanted);

/* Dispatches until nothing has come for 200 ms; gives all reported changes. */
int lab_settle(struct net *net);

/* The link of that name in the present set, NULL when it is not there; valid until the next call. */
const struct link *lab_link(struct net *net, const char *name);

int lab_ifindex(const char *name);
struct ip_addr lab_addr(const char *text);
struct ip_prefix lab_prefix(const char *text);

/* v0 with 10.0.0.1/24 and fd00::1/64, a neighbour namespace behind it that answers as 10.0.0.2, fd00::2, and default routes over it. */
void lab_base_link(void);

/* Active, one gateway of each family over v0, addresses and default subnets for both families. */
void lab_routing(struct routing *ret);
