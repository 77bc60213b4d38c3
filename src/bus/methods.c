/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The methods. Reading is answered at once; a change becomes a request: first authorised, then handed to the daemon, then answered, at
 * once or by bus_finish(). A caller that went away meanwhile only misses its answer.
 */
#include "bus/internal.h"
#include "bus/status_json.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"

#include <mvpn/dbus.h>

#include <string.h>

/* Beyond this many calls under way, more are refused: a caller cannot fill the daemon's memory. */
#define REQUESTS_MAX 64

struct request {
    struct request *previous, *next;
    struct bus *bus;
    sd_bus_message *message;
    bool is_policy;
    enum bus_call call; /* unless is_policy */
    enum bus_policy_call policy_call;
    struct bus_policy_arguments arguments; /* of it; text is the message's */
    struct authorization *authorization; /* NULL once permitted */
};

static const struct {
    const char *member;
    const char *action;
} calls[] = {
    [BUS_CALL_ENABLE] = { "Enable", MVPN_ACTION_CONTROL },
    [BUS_CALL_DISABLE] = { "Disable", MVPN_ACTION_DISABLE },
    [BUS_CALL_CONNECT] = { "Connect", MVPN_ACTION_CONTROL },
    [BUS_CALL_DISCONNECT] = { "Disconnect", MVPN_ACTION_CONTROL },
    [BUS_CALL_RELOAD] = { "Reload", MVPN_ACTION_CONTROL },
};
_Static_assert(ELEMENTSOF(calls) == BUS_CALL_RELOAD + 1, "every call has its method");

static void request_free(struct request *request)
{
    struct bus *bus = request->bus;

    if (request->previous)
        request->previous->next = request->next;
    else
        bus->requests = request->next;
    if (request->next)
        request->next->previous = request->previous;
    bus->n_requests--;
    if (bus->executing == request)
        bus->executing = NULL;
    authorization_free(request->authorization);
    sd_bus_message_unref(request->message);
    free(request);
}

/* Answers and forgets; error_name is a whole D-Bus error name, NULL for success. A lost answer is the caller's loss only. */
static void request_end(struct request *request, const char *error_name, const char *error_text)
{
    if (error_name)
        (void)sd_bus_reply_method_errorf(request->message, error_name, "%s", error_text ? error_text : "");
    else
        (void)sd_bus_reply_method_return(request->message, NULL);
    request_free(request);
}

static void request_end_failed(struct request *request, const char *short_name, const char *text)
{
    char name[128];

    snprintf(name, sizeof(name), MVPN_ERROR_PREFIX "%s", short_name ? short_name : "Failed");
    request_end(request, name, text);
}

static void request_execute(struct request *request)
{
    struct bus *bus = request->bus;
    const char *error_name = NULL;
    char text[512] = "";
    int r;

    bus->executing = request;
    r = bus->ops->call(bus->userdata, request->call, &error_name, text, sizeof(text));
    if (!bus->executing)
        return; /* bus_finish() came within the call */
    bus->executing = NULL;
    if (r == BUS_CALL_PENDING)
        return;
    if (r < 0)
        request_end_failed(request, error_name, text[0] ? text : strerror(-r));
    else
        request_end(request, NULL, NULL);
}

static void request_execute_policy(struct request *request)
{
    struct bus *bus = request->bus;
    struct bus_policy_answer answer = { .error_name = NULL };
    int r = bus->ops->policy(bus->userdata, request->policy_call, &request->arguments, &answer);

    if (r < 0)
        return request_end_failed(request, answer.error_name, answer.error_text[0] ? answer.error_text : strerror(-r));
    switch (request->policy_call) {
    case BUS_POLICY_CHECK:
    case BUS_POLICY_ROLLBACK:
    case BUS_POLICY_SET_DUE:
        (void)sd_bus_reply_method_return(request->message, NULL);
        break;
    case BUS_POLICY_APPLY:
        (void)sd_bus_reply_method_return(request->message, "u", answer.generation);
        break;
    case BUS_POLICY_GET:
        (void)sd_bus_reply_method_return(request->message, "s", answer.text ? answer.text : "");
        break;
    }
    request_free(request);
}

static void on_authorized(void *userdata, enum verdict verdict)
{
    struct request *request = userdata;

    request->authorization = authorization_free(request->authorization);
    if (request->is_policy && verdict != VERDICT_ALLOWED)
        return request_end(request, MVPN_ERROR_NOT_PERMITTED, "Only the management agent (user " MVPN_DM_USER ") and root may see or set a policy.");
    switch (verdict) {
    case VERDICT_ALLOWED:
        return request->is_policy ? request_execute_policy(request) : request_execute(request);
    case VERDICT_NEEDS_INTERACTION:
        return request_end(request, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
            "This needs an administrator's password, and the caller does not allow to ask for it.");
    case VERDICT_FORBIDDEN:
        return request_end(request, MVPN_ERROR_DISABLE_FORBIDDEN,
            "The administrator does not allow to switch the VPN off or to disconnect it (UserMayDisable=no); only root can.");
    case VERDICT_REFUSED:
        return request_end(request, MVPN_ERROR_NOT_PERMITTED,
            "Not permitted. Log in on the device itself, or run this as root.");
    }
}

