/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Scenario files: given, when, time passes, expect. One command a line; "#" begins a comment; $NAME is replaced by what "let" gave it.
 *
 *   include FILE                  another file, beside this one
 *   let NAME WORDS...             a macro; $attempt, $request and $fetch are the latest ids
 *   begin seed=N POLICY...        the core is made; everything after happens to it
 *   EVENT key=value...            an event now, as src/daemon/record.h writes it (START is an event, too)
 *   @12.5 EVENT key=value...      a recorded event: time is set, no timer fires by itself
 *   answer servers|name ADDR...   what the outstanding request gets (no address: "none")
 *   answer established [k=v...]   ... and the attempt: attempt=, local=, remote= are filled in
 *   answer failed|closed REASON, answer moved yes|no
 *   +2s                           time passes: timers and the wire do what is due
 *   flow none|out|both            traffic; path alive|dead    whether anything comes back
 *   firewall fails                the next firewall action fails
 *   disk full|free                records fail until it is free
 *   mark                          counts of actions start here
 *   verify outcomes               from here on the "# state (reason): actions" lines of a record are compared
 *   expect ...                    see expect.c
 *
 * The invariants are checked at every step besides.
 */
#include "sim/simulation.h"

#define SCENARIO_LETS_MAX 64
#define SCENARIO_DID_MAX  64
#define LET_SIZE          2048

struct let {
    char name[32];
    char words[LET_SIZE];
};

struct scenario {
    const char *file; /* of the present line */
    unsigned line;
    unsigned n_failures;
    bool begun;
    bool verify;
    struct simulation sim;
    uint32_t n_lets;
    struct let *lets;
    /* actions since the last event or passing of time; without what their pointers point to */
    uint32_t n_did;
    struct action did[SCENARIO_DID_MAX];
    uint64_t marked[N_ACTIONS];
};

/* Runs one file; prints what fails with file and line; the number of failures. */
unsigned scenario_run(const char *path);

/* expect.c: one "expect" line, after that word. */
void scenario_expect(struct scenario *s, char *text);
void scenario_fail(struct scenario *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next word of *p, cut off by a NUL; NULL at the end. */
char *scenario_word(char **p);
