/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/sys/dns.c: the exact calls that systemd-resolved gets, again when it was started anew and for a new interface; resolvconf(8), played by a
 * script; and /etc/resolv.conf, played by a file, with other programs that write it. The interface is the loopback, which always has an index.
 */
#include "adapter/bus-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "sys/dns.h"
#include "sys/resolvfile.h"

#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#define RESOLVED      "org.freedesktop.resolve1"
#define RESOLVED_PATH "/org/freedesktop/resolve1"

static struct world {
    bool refuses;
    char calls[1024];
    struct strbuf text; /* into calls */
    unsigned n_calls, n_said;
    char said[512];
    char resolv_conf[128], script[128], order[128], log[128];
    struct resolvprog_paths program;
    struct dns_paths paths;
    struct dns_setup *setup;
} w;

static struct dns corp(bool everything)
{
    struct dns dns = { .active = true, .everything = everything, .interface = "lo", .n_servers = 2, .n_domains = 1 };

    ip_addr_parse("10.1.0.53", &dns.servers[0]);
    ip_addr_parse("fd01::53", &dns.servers[1]);
    strcpy(dns.domains[0], "corp.example.com");
    return dns;
}

/* ---- resolved ---- */

static void note_servers(sd_bus_message *m)
{
    const void *bytes;
    size_t n_bytes;
    int family;

    CHECK(sd_bus_message_enter_container(m, 'a', "(iay)") > 0);
    while (sd_bus_message_enter_container(m, 'r', "iay") > 0) {
        struct ip_addr addr;
        char text[IP_ADDR_TEXT_SIZE];
        CHECK(sd_bus_message_read(m, "i", &family) > 0 && sd_bus_message_read_array(m, 'y', &bytes, &n_bytes) > 0);
        CHECK_EQ(n_bytes, family == 2 ? 4u : 16u);
        addr = ip_addr_from_bytes(family == 2 ? 4 : 6, bytes);
        strbuf_add(&w.text, " %s", ip_addr_format(&addr, text, sizeof(text)));
        sd_bus_message_exit_container(m);
    }
}

static void note_domains(sd_bus_message *m)
{
    const char *domain;
    int only_routes;

    CHECK(sd_bus_message_enter_container(m, 'a', "(sb)") > 0);
    while (sd_bus_message_read(m, "(sb)", &domain, &only_routes) > 0)
        strbuf_add(&w.text, " %s%s", only_routes ? "~" : "", domain);
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    const char *member = sd_bus_message_get_member(m);
    int ifindex = 0, flag = 0;

    (void)userdata;
    if (!sd_bus_message_is_method_call(m, RESOLVED ".Manager", NULL))
        return 0;
    CHECK(sd_bus_message_read(m, "i", &ifindex) > 0);
    CHECK_EQ(ifindex, (int)if_nametoindex("lo"));
    w.n_calls++;
    strbuf_add(&w.text, "%s", member);
    if (strcmp(member, "SetLinkDNS") == 0)
        note_servers(m);
    else if (strcmp(member, "SetLinkDomains") == 0)
        note_domains(m);
    else if (strcmp(member, "SetLinkDefaultRoute") == 0 && CHECK(sd_bus_message_read(m, "b", &flag) > 0))
        strbuf_add(&w.text, " %s", flag ? "yes" : "no");
    strbuf_add(&w.text, "; ");
    if (w.refuses)
        return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "not yours");
    return sd_bus_reply_method_return(m, NULL);
}

static void forget_calls(void)
{
    w.n_calls = 0;
    strbuf_init(&w.text, w.calls, sizeof(w.calls));
}

/* ---- the world ---- */

static void on_say(void *userdata, int priority, const char *text)
{
    (void)userdata, (void)priority;
    w.n_said++;
    snprintf(w.said, sizeof(w.said), "%s", text);
}

static void write_text(const char *path, const char *text)
{
    _cleanup_fclose_ FILE *f = fopen(path, "we");

    CHECK(f && fputs(text, f) >= 0);
}

static const char *read_text(const char *path)
{
    static char text[4096];
    _cleanup_fclose_ FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    text[n] = '\0';
    return text;
}

static void start(void)
{
    CHECK_EQ(dns_setup_new(lab.loop, &w.paths, on_say, NULL, &w.setup), 0);
    CHECK_EQ(dns_setup_set_bus(w.setup, lab.ours), 0);
}

