/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XFRM's messages about policies (linux/xfrm.h). There are no transactions: each message counts when it is read, in their order. A policy is
 * the same one to the kernel when selector, mark and direction are, whatever it does; so changing one is one message, with no moment between.
 */
#include "fw/xfrm.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/batch.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#define TRIES_MAX 4 /* others may change policies while we do */
#define SENDER_BIT                                                                                           \
    0x80000000U /* so that it is not the process number which other libraries write there, ours included */

/* Some changes on their way. */
struct changes {
    struct fw_xfrm *xfrm;
    int result; /* the first error */
    struct batch batch;
};

int fw_xfrm_open(struct fw_xfrm *xfrm)
{
    const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
    struct sockaddr_nl ours;
    socklen_t size = sizeof(ours);
    _cleanup_close_ int fd = batch_open(NETLINK_XFRM);

    memset(xfrm, 0, sizeof(*xfrm));
    xfrm->fd = -1;
    if (fd < 0)
        return fd;
    if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
        getsockname(fd, (struct sockaddr *)&ours, &size) < 0)
        return -errno;
    xfrm->sender = SENDER_BIT | ours.nl_pid;
    xfrm->fd = steal_fd(&fd);
    return 0;
}

void fw_xfrm_distrust(struct fw_xfrm *xfrm)
{
    xfrm->known = false;
}

static void set_prefix(const struct ip_prefix *prefix, xfrm_address_t *ret_addr, uint8_t *ret_length)
{
    memcpy(ret_addr, prefix->addr.bytes, ip_addr_size(prefix->addr.family));
    *ret_length = prefix->length;
}

static void translate(const struct fw_policy *policy, struct fw_xfrm_policy *ret)
{
    struct xfrm_selector *selector = &ret->selector;

    memset(ret, 0, sizeof(*ret));
    selector->user = FW_XFRM_TAG;
    selector->family = policy->family == 4 ? AF_INET : AF_INET6;
    set_prefix(&policy->source, &selector->saddr, &selector->prefixlen_s);
    set_prefix(&policy->destination, &selector->daddr, &selector->prefixlen_d);
    selector->proto = policy->protocol;
    selector->sport = htons(policy->source_port);
    selector->sport_mask = policy->source_port ? UINT16_MAX : 0;
    selector->dport = htons(policy->destination_port);
    selector->dport_mask = policy->destination_port ? UINT16_MAX : 0;
    selector->ifindex = policy->ifindex;
    ret->mark = (struct xfrm_mark){ .v = policy->mark, .m = policy->mark ? UINT32_MAX : 0 };
    ret->priority = policy->level;
    ret->direction = policy->direction == FW_DIRECTION_OUT ? XFRM_POLICY_OUT : XFRM_POLICY_FWD;
    ret->action = policy->allow ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK;
}

static bool is_same_one(const struct fw_xfrm_policy *a, const struct fw_xfrm_policy *b)
{
    return memcmp(&a->selector, &b->selector, sizeof(a->selector)) == 0 &&
           memcmp(&a->mark, &b->mark, sizeof(a->mark)) == 0 && a->direction == b->direction;
}

static bool does_the_same(const struct fw_xfrm_policy *a, const struct fw_xfrm_policy *b)
{
    return a->priority == b->priority && a->action == b->action;
}

/* ---- what the kernel has ---- */

/* One policy of a dump; 0: it is not ours. */
static int take_policy(struct fw_xfrm *xfrm, const struct nlmsghdr *message)
{
    struct xfrm_userpolicy_info info; /* a copy: netlink aligns to four bytes, this has eight */
    struct fw_xfrm_policy *policy = &xfrm->has[xfrm->n_has];
    const void *mark;
    size_t size;

    if (message->nlmsg_type != XFRM_MSG_NEWPOLICY || message->nlmsg_len < NLMSG_LENGTH(sizeof(info)))
        return 0;
    memcpy(&info, NLMSG_DATA(message), sizeof(info));
    if (info.sel.user != FW_XFRM_TAG)
        return 0;
    if (xfrm->n_has == ELEMENTSOF(xfrm->has))
        return -E2BIG;
    memset(policy, 0, sizeof(*policy));
    policy->selector = info.sel;
    policy->priority = info.priority;
    policy->direction = info.dir;
    policy->action = info.action;
    mark = batch_find(message, sizeof(info), XFRMA_MARK, &size);
    if (mark && size == sizeof(policy->mark))
        memcpy(&policy->mark, mark, sizeof(policy->mark));
    xfrm->n_has++;
    return 0;
}

