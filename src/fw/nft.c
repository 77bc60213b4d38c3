/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installs the text by libnftables, in process. The context lives for one transaction: libnftables keeps what it read from the kernel, and
 * a daemon that is idle should hold none of it. Remembers what it installed last, so that a change of addresses is a change of elements;
 * after anybody's change of any table since then (the generation tells), the whole ruleset goes in again.
 */
#include "fw/fw.h"

#include "base/cleanup.h"
#include "fw/probe.h"
#include "fw/render.h"

#include <nftables/libnftables.h>

#include <errno.h>
#include <string.h>

#define ERROR_SIZE 512

struct fw {
    bool installed; /* `last` is what the kernel has, as far as we know */
    struct lockdown last;
    uint32_t generation; /* of the kernel's rulesets, after that */
    char error[ERROR_SIZE];
    char text[FW_RULESET_MAX_BYTES];
};

static void cleanup_nft(struct nft_ctx **ctx)
{
    if (*ctx)
        nft_ctx_free(*ctx);
}

int fw_new(struct fw **ret)
{
    uint32_t generation;
    struct fw *fw;
    int r = fw_probe_generation(&generation);

    if (r < 0)
        return r;
    fw = calloc(1, sizeof(*fw));
    if (!fw)
        return -ENOMEM;
    *ret = fw;
    return 0;
}

void fw_free(struct fw *fw)
{
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

static int run_batch(struct fw *fw, const char *batch)
{
    _cleanup_(cleanup_nft) struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
    const char *text;

    if (!ctx || nft_ctx_buffer_error(ctx) || nft_ctx_buffer_output(ctx)) {
        remember_error(fw, "libnftables cannot be started");
        return -ENOMEM;
    }
    if (nft_run_cmd_from_buffer(ctx, batch) == 0)
        return 0;
    text = nft_ctx_get_error_buffer(ctx);
    remember_error(fw, text && *text ? text : "libnftables gave no reason");
    return errno_of_text(fw->error);
}

static int apply_elements(struct fw *fw, const struct lockdown *lockdown)
{
    struct strbuf batch;

    strbuf_init(&batch, fw->text, sizeof(fw->text));
    fw_render_update(&fw->last, lockdown, &batch);
    /* Nothing differs: the caller wants the ruleset to be there, and whether it still is only a whole transaction can make sure. */
    if (batch.truncated || batch.length_bytes == 0)
        return -EAGAIN;
    return run_batch(fw, batch.text);
}

static int apply_whole(struct fw *fw, const struct lockdown *lockdown)
{
    struct strbuf batch;

    strbuf_init(&batch, fw->text, sizeof(fw->text));
    fw_render(lockdown, &batch);
    if (batch.truncated) {
        remember_error(fw, "the ruleset is too long");
        return -E2BIG;
    }
    return run_batch(fw, batch.text);
}

static bool is_untouched(const struct fw *fw)
{
    uint32_t generation;

    return fw->installed && fw_probe_generation(&generation) == 0 && generation == fw->generation;
}

int fw_apply(struct fw *fw, const struct lockdown *lockdown)
{
    int r = -EAGAIN;

    if (is_untouched(fw) && fw_same_shape(&fw->last, lockdown))
        r = apply_elements(fw, lockdown);
    if (r < 0)
        r = apply_whole(fw, lockdown);
    if (r < 0)
        return r;
    fw->installed = fw_probe_generation(&fw->generation) == 0;
    fw->last = *lockdown;
    fw->error[0] = '\0';
    return 0;
}

int fw_is_installed(struct fw *fw)
{
    int r = fw_probe_table("mvpn");

    if (r < 0)
        remember_error(fw, strerrordesc_np(-r) ? strerrordesc_np(-r) : "unknown error");
    return r;
}
