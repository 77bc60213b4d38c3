/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of org.mvpn1.Management each; the bus starts mvpn-dm for it. Lines of progress come as signals while the call is under way.
 */
#include "ctl/enroll.h"

#include "ctl/agent.h"
#include "ctl/client.h"
#include "ctl/secret.h"
#include "ctl/term.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <mvpn/dbus.h>
#include <string.h>
#include <unistd.h>

/* The server may take its time to decide, and before that a person to type a password. */
#define JOB_TIMEOUT_USEC MINUTES(30)
#define ROOTS_BYTES_MAX  ((size_t)256 * 1024)

struct job {
    bool done;
    int result;
    sd_bus_error error;
    sd_bus_message *reply;
};

static int on_progress(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    const char *text;
    char line[256];

    (void)userdata, (void)error;
    if (sd_bus_message_read(message, "s", &text) <= 0)
        return 0;
    snprintf(line, sizeof(line), "%s", text);
    text_make_printable(line);
    fprintf(stderr, "  %s ...\n", line);
    return 0;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct job *job = userdata;

    (void)error;
    job->done = true;
    if (sd_bus_message_is_method_error(reply, NULL)) {
        sd_bus_error_copy(&job->error, sd_bus_message_get_error(reply));
        job->result = -sd_bus_message_get_errno(reply);
    } else {
        job->reply = sd_bus_message_ref(reply);
    }
    return 0;
}

static enum ctl_exit explain(int r, const sd_bus_error *error)
{
    if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) || strncmp(error->name ? error->name : "",
                                                                                    "org.freedesktop.DBus.Error.Spawn.", 33) == 0)) {
        complain("mvpn-dm cannot be started: %s. Is mvpn installed whole? Its journal may say more: journalctl -u mvpn-dm.", error->message);
        return CTL_NOT_RUNNING;
    }
    return client_explain(r, error);
}

static int await(sd_bus *bus, struct job *job)
{
    int r = 0;

    while (r >= 0 && !job->done) {
        r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = sd_bus_wait(bus, UINT64_MAX);
    }
    return r < 0 ? r : job->result;
}

static int new_call(sd_bus *bus, const char *method, sd_bus_message **ret)
{
    int r = sd_bus_message_new_method_call(bus, ret, MVPN_DM_BUS_NAME, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, method);

    return r < 0 ? r : sd_bus_message_set_allow_interactive_authorization(*ret, isatty(STDIN_FILENO));
}

/* Sends and waits. *ret_text, where it is asked for, is the text of the answer. */
static enum ctl_exit carry_out(sd_bus *bus, sd_bus_message *call, char **ret_text)
{
    struct job job = { .error = SD_BUS_ERROR_NULL };
    enum ctl_exit status = CTL_DONE;
    struct agent agent;
    const char *text;
    int r;

    r = sd_bus_match_signal(bus, NULL, NULL, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, "Progress", on_progress, NULL);
    agent_start(&agent);
    if (r >= 0)
        r = sd_bus_call_async(bus, NULL, call, on_reply, &job, JOB_TIMEOUT_USEC);
    if (r >= 0)
        r = await(bus, &job);
    agent_stop(&agent);
    if (r >= 0 && ret_text) {
        r = sd_bus_message_read(job.reply, "s", &text);
        *ret_text = r < 0 ? NULL : strdup(text);
    }
    if (r < 0)
        status = explain(r, sd_bus_error_is_set(&job.error) ? &job.error : NULL);
    sd_bus_error_free(&job.error);
    sd_bus_message_unref(job.reply);
    return status;
}

static enum ctl_exit call_simple(const char *method, const char *argument, char **ret_text)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_message_ sd_bus_message *call = NULL;
    int r = client_connect(&bus);

    if (r >= 0)
        r = new_call(bus, method, &call);
    if (r >= 0 && argument)
        r = sd_bus_message_append(call, "s", argument);
    return r < 0 ? explain(r, NULL) : carry_out(bus, call, ret_text);
}

