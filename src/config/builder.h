/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Builds a struct settings from the bytes of one file after the other: defaults, then each file's keys (later files win), then rules that
 * concern several keys. Decides what the management server's policy may set. Pure but for memory; load.c brings the files.
 * Every error is reported and counted; settings come out only when there was none.
 */
#include "config/settings.h"

enum config_source {
    CONFIG_SOURCE_ADMIN, /* /etc/mvpn: may set everything */
    CONFIG_SOURCE_POLICY, /* the management server's: closed where an opening, a path or a program could be set */
};

/* The error is borrowed for the length of the call. */
typedef void (*builder_report)(void *userdata, const struct settings_error *error);

struct builder;

/* dm_dir: where certificates and keys are kept that dm:NAME names: <dm_dir>/{certs,roots}/NAME.pem, <dm_dir>/keys/NAME.key. 0 or -ENOMEM. */
int builder_new(const char *dm_dir, builder_report report, void *userdata, struct builder **ret);
void builder_free(struct builder *builder);

/* Takes one file's bytes. 0 also when errors were reported; -ENOMEM. */
int builder_add(
    struct builder *builder, const char *file, enum config_source source, const void *bytes, size_t n_bytes);

/* An error that the bringer of the files met (cannot be read, too large): counts like one of the content. */
void builder_add_error(struct builder *builder, const char *file, unsigned line, const char *text);

/* Checks the rules between keys. 0 and new settings, or -EINVAL when any error was reported since builder_new(). */
int builder_finish(struct builder *builder, struct settings **ret);
