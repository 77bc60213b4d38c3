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
    enum bus_call call;
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

static void on_authorized(void *userdata, enum verdict verdict)
{
    struct request *request = userdata;

    request->authorization = authorization_free(request->authorization);
    switch (verdict) {
    case VERDICT_ALLOWED:
        return request_execute(request);
    case VERDICT_NEEDS_INTERACTION:
        return request_end(request, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
            "This needs an administrator's password, and the caller does not allow to ask for it.");
    case VERDICT_FORBIDDEN:
        return request_end(request, MVPN_ERROR_DISABLE_FORBIDDEN,
            "The administrator does not allow to switch the VPN off (UserMayDisable=no); only root can.");
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

static bool forbidden_to_users(struct bus *bus, enum bus_call call)
{
    struct report report = { 0 };

    if (call != BUS_CALL_DISABLE)
        return false;
    bus->ops->get_report(bus->userdata, &report);
    return !report.user_may_disable;
}

int method_control(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    struct request *request;
    enum bus_call call;
    int r;

    if (!find_call(sd_bus_message_get_member(message), &call))
        return -EBADR;
    if (bus->n_requests >= REQUESTS_MAX)
        return sd_bus_error_set_const(error, MVPN_ERROR_BUSY, "Too many calls are waiting. Try again.");
    request = malloc(sizeof(*request));
    if (!request)
        return -ENOMEM;
    *request = (struct request){
        .next = bus->requests, .bus = bus, .message = sd_bus_message_ref(message), .call = call
    };
    if (request->next)
        request->next->previous = request;
    bus->requests = request;
    bus->n_requests++;

    r = authorization_start(message, calls[call].action, forbidden_to_users(bus, call), on_authorized,
        request, &request->authorization);
    if (r < 0) {
        request_free(request);
        return r;
    }
    return 1; /* answered later */
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
        if (request->authorization || request->call != call)
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