/* A file of certificates, whole. */
static char *read_roots(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *text = fd < 0 ? NULL : malloc(ROOTS_BYTES_MAX + 1);
    size_t n = 0;
    ssize_t got = 1;

    while (text && n < ROOTS_BYTES_MAX && (got = read(fd, text + n, ROOTS_BYTES_MAX - n)) > 0)
        n += (size_t)got;
    if (!text || got != 0 || n == 0 || memchr(text, '\0', n)) {
        complain("'%s' is no file of certificates in PEM%s%s.", path, fd < 0 ? ": " : "", fd < 0 ? strerror(errno) : "");
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static int append_text(sd_bus_message *call, const char *key, const char *value)
{
    return value ? sd_bus_message_append(call, "{sv}", key, "s", value) : 0;
}

static int append_all(sd_bus_message *call, const struct ctl_enroll_options *enroll, const char *roots, int secret_fd)
{
    int r = sd_bus_message_open_container(call, 'a', "{sv}");

    if (r >= 0)
        r = append_text(call, "Server", enroll->server);
    if (r >= 0)
        r = append_text(call, "Method", enroll->method);
    if (r >= 0)
        r = append_text(call, "User", enroll->user);
    if (r >= 0)
        r = append_text(call, "Device", enroll->device);
    if (r >= 0)
        r = append_text(call, "Pin", enroll->pin);
    if (r >= 0)
        r = append_text(call, "Roots", roots);
    if (r >= 0 && enroll->token_file)
        r = sd_bus_message_append(call, "{sv}", "SecretIsToken", "b", 1);
    if (r >= 0)
        r = sd_bus_message_append(call, "{sv}", "Secret", "h", secret_fd);
    return r < 0 ? r : sd_bus_message_close_container(call);
}

static int take_secret(const struct ctl_enroll_options *enroll)
{
    static struct secret secret;
    int fd = -ENODATA;

    if (secret_read(enroll->token_file ? enroll->token_file : enroll->otp_file, "One-time password", &secret))
        fd = secret_to_pipe(&secret);
    secret_clear(&secret);
    return fd;
}

enum ctl_exit ctl_enroll(const struct ctl_options *options)
{
    const struct ctl_enroll_options *enroll = &options->enroll;
    _cleanup_free_ char *roots = NULL;
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_message_ sd_bus_message *call = NULL;
    _cleanup_close_ int secret_fd = -1;
    int r;

    if (enroll->ca_file && !(roots = read_roots(enroll->ca_file)))
        return CTL_FAILED;
    secret_fd = take_secret(enroll);
    if (secret_fd < 0)
        return CTL_FAILED;
    r = client_connect(&bus);
    if (r >= 0)
        r = new_call(bus, "Enroll", &call);
    if (r >= 0)
        r = append_all(call, enroll, roots, secret_fd);
    return r < 0 ? explain(r, NULL) : carry_out(bus, call, NULL);
}

enum ctl_exit ctl_unenroll(const struct ctl_options *options)
{
    (void)options;
    return call_simple("Unenroll", NULL, NULL);
}

enum ctl_exit ctl_sync(const struct ctl_options *options)
{
    (void)options;
    return call_simple("Sync", NULL, NULL);
}

enum ctl_exit ctl_dm(const struct ctl_options *options)
{
    _cleanup_free_ char *text = NULL;
    enum ctl_exit status;

    if (strcmp(options->words[0], "show") != 0) {
        complain("'dm' knows 'show [URI]' only.");
        return CTL_USAGE;
    }
    status = call_simple("Show", options->n_words > 1 ? options->words[1] : "", &text);
    if (status == CTL_DONE && text) {
        fputs(text, stdout);
        if (!text[0] || text[strlen(text) - 1] != '\n')
            putchar('\n');
    }
    return status;
}
