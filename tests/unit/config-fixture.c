/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See config-fixture.h. A fixture that fails ends the test program: nothing could be concluded from it.
 */
#include "config-fixture.h"

#include "base/macro.h"
#include "config/keys.h"
#include "config/values.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    exit(1);
}

static void keep_error(void *userdata, const struct settings_error *error)
{
    struct built *built = userdata;

    if (built->n_errors < FIXTURE_ERRORS_MAX)
        built->errors[built->n_errors] = *error;
    built->n_errors++;
}

void build_two(const char *admin, const char *policy, struct built *ret)
{
    struct builder *builder;

    *ret = (struct built){ .settings = NULL };
    must(builder_new("/store", keep_error, ret, &builder) == 0, "builder_new");
    if (admin)
        must(
            builder_add(builder, "test.conf", CONFIG_SOURCE_ADMIN, admin, strlen(admin)) == 0, "builder_add");
    if (policy)
        must(builder_add(builder, "policy.conf", CONFIG_SOURCE_POLICY, policy, strlen(policy)) == 0,
            "builder_add");
    if (builder_finish(builder, &ret->settings) < 0)
        ret->settings = NULL;
    builder_free(builder);
}

void build_text(enum config_source source, const char *text, struct built *ret)
{
    switch (source) {
    case CONFIG_SOURCE_ADMIN:
        build_two(text, NULL, ret);
        return;
    case CONFIG_SOURCE_POLICY:
        build_two(NULL, text, ret);
        return;
    }
}

void built_end(struct built *built)
{
    settings_free(built->settings);
    built->settings = NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_gateways(const struct policy *a, const struct policy *b)
{
    for (uint32_t i = 0; i < a->n_gateways && i < b->n_gateways; i++) {
        const struct gateway *x = &a->gateways[i], *y = &b->gateways[i];

        if (strcmp(x->name, y->name) != 0 || x->port != y->port || !ip_addr_equal(&x->literal, &y->literal))
            return false;
    }
    return a->n_gateways == b->n_gateways;
}

bool settings_equal(const struct settings *a, const struct settings *b)
{
    for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
        const struct config_key *key = config_key((enum config_key_id)i);
        const char *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;
        bool same = i == KEY_GATEWAY       ? same_gateways(&a->policy, &b->policy)
                    : value_is_string(key) ? same_text(*(char *const *)x, *(char *const *)y)
                                           : memcmp(x, y, key->size) == 0;

        if (same && key->n_offset)
            same = memcmp((const char *)a + key->n_offset, (const char *)b + key->n_offset,
                       sizeof(uint32_t)) == 0;
        if (!same) {
            fprintf(stderr, "differs: %s\n", key->name);
            return false;
        }
    }
    return true;
}

void scratch_begin(struct scratch *ret)
{
    snprintf(ret->dir, sizeof(ret->dir), "/tmp/mvpn-config-test.XXXXXX");
    must(mkdtemp(ret->dir) != NULL, "mkdtemp");
    scratch_path(ret, "mvpn.conf", ret->config, sizeof(ret->config));
    scratch_path(ret, "state", ret->state_dir, sizeof(ret->state_dir));
    ret->paths = (struct settings_paths){
        .config = ret->config, .state_dir = ret->state_dir, .runtime_dir = ret->dir
    };
}

void scratch_path(const struct scratch *scratch, const char *name, char *buf, size_t size)
{
    snprintf(buf, size, "%s/%s", scratch->dir, name);
}

void scratch_write(const struct scratch *scratch, const char *name, const char *text)
{
    char path[512];
    FILE *f;

    scratch_path(scratch, name, path, sizeof(path));
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    f = fopen(path, "we");
    must(f && fputs(text, f) >= 0 && fclose(f) == 0, path);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void scratch_end(struct scratch *scratch)
{
    nftw(scratch->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
