/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of nftables' notifications (linux/netfilter/nf_tables.h). The name of the table is the first attribute of every kind of message
 * about a part of one, so that one look suffices for rules, chains, sets, elements and objects. Whether a transaction was ours is told by the
 * process that the kernel names at its end: which number it has for us shows at the first generation that is certainly ours.
 */
#include "fw/monitor.h"

#include "base/macro.h"
#include "fw/batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE         "mvpn"
#define BUFFER_SIZE   (1024 * 1024) /* of the kernel: some thousand messages; one replacement of our table makes about 300 */
#define DATAGRAM_SIZE 32768
#define READ_MAX      4096 /* datagrams at a time, so that a storm does not hold up the repair */

/* Attributes 1 of all messages but the last. */
_Static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 && NFTA_SET_TABLE == 1 &&
                   NFTA_SET_ELEM_LIST_TABLE == 1 && NFTA_OBJ_TABLE == 1 && NFTA_FLOWTABLE_TABLE == 1,
    "the table's name has the same number everywhere");
#define ATTRIBUTE_TABLE 1

union datagram {
    struct nlmsghdr header;
    char bytes[DATAGRAM_SIZE];
};

int fw_monitor_open(struct fw_monitor *monitor)
{
    *monitor = (struct fw_monitor){ .fd = -1 };
    monitor->fd = batch_listen(NETLINK_NETFILTER, 1U << (NFNLGRP_NFTABLES - 1), BUFFER_SIZE);
    return MIN_OF(monitor->fd, 0);
}

void fw_monitor_own(struct fw_monitor *monitor, uint32_t generation)
{
    monitor->own_generations[monitor->n_own++ % FW_OWN_MAX] = generation;
}

static const char *find_attribute(const struct nlmsghdr *message, uint16_t type, size_t *ret_size)
{
    return batch_find(message, sizeof(struct nfgenmsg), type, ret_size);
}

static uint32_t find_u32(const struct nlmsghdr *message, uint16_t type)
{
    size_t size;
    const char *content = find_attribute(message, type, &size);
    uint32_t value;

    if (!content || size != sizeof(value))
        return 0;
    memcpy(&value, content, sizeof(value));
    return ntohl(value);
}

static bool is_about_us(const struct nlmsghdr *message)
{
    const struct nfgenmsg *nf = (const struct nfgenmsg *)NLMSG_DATA(message);
    size_t size;
    const char *table = find_attribute(message, ATTRIBUTE_TABLE, &size);

    return nf->nfgen_family == NFPROTO_INET && table && size == sizeof(TABLE) && memcmp(table, TABLE, size) == 0;
}

static bool is_ours(struct fw_monitor *monitor, uint32_t generation, uint32_t pid)
{
    for (size_t i = 0; i < FW_OWN_MAX; i++) {
        if (generation != 0 && monitor->own_generations[i] == generation) {
            monitor->own_pid = pid;
            return true;
        }
    }
    return pid != 0 && pid == monitor->own_pid;
}

/* A program chooses its name itself: nothing of it may break a line of the log. */
static void copy_name(const struct nlmsghdr *message, char ret[FW_PROGRAM_SIZE])
{
    size_t size = 0;
    const char *name = find_attribute(message, NFTA_GEN_PROC_NAME, &size);

    memset(ret, 0, FW_PROGRAM_SIZE);
    for (size_t i = 0; name && i < size && i < FW_PROGRAM_SIZE - 1 && name[i]; i++)
        ret[i] = name[i] < ' ' || name[i] > '~' ? '?' : name[i];
}

/* 1: this message ended a transaction of somebody else that concerned our table. */
static int take_message(struct fw_monitor *monitor, const struct nlmsghdr *message, struct fw_disturbance *ret)
{
    uint32_t pid;
    bool touched = monitor->touched;

    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)))
        return 0;
    if (NFNL_MSG_TYPE(message->nlmsg_type) != NFT_MSG_NEWGEN) {
        monitor->touched = touched || is_about_us(message);
        return 0;
    }
    monitor->touched = false;
    pid = find_u32(message, NFTA_GEN_PROC_PID);
    if (is_ours(monitor, find_u32(message, NFTA_GEN_ID), pid) || !touched)
        return 0;
    ret->pid = pid;
    copy_name(message, ret->program);
    return 1;
}

static bool take_datagram(struct fw_monitor *monitor, const union datagram *datagram, size_t n_bytes, struct fw_disturbance *ret)
{
    struct fw_disturbance later;
    bool disturbed = false;

    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= n_bytes;) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)(datagram->bytes + at);

        if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > n_bytes - at)
            break;
        disturbed = take_message(monitor, message, disturbed ? &later : ret) || disturbed;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
    return disturbed;
}

int fw_monitor_read(struct fw_monitor *monitor, struct fw_disturbance *ret)
{
    struct fw_disturbance later;
    bool disturbed = false, lost = false;
    union datagram datagram;

    for (unsigned i = 0; i < READ_MAX; i++) {
        struct sockaddr_nl from = { .nl_pid = 0 };
        socklen_t from_size = sizeof(from);
        ssize_t n = recvfrom(monitor->fd, &datagram, sizeof(datagram), MSG_TRUNC, (struct sockaddr *)&from, &from_size);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0 && errno != ENOBUFS)
            return -errno;
        if (n < 0 || (size_t)n > sizeof(datagram)) {
            lost = true;
            monitor->touched = false;
        } else if (from.nl_pid == 0) { /* the kernel; whatever a process sends is not news */
            disturbed = take_datagram(monitor, &datagram, (size_t)n, disturbed ? &later : ret) || disturbed;
        }
    }
    return disturbed ? 1 : lost ? -ENOBUFS : 0;
}