static bool find_call(const char *member, enum bus_call *ret)
{
    for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
        if (strcmp(calls[i].member, member) == 0) {
            *ret = (enum bus_call)i;
            return true;
        }
    }
    return false;
}

/* Disconnected is as good as off for whoever is to reach the device: both are the administrator's to allow, and polkit cannot overrule it. */
static enum authority authority_for(struct bus *bus, enum bus_call call)
{
    struct report report = { 0 };

    if (call != BUS_CALL_DISABLE && call != BUS_CALL_DISCONNECT)
        return AUTHORITY_POLKIT;
    bus->ops->get_report(bus->userdata, &report);
    return report.user_may_disable ? AUTHORITY_POLKIT : AUTHORITY_ROOT;
}

static int request_new(struct bus *bus, sd_bus_message *message, struct request **ret, sd_bus_error *error)
{
    struct request *request;

    if (bus->n_requests >= REQUESTS_MAX)
        return sd_bus_error_set_const(error, MVPN_ERROR_BUSY, "Too many calls are waiting. Try again.");
    request = malloc(sizeof(*request));
    if (!request)
        return -ENOMEM;
    *request = (struct request){ .next = bus->requests, .bus = bus, .message = sd_bus_message_ref(message) };
    if (request->next)
        request->next->previous = request;
    bus->requests = request;
    bus->n_requests++;
    *ret = request;
    return 0;
}

static int request_start(struct request *request, const char *action, enum authority authority)
{
    int r = authorization_start(request->message, action, authority, on_authorized, request, &request->authorization);

    if (r < 0) {
        request_free(request);
        return r;
    }
    return 1; /* answered later */
}

int method_control(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    struct request *request;
    enum bus_call call;
    int r;

    if (!find_call(sd_bus_message_get_member(message), &call))
        return -EBADR;
    r = request_new(bus, message, &request, error);
    if (r < 0)
        return r;
    request->call = call;
    return request_start(request, calls[call].action, authority_for(bus, call));
}

/* UINT64_MAX is never. */
static usec_t span_of(uint64_t sec)
{
    return sec > UINT64_MAX / SEC(1) ? USEC_INFINITY : SEC(sec);
}

static int read_arguments(sd_bus_message *message, enum bus_policy_call call, struct bus_policy_arguments *ret)
{
    uint64_t home_in_sec, roaming_in_sec;
    int r = 0;

    *ret = (struct bus_policy_arguments){ .text = NULL };
    if (call == BUS_POLICY_CHECK || call == BUS_POLICY_APPLY)
        return sd_bus_message_read(message, "s", &ret->text);
    if (call == BUS_POLICY_SET_DUE && (r = sd_bus_message_read(message, "tt", &home_in_sec, &roaming_in_sec)) >= 0) {
        ret->home_in_usec = span_of(home_in_sec);
        ret->roaming_in_usec = span_of(roaming_in_sec);
    }
    return r;
}

int method_policy(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    static const char *const members[] = { [BUS_POLICY_CHECK] = "CheckPolicy", [BUS_POLICY_APPLY] = "ApplyPolicy",
        [BUS_POLICY_ROLLBACK] = "RollbackPolicy", [BUS_POLICY_GET] = "GetPolicy", [BUS_POLICY_SET_DUE] = "SetManagementDue" };
    const char *member = sd_bus_message_get_member(message);
    enum bus_policy_call call = BUS_POLICY_ROLLBACK;
    struct bus_policy_arguments arguments;
    struct bus *bus = userdata;
    struct request *request;
    int r;

    for (size_t i = 0; i < ELEMENTSOF(members); i++)
        if (strcmp(members[i], member) == 0)
            call = (enum bus_policy_call)i;
    if (!bus->ops->policy)
        return -EOPNOTSUPP;
    r = read_arguments(message, call, &arguments);
    if (r >= 0)
        r = request_new(bus, message, &request, error);
    if (r < 0)
        return r;
    request->is_policy = true;
    request->policy_call = call;
    request->arguments = arguments;
    return request_start(request, NULL, AUTHORITY_MANAGEMENT);
}

int method_get_status(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    _cleanup_free_ char *text = NULL;
    struct report report = { 0 };
    int r;

    (void)error;
    bus->ops->get_report(bus->userdata, &report);
    r = bus_render_status(&report, clock_boottime_usec(), clock_realtime_sec(), &text);
    if (r < 0)
        return r;
    return sd_bus_reply_method_return(message, "s", text);
}

int method_get_links(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    _cleanup_free_ char *text = NULL;
    int r;

    (void)error;
    r = links_render_json(bus->ops->n_links(bus->userdata), bus->ops->get_link, bus->userdata, &text);
    if (r < 0)
        return r;
    return sd_bus_reply_method_return(message, "s", text);
}

void bus_finish(struct bus *bus, enum bus_call call, const char *error_name, const char *error_text)
{
    for (struct request *request = bus->requests, *next; request; request = next) {
        next = request->next;
        if (request->authorization || request->is_policy || request->call != call)
            continue;
        if (error_name)
            request_end_failed(request, error_name, error_text);
        else
            request_end(request, NULL, NULL);
    }
}

void requests_drop(struct bus *bus, const char *error_name, const char *error_text)
{
    while (bus->requests)
        request_end(bus->requests, error_name, error_text);
}
