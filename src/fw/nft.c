/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installs lockdown: the ruleset, and the XFRM policies around its transaction (xfrm.c), narrowed before it and widened after it. Whole
 * rulesets go in by libnftables, in process. Remembers what was installed last and which generation of rules that made, so that a change of
 * addresses is a change of elements; after anybody's change of any table since then, the whole ruleset goes in again.
 * The context stays: the kernel lets go of a nftables socket only after an RCU grace period, many times as long as the transaction.
 */
#include "fw/fw.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/flows.h"
#include "fw/links.h"
#include "fw/monitor.h"
#include "fw/netlink.h"
#include "fw/render.h"
#include "fw/xfrm.h"
#include "fw/xfrm_monitor.h"

#include <nftables/libnftables.h>

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>

#define TABLE      "mvpn"
#define ERROR_SIZE 512

struct fw {
    struct nft_ctx *ctx;
    struct fw_netlink netlink;
    struct fw_monitor monitor;
    bool installed; /* `last` is what the kernel has, as far as we know */
    struct lockdown last;
    uint32_t generation; /* of the kernel's rulesets, after that */
    struct fw_xfrm xfrm;
    int xfrm_monitor_fd, links_fd; /* -1: not there */
    int epoll_fd; /* all that fw_dispatch() reads */
    int policies_result; /* of the last change of policies */
    struct fw_links links;
    struct fw_policies wanted;
    char error[ERROR_SIZE];
};

/* libnftables ends the process where it gets no socket; so our own comes first. */
static int open_nftables(struct fw *fw)
{
    uint32_t generation;
    int r = fw_netlink_open(&fw->netlink);

    if (r >= 0)
        r = fw_netlink_generation(&fw->netlink, &generation);
    if (r < 0)
        return r;
    fw->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
    return !fw->ctx || nft_ctx_buffer_error(fw->ctx) || nft_ctx_buffer_output(fw->ctx) ? -ENOMEM : 0;
}

/* The policies are one layer more: whatever is not to be had of them, the ruleset stands without. */
static void open_policies(struct fw *fw)
{
    fw->policies_result = fw_xfrm_open(&fw->xfrm);
    if (fw->policies_result < 0)
        return;
    fw->xfrm_monitor_fd = fw_xfrm_monitor_open(fw->xfrm.sender);
    fw->links_fd = fw_links_open_monitor();
    fw_links_read(&fw->links);
}

/* The rules stand without it, too: fw_fd() tells. */
static void open_monitors(struct fw *fw)
{
    if (fw_monitor_open(&fw->monitor) < 0)
        return;
    fw->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < 3; i++) {
        const int fds[] = { fw->monitor.fd, fw->xfrm_monitor_fd, fw->links_fd };
        struct epoll_event event = { .events = EPOLLIN };

        if (fds[i] >= 0 && epoll_ctl(fw->epoll_fd, EPOLL_CTL_ADD, fds[i], &event) < 0)
            close_fd(&fw->epoll_fd);
    }
}

int fw_new(struct fw **ret)
{
    struct fw *fw = calloc(1, sizeof(*fw));
    int r;

    if (!fw)
        return -ENOMEM;
    fw->monitor.fd = fw->xfrm.fd = fw->xfrm_monitor_fd = fw->links_fd = fw->epoll_fd = -1;
    r = open_nftables(fw);
    if (r < 0) {
        fw_free(fw);
        return r;
    }
    open_policies(fw);
    open_monitors(fw);
    *ret = fw;
    return 0;
}

void fw_free(struct fw *fw)
{
    if (!fw)
        return;
    if (fw->ctx)
        nft_ctx_free(fw->ctx);
    close_fd(&fw->netlink.fd);
    close_fd(&fw->monitor.fd);
    close_fd(&fw->xfrm.fd);
    close_fd(&fw->xfrm_monitor_fd);
    close_fd(&fw->links_fd);
    close_fd(&fw->epoll_fd);
    free(fw);
}

const char *fw_error(const struct fw *fw)
{
    return fw->error;
}