/* 1: the dump has ended. */
static int take_datagram(struct fw_xfrm *xfrm, const union batch_answer *answer, size_t n_bytes)
{
    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= n_bytes;) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)(answer->bytes + at);
        int r;

        if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > n_bytes - at)
            return -EBADMSG;
        if (message->nlmsg_type == NLMSG_DONE)
            return 1;
        r = batch_error_of(message);
        r = r == 1 ? take_policy(xfrm, message) : r == 0 ? -EBADMSG : r;
        if (r < 0)
            return r;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
    return 0;
}

static int look(struct fw_xfrm *xfrm)
{
    const struct xfrm_userpolicy_id all = { .dir = 0 };
    union batch_answer answer;
    struct batch batch;
    int r;

    xfrm->n_has = 0;
    batch_init(&batch, ++xfrm->sequence);
    batch_start(&batch, XFRM_MSG_GETPOLICY, NLM_F_DUMP, &all, sizeof(all));
    batch_end(&batch);
    r = batch_send(xfrm->fd, &batch);
    while (r == 0) {
        r = batch_receive(xfrm->fd, batch.sequence, &answer);
        if (r >= 0)
            r = take_datagram(xfrm, &answer, (size_t)r);
    }
    return MIN_OF(r, 0);
}

int fw_xfrm_is_installed(struct fw_xfrm *xfrm)
{
    int r;

    if (xfrm->fd < 0)
        return -EOPNOTSUPP;
    xfrm->known = false;
    r = look(xfrm);
    return r < 0 && r != -E2BIG ? r : xfrm->n_has > 0;
}

/* ---- changes ---- */

static void start_batch(struct changes *changes)
{
    batch_init(&changes->batch, ++changes->xfrm->sequence);
    changes->batch.sender = changes->xfrm->sender;
}

static void send_changes(struct changes *changes)
{
    int r = changes->batch.n_bytes > 0 ? batch_run(changes->xfrm->fd, &changes->batch) : 0;

    if (r < 0 && changes->result == 0)
        changes->result = r;
    start_batch(changes);
}

/* One message with the policy's mark behind it. */
static void put_message(
    struct changes *changes, uint16_t type, const void *body, size_t n_bytes, const struct xfrm_mark *mark)
{
    if (changes->batch.n_bytes + NLMSG_SPACE(n_bytes) + NLA_HDRLEN + sizeof(*mark) >
        sizeof(changes->batch.bytes))
        send_changes(changes);
    batch_start(&changes->batch, type, NLM_F_ACK, body, n_bytes);
    if (mark->m != 0)
        batch_put(&changes->batch, XFRMA_MARK, mark, sizeof(*mark));
    batch_end(&changes->batch);
}

static struct fw_xfrm_policy *find(struct fw_xfrm *xfrm, const struct fw_xfrm_policy *policy)
{
    for (uint32_t i = 0; i < xfrm->n_has; i++) {
        if (is_same_one(&xfrm->has[i], policy))
            return &xfrm->has[i];
    }
    return NULL;
}

/* Adds it, or makes the same one do this. */
static void put(struct changes *changes, const struct fw_xfrm_policy *policy)
{
    struct fw_xfrm *xfrm = changes->xfrm;
    struct fw_xfrm_policy *had = find(xfrm, policy);
    struct xfrm_userpolicy_info info = {
        .sel = policy->selector,
        .priority = policy->priority,
        .dir = policy->direction,
        .action = policy->action,
        .lft = { .soft_byte_limit = XFRM_INF,
            .hard_byte_limit = XFRM_INF,
            .soft_packet_limit = XFRM_INF,
            .hard_packet_limit = XFRM_INF },
    };

    if (!had && xfrm->n_has == ELEMENTSOF(xfrm->has)) {
        changes->result = -E2BIG;
        return;
    }
    put_message(changes, XFRM_MSG_UPDPOLICY, &info, sizeof(info), &policy->mark);
    *(had ? had : &xfrm->has[xfrm->n_has++]) = *policy;
}

static void drop(struct changes *changes, struct fw_xfrm_policy *policy)
{
    struct xfrm_userpolicy_id id = { .sel = policy->selector, .dir = policy->direction };

    put_message(changes, XFRM_MSG_DELPOLICY, &id, sizeof(id), &policy->mark);
    *policy = changes->xfrm->has[--changes->xfrm->n_has];
}

