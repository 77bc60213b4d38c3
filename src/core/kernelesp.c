/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table: part, kernel option. A part that could not be tried for want of a right counts as missing, under its own sentence.
 */
#include "core/kernelesp.h"

#include "base/strbuf.h"

#include <errno.h>

static const char *const options[N_KERNEL_ESP_PARTS] = {
    [KERNEL_ESP_XFRM] = "CONFIG_XFRM_USER",
    [KERNEL_ESP_INTERFACE] = "CONFIG_XFRM_INTERFACE",
    [KERNEL_ESP_CIPHER] = "CONFIG_CRYPTO_GCM",
    [KERNEL_ESP_IPV4] = "CONFIG_INET_ESP",
    [KERNEL_ESP_IPV6] = "CONFIG_INET6_ESP",
    [KERNEL_ESP_WATCH] = "CONFIG_PACKET",
};

void kernel_esp_missing(const struct kernel_esp *can, char *ret, size_t size)
{
    struct strbuf list;

    strbuf_init(&list, ret, size);
    for (unsigned i = 0; i < N_KERNEL_ESP_PARTS; i++)
        if (can->error[i] < 0)
            strbuf_add(&list, "%s%s", list.length_bytes > 0 ? " " : "", options[i]);
}

static bool not_permitted(const struct kernel_esp *can)
{
    for (unsigned i = 0; i < N_KERNEL_ESP_PARTS; i++)
        if (can->error[i] == -EPERM || can->error[i] == -EACCES)
            return true;
    return false;
}

void data_path_choose(enum data_path wish, const struct kernel_esp *can, struct data_path_choice *ret)
{
    char missing[DATA_PATH_WHY_SIZE / 2];
    struct strbuf why;

    *ret = (struct data_path_choice){ .possible = true };
    strbuf_init(&why, ret->why, sizeof(ret->why));
    if (wish == DATA_PATH_USER) {
        strbuf_add(&why, "ESP runs in user space, as configured.");
        return;
    }
    kernel_esp_missing(can, missing, sizeof(missing));
    ret->kernel = missing[0] == '\0';
    if (ret->kernel) {
        ret->offload = offload_judge(can->release);
        strbuf_add(&why, "ESP runs in the kernel, which has all that it needs.");
        return;
    }
    ret->possible = wish != DATA_PATH_KERNEL;
    if (!ret->possible)
        strbuf_add(&why, "DataPath=kernel is not possible: ");
    else
        strbuf_add(&why, "ESP runs in user space: ");
    if (not_permitted(can))
        strbuf_add(
            &why, "what the kernel can do may not be tried (CAP_NET_ADMIN and CAP_NET_RAW are missing).");
    else
        strbuf_add(&why, "this kernel lacks %s.", missing);
    if (!ret->possible)
        strbuf_add(&why, " Use a kernel with it, or set DataPath=auto.");
}