static void begin(const char *resolv_conf)
{
    static bool serves;

    if (!serves)
        serves = sd_bus_add_object(lab.theirs, NULL, RESOLVED_PATH, on_call, NULL) >= 0;
    CHECK(serves);
    w = (struct world){ 0 };
    forget_calls();
    bus_lab_path("resolv.conf", w.resolv_conf, sizeof(w.resolv_conf));
    bus_lab_path("resolvconf", w.script, sizeof(w.script));
    bus_lab_path("order", w.order, sizeof(w.order));
    bus_lab_path("log", w.log, sizeof(w.log));
    w.program = (struct resolvprog_paths){ .programs = { w.script }, .order = w.order };
    w.paths = (struct dns_paths){ w.resolv_conf, lab.folder, &w.program };
    write_text(w.resolv_conf, resolv_conf);
    start();
}

static void end(void)
{
    const struct dns nothing = { 0 };

    dns_setup_set(w.setup, &nothing);
    bus_lab_settle();
    dns_setup_free(w.setup);
    unlink(w.script);
    unlink(w.log);
    unlink(w.order);
    unlink(w.resolv_conf);
    bus_lab_set_name(RESOLVED, false);
    bus_lab_settle();
}

static void appear(void)
{
    bus_lab_set_name(RESOLVED, true);
    UNTIL(dns_setup_has_resolved(w.setup));
    bus_lab_settle();
}

#define STUB     "nameserver 127.0.0.53\noptions edns0 trust-ad\n"
#define FOREIGN  "# from DHCP\nnameserver 192.168.1.1\n"
#define TOLD     "SetLinkDNS 10.1.0.53 fd01::53; SetLinkDomains corp.example.com ~.; SetLinkDefaultRoute yes; "
#define TOLD_FEW "SetLinkDNS 10.1.0.53 fd01::53; SetLinkDomains corp.example.com; SetLinkDefaultRoute no; "

static void resolved_gets_exactly_this(void)
{
    struct dns dns = corp(true), few = corp(false), nothing = { 0 };

    begin(STUB);
    appear();
    CHECK_EQ(w.n_calls, 0);
    dns_setup_set(w.setup, &dns);
    bus_lab_settle();
    CHECK_STR(w.calls, TOLD);
    CHECK_STR(read_text(w.resolv_conf), STUB); /* resolved's own */
    forget_calls();
    dns_setup_set(w.setup, &few);
    bus_lab_settle();
    CHECK_STR(w.calls, TOLD_FEW);
    forget_calls();
    dns_setup_set(w.setup, &nothing);
    bus_lab_settle();
    CHECK_STR(w.calls, "RevertLink; ");
    forget_calls();
    dns_setup_set(w.setup, &nothing);
    bus_lab_settle();
    CHECK_STR(w.calls, "");
    CHECK_EQ(w.n_said, 0);
    end();
}

static void resolved_is_told_again(void)
{
    struct dns dns = corp(true);

    begin(STUB);
    dns_setup_set(w.setup, &dns); /* before it is there */
    bus_lab_settle();
    CHECK_STR(w.calls, "");
    appear();
    CHECK_STR(w.calls, TOLD);
    for (int i = 0; i < 3; i++) {
        bus_lab_set_name(RESOLVED, false);
        UNTIL(!dns_setup_has_resolved(w.setup));
        CHECK_STR(read_text(w.resolv_conf), STUB); /* it will be back */
        forget_calls();
        appear();
        CHECK_STR(w.calls, TOLD);
    }
    forget_calls();
    dns_setup_tunnel_made(w.setup);
    bus_lab_settle();
    CHECK_STR(w.calls, TOLD);
    end();
}

static void resolved_refuses(void)
{
    struct dns dns = corp(true);

    begin(STUB);
    w.refuses = true;
    appear();
    dns_setup_set(w.setup, &dns);
    bus_lab_settle();
    CHECK(w.n_said > 0);
    CHECK(strstr(w.said, "not yours") != NULL);
    end();
}

/* ---- the file ---- */

static bool is_ours(void)
{
    return resolvfile_look(w.resolv_conf) == RESOLVFILE_OURS;
}

static void the_file_and_back(void)
{
    struct dns dns = corp(true), nothing = { 0 };

    begin(FOREIGN);
    CHECK_STR(read_text(w.resolv_conf), FOREIGN);
    dns_setup_set(w.setup, &dns);
    CHECK(is_ours());
    CHECK(strstr(read_text(w.resolv_conf), "\nnameserver 10.1.0.53\nnameserver fd01::53\nsearch corp.example.com\n") != NULL);
    dns_setup_set(w.setup, &nothing);
    CHECK_STR(read_text(w.resolv_conf), FOREIGN);
    CHECK_EQ(w.n_said, 0);
    end();
}

static void the_file_after_a_crash(void)
{
    struct dns dns = corp(true);

    begin(FOREIGN);
    dns_setup_set(w.setup, &dns);
    dns_setup_free(w.setup); /* says nothing, as a crash */
    CHECK(is_ours());
    start();
    CHECK_STR(read_text(w.resolv_conf), FOREIGN);
    end();
}

