/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/sys/sleep.c with a logind of the test's own: the delay inhibitor is held, let go when the core is ready and taken again; logind dies and
 * returns; strangers; and without logind the clocks tell a resume. The inhibitor is a pipe: its other end tells when it was let go.
 */
#include "adapter/bus-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "sys/sleep.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define LOGIND      "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER     LOGIND ".Manager"

static struct world {
    bool refuses;
    int held_fd; /* our end of the last inhibitor; -1: none was given */
    unsigned n_inhibitors, n_suspends, n_resumes;
    bool ready_at_once;
    struct sleep *sleep;
} w;

static int inhibit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    const char *what, *who, *why, *mode;
    int ends[2], r;

    (void)userdata;
    CHECK(sd_bus_message_read(m, "ssss", &what, &who, &why, &mode) > 0);
    CHECK_STR(what, "sleep");
    CHECK_STR(mode, "delay");
    if (w.refuses)
        return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "no");
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    close_fd(&w.held_fd);
    w.held_fd = ends[0];
    w.n_inhibitors++;
    r = sd_bus_reply_method_return(m, "h", ends[1]);
    close(ends[1]);
    return r;
}

static const sd_bus_vtable VTABLE[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static bool is_held(void)
{
    struct pollfd pollfd = { .fd = w.held_fd };

    return w.held_fd >= 0 && poll(&pollfd, 1, 0) == 0; /* POLLHUP: nobody has the other end */
}

static void on_suspend(void *userdata)
{
    (void)userdata;
    w.n_suspends++;
    CHECK(w.refuses || is_held());
    if (w.ready_at_once)
        sleep_ready(w.sleep);
}

static void on_resume(void *userdata)
{
    (void)userdata;
    w.n_resumes++;
}

static const struct sleep_ops ops = { on_suspend, on_resume };

static void begin(bool present)
{
    static bool serves;

    if (!serves)
        serves = sd_bus_add_object_vtable(lab.theirs, NULL, LOGIND_PATH, MANAGER, VTABLE, NULL) >= 0;
    CHECK(serves);
    w = (struct world){ .held_fd = -1, .ready_at_once = true };
    CHECK_EQ(sleep_new(&ops, NULL, &w.sleep), 0);
    CHECK_EQ(sleep_set_bus(w.sleep, lab.ours), 0);
    if (present) {
        bus_lab_set_name(LOGIND, true);
        UNTIL(w.n_inhibitors == 1);
        bus_lab_settle();
    }
}

static void end(void)
{
    sleep_free(w.sleep);
    bus_lab_settle();
    CHECK(!is_held());
    close_fd(&w.held_fd);
    bus_lab_set_name(LOGIND, false);
    bus_lab_settle();
}

static void prepare(sd_bus *from, bool start)
{
    CHECK(sd_bus_emit_signal(from, LOGIND_PATH, MANAGER, "PrepareForSleep", "b", start) >= 0);
}

static void held_let_go_taken_again(void)
{
    begin(true);
    CHECK(is_held());
    for (unsigned i = 1; i <= 3; i++) {
        prepare(lab.theirs, true);
        UNTIL(w.n_suspends == i && !is_held());
        bus_lab_settle();
        CHECK_EQ(w.n_inhibitors, i);
        prepare(lab.theirs, false);
        UNTIL(w.n_resumes == i && w.n_inhibitors == i + 1);
        bus_lab_settle();
        CHECK(is_held());
    }
    end();
}

static void held_until_the_core_is_ready(void)
{
    begin(true);
    w.ready_at_once = false;
    sleep_ready(w.sleep); /* said at the wrong time: nothing */
    CHECK(is_held());
    prepare(lab.theirs, true);
    UNTIL(w.n_suspends == 1);
    bus_lab_settle();
    CHECK(is_held());
    prepare(lab.theirs, true); /* twice is once */
    bus_lab_settle();
    CHECK_EQ(w.n_suspends, 1);
    sleep_ready(w.sleep);
    CHECK(!is_held());
    end();
}

static void dies_and_returns(void)
{
    begin(true);
    bus_lab_set_name(LOGIND, false);
    UNTIL(!sleep_present(w.sleep));
    CHECK(!is_held());
    bus_lab_set_name(LOGIND, true);
    UNTIL(w.n_inhibitors == 2);
    bus_lab_settle();
    CHECK(is_held());
    prepare(lab.theirs, true); /* dies in the middle: the resume is the clocks' */
    UNTIL(w.n_suspends == 1);
    bus_lab_set_name(LOGIND, false);
    UNTIL(!sleep_present(w.sleep));
    prepare(lab.theirs, false);
    bus_lab_settle();
    CHECK_EQ(w.n_resumes, 0);
    sleep_compare(w.sleep, clock_boottime_usec() + MINUTES(10), clock_monotonic_usec());
    CHECK_EQ(w.n_resumes, 1);
    end();
}

static void refused_is_no_obstacle(void)
{
    begin(false);
    w.refuses = true;
    bus_lab_set_name(LOGIND, true);
    UNTIL(sleep_present(w.sleep));
    bus_lab_settle();
    prepare(lab.theirs, true);
    UNTIL(w.n_suspends == 1);
    prepare(lab.theirs, false);
    UNTIL(w.n_resumes == 1);
    end();
}

static void strangers_are_not_believed(void)
{
    const char *us = NULL;
    sd_bus_message *m = NULL;

    begin(true);
    prepare(lab.strangers, true);
    CHECK(sd_bus_get_unique_name(lab.ours, &us) >= 0);
    CHECK(sd_bus_message_new_signal(lab.strangers, &m, LOGIND_PATH, MANAGER, "PrepareForSleep") >= 0);
    CHECK(sd_bus_message_append(m, "b", true) >= 0 && sd_bus_message_set_destination(m, us) >= 0);
    CHECK(sd_bus_send(lab.strangers, m, NULL) >= 0);
    sd_bus_message_unref(m);
    CHECK(sd_bus_emit_signal(lab.theirs, LOGIND_PATH, MANAGER, "PrepareForSleep", "s", "soon") >= 0);
    bus_lab_settle();
    bus_lab_settle();
    CHECK_EQ(w.n_suspends, 0);
    CHECK(is_held());
    end();
}

static void without_logind_the_clocks_tell(void)
{
    usec_t boottime_usec, monotonic_usec = clock_monotonic_usec();

    begin(false);
    boottime_usec = clock_boottime_usec();
    sleep_compare(w.sleep, boottime_usec, monotonic_usec);
    sleep_compare(w.sleep, boottime_usec + HOURS(9), monotonic_usec + HOURS(9)); /* awake for nine hours */
    CHECK_EQ(w.n_resumes, 0);
    sleep_compare(w.sleep, boottime_usec + HOURS(17), monotonic_usec + HOURS(9));
    CHECK_EQ(w.n_resumes, 1);
    sleep_compare(w.sleep, boottime_usec + HOURS(17), monotonic_usec + HOURS(9)); /* told once */
    CHECK_EQ(w.n_resumes, 1);
    sleep_compare(w.sleep, boottime_usec + HOURS(18), monotonic_usec + HOURS(9));
    CHECK_EQ(w.n_resumes, 2);
    CHECK_EQ(w.n_suspends, 0);
    end();
}

/* logind's word and the clocks' of one resume, in either order. */
static void one_resume_is_told_once(void)
{
    begin(true);
    prepare(lab.theirs, true);
    UNTIL(w.n_suspends == 1);
    sleep_compare(w.sleep, clock_boottime_usec() + HOURS(1), clock_monotonic_usec());
    CHECK_EQ(w.n_resumes, 1);
    prepare(lab.theirs, false);
    bus_lab_settle();
    CHECK_EQ(w.n_resumes, 1);
    UNTIL(w.n_inhibitors == 2);
    bus_lab_settle();
    CHECK(is_held());
    end();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(held_let_go_taken_again),
        TEST(held_until_the_core_is_ready),
        TEST(dies_and_returns),
        TEST(refused_is_no_obstacle),
        TEST(strangers_are_not_believed),
        TEST(without_logind_the_clocks_tell),
        TEST(one_resume_is_told_once),
    };

    signal(SIGPIPE, SIG_IGN);
    return bus_lab_main(tests, ELEMENTSOF(tests), argc, argv);
}
