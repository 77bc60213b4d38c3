/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a tunnel with static keys on mvpnd's own data path, for the bench: two of them back to back, as no gateway on src/esp exists.
 * Opens the device and the socket, makes one SA each way and the policies between the two inner addresses, and sleeps. The keys are in this
 * file: it protects nothing. The device gets no address here.
 *
 *     bench-esp-peer a|b DEVICE LOCAL REMOTE INNER PEER-INNER [openssl]     (SIGTERM ends it and prints the counters)
 *     bench-esp-peer engine                                                 (has this build one for AES-GCM?)
 *
 * openssl: without such an engine, though there may be one.
 */
#include "esp/engine.h"
#include "ike/datapath.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define PORT      4500
#define SPI       0x10000 /* of what a sends; b's is the next */
#define REQID     1
#define KEY_BYTES 36 /* AES-256 and the salt (RFC 4106, 8.1) */

static _Noreturn void give_up(const char *what, int error)
{
    fprintf(stderr, "bench-esp-peer: %s: %s\n", what, strerror(error));
    exit(1);
}

static void check(const char *what, int r)
{
    if (r < 0)
        give_up(what, -r);
}

static struct ip_addr parse(const char *text)
{
    struct ip_addr addr;

    check(text, ip_addr_parse(text, &addr));
    return addr;
}

static int open_tun(const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        give_up(name, errno);
    return fd;
}

/* Each direction has a key of its own: the same number never seals two packets. */
static void add_sa(struct esp_sad *sad, bool inbound, bool from_a, const struct esp_outer *outer)
{
    uint8_t key[KEY_BYTES];
    struct esp_sa_config config = {
        .spi = SPI + !from_a,
        .reqid = REQID,
        .inbound = inbound,
        .keys = { .encryption = ESP_ENCRYPTION_AES_GCM_16,
            .encryption_key = key,
            .encryption_key_bytes = sizeof(key) },
        .outer = *outer,
    };

    memset(key, from_a ? 0xaa : 0xbb, sizeof(key));
    check("SA", esp_sad_add(sad, &config, NULL));
}

static void add_policy(
    struct esp_sad *sad, bool inbound, const struct ip_addr *from, const struct ip_addr *to)
{
    struct esp_policy policy = {
        .inbound = inbound,
        .reqid = REQID,
        .source = { .from = *from, .to = *from, .port_to = UINT16_MAX },
        .destination = { .from = *to, .to = *to, .port_to = UINT16_MAX },
    };

    check("policy", esp_sad_add_policy(sad, &policy));
}

static void set_up(struct datapath *datapath, bool openssl, char **words)
{
    struct ip_addr inner = parse(words[4]), peer_inner = parse(words[5]);
    struct esp_outer outer = { .local = parse(words[2]), .remote = parse(words[3]), .remote_port = PORT };
    bool is_a = strcmp(words[0], "a") == 0;
    struct esp_sad *sad;

    check("socket", datapath_open_socket(datapath, outer.local.family, PORT, 0, true, &outer.local_port));
    sad = datapath_lock_sad(datapath);
    if (openssl)
        esp_sad_set_engine(sad, NULL);
    add_sa(sad, false, is_a, &outer);
    add_sa(sad, true, !is_a, &outer);
    add_policy(sad, false, &inner, &peer_inner);
    add_policy(sad, true, &peer_inner, &inner);
    datapath_unlock_sad(datapath);
    datapath_set_addrs(datapath, &inner, 1);
    datapath_release(datapath);
    check("device", datapath_set_tun(datapath, open_tun(words[1])));
}

static void print_stats(struct datapath *datapath)
{
    struct datapath_stats stats;
    struct traffic traffic;

    datapath_get_stats(datapath, &stats, &traffic);
    printf("rx_packets=%" PRIu64 " rx_bytes=%" PRIu64 " tx_packets=%" PRIu64 " tx_bytes=%" PRIu64
           " dropped=%" PRIu64 "\n",
        stats.rx_packets, stats.rx_bytes, stats.tx_packets, stats.tx_bytes, stats.n_dropped);
}

/* Until SIGTERM. */
static void run(bool openssl, char **words)
{
    struct datapath *datapath;
    struct mailbox *mailbox;
    sigset_t end;
    int signal_number;

    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    check("mailbox", mailbox_new(&mailbox));
    check("data path", datapath_new(mailbox, &datapath));
    set_up(datapath, openssl, words);
    sigwait(&end, &signal_number);
    print_stats(datapath);
    datapath_free(datapath);
    mailbox_free(mailbox);
}

static int has_engine(void)
{
    struct esp_engine *engine;

    if (esp_engine_new(&engine) < 0)
        return 1;
    esp_engine_free(engine);
    return 0;
}

int main(int argc, char **argv)
{
    bool openssl = argc == 8 && strcmp(argv[7], "openssl") == 0;

    if (argc == 2 && strcmp(argv[1], "engine") == 0)
        return has_engine();
    if (argc != 7 && !openssl) {
        fprintf(
            stderr, "usage: bench-esp-peer a|b DEVICE LOCAL REMOTE INNER PEER-INNER [openssl] | engine\n");
        return 2;
    }
    run(openssl, argv + 1);
    return 0;
}
