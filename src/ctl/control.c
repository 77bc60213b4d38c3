/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that change something. The daemon has done it when they return; --wait goes on until the tunnel is up.
 */
#include "ctl/agent.h"
#include "ctl/client.h"
#include "ctl/wait.h"

#include <mvpn/dbus.h>

#include <unistd.h>

/* A person on a terminal may be asked for a password. *ret_bus stays open for --wait. */
static int call_interactively(const char *method, sd_bus **ret_bus, sd_bus_error *error)
{
    struct agent agent;
    int r;

    r = client_connect(ret_bus);
    if (r < 0)
        return r;
    agent_start(&agent);
    r = client_call(*ret_bus, method, isatty(STDIN_FILENO), error, NULL);
    agent_stop(&agent);
    return r;
}

static enum ctl_exit call(const char *method, sd_bus **ret_bus)
{
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = call_interactively(method, ret_bus, &error);

    return r < 0 ? client_explain(r, &error) : CTL_DONE;
}

static enum ctl_exit call_and_wait(const struct ctl_options *options, const char *method)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    enum ctl_exit status = call(method, &bus);

    if (status != CTL_DONE || !options->wait)
        return status;
    return wait_connected(bus, options->wait_usec);
}

enum ctl_exit ctl_enable(const struct ctl_options *options)
{
    enum ctl_exit status = call_and_wait(options, "Enable");

    if (status == CTL_NOT_RUNNING)
        complain("nothing was changed; once mvpnd runs, repeat 'mvpnctl enable'.");
    return status;
}

enum ctl_exit ctl_connect(const struct ctl_options *options)
{
    return call_and_wait(options, "Connect");
}

enum ctl_exit ctl_disconnect(const struct ctl_options *options)
{
    _cleanup_bus_ sd_bus *bus = NULL;

    (void)options;
    return call("Disconnect", &bus);
}

enum ctl_exit ctl_reload(const struct ctl_options *options)
{
    _cleanup_bus_ sd_bus *bus = NULL;

    (void)options;
    return call("Reload", &bus);
}

enum ctl_exit ctl_disable(const struct ctl_options *options)
{
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    _cleanup_bus_ sd_bus *bus = NULL;
    int r;

    r = call_interactively("Disable", &bus, &error);
    if (r >= 0)
        return CTL_DONE;
    /* It may have died with the call in its hands. */
    if (client_is_absence(r, &error) ||
        (sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY) && !client_has_owner(bus, MVPN_BUS_NAME)))
        return offline_disable(&options->paths);
    return client_explain(r, &error);
}