/* libnftables returns -1 and a text that ends in strerror()'s words. */
static int errno_of_text(const char *text)
{
    static const int KNOWN[] = { EPERM, ENOENT, EOPNOTSUPP, ENOMEM, ENOBUFS, ENOSPC, EMSGSIZE, EBUSY, EEXIST, EINVAL, EINTR };

    for (size_t i = 0; i < ELEMENTSOF(KNOWN); i++) {
        if (strstr(text, strerrordesc_np(KNOWN[i])))
            return -KNOWN[i];
    }
    return -EIO;
}

/* Keeps the first line: what follows it is the ruleset with carets below. */
static void remember_error(struct fw *fw, const char *text)
{
    size_t length = strcspn(text, "\n");

    if (length >= sizeof(fw->error))
        length = sizeof(fw->error) - 1;
    memcpy(fw->error, text, length);
    fw->error[length] = '\0';
}

/*
 * Gives memory back. libnftables keeps what it read about every table in the kernel (half a megabyte for each) until a command fails, and has
 * no call for it: so a command that it cannot even parse. Our own change has made all that stale anyhow.
 */
static void let_go(struct fw *fw)
{
    nft_run_cmd_from_buffer(fw->ctx, "?\n");
    nft_ctx_get_error_buffer(fw->ctx);
    malloc_trim(0);
}

static int run_batch(struct fw *fw, const char *batch)
{
    int r = nft_run_cmd_from_buffer(fw->ctx, batch);
    const char *text = nft_ctx_get_error_buffer(fw->ctx);

    if (r != 0) {
        remember_error(fw, text && *text ? text : "libnftables gave no reason");
        r = errno_of_text(fw->error);
    }
    let_go(fw);
    return r;
}

static int apply_whole(struct fw *fw, const struct lockdown *lockdown)
{
    _cleanup_free_ char *text = malloc(FW_RULESET_MAX_BYTES);
    struct strbuf batch;

    if (!text) {
        remember_error(fw, "no memory");
        return -ENOMEM;
    }
    strbuf_init(&batch, text, FW_RULESET_MAX_BYTES);
    fw_render(lockdown, &batch);
    if (batch.truncated) {
        remember_error(fw, "the ruleset is too long");
        return -E2BIG;
    }
    return run_batch(fw, batch.text);
}

/*
 * -EAGAIN where only the whole will do. Also where nothing differs: then the caller wants the ruleset to be there, and whether it still is only
 * a whole transaction can make sure.
 */
static int apply_elements(struct fw *fw, const struct lockdown *lockdown)
{
    if (!fw->installed || !fw_same_shape(&fw->last, lockdown) || memcmp(&fw->last, lockdown, sizeof(*lockdown)) == 0)
        return -EAGAIN;
    return fw_netlink_update(&fw->netlink, fw->generation, &fw->last, lockdown);
}

/*
 * Which generation did our transaction make? Only where exactly one came to be since `before` it is ours for certain; where others were at
 * work meanwhile, the next change goes in as a whole.
 */
static void remember_generation(struct fw *fw, bool before_is_known, uint32_t before)
{
    fw->installed = before_is_known && fw_netlink_generation(&fw->netlink, &fw->generation) == 0 && fw->generation == before + 1;
    if (fw->installed)
        fw_monitor_own(&fw->monitor, fw->generation);
}

/*
 * A repair, and no policies that hold meanwhile: libnftables needs milliseconds for the whole, this a fraction of one. Where policies hold,
 * nothing is gained by it, and our own packets would be lost. Generations: as in remember_generation(); true where the present one is known.
 */
static bool shut_at_once(struct fw *fw, bool is_known, uint32_t *generation)
{
    const uint32_t before = *generation;

    if (!fw->last.active || fw->policies_result == 0 || fw_netlink_shut(&fw->netlink, TABLE) < 0)
        return is_known;
    if (!is_known || fw_netlink_generation(&fw->netlink, generation) < 0 || *generation != before + 1)
        return false;
    fw_monitor_own(&fw->monitor, *generation);
    return true;
}

