/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installs whole rulesets by libnftables, in process. Remembers what was installed last and which generation of rules that made, so that a
 * change of addresses is a change of elements; after anybody's change of any table since then, the whole ruleset goes in again.
 * The context stays: the kernel lets go of a nftables socket only after an RCU grace period, many times as long as the transaction.
 */
#include "fw/fw.h"

#include "base/cleanup.h"
#include "fw/flows.h"
#include "fw/monitor.h"
#include "fw/netlink.h"
#include "fw/render.h"

#include <nftables/libnftables.h>

#include <errno.h>
#include <malloc.h>
#include <string.h>

#define ERROR_SIZE 512

struct fw {
    struct nft_ctx *ctx;
    struct fw_netlink netlink;
    struct fw_monitor monitor;
    bool installed; /* `last` is what the kernel has, as far as we know */
    struct lockdown last;
    uint32_t generation; /* of the kernel's rulesets, after that */
    char error[ERROR_SIZE];
};

/* libnftables ends the process where it gets no socket; so our own comes first. */
static int open_both(struct fw *fw)
{
    uint32_t generation;
    int r = fw_netlink_open(&fw->netlink);

    if (r >= 0)
        r = fw_netlink_generation(&fw->netlink, &generation);
    if (r < 0)
        return r;
    fw->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
    if (!fw->ctx || nft_ctx_buffer_error(fw->ctx) || nft_ctx_buffer_output(fw->ctx))
        return -ENOMEM;
    fw_monitor_open(&fw->monitor); /* the rules stand without it, too: fw_fd() tells */
    return 0;
}

int fw_new(struct fw **ret)
{
    struct fw *fw = calloc(1, sizeof(*fw));
    int r;

    if (!fw)
        return -ENOMEM;
    fw->monitor.fd = -1;
    r = open_both(fw);
    if (r < 0) {
        fw_free(fw);
        return r;
    }
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

int fw_apply(struct fw *fw, const struct lockdown *lockdown)
{
    uint32_t before = 0;
    bool before_is_known = fw_netlink_generation(&fw->netlink, &before) == 0;
    int r = apply_elements(fw, lockdown);

    if (r < 0) {
        bool from_open = lockdown->active && fw_netlink_has_table(&fw->netlink, "mvpn") == 0;

        r = apply_whole(fw, lockdown);
        if (r == 0 && from_open)
            fw_flows_end(lockdown);
    }
    if (r < 0)
        return r;
    remember_generation(fw, before_is_known, before);
    fw->last = *lockdown;
    fw->error[0] = '\0';
    return 0;
}

int fw_is_installed(struct fw *fw)
{
    int r = fw_netlink_has_table(&fw->netlink, "mvpn");

    if (r < 0)
        remember_error(fw, strerrordesc_np(-r) ? strerrordesc_np(-r) : "unknown error");
    return r;
}

int fw_fd(const struct fw *fw)
{
    return fw->monitor.fd;
}

int fw_dispatch(struct fw *fw, struct fw_disturbance *ret)
{
    struct fw_disturbance who = { .pid = 0 };
    uint32_t generation;
    int r = fw_monitor_read(&fw->monitor, &who);

    if (r == -ENOBUFS) {
        /* Not all was told. No harm is done where the last that happened is ours (and what we did ourselves cannot set us off again). */
        bool is_ours = fw->installed && fw_netlink_generation(&fw->netlink, &generation) == 0 && generation == fw->generation;
        r = is_ours ? 0 : 1;
    }
    if (r == 1)
        *ret = who;
    return r;
}
