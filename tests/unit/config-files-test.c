/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the configuration: their order, what a missing, odd or unreadable one means, that an error leaves the old settings alone;
 * and that conf/mvpn.conf shows every key with its default.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "config-fixture.h"
#include "config/files.h"
#include "config/keys.h"
#include "support/test.h"

#include <ctype.h>
#include <sys/stat.h>

static struct settings *load(const struct scratch *scratch)
{
    struct settings_error error = { .line = 0 };
    struct settings *settings = NULL;

    if (!CHECK_EQ(settings_load(&scratch->paths, &settings, &error), 0))
        fprintf(stderr, "  %s:%u: %s\n", error.file, error.line, error.text);
    return settings;
}

/* Loading fails, with the error at the end of this path, this line, these words; and the old settings stay what they were. */
static void check_fails(
    const struct scratch *scratch, int wanted, const char *file, unsigned line, const char *fragment)
{
    struct settings *const before = (struct settings *)(uintptr_t)16;
    struct settings *settings = before;
    struct settings_error error = { .line = 0 };
    size_t length;

    CHECK_EQ(settings_load(&scratch->paths, &settings, &error), wanted);
    CHECK(settings == before);
    CHECK_EQ(error.line, line);
    length = strlen(error.file);
    if (CHECK_GE(length, strlen(file)))
        CHECK_STR(error.file + length - strlen(file), file);
    if (!CHECK(strstr(error.text, fragment) != NULL))
        fprintf(stderr, "  wanted '%s' in: %s\n", fragment, error.text);
}

static void no_files_are_the_defaults(void)
{
    struct scratch scratch;
    struct settings *settings;
    struct built defaults;

    scratch_begin(&scratch);
    settings = load(&scratch);
    build_text(CONFIG_SOURCE_ADMIN, "", &defaults);
    if (settings)
        CHECK(settings_equal(settings, defaults.settings));
    if (settings)
        CHECK(!settings->policy.complete);
    settings_free(settings);
    built_end(&defaults);
    scratch_end(&scratch);
}

static void later_files_win(void)
{
    struct scratch scratch;
    struct settings *s;

    scratch_begin(&scratch);
    scratch_write(&scratch, "mvpn.conf",
        "[Tunnel]\nGateway=main.example\nMTU=1300\nFirewallMark=1\nSearchDomains=main.example\n");
    scratch_write(&scratch, "mvpn.conf.d/20-b.conf", "[Tunnel]\nMTU=1320\nFirewallMark=3\nSearchDomains=\n");
    scratch_write(&scratch, "mvpn.conf.d/10-a.conf", "[Tunnel]\nMTU=1310\nGateway=a.example\n");
    scratch_write(&scratch, "mvpn.conf.d/100-c.conf", "[Tunnel]\nMTU=1305\n"); /* byte order: before 20 */
    scratch_write(&scratch, "mvpn.conf.d/30-c.conf.dpkg-old", "rubbish");
    scratch_write(&scratch, "mvpn.conf.d/README", "rubbish");
    scratch_write(&scratch, "mvpn.conf.d/.40-hidden.conf", "rubbish");
    scratch_write(&scratch, "state/policy.conf", "[Tunnel]\nFirewallMark=4\nCertificate=dm:device\n");
    s = load(&scratch);
    if (s) {
        char store[128];

        CHECK_EQ(s->policy.mtu, 1320);
        CHECK_STR(s->policy.gateways[0].name, "a.example");
        CHECK_EQ(s->policy.mark, 4);
        CHECK_EQ(s->policy.n_domains, 0);
        scratch_path(&scratch, "state-dm/certs/device.pem", store, sizeof(store));
        CHECK_STR(s->certificate, store);
    }
    settings_free(s);
    scratch_end(&scratch);
}

