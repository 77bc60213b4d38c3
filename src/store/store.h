/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Files in the state directory: the record (enabled or not), the newest time known to have passed, what is known of networks' NATs, the
 * management server's policy, the last good one before it and why one was gone back from, the cache of CRLs' folder.
 * Every write is temporary file, fsync, rename, fsync of the folder: after a power cut either the old or the new is there.
 * Never decides anything by what it reads; a damaged file is reported with its name.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct natcache;
struct store;

struct store_record {
    bool known; /* false: nothing recorded yet, configuration's Enabled= counts */
    bool enabled;
    int64_t newest_time_sec; /* 0: unknown */
};

/* Creates the directory (0700) and its crls folder where missing. 0 or negative errno. */
int store_open(const char *state_dir, struct store **ret);
void store_free(struct store *store);

/* -EBADMSG: damaged; another negative errno: unreadable. *ret then says enabled (fail closed). */
int store_load(struct store *store, struct store_record *ret);
int store_save(struct store *store, const struct store_record *record);
/* Text that is of use, but no loss: the last tunnel. -ENOENT: there is none. */
int store_load_tunnel(struct store *store, char *ret, size_t size);
int store_save_tunnel(struct store *store, const char *text); /* "": remove */
const char *store_crl_dir(const struct store *store);
const char *store_record_path(const struct store *store); /* to name the damaged file */

/* Missing: empty, 0. Damaged lines are passed over and counted. Negative errno: unreadable, and empty. now_sec: natcache_parse(). */
int store_load_nat(struct store *store, int64_t now_sec, struct natcache *ret, unsigned *ret_n_dropped);
int store_save_nat(struct store *store, const struct natcache *cache);

/* The management server's policy. Zeroed: there is none. */
struct store_policy {
    uint32_t generation; /* of the text; 0: none, or written by a person */
    uint32_t highest; /* that was ever given: none is given twice */
    bool on_trial; /* not known yet to be any good */
    char *text; /* as a configuration file, without mvpn's own line; NULL or "": none */
};

/*
 * The present one, or the last good one before it. Missing: zeroed, and 0. -EBADMSG: damaged; another negative errno: unreadable;
 * *ret is then untouched. ret->text is malloc'd.
 */
int store_load_policy(struct store *store, bool good, struct store_policy *ret);

/*
 * The new one takes the place of `present`, which is kept as the last good one unless it is on trial itself. A power cut at any moment leaves
 * the old or the new present one, and a last good one that is not newer than it. On failure all is as before.
 */
int store_replace_policy(struct store *store, const struct store_policy *present, const struct store_policy *policy);
/* The present one only: its trial is over, or it was gone back from. */
int store_save_policy(struct store *store, const struct store_policy *policy);

/* Which policy was last gone back from, and why: so that it is still told when its server asks, a week and a restart later. */
struct store_taken_back {
    uint32_t generation; /* 0: none, or a damaged one */
    char why[512]; /* a sentence; "": none was */
};

/* Missing, unreadable or damaged: zeroed. */
void store_load_taken_back(struct store *store, struct store_taken_back *ret);
int store_save_taken_back(struct store *store, const struct store_taken_back *taken_back); /* why "": remove */
