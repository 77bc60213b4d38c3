/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.mvpn1.Management: reads the calls, asks who may, runs the job, answers. Secrets come through a pipe, not in the message: the bus never
 * sees them.
 */
#include "dm/agent.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/keys.h"
#include "dm/mvpnd.h"

#include <errno.h>
#include <fcntl.h>
#include <mvpn/dbus.h>
#include <poll.h>
#include <string.h>
#include <syslog.h>

#define CALLS_MAX       16
#define ROOTS_BYTES_MAX ((size_t)256 * 1024)

struct call {
    struct agent *agent;
    sd_bus_message *message;
    struct dm_enrol_request request; /* Enroll; strings are the message's */
    int secret_fd; /* read when the caller is known to be allowed; -1: none */
    char *secret;
    size_t secret_bytes;
    const char *uri; /* Show */
};

static void call_free(struct call *call)
{
    call->agent->n_waiting--;
    close_fd(&call->secret_fd);
    dm_secret_free(call->secret, call->secret_bytes);
    sd_bus_message_unref(call->message);
    free(call);
}

static const char *error_name(int r)
{
    switch (r) {
    case -EEXIST:
        return MVPN_ERROR_ENROLLED;
    case -ENOENT:
        return MVPN_ERROR_NOT_ENROLLED;
    case -EACCES:
        return MVPN_ERROR_SERVER_REFUSED;
    case -EHOSTUNREACH:
    case -ETIMEDOUT:
        return MVPN_ERROR_SERVER_UNREACHABLE;
    case -EKEYREJECTED:
    case -EBADMSG:
        return MVPN_ERROR_SERVER_UNTRUSTED;
    case -EHOSTDOWN:
        return MVPN_ERROR_POLICY_REFUSED;
    default:
        return MVPN_ERROR_FAILED;
    }
}

static void reply(struct call *call, int r, const struct dm_error *error, const char *text)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;

    if (r < 0) {
        agent_log(LOG_NOTICE, "%s: %s", sd_bus_message_get_member(call->message), error->text);
        sd_bus_error_set(&problem, error_name(r), error->text[0] ? error->text : strerror(-r));
        (void)sd_bus_reply_method_error(call->message, &problem);
        sd_bus_error_free(&problem);
    } else {
        (void)sd_bus_reply_method_return(call->message, text ? "s" : "", text);
    }
}

/* At most what a pipe holds at once or the writer sends soon; whoever holds it open for nothing is not waited for. */
static int read_secret(struct call *call, struct dm_error *error)
{
    struct pollfd there = { .fd = call->secret_fd, .events = POLLIN };
    ssize_t n = 1;

    if (call->secret_fd < 0)
        return 0;
    call->secret = calloc(1, DM_SECRET_BYTES_MAX + 1);
    if (!call->secret)
        return dm_error_set(error, -ENOMEM, "No memory.");
    while (n > 0 && call->secret_bytes < DM_SECRET_BYTES_MAX && poll(&there, 1, 2000) == 1) {
        n = read(call->secret_fd, call->secret + call->secret_bytes, DM_SECRET_BYTES_MAX - call->secret_bytes);
        if (n > 0)
            call->secret_bytes += (size_t)n;
    }
    call->request.secret = call->secret;
    if (n != 0 || strlen(call->secret) != call->secret_bytes)
        return dm_error_set(error, -EINVAL, "The password or token is too long, or no text.");
    return 0;
}

static void run_call(struct call *call)
{
    const char *member = sd_bus_message_get_member(call->message);
    _cleanup_free_ char *text = NULL;
    struct dm_error error = { 0 };
    int r;

    call->agent->destination = strdup(sd_bus_message_get_sender(call->message));
    if (strcmp(member, "Enroll") == 0) {
        call->agent->only_for_caller = true; /* who typed a password may change his mind */
        r = read_secret(call, &error);
        if (r == 0)
            r = agent_enrol(call->agent, &call->request, &error);
        call->agent->only_for_caller = false;
    } else if (strcmp(member, "Unenroll") == 0)
        r = agent_unenrol(call->agent, &error);
    else if (strcmp(member, "Sync") == 0)
        r = agent_sync(call->agent, true, &error);
    else
        r = agent_show(call->agent, call->uri, &text, &error);
    if (strcmp(member, "Show") != 0)
        agent_tell_due(call->agent);
    reply(call, r, &error, text);
    free(call->agent->destination);
    call->agent->destination = NULL;
}

