/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A dbus-daemon of the test's own with two connections on one loop: ours, as mvpnd has it, and theirs, on which the test plays services.
 * Nothing waits for a time, only for conditions, with a generous limit.
 */
#include "base/clock.h"
#include "support/test.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define BUS_LAB_LIMIT_USEC SEC(30)

struct bus_lab {
    char folder[64];
    sd_event *loop;
    sd_bus *ours, *theirs, *strangers; /* the last: somebody who owns no name */
};

extern struct bus_lab lab;

/* Starts it, runs the tests, ends it. What main() returns; 77 where there is no dbus-daemon. */
int bus_lab_main(const struct test *tests, size_t n_tests, int argc, char **argv);

void bus_lab_set_name(const char *name, bool owned); /* theirs has it, or not, when this returns */
void bus_lab_turn(void); /* one turn of the loop, which waits for something to do, a moment at most */
void bus_lab_settle(void); /* until a message of ours has gone to theirs and back, and nothing is left to do */
void bus_lab_path(const char *name, char *buf, size_t size); /* of a file in the folder */

#define UNTIL(condition)                                                                                     \
    do {                                                                                                     \
        usec_t end_at_usec = clock_boottime_usec() + BUS_LAB_LIMIT_USEC;                                     \
        while (!(condition) && clock_boottime_usec() < end_at_usec)                                          \
            bus_lab_turn();                                                                                  \
        CHECK(condition);                                                                                    \
    } while (0)
