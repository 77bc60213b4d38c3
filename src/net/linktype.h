/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What kind of interface is this? From what rtnetlink says (kind, hardware type, master) and what sysfs says (DEVTYPE, wireless, driver).
 * Decides the type and whether the device can wake the machine; never whether a link is used.
 */
#include "core/link.h"

/* rtnetlink's part. */
struct link_facts {
    int ifindex;
    char name[IF_NAME_SIZE];
    uint16_t hardware;       /* ARPHRD_* */
    char kind[IF_NAME_SIZE]; /* IFLA_INFO_KIND, "" for hardware */
    bool bridge_port;        /* enslaved to a bridge */
    bool peer_elsewhere;     /* its other end lives in another network namespace */
};

enum link_type link_type_of(const struct link_facts *facts);

/* device/power/wakeup is enabled, and a wired card wakes for more than magic packets. */
bool link_wakes(const struct link_facts *facts);

/* device/power/wakeup is enabled: it may, if there is something to wake for. */
bool link_may_wake(const struct link_facts *facts);