static void refuse(struct call *call, enum agent_verdict verdict)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;

    switch (verdict) {
    case AGENT_ALLOWED:
        break;
    case AGENT_NEEDS_INTERACTION:
        sd_bus_error_set_const(&problem, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, "An administrator's password is needed for this.");
        break;
    case AGENT_REFUSED:
        sd_bus_error_set_const(&problem, MVPN_ERROR_NOT_PERMITTED, "You may not do this; root may.");
        break;
    case AGENT_FORBIDDEN:
        sd_bus_error_set_const(&problem, MVPN_ERROR_DISABLE_FORBIDDEN, "Users may not end this enrolment (UserMayDisable=no, or mvpnd is not running to say otherwise); root may.");
        break;
    }
    (void)sd_bus_reply_method_error(call->message, &problem);
    sd_bus_error_free(&problem);
}

static void on_verdict(void *userdata, enum agent_verdict verdict)
{
    struct call *call = userdata;

    if (verdict == AGENT_ALLOWED)
        run_call(call);
    else
        refuse(call, verdict);
    (void)agent_stay(call->agent);
    call_free(call);
}

static int begin(struct agent *agent, sd_bus_message *message, struct call **ret, sd_bus_error *error)
{
    struct call *call;

    if (agent->n_waiting >= CALLS_MAX)
        return sd_bus_error_set_const(error, MVPN_ERROR_BUSY, "Too many calls are waiting. Try again.");
    call = calloc(1, sizeof(*call));
    if (!call)
        return -ENOMEM;
    call->agent = agent;
    call->secret_fd = -1;
    call->message = sd_bus_message_ref(message);
    agent->n_waiting++;
    *ret = call;
    return 0;
}

/* May a user end the enrolment? The word of administrator and organisation together, which mvpnd knows; without it, nobody but root. */
static bool users_may_not(struct agent *agent)
{
    struct mvpnd_state state;

    return !mvpnd_look(agent->bus, &state) || !state.user_may_disable;
}

static int ask(struct call *call, const char *action, bool root_only)
{
    int r = agent_authorize(call->message, action, root_only, on_verdict, call);

    if (r < 0)
        call_free(call);
    return r < 0 ? r : 1; /* answered later */
}

static int read_option(struct call *call, sd_bus_message *message, sd_bus_error *error)
{
    struct dm_enrol_request *request = &call->request;
    const struct {
        const char *key, **at;
    } texts[] = { { "Server", &request->typed_server }, { "Method", &request->method }, { "User", &request->user }, { "Device", &request->device },
        { "Pin", &request->pin }, { "Roots", &request->roots_pem } };
    const char *key;
    int r, fd, flag;

    r = sd_bus_message_read(message, "s", &key);
    for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
        if (strcmp(texts[i].key, key) == 0)
            return sd_bus_message_read(message, "v", "s", texts[i].at);
    if (r >= 0 && strcmp(key, "Secret") == 0 && call->secret_fd < 0) {
        r = sd_bus_message_read(message, "v", "h", &fd);
        call->secret_fd = r < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return r < 0 ? r : call->secret_fd < 0 ? -errno : 0;
    }
    if (r >= 0 && strcmp(key, "SecretIsToken") == 0) {
        r = sd_bus_message_read(message, "v", "b", &flag);
        request->secret_is_token = r >= 0 && flag;
        return r;
    }
    return r < 0 ? r : sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "There is no option '%.40s'.", key);
}

