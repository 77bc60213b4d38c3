/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus, and waiting for it. The services' connection is on the same loop, which must not wait for itself: so everything is asynchronous.
 */
#include "adapter/bus-lab.h"

#include "base/cleanup.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct bus_lab lab;
static pid_t bus_pid;

void bus_lab_path(const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "%s/%s", lab.folder, name);
}

static bool write_config(void)
{
    char path[128];
    _cleanup_fclose_ FILE *f = NULL;

    bus_lab_path("bus.conf", path, sizeof(path));
    f = fopen(path, "we");
    return f && fprintf(f, "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth><policy context=\"default\">"
                           "<allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>"
                           "</policy></busconfig>\n", lab.folder) > 0;
}

static bool start_bus(void)
{
    char config[128], argument[160], fd[32], byte;
    int ready[2];

    snprintf(lab.folder, sizeof(lab.folder), "/tmp/mvpn-bus-XXXXXX");
    if (!mkdtemp(lab.folder) || !write_config() || pipe(ready) < 0)
        return false;
    bus_lab_path("bus.conf", config, sizeof(config));
    bus_pid = fork();
    if (bus_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        snprintf(fd, sizeof(fd), "--print-pid=%d", ready[1]);
        snprintf(argument, sizeof(argument), "--config-file=%s", config);
        execlp("dbus-daemon", "dbus-daemon", "--nofork", fd, argument, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    /* its process id is printed when it listens; end of file where it cannot be run */
    return read(ready[0], &byte, 1) == 1 && close(ready[0]) == 0;
}

static int connect_bus(sd_bus **ret)
{
    char address[128];
    int r = sd_bus_new(ret);

    snprintf(address, sizeof(address), "unix:path=%s/bus", lab.folder);
    r = r < 0 ? r : sd_bus_set_address(*ret, address);
    r = r < 0 ? r : sd_bus_set_bus_client(*ret, true);
    r = r < 0 ? r : sd_bus_negotiate_fds(*ret, true);
    r = r < 0 ? r : sd_bus_start(*ret);
    return r < 0 ? r : sd_bus_attach_event(*ret, lab.loop, 0);
}

void bus_lab_turn(void)
{
    sd_event_run(lab.loop, MSEC(100));
}

static int on_done(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    (void)m, (void)error;
    *(bool *)userdata = true;
    return 0;
}

void bus_lab_set_name(const char *name, bool owned)
{
    bool done = false;
    int r = owned ? sd_bus_request_name_async(lab.theirs, NULL, name, 0, on_done, &done)
                  : sd_bus_release_name_async(lab.theirs, NULL, name, on_done, &done);

    CHECK(r >= 0);
    UNTIL(done);
}

void bus_lab_settle(void)
{
    const char *name = NULL;

    CHECK(sd_bus_get_unique_name(lab.theirs, &name) >= 0);
    for (int i = 0; i < 3; i++) { /* an answer may have made a question */
        bool done = false;
        CHECK(sd_bus_call_method_async(
                  lab.ours, NULL, name, "/", "org.freedesktop.DBus.Peer", "Ping", on_done, &done, NULL) >= 0);
        UNTIL(done);
        while (sd_event_run(lab.loop, 0) > 0)
            ;
    }
}

static void stop_bus(void)
{
    char command[96];

    sd_bus_close_unref(lab.ours);
    sd_bus_close_unref(lab.theirs);
    sd_bus_close_unref(lab.strangers);
    sd_event_unref(lab.loop);
    if (bus_pid > 0) {
        kill(bus_pid, SIGTERM);
        waitpid(bus_pid, NULL, 0);
    }
    snprintf(command, sizeof(command), "rm -r %s", lab.folder);
    if (system(command) != 0)
        fprintf(stderr, "left behind: %s\n", lab.folder);
}

int bus_lab_main(const struct test *tests, size_t n_tests, int argc, char **argv)
{
    int r = 1;

    if (!start_bus()) {
        puts("skipped: needs dbus-daemon");
        stop_bus();
        return 77;
    }
    if (sd_event_new(&lab.loop) >= 0 && connect_bus(&lab.ours) >= 0 && connect_bus(&lab.theirs) >= 0 && connect_bus(&lab.strangers) >= 0)
        r = test_main(tests, n_tests, argc, argv);
    else
        fputs("the bus cannot be used\n", stderr);
    stop_bus();
    return r;
}
