/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which of the two data paths is used: what the configuration wishes, against what this kernel was found to be able to do. The wish for the
 * kernel's is never replaced silently; "auto" takes the kernel's where every part of it is there. Says why, naming kernel options.
 * Never tries anything out: that is src/net's (net_probe_kernel_esp).
 */
#include "core/offload.h"

#include <stdbool.h>
#include <stddef.h>

enum data_path { DATA_PATH_AUTO, DATA_PATH_KERNEL, DATA_PATH_USER };

/* What the kernel's path needs, in the order in which it is tried. */
enum kernel_esp_part {
    KERNEL_ESP_XFRM,      /* SAs and policies by netlink */
    KERNEL_ESP_INTERFACE, /* the tunnel interface */
    KERNEL_ESP_CIPHER,    /* AES-GCM for ESP */
    KERNEL_ESP_IPV4,      /* ESP in UDP */
    KERNEL_ESP_IPV6,      /* error 0 also where the kernel has no IPv6 at all */
    KERNEL_ESP_WATCH,     /* packet sockets: how the first outbound packet is noticed */
};
#define N_KERNEL_ESP_PARTS (KERNEL_ESP_WATCH + 1)

#define KERNEL_RELEASE_SIZE 65

struct kernel_esp {
    int error[N_KERNEL_ESP_PARTS]; /* 0: there; negative errno of the try */
    char release[KERNEL_RELEASE_SIZE]; /* as uname has it: what of it is sound cannot be tried */
};

#define DATA_PATH_WHY_SIZE 384

struct data_path_choice {
    bool possible; /* false: the kernel's is asked for and cannot be had */
    bool kernel;
    enum offload offload; /* of keepalives; OFFLOAD_LACKING where ESP is not the kernel's */
    char why[DATA_PATH_WHY_SIZE]; /* a sentence; with what to do where it is not possible */
};

/* `can` is looked at only where the wish is not DATA_PATH_USER. */
void data_path_choose(enum data_path wish, const struct kernel_esp *can, struct data_path_choice *ret);

/* "CONFIG_XFRM_INTERFACE CONFIG_INET_ESP": what a kernel must be built with for the missing parts; "" when none is missing. */
void kernel_esp_missing(const struct kernel_esp *can, char *ret, size_t size);
