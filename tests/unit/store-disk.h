/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A disk in memory behind src/store/files.h, whose power can be cut between any two steps. It keeps what was written and what is safe
 * (synced) apart; after the cut a real disk may show either, for names and for contents, and the test tries each.
 */
#include <stdbool.h>

enum disk_survival {
    DISK_SAFE_ONLY, /* only what was synced */
    DISK_NAMES_TOO, /* renames reached the disk early, contents did not */
    DISK_CONTENTS_TOO, /* the other way round */
    DISK_ALL, /* nothing was lost but what the step itself had not done */
};
#define N_DISK_SURVIVALS (DISK_ALL + 1)

void disk_reset(void); /* empty, power on */
void disk_cut_after(unsigned n_steps); /* the n-th step from now fails half-way, and so does every later one */
bool disk_is_cut(void);
void disk_reboot(enum disk_survival survival);
void disk_fail_step(unsigned n_steps, int error); /* only the n-th step from now fails, with this negative errno */
void disk_set_file(const char *name, const void *bytes, unsigned n_bytes); /* safely there */
void disk_set_read_error(int error); /* every read fails; 0: no longer */
bool disk_has_file(const char *name);
