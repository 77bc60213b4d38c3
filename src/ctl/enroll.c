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
#include "base/clock.h"
#include "base/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <mvpn/dbus.h>
#include <poll.h>
#include <signal.h>
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
    if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) || sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT))) {
        complain("mvpn-dm ended before it answered. 'mvpnctl dm show' tells what came of it; its journal may say why: journalctl -u mvpn-dm.");
        return CTL_FAILED;
    }
    if (error && sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_METHOD)) {
        complain("the running mvpn-dm does not know this command; it is of another version. Try again in a minute, when it has ended.");
        return CTL_FAILED;
    }
    if (client_is_absence(r, error) && !(error && sd_bus_error_is_set(error))) {
        complain("the system bus is not there, and mvpn-dm is reached by it only.");
        return CTL_NOT_RUNNING;
    }
    if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) || strncmp(error->name ? error->name : "",
                                                                                    "org.freedesktop.DBus.Error.Spawn.", 33) == 0)) {
        complain("mvpn-dm cannot be started: %s. Is mvpn installed whole? Its journal may say more: journalctl -u mvpn-dm.", error->message);
        return CTL_NOT_RUNNING;
    }
    return client_explain(r, error);
}

static volatile sig_atomic_t interrupted; /* by this signal */

static void on_signal(int number)
{
    interrupted = number;
}

/* They come while it is waited for something, and at no other time: none is missed. *ret_open: the mask for waiting. */
static void catch_signals(sigset_t *ret_open)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t mask;

    sigemptyset(&mask);
    for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&mask, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &mask, ret_open);
}

static int wait_for_bus(sd_bus *bus, const sigset_t *open)
{
    struct pollfd pollfd = { .fd = sd_bus_get_fd(bus), .events = (short)sd_bus_get_events(bus) };
    uint64_t until_usec = UINT64_MAX, left_usec;
    struct timespec left;

    (void)sd_bus_get_timeout(bus, &until_usec); /* CLOCK_MONOTONIC */
    left_usec = usec_sub(until_usec, clock_monotonic_usec());
    left = (struct timespec){ .tv_sec = (time_t)(left_usec / SEC(1)), .tv_nsec = (long)(left_usec % SEC(1)) * 1000 };
    return ppoll(&pollfd, 1, until_usec == UINT64_MAX ? NULL : &left, open) < 0 && errno != EINTR ? -errno : 0;
}

static int await(sd_bus *bus, struct job *job, const sigset_t *open)
{
    int r = 0;

    while (r >= 0 && !job->done && !interrupted) {
        r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = wait_for_bus(bus, open);
    }
    return r < 0 ? r : job->result;
}

/* mvpn-dm sees that whom it enrolled for is gone, and stops; what else it does it brings to its end. Never returns. */
__attribute__((noreturn)) static void give_up(const char *method)
{
    int number = interrupted;
    sigset_t mask;

    if (strcmp(method, "Enroll") == 0)
        complain("cancelled. 'mvpnctl dm show' tells whether that came too late.");
    else if (strcmp(method, "Show") != 0)
        complain("not waited for any longer; mvpn-dm goes on. 'mvpnctl dm show' tells what came of it.");
    signal(number, SIG_DFL);
    sigemptyset(&mask);
    sigaddset(&mask, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    _exit(128 + number);
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
    sigset_t open;
    const char *text;
    int r;

    r = sd_bus_match_signal(bus, NULL, NULL, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, "Progress", on_progress, NULL);
    agent_start(&agent);
    catch_signals(&open);
    if (r >= 0)
        r = sd_bus_call_async(bus, NULL, call, on_reply, &job, JOB_TIMEOUT_USEC);
    if (r >= 0)
        r = await(bus, &job, &open);
    agent_stop(&agent);
    if (interrupted && !job.done) {
        sd_bus_close(bus);
        give_up(sd_bus_message_get_member(call));
    }
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
