/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data path: chosen by core/kernelesp.h from the wish and from what the kernel was found to do, and the tunnel interface that goes with it.
 * "auto" tries the kernel only when a tunnel is wanted: while the VPN is off nothing of it is touched, and no module is loaded for it.
 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "daemon/guard.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

static void judge(const struct settings *settings, struct data_path_choice *ret)
{
    struct kernel_esp can = { 0 };

    if (settings->data_path != DATA_PATH_USER) {
        int r = net_probe_kernel_esp(&can);
        if (r < 0)
            can.error[KERNEL_ESP_XFRM] = r;
    }
    data_path_choose(settings->data_path, &can, ret);
}

void daemon_take_path(struct daemon *daemon, const struct data_path_choice *choice)
{
    bool differs = daemon->path_known && choice->kernel != daemon->data_path.kernel;

    if (!daemon->path_known || strcmp(choice->why, daemon->data_path.why) != 0)
        journal_say(choice->possible ? LOG_INFO : LOG_ERR, "%s", choice->why);
    daemon->data_path = *choice;
    daemon->path_known = true;
    if (!differs || !daemon->tunnel_open)
        return;
    /* IKE ends first: its data path must not be given an interface of the other kind */
    ike_stop(daemon->ike);
    daemon->ike_runs = false;
    daemon_lose_tunnel(daemon);
    daemon_open_tunnel(daemon);
}

bool daemon_uses_kernel(struct daemon *daemon)
{
    struct data_path_choice choice;

    if (!daemon->path_known) {
        judge(daemon->settings, &choice);
        daemon_take_path(daemon, &choice);
    }
    return daemon->data_path.kernel;
}

void daemon_settle_path(struct daemon *daemon)
{
    struct data_path_choice choice;

    if (daemon->settings->data_path == DATA_PATH_AUTO)
        return;
    judge(daemon->settings, &choice);
    daemon_take_path(daemon, &choice);
    if (choice.possible)
        return;
    daemon->settings->policy.complete =
        false; /* nothing is attempted, everything is blocked, status says why */
    snprintf(daemon->config_error, sizeof(daemon->config_error), "%s", choice.why);
}

int daemon_rejudge_path(struct daemon *daemon, const struct settings *settings, struct data_path_choice *ret,
    char *ret_error_text, size_t size)
{
    *ret = (struct data_path_choice){ .possible = false };
    if (settings->data_path == DATA_PATH_AUTO && !daemon->path_known)
        return 0;
    judge(settings, ret);
    if (ret->possible)
        return 0;
    snprintf(ret_error_text, size, "%s", ret->why);
    return -EOPNOTSUPP;
}

void daemon_start_guard(struct daemon *daemon)
{
    int r;

    if (daemon->guard_fd >= 0 || !daemon_uses_kernel(daemon))
        return;
    r = guard_start(daemon->paths.runtime_dir);
    if (r < 0)
        journal_say(LOG_WARNING,
            "There is no guard: if mvpnd crashes, the tunnel's keys stay in the kernel: %s", strerror(-r));
    else
        daemon->guard_fd = r;
}

void daemon_open_tunnel(struct daemon *daemon)
{
    int r;

    if (!daemon->ike_runs)
        (void)net_clear_esp(); /* what a crash left */
    r = daemon_uses_kernel(daemon) ? net_tunnel_open_kernel(daemon->net)
                                   : net_tunnel_open(daemon->net, &daemon->tun_fd);

    daemon->tunnel_open = r >= 0;
    if (r < 0) {
        daemon->tun_fd = -1;
        journal_say(LOG_ERR, "The tunnel interface could not be created: %s", strerror(-r));
        return;
    }
    if (daemon->ike_runs)
        ike_set_tun(daemon->ike, daemon->tun_fd);
    if (daemon->sys)
        sys_tunnel_made(daemon->sys);
}

void daemon_lose_tunnel(struct daemon *daemon)
{
    daemon_deafen(daemon);
    close_fd(&daemon->tun_fd);
    daemon->tunnel_open = false;
}
