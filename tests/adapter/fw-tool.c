/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hand on src/fw for tests in other languages: reads lines from standard input, answers each with one line, works in the network namespace
 * that it was started in. Ends at end of file; what is installed stays. With --without-policies it runs as on a kernel without XFRM.
 *
 *   closed | disabled                   start anew: everything shut, or off
 *   gateway ADDR PORT                   add a row (PORT 0: the service's own); likewise: resolver, fetch
 *   lan PREFIX | tunnel ADDR | cellular NAME | usb | up
 *   apply                               install; "ok" or the error
 *   installed, policies                 "1" or "0": the table, the policies; or a negative errno
 *   dispatch                            look at what happened; "1" or "0": was it somebody else's doing?
 */
#include "fw/fw.h"
#include "unit/fw-cases.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static bool add_row(struct lockdown *l, const char *word, const char *value, uint16_t port)
{
    if (strcmp(word, "gateway") == 0)
        fw_case_add_peer(l->gateways, &l->n_gateways, value, port);
    else if (strcmp(word, "resolver") == 0)
        fw_case_add_peer(l->resolvers, &l->n_resolvers, value, port);
    else if (strcmp(word, "fetch") == 0)
        fw_case_add_peer(l->fetches, &l->n_fetches, value, port);
    else if (strcmp(word, "probe") == 0)
        fw_case_add_peer(l->probes, &l->n_probes, value, port);
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

/* The kernel's answer where it has no XFRM. */
static int hide_xfrm(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])), /* the lower half of it, on a small-endian machine */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_XFRM, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void answer(struct fw *fw, struct lockdown *lockdown, const char *line)
{
    char word[32] = "", value[64] = "";
    struct fw_disturbance who;
    unsigned port = 0;
    int n = sscanf(line, "%31s %63s %u", word, value, &port), r;

    if (strcmp(word, "apply") == 0) {
        r = fw_apply(fw, lockdown);
        printf("%s\n", r < 0 ? fw_error(fw) : "ok");
    } else if (strcmp(word, "installed") == 0) {
        printf("%d\n", fw_is_installed(fw));
    } else if (strcmp(word, "policies") == 0) {
        printf("%d\n", fw_has_policies(fw));
    } else if (strcmp(word, "dispatch") == 0) {
        printf("%d\n", fw_dispatch(fw, &who));
    } else if (n >= 2 ? add_row(lockdown, word, value, (uint16_t)port) : set_state(lockdown, word)) {
        printf("ok\n");
    } else {
        printf("unknown: %s", line);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct lockdown lockdown = { 0 };
    struct fw *fw;
    char line[256];

    if (argc > 1 && (strcmp(argv[1], "--without-policies") != 0 || hide_xfrm() < 0))
        return 2;
    if (fw_new(&fw) < 0)
        return 1;
    while (fgets(line, sizeof(line), stdin))
        answer(fw, &lockdown, line);
    fw_free(fw);
    return 0;
}
