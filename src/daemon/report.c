/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What status shows, and what D-Bus calls do: the one place where the daemon's facts are put together for people.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <string.h>

const char *daemon_message(const struct daemon *daemon, const struct core_status *status, char *buf, size_t size)
{
    const char *sentence = reason_sentence(status->reason), *detail = NULL;

    switch (status->reason) {
    case REASON_CONFIG_INCOMPLETE:
        detail = daemon->config_error[0] ? daemon->config_error : settings_incomplete(daemon->settings);
        break;
    case REASON_CERTIFICATE_INVALID:
    case REASON_KEY_MISMATCH:
    case REASON_CERTIFICATE_EXPIRED:
        detail = daemon->credentials.detail[0] ? daemon->credentials.detail : daemon->detail;
        break;
    case REASON_INTERNAL_ERROR:
        detail = daemon->detail;
        break;
    default: /* the sentence says it all */
        break;
    }
    if (!detail || !detail[0])
        return sentence;
    snprintf(buf, size, "%s (%s)", sentence, detail);
    return buf;
}

static void report_management(const struct daemon *daemon, struct report *ret)
{
    const struct daemon_managed *managed = &daemon->managed;

    ret->managed = daemon_is_managed(daemon);
    ret->management_server = daemon->settings->management_server;
    ret->management_due_at_usec = due_deadline(&managed->due, &ret->core);
    ret->policy_generation = managed->present.generation;
    ret->policy_on_trial = managed->present.on_trial;
    ret->policy_rolled_back = managed->taken_back.generation;
    ret->policy_rolled_back_why = managed->taken_back.why[0] ? managed->taken_back.why : NULL;
}

static void get_report(void *userdata, struct report *ret)
{
    static char message[1024]; /* borrowed by the caller until the next call */
    static const char *const modes[] = { [KEEPALIVE_MODE_DETECT] = "detect", [KEEPALIVE_MODE_FIXED] = "fixed", [KEEPALIVE_MODE_OFF] = "off" };
    struct daemon *daemon = userdata;
    const struct policy *policy = &daemon->settings->policy;
    struct ike_stats stats = { 0 };

    memset(ret, 0, sizeof(*ret));
    core_get_status(daemon->core, &ret->core);
    ike_get_stats(daemon->ike, &stats);
    ret->message = daemon_message(daemon, &ret->core, message, sizeof(message));
    if (policy->n_gateways > 0) {
        ret->gateway_name = policy->gateways[ret->core.gateway_index].name;
        ret->gateway_identity = daemon->settings->remote_identity ? daemon->settings->remote_identity : ret->gateway_name;
    }
    ret->interface = policy->interface;
    ret->data_path = !daemon->path_known ? NULL : daemon->data_path.kernel ? "kernel" : "user";
    if (policy->n_dns > 0) {
        ret->n_dns = policy->n_dns;
        memcpy(ret->dns, policy->dns, sizeof(ret->dns));
    } else if (ret->core.has_tunnel) {
        ret->n_dns = ret->core.tunnel.n_dns;
        memcpy(ret->dns, ret->core.tunnel.dns, sizeof(ret->dns));
    }
    ret->rx_bytes = stats.rx_bytes;
    ret->tx_bytes = stats.tx_bytes;
    ret->keepalive_mode = modes[policy->keepalive_mode];
    ret->has_certificate = daemon->credentials.subject[0] != '\0';
    ret->certificate_subject = daemon->credentials.subject;
    ret->certificate_not_after_sec = daemon->credentials.credentials.not_after_sec;
    ret->user_may_disable = policy->user_may_disable;
    report_management(daemon, ret);
}
_Static_assert(sizeof(((struct report *)0)->dns) == sizeof(((struct policy *)0)->dns), "one size of DNS lists");

static uint32_t n_links(void *userdata)
{
    return core_n_links(((struct daemon *)userdata)->core);
}

static const struct link *get_link(void *userdata, uint32_t i, struct link_verdict *ret)
{
    return core_get_link(((struct daemon *)userdata)->core, i, ret);
}

