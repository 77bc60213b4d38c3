/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The kernel's network configuration through rtnetlink: watches links, addresses and routes and gives them as a link set; of the neighbours
 * watches the routers that lead out, and no others; makes a `struct routing` so (tunnel interface, addresses, mvpn's tables and rules).
 * Owns everything of mvpn in routing, and removes it.
 * Never chooses a link, never touches a route or rule that is not mvpn's.
 */
#include "core/kernelesp.h"
#include "core/link.h"
#include "core/routing.h"

struct net;

/* What net_dispatch() saw. */
enum net_change {
    NET_CHANGE_LINKS = 1 << 0,       /* the link set differs from the last one given out */
    NET_CHANGE_TUNNEL_LOST = 1 << 1, /* deleted, set down, or an address taken, by somebody */
    NET_CHANGE_RULES = 1 << 2,       /* somebody removed a rule or route of ours: apply again */
    NET_CHANGE_NEIGHBOUR = 1 << 3,   /* net_pop_lost_neighbour() has some */
};

/* Opens sockets and dumps once. runtime_dir: where old values of sysctls are kept so that a crash does not lose them. */
int net_new(const char *interface, const char *runtime_dir, struct net **ret);
void net_free(struct net *net); /* changes nothing in the kernel: lockdown's routing stays */

/* Readable when net_dispatch() has work. */
int net_fd(const struct net *net);

/* Reads all that is there (a full dump again after ENOBUFS). Flags of enum net_change, or negative errno. */
int net_dispatch(struct net *net);

void net_get_links(struct net *net, struct link_set *ret);

/*
 * One that the outer routes of net_apply() lead to and that does not answer on its link any more, as the kernel found when something was sent;
 * each once. It may be back already. False: no more.
 */
bool net_pop_lost_neighbour(struct net *net, struct neighbour *ret);

/* Routes that contain one of these addresses are reported beside default routes (gateways of the policy and their resolutions). */
int net_set_interest(struct net *net, uint32_t n_addrs, const struct ip_addr *addrs);

/*
 * Makes it so: adds what is missing, then removes what is too much, in an order that never opens a way. Idempotent. `active` false removes
 * everything. Returns 0, or the first negative errno after having tried the rest. Without the tunnel device its addresses and routes are kept in
 * mind: net_tunnel_open() makes them. -EEXIST: a device of that name is somebody else's, and is left alone.
 */
int net_apply(struct net *net, const struct routing *routing);

/* Creates (or re-creates) the TUN device: no packet information, IPv6 autoconfiguration off, not persistent. The descriptor is the caller's. */
int net_tunnel_open(struct net *net, int *ret_fd);

/*
 * The same for the kernel's ESP: an interface of kind xfrm that bears TUNNEL_IF_ID. It stays when the process ends; without an SA of that id
 * the kernel drops what is routed into it.
 */
int net_tunnel_open_kernel(struct net *net);

/* Tries out what the kernel's ESP needs and leaves nothing behind. 0, or negative errno when nothing could be tried. */
int net_probe_kernel_esp(struct kernel_esp *ret);

/*
 * Removes SAs and policies that bear TUNNEL_IF_ID, of a daemon that died say. Only while no IKE of ours runs. net_apply() to inactive does it
 * too.
 */
int net_clear_esp(void);