/* Those with this action that are missing or do something else. */
static void put_missing(struct changes *changes, const struct fw_policies *wanted, bool allow)
{
    for (uint32_t i = 0; i < wanted->n_policies; i++) {
        struct fw_xfrm_policy policy;
        const struct fw_xfrm_policy *had;

        if (wanted->policies[i].allow != allow)
            continue;
        translate(&wanted->policies[i], &policy);
        had = find(changes->xfrm, &policy);
        if (!had || !does_the_same(had, &policy))
            put(changes, &policy);
    }
}

static bool is_wanted(const struct fw_policies *wanted, const struct fw_xfrm_policy *had)
{
    for (uint32_t i = 0; i < wanted->n_policies; i++) {
        struct fw_xfrm_policy policy;

        translate(&wanted->policies[i], &policy);
        if (is_same_one(&policy, had))
            return true;
    }
    return false;
}

/* Those with this action that nobody wants. How many were there? */
static unsigned drop_surplus(struct changes *changes, const struct fw_policies *wanted, uint8_t action)
{
    unsigned n_dropped = 0;

    for (uint32_t i = changes->xfrm->n_has; i > 0; i--) {
        struct fw_xfrm_policy *had = &changes->xfrm->has[i - 1];

        if (had->action != action || is_wanted(wanted, had))
            continue;
        drop(changes, had);
        n_dropped++;
    }
    return n_dropped;
}

/* The policies that block whatever the others do not name. Putting them, also again, makes every socket look for its way anew. */
static void put_rest(struct changes *changes, const struct fw_policies *wanted)
{
    for (uint32_t i = 0; i < wanted->n_policies; i++) {
        struct fw_xfrm_policy policy;

        if (wanted->policies[i].level != FW_LEVEL_REST)
            continue;
        translate(&wanted->policies[i], &policy);
        put(changes, &policy);
    }
}

static bool is_open(struct fw_xfrm *xfrm, const struct fw_policies *wanted)
{
    for (uint32_t i = 0; i < wanted->n_policies; i++) {
        struct fw_xfrm_policy policy;
        const struct fw_xfrm_policy *had;

        if (wanted->policies[i].level != FW_LEVEL_REST)
            continue;
        translate(&wanted->policies[i], &policy);
        had = find(xfrm, &policy);
        if (!had || !does_the_same(had, &policy))
            return true;
    }
    return false;
}

static void narrow(struct changes *changes, const struct fw_policies *wanted)
{
    if (wanted->n_policies == 0)
        return;
    if (is_open(changes->xfrm, wanted))
        put_missing(changes, wanted, true);
    put_missing(changes, wanted, false);
    if (drop_surplus(changes, wanted, XFRM_POLICY_ALLOW) > 0)
        put_rest(changes, wanted);
}

static void widen(struct changes *changes, const struct fw_policies *wanted)
{
    drop_surplus(changes, wanted, XFRM_POLICY_ALLOW);
    drop_surplus(changes, wanted, XFRM_POLICY_BLOCK);
    put_missing(changes, wanted, true);
}

/* One round, from what is kept in mind or from what is there. */
static int change_once(struct fw_xfrm *xfrm, const struct fw_policies *wanted,
    void (*make)(struct changes *, const struct fw_policies *))
{
    struct changes changes = { .xfrm = xfrm };
    int seen = xfrm->known ? 0 : look(xfrm);

    if (seen < 0 && seen != -E2BIG)
        return seen;
    start_batch(&changes);
    make(&changes, wanted);
    send_changes(&changes);
    xfrm->known = seen == 0 && changes.result == 0;
    return changes.result < 0 ? changes.result : seen;
}

/* What is kept in mind may be wrong, and others may be at work: then again. */
static int change(struct fw_xfrm *xfrm, const struct fw_policies *wanted,
    void (*make)(struct changes *, const struct fw_policies *))
{
    int r = -EOPNOTSUPP;

    for (unsigned i = 0; xfrm->fd >= 0 && r < 0 && i < TRIES_MAX; i++)
        r = change_once(xfrm, wanted, make);
    return r;
}

int fw_xfrm_narrow(struct fw_xfrm *xfrm, const struct fw_policies *wanted)
{
    return change(xfrm, wanted, narrow);
}

int fw_xfrm_widen(struct fw_xfrm *xfrm, const struct fw_policies *wanted)
{
    return change(xfrm, wanted, widen);
}
