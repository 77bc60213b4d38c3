/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives src/ike by hand or from a test, without mvpnd: commands come line by line on standard input, events go out the same way. It owns
 * a TUN device; addresses and routes are set by whoever runs it. Decides nothing: what a command does not say is not done.
 *
 *   start | stop | initiate REMOTE[/PORT] LOCAL IFACE [INNER…] | migrate REMOTE LOCAL IFACE | terminate | silent | liveness
 *   keepalive | watch | fetch ID [ADDR…] | stats | tun NAME | gateway INDEX | fds | rss | quit
 */
#include "ike/ike.h"

#include "base/macro.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WORDS_MAX 12

struct drive {
    struct ike *ike;
    struct settings settings;
    struct ike_options options;
    uint32_t attempt, gateway_index;
    int tun_fd;
};

static int open_tun(const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
        fprintf(stderr, "cannot open %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

static void print_addrs(const char *name, const struct ip_addr *addrs, uint32_t n_addrs)
{
    char text[IP_ADDR_TEXT_SIZE];

    printf(" %s=", name);
    for (uint32_t i = 0; i < n_addrs; i++)
        printf("%s%s", i ? "," : "", ip_addr_format(&addrs[i], text, sizeof(text)));
}

static void print_tunnel(const struct tunnel *tunnel)
{
    char text[IP_PREFIX_TEXT_SIZE];

    printf(" attempt=%u", tunnel->attempt);
    print_addrs("addrs", tunnel->addrs, tunnel->n_addrs);
    print_addrs("dns", tunnel->dns, tunnel->n_dns);
    for (uint32_t i = 0; i < tunnel->n_domains; i++)
        printf(" domain=%s", tunnel->domains[i]);
    printf(" subnets=");
    for (uint32_t i = 0; i < tunnel->n_subnets; i++)
        printf("%s%s", i ? "," : "", ip_prefix_format(&tunnel->subnets[i], text, sizeof(text)));
    print_addrs("local", &tunnel->local, 1);
    print_addrs("remote", &tunnel->remote, 1);
    printf(" port=%u nat=%d mobike=%d", tunnel->remote_port, tunnel->nat, tunnel->mobike);
}

static void print_event(const struct event *event)
{
    printf("event %s", event_name(event->type));
    if (event->type == EVENT_IKE_ESTABLISHED) {
        print_tunnel(&event->tunnel);
    } else if (event->type == EVENT_IKE_FAILED || event->type == EVENT_IKE_CLOSED) {
        printf(" attempt=%u reason=%s", event->failure.attempt, reason_name(event->failure.reason));
    } else if (event->type == EVENT_IKE_MOVED) {
        print_addrs("local", &event->path.local, 1);
        print_addrs("remote", &event->path.remote, 1);
        printf(" nat=%d moved=%d", event->path.nat, event->path.moved);
    } else if (event->type == EVENT_FETCH_WANTED || event->type == EVENT_FETCH_DONE) {
        printf(" id=%u host=%s port=%u", event->fetch.id, event->fetch.host, event->fetch.port);
    } else if (event->type == EVENT_TRAFFIC) {
        printf(" unanswered=%d", event->traffic.unanswered_at_usec != 0);
    }
    printf("\n");
}

static void print_stats(struct drive *drive)
{
    struct ike_stats stats;

    ike_get_stats(drive->ike, &stats);
    printf("stats rx_packets=%" PRIu64 " tx_packets=%" PRIu64 " rx_bytes=%" PRIu64 " tx_bytes=%" PRIu64
           " rekeys=%" PRIu64 " sas=%" PRIu32 " last_in=%" PRIu64 " last_out=%" PRIu64 " unanswered=%" PRIu64 "\n",
        stats.rx_packets, stats.tx_packets, stats.rx_bytes, stats.tx_bytes, stats.n_rekeys, ike_count_sas(drive->ike),
        stats.traffic.last_in_at_usec, stats.traffic.last_out_at_usec, stats.traffic.unanswered_at_usec);
}

static void print_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned n_fds = 0;

    while (folder && readdir(folder))
        n_fds++;
    closedir(folder);
    printf("fds %u\n", n_fds - 3);
}

static void print_rss(void)
{
    char line[128];
    FILE *file = fopen("/proc/self/smaps_rollup", "re");

    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "Private_Dirty:", 14) == 0)
            printf("rss %lu\n", strtoul(line + 14, NULL, 10));
    if (file)
        fclose(file);
}

static struct ip_addr parse_addr(const char *text)
{
    struct ip_addr addr;

