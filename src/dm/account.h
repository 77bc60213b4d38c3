/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Enrolment on disk. The state directory of mvpn-dm holds generations, each whole in itself, and one link that says which one counts:
 *
 *     current -> gen-7      certs -> current/certs   keys -> current/keys   roots -> current/roots      (the last three for mvpnd)
 *     gen-7/account         key=value
 *     gen-7/certs/NAME.pem  the device certificate and what stands between it and the roots
 *     gen-7/keys/NAME.key   its key; readable for the group
 *     gen-7/roots/NAME.pem  the roots that came with it
 *     gen-7/management      the management server and its secrets; for mvpn-dm only
 *     gen-7/tree            the management tree; for mvpn-dm only
 *     gen-7/server-roots.pem  what the server is trusted by, if not by the system's roots
 *     pending/request.key   a request that is not decided yet; for mvpn-dm only
 *
 * A change writes the next generation and turns the link by one rename: after a power cut either the old account or the new one is there.
 * NAME is new with every certificate, so that during a renewal old and new stand side by side. Never judges what it stores.
 */
#include <stddef.h>
#include <stdint.h>

#define DM_STORE_NAME_SIZE   64
#define DM_POLICY_PRINT_SIZE 65 /* SHA-256 in hexadecimal, of a policy without the names of certificates */

struct dm_account {
    char method[8]; /* est, scep, mde2 */
    char server[1024]; /* URL as the engine wants it */
    char service[1024]; /* where renewal is asked for, where that is not the server */
    char name[DM_STORE_NAME_SIZE]; /* of the certificate in force */
    char previous[DM_STORE_NAME_SIZE]; /* of the one before, until the new one has worked; "" when there is none */
    char device[65]; /* common name that was asked for */
    char pin[45]; /* of the server's key; "" when there is none */
    int64_t enrolled_at_sec; /* since 1970 */
    int64_t renewed_at_sec; /* when previous was put aside */
    int64_t renew_at_sec; /* when renewal is due */
    int64_t expires_at_sec;
    int64_t next_session_at_sec; /* 0: none */
    uint32_t n_failed; /* sessions in a row */
    uint32_t n_sessions; /* that went well */
    uint32_t n_begun; /* the last session's id */
    uint32_t applied_generation; /* what the tree's policy became when mvpnd took it; 0: not yet */
    char applied_print[DM_POLICY_PRINT_SIZE]; /* of that policy */
    char refused_print[DM_POLICY_PRINT_SIZE]; /* of the tree's policy that mvpnd took back; "": none */
    char refused_why[512];
    uint32_t serial; /* counts certificates: the next NAME */
};

/* A file of the next generation: its path inside, and its bytes; bytes NULL takes it away. Files that are not named stay. */
struct dm_account_file {
    const char *path;
    const char *bytes;
    size_t n_bytes;
    unsigned mode;
};

struct dm_provisioning;
struct dm_store;

/* Makes the folder where missing, and clears away generations that never counted. 0 or negative errno. */
int dm_store_open(const char *state_dir, struct dm_store **ret);
struct dm_store *dm_store_free(struct dm_store *store);

/* 0; -ENOENT: not enrolled; -EBADMSG: damaged. */
int dm_store_load(struct dm_store *store, struct dm_account *ret);

/* A file of the generation in force. A NUL stands behind *ret; free() it. */
int dm_store_read(struct dm_store *store, const char *path, char **ret, size_t *ret_bytes);

/* All or nothing. */
int dm_store_commit(struct dm_store *store, const struct dm_account *account, const struct dm_account_file *files, size_t n_files);

/*
 * A request that the organisation has not decided, put aside for the next attempt: any text, with a key in it. Written whole or not at all;
 * -ENOENT: there is none. Reading: a NUL stands behind *ret; dm_secret_free() it.
 */
int dm_store_put_aside(struct dm_store *store, const char *text, size_t n_bytes);
int dm_store_read_aside(struct dm_store *store, char **ret, size_t *ret_bytes);
void dm_store_forget_aside(struct dm_store *store);

/* Nothing is left, keys are overwritten. The folder itself stays. */
int dm_store_remove(struct dm_store *store);

/* The text of an account, and of the file management, both ways (pure). -EBADMSG: not whole; output untouched. */
int dm_account_parse(const char *text, size_t n_bytes, struct dm_account *ret);
int dm_account_format(const struct dm_account *account, char *ret, size_t size);
int dm_management_parse(const char *text, size_t n_bytes, struct dm_provisioning *ret);
int dm_management_format(const struct dm_provisioning *management, char *ret, size_t size);