static int read_options(struct call *call, sd_bus_message *message, sd_bus_error *error)
{
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        r = read_option(call, message, error);
        if (r >= 0)
            r = sd_bus_message_exit_container(message);
    }
    if (r < 0)
        return r;
    if (!call->request.typed_server || (call->request.roots_pem && strlen(call->request.roots_pem) > ROOTS_BYTES_MAX))
        return sd_bus_error_set_const(error, SD_BUS_ERROR_INVALID_ARGS, "Server is missing, or Roots is too long.");
    return 0;
}

static int on_enroll(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct call *call = NULL;
    int r = begin(userdata, message, &call, error);

    if (r < 0)
        return r;
    r = read_options(call, message, error);
    if (r < 0) {
        call_free(call);
        return r;
    }
    return ask(call, MVPN_ACTION_ENROL, false);
}

static int on_unenroll(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct call *call = NULL;
    int r = begin(userdata, message, &call, error);

    return r < 0 ? r : ask(call, MVPN_ACTION_ENROL, users_may_not(userdata));
}

static int on_sync(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct call *call = NULL;
    int r = begin(userdata, message, &call, error);

    return r < 0 ? r : ask(call, MVPN_ACTION_CONTROL, false);
}

static int on_show(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct call *call = NULL;
    int r = begin(userdata, message, &call, error);

    if (r < 0)
        return r;
    r = sd_bus_message_read(message, "s", &call->uri);
    if (r >= 0)
        on_verdict(call, AGENT_ALLOWED); /* reading is free */
    else
        call_free(call);
    return r < 0 ? r : 1;
}

static bool is_from_root(sd_bus_message *message)
{
    sd_bus_creds *creds = NULL;
    uid_t uid = (uid_t)-1;

    if (sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds) < 0 || sd_bus_creds_get_euid(creds, &uid) < 0)
        uid = (uid_t)-1;
    sd_bus_creds_unref(creds);
    return uid == 0;
}

/* For mvpnd: what fails stays due, and nobody else shall have it tried again and again. */
static int on_do_due(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct agent *agent = userdata;

    if (!is_from_root(message))
        return sd_bus_error_set_const(error, MVPN_ERROR_NOT_PERMITTED, "This is mvpnd's to ask. 'mvpnctl sync' holds a session now.");
    agent_do_due(agent);
    (void)agent_stay(agent);
    return sd_bus_reply_method_return(message, NULL);
}

/* For mvpnd, which had it from the tunnel. */
static int on_notify(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct agent *agent = userdata;
    struct dm_error problem = { 0 };
    const void *bytes = NULL;
    size_t n_bytes = 0;
    int r;

    if (!is_from_root(message))
        return sd_bus_error_set_const(error, MVPN_ERROR_NOT_PERMITTED, "This is mvpnd's to bring. 'mvpnctl sync' holds a session now.");
    r = sd_bus_message_read_array(message, 'y', &bytes, &n_bytes);
    if (r < 0)
        return r;
    r = agent_notify(agent, bytes, n_bytes, &problem);
    if (r == 0)
        agent_tell_due(agent);
    (void)agent_stay(agent);
    return r < 0 ? sd_bus_error_set(error, error_name(r), problem.text) : sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Enroll", "a{sv}", "", on_enroll, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Unenroll", "", "", on_unenroll, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Sync", "", "", on_sync, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Show", "s", "s", on_show, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("DoDue", "", "", on_do_due, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Notify", "ay", "", on_notify, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL("Progress", "s", 0),
    SD_BUS_VTABLE_END,
};

int agent_serve(struct agent *agent)
{
    int r;

    r = sd_bus_open_system_with_description(&agent->bus, "mvpn-dm");
    if (r >= 0)
        r = sd_bus_add_object_vtable(agent->bus, NULL, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, vtable, agent);
    if (r >= 0)
        r = sd_bus_attach_event(agent->bus, agent->loop, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_bus_request_name(agent->bus, MVPN_DM_BUS_NAME, 0);
    return r < 0 ? r : 0;
}