static void replace(const char *text)
{
    char fresh[160];

    snprintf(fresh, sizeof(fresh), "%s.new", w.resolv_conf);
    write_text(fresh, text);
    CHECK(rename(fresh, w.resolv_conf) == 0);
}

static void other_programs_write_it(void)
{
    struct dns dns = corp(true), nothing = { 0 };

    begin(FOREIGN);
    dns_setup_set(w.setup, &dns);
    replace("nameserver 192.168.2.1\n");
    UNTIL(is_ours());
    write_text(w.resolv_conf, "nameserver 192.168.3.1\n"); /* in place */
    UNTIL(is_ours());
    unlink(w.resolv_conf);
    UNTIL(is_ours());
    replace("nameserver 192.168.4.1\n");
    UNTIL(is_ours());
    CHECK_EQ(w.n_said, 0);
    dns_setup_set(w.setup, &nothing);
    CHECK_STR(read_text(w.resolv_conf), "nameserver 192.168.4.1\n");
    end();
}

static void a_fight_ends(void)
{
    struct dns dns = corp(true);

    begin(FOREIGN);
    dns_setup_set(w.setup, &dns);
    for (int i = 0; i < 100 && w.n_said == 0; i++) {
        replace("nameserver 192.168.2.1\n");
        UNTIL(is_ours() || w.n_said > 0);
    }
    CHECK_EQ(w.n_said, 1);
    CHECK(!is_ours());
    end();
}

/* ---- resolvconf(8) ---- */

static void play_resolvconf(const char *status)
{
    char script[512];

    snprintf(script, sizeof(script), "#!/bin/sh\necho \"$@: $(tr '\\n' ' ')\" >>%s\nexit %s\n", w.log, status);
    write_text(w.script, script);
    CHECK(chmod(w.script, 0755) == 0);
}

static bool was_run(const char *what)
{
    return strstr(read_text(w.log), what) != NULL;
}

/* What says that resolvconf has something of ours goes when it has answered, which is after it wrote our log. */
static bool is_noted(void)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/resolvconf-name", lab.folder);
    return access(path, F_OK) == 0;
}

static void resolvconf_keeps_the_file(void)
{
    struct dns dns = corp(true), nothing = { 0 };

    begin(FOREIGN);
    play_resolvconf("0");
    write_text(w.order, "");
    dns_setup_set(w.setup, &dns);
    UNTIL(was_run("-a tun.lo -m 0 -x: nameserver 10.1.0.53 nameserver fd01::53 search corp.example.com"));
    CHECK_STR(read_text(w.resolv_conf), FOREIGN);
    dns_setup_set(w.setup, &nothing);
    UNTIL(was_run("-d tun.lo: "));
    bus_lab_settle();
    dns_setup_set(w.setup, &dns);
    UNTIL(was_run("-d tun.lo: \n-a tun.lo"));
    dns_setup_free(w.setup); /* a crash */
    start();
    UNTIL(was_run("-d tun.lo: \n-a tun.lo -m 0 -x: nameserver 10.1.0.53 nameserver fd01::53 search corp.example.com \n-d tun.lo: "));
    UNTIL(!is_noted());
    CHECK_EQ(w.n_said, 0);
    end();
    CHECK_EQ(resolvprog_restore(&w.program, lab.folder), 0); /* nothing is left to take back */
}

static void resolvconf_with_a_dead_daemon(void)
{
    struct dns dns = corp(true);

    begin(FOREIGN);
    play_resolvconf("0");
    dns_setup_set(w.setup, &dns);
    UNTIL(was_run("-a lo"));
    dns_setup_free(w.setup);
    CHECK_EQ(resolvprog_restore(&w.program, lab.folder), 1);
    CHECK(was_run("-d lo: "));
    CHECK_EQ(resolvprog_restore(&w.program, lab.folder), 0);
    start();
    end();
}

static void resolvconf_fails(void)
{
    struct dns dns = corp(true);

    begin(FOREIGN);
    play_resolvconf("3");
    dns_setup_set(w.setup, &dns);
    UNTIL(w.n_said == 1);
    CHECK(strstr(w.said, "3") != NULL);
    end();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(resolved_gets_exactly_this),
        TEST(resolved_is_told_again),
        TEST(resolved_refuses),
        TEST(the_file_and_back),
        TEST(the_file_after_a_crash),
        TEST(other_programs_write_it),
        TEST(a_fight_ends),
        TEST(resolvconf_keeps_the_file),
        TEST(resolvconf_with_a_dead_daemon),
        TEST(resolvconf_fails),
    };

    signal(SIGPIPE, SIG_IGN);
    return bus_lab_main(tests, ELEMENTSOF(tests), argc, argv);
}
