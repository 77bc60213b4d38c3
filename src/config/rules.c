/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules between keys, and what a configuration needs to be complete. Pure.
 */
#include "config/rules.h"

#include "base/macro.h"

#include <stdio.h>
#include <string.h>

/* low= must not be longer than high=. */
static void check_order(const struct settings *settings, enum config_key_id low, enum config_key_id high,
    rules_report report, void *userdata)
{
    const struct config_key *l = config_key(low), *h = config_key(high);
    usec_t low_usec = *(const usec_t *)((const char *)settings + l->offset);
    usec_t high_usec = *(const usec_t *)((const char *)settings + h->offset);
    char low_text[24], high_text[24], text[256];

    if (low_usec <= high_usec)
        return;
    snprintf(text, sizeof(text),
        "%s= (%s) is longer than %s= (%s) in [%s]; shorten the first or lengthen the second", l->name,
        usec_format(low_usec, low_text, sizeof(low_text)), h->name,
        usec_format(high_usec, high_text, sizeof(high_text)), l->section);
    report(userdata, low, high, text);
}

static void check_cellular(const struct settings *settings, rules_report report, void *userdata)
{
    for (uint32_t i = 0; i < settings->policy.n_cellular_services; i++)
        if (strcmp(settings->policy.cellular_services[i], settings->policy.interface) == 0)
            report(userdata, KEY_ALLOW_CELLULAR, KEY_INTERFACE,
                "AllowCellularServices= names the tunnel's own interface; write the interface of the MMS or "
                "IMS bearer");
}

void rules_check(const struct settings *settings, rules_report report, void *userdata)
{
    check_order(settings, KEY_INITIAL_DELAY, KEY_MAX_DELAY, report, userdata);
    check_order(settings, KEY_KEEPALIVE_MIN_INTERVAL, KEY_KEEPALIVE_MAX_INTERVAL, report, userdata);
    check_cellular(settings, report, userdata);
}