static int refuse(int error, const char *name, const char *text, const char **ret_name, char *ret_text, size_t size)
{
    *ret_name = name;
    snprintf(ret_text, size, "%s", text);
    return error;
}

static int call_enable(struct daemon *daemon, const char **ret_name, char *ret_text, size_t size)
{
    if (!daemon->fw)
        return refuse(-EOPNOTSUPP, "LockdownFailed",
            "This kernel has no nftables, so lockdown cannot be kept. 'mvpnctl check' says what is missing.", ret_name, ret_text, size);
    daemon->store_error = 0;
    daemon_push_simple(daemon, EVENT_ENABLE);
    if (daemon->firewall_error < 0)
        return refuse(daemon->firewall_error, "LockdownFailed",
            "The firewall could not be installed; the journal of mvpnd says why.", ret_name, ret_text, size);
    if (daemon->store_error < 0)
        return refuse(daemon->store_error, "Failed",
            "The VPN is enabled now, but this could not be recorded: after a restart it would be as before. Is the disk full or read-only?",
            ret_name, ret_text, size);
    return 0;
}

static int call_disable(struct daemon *daemon)
{
    daemon->store_error = 0;
    daemon->disable_pending = true;
    daemon_push_simple(daemon, EVENT_DISABLE);
    return BUS_CALL_PENDING; /* finished by the turn that reaches disabled: perhaps it has been already */
}

static int call_wish(struct daemon *daemon, enum event_type type, const char **ret_name, char *ret_text, size_t size)
{
    if (daemon->last.state == STATE_DISABLED)
        return refuse(-EINVAL, "NotEnabled", "The VPN is disabled. 'mvpnctl enable' switches it on.", ret_name, ret_text, size);
    daemon_push_simple(daemon, type);
    return 0;
}

static int call(void *userdata, enum bus_call call, const char **ret_name, char *ret_text, size_t size)
{
    struct daemon *daemon = userdata;
    int r;

    switch (call) {
    case BUS_CALL_ENABLE:
        return call_enable(daemon, ret_name, ret_text, size);
    case BUS_CALL_DISABLE:
        return call_disable(daemon);
    case BUS_CALL_CONNECT:
        return call_wish(daemon, EVENT_CONNECT, ret_name, ret_text, size);
    case BUS_CALL_DISCONNECT:
        return call_wish(daemon, EVENT_DISCONNECT, ret_name, ret_text, size);
    case BUS_CALL_RELOAD:
        r = daemon_reload(daemon, ret_text, size);
        *ret_name = "ConfigurationInvalid";
        return r;
    }
    return -EINVAL;
}

static int call_policy(
    void *userdata, enum bus_policy_call call, const struct bus_policy_arguments *arguments, struct bus_policy_answer *answer)
{
    switch (call) {
    case BUS_POLICY_CHECK:
        return daemon_check_policy(userdata, arguments->text, answer);
    case BUS_POLICY_APPLY:
        return daemon_apply_policy(userdata, arguments->text, answer);
    case BUS_POLICY_ROLLBACK:
        return daemon_rollback_policy(userdata, answer);
    case BUS_POLICY_GET:
        daemon_get_policy(userdata, answer);
        return 0;
    case BUS_POLICY_SET_DUE:
        daemon_set_due(userdata, arguments->home_in_usec, arguments->roaming_in_usec);
        return 0;
    }
    return -EINVAL;
}

static void connection_changed(void *userdata, struct sd_bus *connection)
{
    struct daemon *daemon = userdata;

    daemon->system_bus = connection;
    sys_set_bus(daemon->sys, connection);
    resolver_free(daemon->resolver); /* made again, with or without the bus, for the next name */
    daemon->resolver = NULL;
}

const struct bus_ops daemon_bus_ops = {
    .call = call,
    .get_report = get_report,
    .n_links = n_links,
    .get_link = get_link,
    .connection_changed = connection_changed,
    .policy = call_policy,
};