static void a_staged_policy_takes_the_place_of_the_file(void)
{
    struct settings_error error = { .line = 0 };
    struct scratch scratch;
    struct settings *s;

    scratch_begin(&scratch);
    scratch_write(&scratch, "mvpn.conf", "[Tunnel]\nGateway=main.example\nMTU=1300\nDNS=192.0.2.1\n");
    scratch_write(&scratch, "state/policy.conf", "[Tunnel]\nMTU=1310\nFirewallMark=4\n");
    CHECK_EQ(settings_load_staged(&scratch.paths, "[Tunnel]\nMTU=1320\n", &s, &error), 0);
    CHECK_EQ(s->policy.mtu, 1320);
    CHECK_EQ(s->policy.mark, 0x4d56);
    settings_free(s);
    CHECK_EQ(settings_load_staged(&scratch.paths, NULL, &s, &error), 0);
    CHECK_EQ(s->policy.mtu, 1300);
    settings_free(s);
    CHECK_EQ(settings_load_staged(&scratch.paths, "[Tunnel]\nMTU=1320\nInterface=mvpn1\n", &s, &error), -EINVAL);
    CHECK_STR(error.file, SETTINGS_POLICY_NAME);
    CHECK_EQ(error.line, 3);
    CHECK(strstr(error.text, "Interface= may not be set by a policy"));
    scratch.paths.dm_dir = "/elsewhere";
    CHECK_EQ(settings_load_staged(&scratch.paths, "[Tunnel]\nCertificate=dm:x\n", &s, &error), 0);
    CHECK_STR(s->certificate, "/elsewhere/certs/x.pem");
    settings_free(s);
    scratch_end(&scratch);
}

static void an_error_anywhere_changes_nothing(void)
{
    struct scratch scratch;

    scratch_begin(&scratch);
    scratch_write(&scratch, "mvpn.conf", "[Tunnel]\nGateway=main.example\n\nMTUU=1300\n");
    check_fails(&scratch, -EINVAL, "/mvpn.conf", 4, "did you mean MTU=?");
    scratch_write(&scratch, "mvpn.conf", "[Tunnel]\nGateway=main.example\n");
    scratch_write(&scratch, "mvpn.conf.d/50-x.conf", "[Tunnel]\nGateway=a b/c\n");
    check_fails(&scratch, -EINVAL, "/mvpn.conf.d/50-x.conf", 2, "'b/c'");
    scratch_write(&scratch, "mvpn.conf.d/50-x.conf", "");
    scratch_write(&scratch, "state/policy.conf", "[Lockdown]\nAllowLAN=yes\n");
    check_fails(&scratch, -EINVAL, "/state/policy.conf", 2, "may only be closed");
    scratch_write(&scratch, "state/policy.conf", "");
    settings_free(load(&scratch));
    scratch_end(&scratch);
}

/* The line that set a key last is the one to change, wherever the other stands. */
static void a_rule_between_files_is_told_at_the_later(void)
{
    struct scratch scratch;

    scratch_begin(&scratch);
    scratch_write(&scratch, "mvpn.conf", "[Reconnect]\nMaxDelay=10s\n");
    scratch_write(&scratch, "mvpn.conf.d/a.conf", "[Reconnect]\n\n\nInitialDelay=20s\n");
    check_fails(&scratch, -EINVAL, "/mvpn.conf.d/a.conf", 4, "InitialDelay=");
    scratch_write(&scratch, "mvpn.conf", "[Reconnect]\n#\n#\n#\nInitialDelay=20s\n");
    scratch_write(&scratch, "mvpn.conf.d/a.conf", "[Reconnect]\nMaxDelay=10s\n");
    check_fails(&scratch, -EINVAL, "/mvpn.conf.d/a.conf", 2, "MaxDelay=");
    scratch_end(&scratch);
}

static void odd_files_are_told(void)
{
    struct scratch scratch;
    char path[128], *big;

    scratch_begin(&scratch);
    CHECK_EQ(mkdir(scratch.config, 0755), 0);
    check_fails(&scratch, -EISDIR, "/mvpn.conf", 0, "folder");
    rmdir(scratch.config);
    CHECK_EQ(mkfifo(scratch.config, 0644), 0);
    check_fails(&scratch, -ENODEV, "/mvpn.conf", 0, "regular file"); /* and does not wait for a writer */
    unlink(scratch.config);
    CHECK_EQ(symlink("nowhere", scratch.config), 0);
    check_fails(&scratch, -ENOENT, "/mvpn.conf", 0, "link to nothing");
    unlink(scratch.config);
    CHECK_EQ(symlink("/dev/null", scratch.config), 0);
    settings_free(load(&scratch));
    unlink(scratch.config);
    big = calloc(1, 300 * 1024);
    if (big) {
        memset(big, '\n', 300 * 1024 - 1);
        scratch_write(&scratch, "mvpn.conf", big);
        free(big);
    }
    check_fails(&scratch, -EFBIG, "/mvpn.conf", 0, "256 KiB");
    unlink(scratch.config);
    scratch_path(&scratch, "mvpn.conf.d", path, sizeof(path));
    scratch_write(&scratch, "mvpn.conf.d", "not a folder");
    settings_free(load(&scratch));
    scratch_end(&scratch);
}

