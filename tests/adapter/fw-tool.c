/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hand on src/fw for tests in other languages: reads lines from standard input, answers each with one line, works in the network namespace
 * that it was started in. Ends at end of file; the ruleset stays.
 *
 *   closed | disabled                   start anew: everything shut, or off
 *   gateway ADDR PORT                   add a row (PORT 0: the service's own); likewise: resolver, fetch
 *   lan PREFIX | tunnel ADDR | cellular NAME | usb | up
 *   apply                               install; "ok" or the error
 *   installed                           "1" or "0"
 */
#include "fw/fw.h"
#include "unit/fw-cases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_row(struct lockdown *l, const char *word, const char *value, uint16_t port)
{
    if (strcmp(word, "gateway") == 0)
        fw_case_add_peer(l->gateways, &l->n_gateways, value, port);
    else if (strcmp(word, "resolver") == 0)
        fw_case_add_peer(l->resolvers, &l->n_resolvers, value, port);
    else if (strcmp(word, "fetch") == 0)
        fw_case_add_peer(l->fetches, &l->n_fetches, value, port);
    else if (strcmp(word, "lan") == 0)
        fw_case_add_lan(l, value);
    else if (strcmp(word, "tunnel") == 0)
        fw_case_add_tunnel_addr(l, value);
    else if (strcmp(word, "cellular") == 0)
        snprintf(l->cellular_services[l->n_cellular_services++], IF_NAME_SIZE, "%s", value);
    else
        return false;
    return true;
}

static bool set_state(struct lockdown *l, const char *word)
{
    if (strcmp(word, "closed") == 0)
        fw_case_base(l);
    else if (strcmp(word, "disabled") == 0)
        memset(l, 0, sizeof(*l));
    else if (strcmp(word, "usb") == 0)
        l->allow_usb = true;
    else if (strcmp(word, "up") == 0)
        l->tunnel_up = true;
    else
        return false;
    return true;
}

static void answer(struct fw *fw, struct lockdown *lockdown, const char *line)
{
    char word[32] = "", value[64] = "";
    unsigned port = 0;
    int n = sscanf(line, "%31s %63s %u", word, value, &port), r;

    if (strcmp(word, "apply") == 0) {
        r = fw_apply(fw, lockdown);
        printf("%s\n", r < 0 ? fw_error(fw) : "ok");
    } else if (strcmp(word, "installed") == 0) {
        printf("%d\n", fw_is_installed(fw));
    } else if (n >= 2 ? add_row(lockdown, word, value, (uint16_t)port) : set_state(lockdown, word)) {
        printf("ok\n");
    } else {
        printf("unknown: %s", line);
    }
    fflush(stdout);
}

int main(void)
{
    struct lockdown lockdown = { 0 };
    struct fw *fw;
    char line[256];

    if (fw_new(&fw) < 0)
        return 1;
    while (fgets(line, sizeof(line), stdin))
        answer(fw, &lockdown, line);
    fw_free(fw);
    return 0;
}