    if (ip_addr_parse(text, &addr) < 0) {
        fprintf(stderr, "not an address: %s\n", text);
        exit(2);
    }
    return addr;
}

static void do_initiate(struct drive *drive, char **words, unsigned n_words)
{
    struct action action = { .type = ACTION_IKE_INITIATE };
    struct initiate_request *request = &action.initiate;
    char *port = strrchr(words[1], '/');
    int r;

    if (port) {
        *port++ = '\0';
        request->remote_port = (uint16_t)strtoul(port, NULL, 10);
    }
    request->attempt = ++drive->attempt;
    request->gateway_index = drive->gateway_index;
    request->remote = parse_addr(words[1]);
    request->local = parse_addr(words[2]);
    request->ifindex = (int)if_nametoindex(words[3]);
    snprintf(request->interface, sizeof(request->interface), "%s", words[3]);
    for (unsigned i = 4; i < n_words && request->n_addrs < TUNNEL_ADDRS_MAX; i++)
        request->addrs[request->n_addrs++] = parse_addr(words[i]);
    r = ike_execute(drive->ike, &action);
    printf("initiate %d attempt=%u\n", r, drive->attempt);
}

static void do_migrate(struct drive *drive, char **words)
{
    struct action action = { .type = ACTION_IKE_MIGRATE };

    action.migrate.remote = parse_addr(words[1]);
    action.migrate.local = parse_addr(words[2]);
    action.migrate.ifindex = (int)if_nametoindex(words[3]);
    snprintf(action.migrate.interface, sizeof(action.migrate.interface), "%s", words[3]);
    printf("migrate %d\n", ike_execute(drive->ike, &action));
}

static void do_fetch(struct drive *drive, char **words, unsigned n_words)
{
    struct action action = { .type = ACTION_FETCH_REPLY };

    action.fetch_reply.id = (uint32_t)strtoul(words[1], NULL, 10);
    for (unsigned i = 2; i < n_words && action.fetch_reply.n_addrs < RESOLVED_ADDRS_MAX; i++)
        action.fetch_reply.addrs[action.fetch_reply.n_addrs++] = parse_addr(words[i]);
    printf("fetch %d\n", ike_execute(drive->ike, &action));
}

static bool do_simple(struct drive *drive, const char *word)
{
    static const struct {
        const char *word;
        struct action action;
    } known[] = {
        { "terminate", { .type = ACTION_IKE_TERMINATE } },
        { "silent", { .type = ACTION_IKE_TERMINATE, .silent = true } },
        { "liveness", { .type = ACTION_IKE_LIVENESS } },
        { "keepalive", { .type = ACTION_KEEPALIVE } },
        { "watch", { .type = ACTION_WATCH_TRAFFIC } },
    };

    for (size_t i = 0; i < ELEMENTSOF(known); i++) {
        if (strcmp(word, known[i].word) == 0) {
            printf("%s %d\n", word, ike_execute(drive->ike, &known[i].action));
            return true;
        }
    }
    return false;
}

/* False: quit. */
static bool do_command(struct drive *drive, char **words, unsigned n_words)
{
    const char *word = words[0];

    if (strcmp(word, "quit") == 0) {
        return false;
    } else if (strcmp(word, "start") == 0) {
        int r = ike_start(drive->ike, &drive->options);

        printf("start %d %s\n", r, r < 0 ? ike_error(drive->ike) : "");
    } else if (strcmp(word, "stop") == 0) {
        ike_stop(drive->ike);
        printf("stop 0\n");
    } else if (strcmp(word, "initiate") == 0 && n_words >= 4) {
        do_initiate(drive, words, n_words);
    } else if (strcmp(word, "migrate") == 0 && n_words == 4) {
        do_migrate(drive, words);
    } else if (strcmp(word, "fetch") == 0 && n_words >= 2) {
        do_fetch(drive, words, n_words);
    } else if (strcmp(word, "gateway") == 0 && n_words == 2) {
        drive->gateway_index = (uint32_t)strtoul(words[1], NULL, 10);
        printf("gateway 0\n");
    } else if (strcmp(word, "tun") == 0 && n_words == 2) {
        close(drive->tun_fd);
        drive->options.tun_fd = drive->tun_fd = open_tun(words[1]);
        printf("tun %d\n", ike_set_tun(drive->ike, drive->tun_fd));
    } else if (strcmp(word, "stats") == 0) {
        print_stats(drive);
    } else if (strcmp(word, "fds") == 0) {
        print_fds();
    } else if (strcmp(word, "rss") == 0) {
        print_rss();
    } else if (!do_simple(drive, word)) {
        printf("unknown %s\n", word);
    }
    return true;
}