static void an_unreadable_file_is_told(void)
{
    struct scratch scratch;

    if (geteuid() == 0 && seteuid(65534) < 0)
        return;
    scratch_begin(&scratch);
    scratch_write(&scratch, "mvpn.conf", "[Tunnel]\n");
    CHECK_EQ(chmod(scratch.config, 0), 0);
    check_fails(&scratch, -EACCES, "/mvpn.conf", 0, "may not be read");
    scratch_end(&scratch);
    if (getuid() == 0)
        CHECK_EQ(seteuid(0), 0);
}

static void a_nul_in_a_file_is_an_error(void)
{
    struct scratch scratch;
    FILE *f;

    scratch_begin(&scratch);
    f = fopen(scratch.config, "we");
    if (CHECK(f != NULL)) {
        fwrite("[Tunnel]\nMTU=1\0\n", 1, 16, f);
        fclose(f);
    }
    check_fails(&scratch, -EINVAL, "/mvpn.conf", 2, "NUL byte");
    scratch_end(&scratch);
}

/* ---- the configuration as delivered ---- */

/* Takes the '#' away from "#Key=value" lines; how many there were. */
static unsigned uncomment(char *text)
{
    unsigned n = 0;

    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (line[0] == '#' && isupper((unsigned char)line[1]) && line[1 + strcspn(line + 1, "= \n")] == '=') {
            line[0] = ' ';
            n++;
        }
    }
    return n;
}

static void the_delivered_file_shows_every_default(void)
{
    _cleanup_free_ char *text = NULL;
    size_t n_bytes;
    struct built as_delivered, uncommented, defaults;

    if (!CHECK_EQ(read_whole_file(MVPN_CONF, 65536, &text, &n_bytes), 0))
        return;
    build_text(CONFIG_SOURCE_ADMIN, "", &defaults);
    build_text(CONFIG_SOURCE_ADMIN, text, &as_delivered);
    CHECK_EQ(uncomment(text),
        N_CONFIG_KEYS); /* with "twice is an error" and "unknown is an error": each exactly once */
    build_text(CONFIG_SOURCE_ADMIN, text, &uncommented);
    CHECK_EQ(as_delivered.n_errors, 0);
    CHECK_EQ(uncommented.n_errors, 0);
    if (as_delivered.settings && uncommented.settings) {
        CHECK(settings_equal(as_delivered.settings, defaults.settings));
        CHECK(settings_equal(uncommented.settings, defaults.settings));
    }
    for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
        const struct config_key *key = config_key((enum config_key_id)i);
        char line[128];

        snprintf(line, sizeof(line), "\n %s=%s\n", key->name, key->initial ? key->initial : "");
        test_context("%s", key->name);
        CHECK(strstr(text, line) != NULL);
    }
    built_end(&as_delivered);
    built_end(&uncommented);
    built_end(&defaults);
}

/* "Key=" in bold, as an entry of its section. */
static void the_manual_page_names_every_key(void)
{
    _cleanup_free_ char *text = NULL;
    size_t n_bytes;

    if (!CHECK_EQ(read_whole_file(MVPN_CONF_MANUAL, 65536, &text, &n_bytes), 0))
        return;
    for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
        const struct config_key *key = config_key((enum config_key_id)i);
        char header[64], name[64], *section, *end, *found;

        test_context("%s", key->name);
        snprintf(header, sizeof(header), ".SH [%s]", key->section);
        snprintf(name, sizeof(name), " %s=", key->name);
        for (char *c = header; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        section = strstr(text, header);
        if (!CHECK(section != NULL))
            continue;
        end = strstr(section + 1, "\n.SH ");
        found = strstr(section, name);
        CHECK(found && (!end || found < end));
        if (key->initial && found)
            CHECK(strstr(found, key->initial) != NULL);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(no_files_are_the_defaults),
        TEST(later_files_win),
        TEST(a_staged_policy_takes_the_place_of_the_file),
        TEST(an_error_anywhere_changes_nothing),
        TEST(a_rule_between_files_is_told_at_the_later),
        TEST(odd_files_are_told),
        TEST(an_unreadable_file_is_told),
        TEST(a_nul_in_a_file_is_an_error),
        TEST(the_delivered_file_shows_every_default),
        TEST(the_manual_page_names_every_key),
    };
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
