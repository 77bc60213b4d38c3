/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Report to fields. The order of the fields is the order of the documents; a field that does not apply is there and null, so that the
 * shape of a document never changes under a script.
 */
#include "bus/status_model.h"

#include "base/macro.h"

#include <assert.h>

static const struct {
    const char *key;
    const char *property;
} parts[] = {
    [STATUS_PART_TOP] = { "", "" },
    [STATUS_PART_GATEWAY] = { "gateway", "Gateway" },
    [STATUS_PART_BASE_LINK] = { "base_link", "BaseLink" },
    [STATUS_PART_TUNNEL] = { "tunnel", "Tunnel" },
    [STATUS_PART_NAT] = { "nat", "Nat" },
    [STATUS_PART_KEEPALIVE] = { "keepalive", "Keepalive" },
    [STATUS_PART_RETRY] = { "retry", "Retry" },
    [STATUS_PART_CERTIFICATE] = { "certificate", "Certificate" },
    [STATUS_PART_MANAGEMENT] = { "management", "Management" },
};
_Static_assert(ELEMENTSOF(parts) == N_STATUS_PARTS, "every part has its names");

const char *status_part_key(enum status_part part)
{
    return parts[part].key;
}

const char *status_part_property(enum status_part part)
{
    return parts[part].property;
}

static struct status_field *add(struct status_object *o, const char *key, enum status_kind kind, bool known)
{
    struct status_field *f = &o->fields[o->n_fields++];

    assert(o->n_fields <= STATUS_FIELDS_MAX);
    *f = (struct status_field){ .key = key, .bus_key = key, .kind = kind, .is_null = !known };
    return f;
}

static struct status_field *add_flag(struct status_object *o, const char *key, bool known, bool flag)
{
    struct status_field *f = add(o, key, STATUS_KIND_FLAG, known);

    f->flag = flag;
    return f;
}

static struct status_field *add_text(struct status_object *o, const char *key, const char *text)
{
    struct status_field *f = add(o, key, STATUS_KIND_TEXT, text != NULL);

    f->text = text;
    return f;
}

static struct status_field *add_count(struct status_object *o, const char *key, bool known, uint64_t count)
{
    struct status_field *f = add(o, key, STATUS_KIND_COUNT, known);

    f->count = count;
    return f;
}

static struct status_field *add_time(
    struct status_object *o, const char *key, enum status_kind kind, bool known, usec_t usec)
{
    struct status_field *f = add(o, key, kind, known);

    f->usec = usec;
    return f;
}

static void add_addresses(
    struct status_object *o, const char *key, const struct ip_addr *addrs, uint32_t n_addrs)
{
    struct status_field *f = add(o, key, STATUS_KIND_ADDRESSES, true);

    f->addrs = addrs;
    f->n_addrs = n_addrs;
}

static void describe_top(const struct report *report, struct status_object *o)
{
    const struct core_status *core = &report->core;

    add_flag(o, "enabled", true, core->enabled)->bus_key = "Enabled";
    add_text(o, "state", state_name(core->state))->bus_key = "State";
    add_text(o, "reason", reason_name(core->reason))->bus_key = "Reason";
    add_text(o, "message", report->message ? report->message : "")->bus_key = "Message";
    add_time(o, "since", STATUS_KIND_AGE, true, core->since_at_usec)->bus_key = "SinceAt";
    add_flag(o, "internet_blocked", true, core->internet_blocked)->bus_key = "InternetBlocked";
    add_flag(o, "push_supported", true, core->push_supported)->bus_key = "PushSupported";
    add_flag(o, "on_demand", true, core->on_demand)->bus_key = "OnDemand";
}

static void describe_gateway(const struct report *report, struct status_object *o)
{
    const struct core_status *core = &report->core;
    struct status_field *f;

    add_text(o, "name", report->gateway_name);
    f = add(o, "address", STATUS_KIND_ADDRESS, core->has_gateway && core->gateway_addr.family != 0);
    f->addrs = &core->gateway_addr;
    f->n_addrs = 1;
    add_text(o, "identity", report->gateway_identity);
}

static void describe_base_link(const struct report *report, struct status_object *o)
{
    const struct link *link = &report->core.base_link;
    bool known = report->core.has_base_link;

    add_text(o, "interface", known ? link->name : NULL);
    add_text(o, "type", known ? link_type_name(link->type) : NULL);
    add_flag(o, "metered", known, link->metered);
    add_flag(o, "roaming", known, link->roaming);
    add_flag(o, "wake_on_incoming", known, link->wake_on_incoming);
    add_count(o, "mtu", known, link->mtu);
}