static bool read_command(struct drive *drive)
{
    char line[512], *words[WORDS_MAX], *rest = NULL;
    unsigned n_words = 0;

    if (!fgets(line, sizeof(line), stdin))
        return false;
    for (char *word = strtok_r(line, " \n", &rest); word && n_words < WORDS_MAX;
         word = strtok_r(NULL, " \n", &rest))
        words[n_words++] = word;
    return n_words == 0 || do_command(drive, words, n_words);
}

static void run(struct drive *drive)
{
    bool more = true;

    while (more) {
        struct pollfd fds[] = {
            { .fd = STDIN_FILENO, .events = POLLIN },
            { .fd = ike_fd(drive->ike), .events = POLLIN },
        };
        struct event event;

        if (poll(fds, ELEMENTSOF(fds), -1) < 0)
            continue;
        while (ike_pop(drive->ike, &event)) {
            print_event(&event);
            if (event.type == EVENT_IKE_ESTABLISHED) /* as the core does: the interface has its addresses */
                ike_execute(drive->ike, &(struct action){ .type = ACTION_WATCH_TRAFFIC });
        }
        if (fds[0].revents)
            more = read_command(drive);
        fflush(stdout);
    }
}

static void add_gateway(struct policy *policy, const char *name)
{
    if (policy->n_gateways == POLICY_GATEWAYS_MAX)
        return;
    snprintf(policy->gateways[policy->n_gateways++].name, GATEWAY_NAME_SIZE, "%s", name);
}

static void set_defaults(struct drive *drive)
{
    struct policy *policy = &drive->settings.policy;

    policy->mark = 0x4d56;
    policy->migrate = true;
    policy->n_subnets = 2;
    ip_prefix_parse("0.0.0.0/0", &policy->subnets[0]);
    ip_prefix_parse("::/0", &policy->subnets[1]);
    drive->settings.check_revocation = CHECK_REVOCATION_NO;
    drive->options.settings = &drive->settings;
    drive->options.crl_dir = ".";
}

static bool parse_options(struct drive *drive, int argc, char **argv)
{
    static const struct option options[] = { { "cert", 1, NULL, 'c' }, { "key", 1, NULL, 'k' },
        { "ca", 1, NULL, 'a' }, { "crl-dir", 1, NULL, 'd' }, { "gateway", 1, NULL, 'g' },
        { "id", 1, NULL, 'i' }, { "remote-id", 1, NULL, 'r' }, { "revocation", 1, NULL, 'v' },
        { "ike", 1, NULL, 'I' }, { "esp", 1, NULL, 'E' }, { "floor", 1, NULL, 'f' }, { "tun", 1, NULL, 't' },
        { "no-mobike", 0, NULL, 'M' }, { 0 } };
    static const char *const revocations[] = { "no", "yes", "strict" };
    struct settings *settings = &drive->settings;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            settings->certificate = optarg;
            break;
        case 'k':
            settings->private_key = optarg;
            break;
        case 'a':
            settings->ca_certificates = optarg;
            break;
        case 'd':
            drive->options.crl_dir = optarg;
            break;
        case 'g':
            add_gateway(&settings->policy, optarg);
            break;
        case 'i':
            settings->local_identity = optarg;
            break;
        case 'r':
            settings->remote_identity = optarg;
            break;
        case 'I':
            settings->ike_proposals = optarg;
            break;
        case 'E':
            settings->esp_proposals = optarg;
            break;
        case 'f':
            drive->options.wallclock_floor_sec = strtoll(optarg, NULL, 10);
            break;
        case 't':
            drive->options.tun_fd = drive->tun_fd = open_tun(optarg);
            break;
        case 'M':
            settings->policy.migrate = false;
            break;
        case 'v':
            for (int i = 0; i < 3; i++)
                if (strcmp(optarg, revocations[i]) == 0)
                    settings->check_revocation = (enum check_revocation)i;
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct drive drive = { .tun_fd = -1, .options.tun_fd = -1 };
    char error[512];

    set_defaults(&drive);
    if (!parse_options(&drive, argc, argv))
        return 2;
    setvbuf(stdin, NULL, _IONBF, 0);
    if (ike_check_library(error, sizeof(error)) < 0) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    if (ike_new(&drive.ike) < 0)
        return 1;
    printf("ready\n");
    fflush(stdout);
    run(&drive);
    ike_free(drive.ike);
    return 0;
}
