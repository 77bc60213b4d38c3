/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * An SA of the kernel's as a netlink message (xfrm_usersa_info and its attributes), read and written anew: the same SA with another keepalive
 * interval, from a sequence number on that it cannot have reached meanwhile. Bytes to bytes: never talks to the kernel. What is in them is
 * secret.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

#define SAMSG_BYTES_MAX 8192

/* Of an answer to XFRM_MSG_GETSA. False: that is not one. */
bool samsg_is_sa(const struct nlmsghdr *sa, size_t n_bytes);

struct samsg_facts {
    bool in_udp; /* ESP in UDP (RFC 3948), which keepalives are for */
    bool has_keys; /* false: they were withheld (a kernel in lockdown for confidentiality) */
    bool extended; /* extended sequence numbers (RFC 4303, 2.2.1) */
    bool exhausted; /* its sequence numbers are all but used up */
    uint32_t keepalive_sec; /* 0: none */
};
void samsg_look(const struct nlmsghdr *sa, struct samsg_facts *ret);

/*
 * A request (XFRM_MSG_NEWSA) that makes the SA again with all that it has: keys, marks, lifetimes, counters, sequence number. keepalive_sec: 0:
 * none; SAMSG_AS_IT_IS. ret: SAMSG_BYTES_MAX bytes, aligned for netlink. 0; -EMSGSIZE: it does not fit.
 */
#define SAMSG_AS_IT_IS UINT32_MAX
int samsg_write(const struct nlmsghdr *sa, uint32_t keepalive_sec, struct nlmsghdr *ret);