static int apply_table(struct fw *fw, const struct lockdown *lockdown)
{
    uint32_t before = 0;
    bool is_known = fw_netlink_generation(&fw->netlink, &before) == 0;
    int r = apply_elements(fw, lockdown);

    if (r < 0) {
        bool from_open = lockdown->active && fw_netlink_has_table(&fw->netlink, TABLE) == 0;
        /* Where policies hold, what is cut off by a change does not come as far as the ruleset's reset. */
        bool cuts = from_open || (fw->policies_result == 0 && fw->last.active && lockdown->active && !fw_same_shape(&fw->last, lockdown));

        if (from_open)
            is_known = shut_at_once(fw, is_known, &before);
        r = apply_whole(fw, lockdown);
        if (r == 0 && cuts)
            fw_flows_end(lockdown);
    }
    if (r == 0)
        remember_generation(fw, is_known, before);
    return r;
}

/* Without the monitor there is no telling: then every time. */
static void renew_links(struct fw *fw)
{
    if (fw->xfrm.fd >= 0 && (fw->links_fd < 0 || fw_links_drain_monitor(fw->links_fd)))
        fw_links_read(&fw->links);
}

static int apply_policies(struct fw *fw, int (*change)(struct fw_xfrm *, const struct fw_policies *))
{
    if (fw->xfrm.fd >= 0)
        fw->policies_result = change(&fw->xfrm, &fw->wanted);
    return fw->policies_result == -EOPNOTSUPP ? 0 : fw->policies_result;
}

int fw_apply(struct fw *fw, const struct lockdown *lockdown)
{
    int r, p;

    if (memcmp(&fw->last, lockdown, sizeof(*lockdown)) == 0)
        fw_xfrm_distrust(&fw->xfrm); /* the caller wants it to be there */
    renew_links(fw);
    fw_policies_make(lockdown, &fw->links, &fw->wanted);
    apply_policies(fw, fw_xfrm_narrow);
    r = apply_table(fw, lockdown);
    if (r < 0 && lockdown->active)
        return r;
    /* Removal: each, also when the other fails. */
    p = apply_policies(fw, fw_xfrm_widen);
    if (r == 0 && p < 0 && !lockdown->active) {
        remember_error(fw, "the XFRM policies could not be removed");
        r = p;
    }
    if (r < 0)
        return r;
    fw->last = *lockdown;
    fw->error[0] = '\0';
    return 0;
}

int fw_policies_result(const struct fw *fw)
{
    return fw->policies_result;
}

int fw_has_policies(struct fw *fw)
{
    return fw_xfrm_is_installed(&fw->xfrm);
}

int fw_is_installed(struct fw *fw)
{
    int r = fw_netlink_has_table(&fw->netlink, TABLE);

    if (r < 0)
        remember_error(fw, strerrordesc_np(-r) ? strerrordesc_np(-r) : "unknown error");
    return r;
}

int fw_fd(const struct fw *fw)
{
    return fw->epoll_fd;
}

static int dispatch_table(struct fw *fw, struct fw_disturbance *ret)
{
    uint32_t generation;
    int r = fw_monitor_read(&fw->monitor, ret);

    if (r == -ENOBUFS) {
        /* Not all was told. No harm is done where the last that happened is ours (and what we did ourselves cannot set us off again). */
        bool is_ours = fw->installed && fw_netlink_generation(&fw->netlink, &generation) == 0 && generation == fw->generation;
        r = is_ours ? 0 : 1;
    }
    return r;
}

/* Interfaces by other numbers, other addresses of ours: the policies follow. */
static void follow_links(struct fw *fw)
{
    struct fw_links before = fw->links;

    renew_links(fw);
    if (!fw->last.active || memcmp(&before, &fw->links, sizeof(before)) == 0)
        return;
    fw_policies_make(&fw->last, &fw->links, &fw->wanted);
    if (apply_policies(fw, fw_xfrm_narrow) == 0)
        apply_policies(fw, fw_xfrm_widen);
}

int fw_dispatch(struct fw *fw, struct fw_disturbance *ret)
{
    struct fw_disturbance who = { .pid = 0 }; /* of policies it cannot be told */
    int r = dispatch_table(fw, &who), p;

    if (fw->links_fd >= 0)
        follow_links(fw);
    p = fw->xfrm_monitor_fd >= 0 ? fw_xfrm_monitor_read(fw->xfrm_monitor_fd) : 0;
    if (p != 0)
        fw_xfrm_distrust(&fw->xfrm);
    if (r != 1 && p != 1)
        return MIN_OF(r, p);
    *ret = who;
    return 1;
}