static void describe_tunnel(const struct report *report, struct status_object *o)
{
    const struct core_status *core = &report->core;

    add_text(o, "interface", report->interface);
    add_text(o, "data_path", report->data_path);
    add_addresses(o, "addresses", core->tunnel.addrs, core->has_tunnel ? core->tunnel.n_addrs : 0);
    add_addresses(o, "dns", report->dns, report->n_dns);
    add_count(o, "mtu", core->has_tunnel && core->tunnel_mtu, core->tunnel_mtu);
    add_count(o, "rx_bytes", core->enabled, report->rx_bytes)->counts = true;
    add_count(o, "tx_bytes", core->enabled, report->tx_bytes)->counts = true;
}

static void describe_nat(const struct report *report, struct status_object *o)
{
    const struct core_status *core = &report->core;
    bool expires = core->nat_lifetime_usec != 0 && core->nat_lifetime_usec != USEC_INFINITY;

    add_flag(o, "detected", core->has_tunnel, core->tunnel.nat);
    add_time(o, "lifetime", STATUS_KIND_SPAN, expires, core->nat_lifetime_usec);
    add_text(o, "method", nat_method_name(core->nat_method));
    add_flag(o, "detecting", core->has_tunnel, core->nat_detecting);
}

static void describe_keepalive(const struct report *report, struct status_object *o)
{
    const struct core_status *core = &report->core;

    add_text(o, "mode", report->keepalive_mode);
    add_time(
        o, "interval", STATUS_KIND_SPAN, core->keepalive_interval_usec != 0, core->keepalive_interval_usec);
    add_count(o, "sent", true, core->n_keepalives_sent)->counts = true;
    add_count(o, "suppressed", true, core->n_keepalives_suppressed)->counts = true;
}

static void describe_retry(const struct report *report, struct status_object *o)
{
    const struct core_status *core = &report->core;

    add_count(o, "attempt", true, core->retry_attempt);
    add_time(o, "next_in", STATUS_KIND_DEADLINE, core->retry_at_usec != USEC_INFINITY, core->retry_at_usec)
        ->bus_key = NULL; /* the property RetryNextAt */
}

static void describe_certificate(const struct report *report, struct status_object *o)
{
    struct status_field *f;

    add_text(o, "subject", report->has_certificate ? report->certificate_subject : NULL);
    f = add(o, "expires_in", STATUS_KIND_DATE, report->has_certificate);
    f->bus_key = "expires_at";
    f->date_sec = report->certificate_not_after_sec;
}

static void describe_management(const struct report *report, struct status_object *o)
{
    add_flag(o, "managed", true, report->managed);
    add_text(o, "server", report->management_server);
    add_flag(o, "user_may_disable", true, report->user_may_disable);
    add_count(o, "policy_generation", report->policy_generation > 0, report->policy_generation);
    add_flag(o, "policy_on_trial", report->managed, report->policy_on_trial);
    add_count(o, "rolled_back_generation", report->policy_rolled_back > 0, report->policy_rolled_back);
    add_text(o, "rolled_back_because", report->policy_rolled_back_why);
    add_time(o, "next_in", STATUS_KIND_DEADLINE, report->managed && report->management_due_at_usec != USEC_INFINITY,
        report->management_due_at_usec);
}

void status_describe(const struct report *report, enum status_part part, struct status_object *ret)
{
    ret->n_fields = 0;
    switch (part) {
    case STATUS_PART_TOP:
        return describe_top(report, ret);
    case STATUS_PART_GATEWAY:
        return describe_gateway(report, ret);
    case STATUS_PART_BASE_LINK:
        return describe_base_link(report, ret);
    case STATUS_PART_TUNNEL:
        return describe_tunnel(report, ret);
    case STATUS_PART_NAT:
        return describe_nat(report, ret);
    case STATUS_PART_KEEPALIVE:
        return describe_keepalive(report, ret);
    case STATUS_PART_RETRY:
        return describe_retry(report, ret);
    case STATUS_PART_CERTIFICATE:
        return describe_certificate(report, ret);
    case STATUS_PART_MANAGEMENT:
        return describe_management(report, ret);
    }
}
