/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the tests of src/config share: text to settings without files, a scratch folder with files in it, two settings compared.
 * Never part of what is tested.
 */
#include "config/builder.h"

#define FIXTURE_ERRORS_MAX 32

/* What came out of building: settings (NULL when there was an error) and the errors in order. */
struct built {
    struct settings *settings;
    size_t n_errors;
    struct settings_error errors[FIXTURE_ERRORS_MAX];
};

/* One file of this text as "test.conf". */
void build_text(enum config_source source, const char *text, struct built *ret);

/* First the administrator's "test.conf", then the policy "policy.conf". */
void build_two(const char *admin, const char *policy, struct built *ret);
void built_end(struct built *built);

/* Same values for every key? */
bool settings_equal(const struct settings *a, const struct settings *b);

struct scratch {
    char dir[64];
    char config[96], state_dir[96];
    struct settings_paths paths; /* into the above: <dir>/mvpn.conf and <dir>/state */
};

void scratch_begin(struct scratch *ret);
void scratch_write(
    const struct scratch *scratch, const char *name, const char *text); /* name below dir; folders are made */
void scratch_path(const struct scratch *scratch, const char *name, char *buf, size_t size);
void scratch_end(struct scratch *scratch);
