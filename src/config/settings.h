/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The whole configuration after reading and checking: what goes to the core (policy) and what only IKE and management need.
 * Owned as one object; strings are NUL-terminated copies or NULL when not set. Never holds a secret: keys stay in their files.
 */
#include "core/kernelesp.h"
#include "core/policy.h"

#include <stdbool.h>

enum check_revocation { CHECK_REVOCATION_NO, CHECK_REVOCATION_YES, CHECK_REVOCATION_STRICT };

struct settings {
    bool enabled; /* [Tunnel] Enabled=; the record in the state directory wins */
    bool policy_says_enabled; /* the management server's policy has a line for it */
    struct policy policy;

    /* [Tunnel] */
    char *local_identity;  /* NULL: the certificate's subject */
    char *remote_identity; /* NULL: the gateway's name as configured */
    char *certificate;     /* path (PEM or DER) or pkcs11: URI */
    char *private_key;     /* path or pkcs11: URI */
    char *ca_certificates; /* file or folder */
    enum check_revocation check_revocation;
    char *ike_proposals; /* strongSwan's notation, separated by spaces; NULL: the defaults of src/ike */
    char *esp_proposals;
    enum data_path data_path;
    bool standard_ports; /* IKE from UDP ports 500 and 4500 instead of ephemeral ones */

    /* [Keepalive], [Lockdown], [Management] */
    char *portal_command;
    char *management_server;
    usec_t management_poll_usec;
};

/* Where the files are; each with its default from design.md, section 3. */
struct settings_paths {
    const char *config;      /* "/etc/mvpn/mvpn.conf"; drop-ins are in "<config>.d" */
    const char *state_dir;   /* "/var/lib/mvpn" */
    const char *runtime_dir; /* "/run/mvpn" */
    const char *dm_dir; /* mvpn-dm's; NULL: the state directory's name with "-dm" behind it ("/var/lib/mvpn-dm") */
};

/* One finding about the files. line 0: about the whole file. */
struct settings_error {
    char file[256];
    unsigned line;
    char text[512]; /* what is wrong and what to do */
};

/*
 * Reads defaults, config, drop-ins in order of name, then the policy file in the state directory.
 * Returns 0 and a new *ret; or negative errno with *ret untouched and *ret_error saying file, line and what to do.
 * A missing main file is not an error: then nothing is configured and policy.complete is false.
 */
int settings_load(
    const struct settings_paths *paths, struct settings **ret, struct settings_error *ret_error);
/* The same with this text in the place of the policy file; an error in it is told of SETTINGS_POLICY_NAME. NULL: without a policy. */
int settings_load_staged(
    const struct settings_paths *paths, const char *policy, struct settings **ret, struct settings_error *ret_error);
#define SETTINGS_POLICY_NAME "policy"
#define SETTINGS_POLICY_FILE "policy.conf" /* in the state directory */
#define SETTINGS_FILE_MAX_BYTES (256 * 1024) /* of any one file, and of a policy */

void settings_free(struct settings *settings);

/* Why policy.complete is false, as a sentence with what to do; NULL when it is true. */
const char *settings_incomplete(const struct settings *settings);
