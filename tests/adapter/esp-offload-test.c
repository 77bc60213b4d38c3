/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own TCP and UDP through src/esp: two network namespaces, a TUN with IFF_VNET_HDR in each, and between the two what the data path
 * does, but for the cipher: every frame is cut, the packets of one turn are merged, and the frames written to the other side. Proves that the
 * kernel takes our frames, that it counts no checksum error, that what arrives is what was sent (SHA-256), and that a read really brings up
 * to 64 kB. Ends with the process.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "esp/coalesce.h"
#include "esp/segment.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* <linux/if_tun.h> has them since 6.2. */
#define OFFLOAD_USO4 0x20
#define OFFLOAD_USO6 0x40

#define MTU_BYTES      1438
#define STREAM_BYTES   (50u * 1000 * 1000)
#define FRAME_BYTES    (sizeof(struct virtio_net_hdr) + 65536)
#define DATAGRAM_BYTES 1200
#define DATAGRAMS      50 /* of one send */
#define BURSTS         200
#define TIMEOUT_MSEC   30000

struct side {
    int namespace_fd, tun_fd;
    const char *addr4, *addr6;
};

/* One direction; the pump's thread is the only one that touches it while it runs. */
struct direction {
    int from_fd, to_fd;
    struct coalescer coalescer;
    uint8_t frame[FRAME_BYTES];
    uint8_t packets[COALESCE_PACKETS_MAX][1600];
    unsigned n_packets;
    unsigned loses_one_in; /* 0: none */
    uint64_t n_frames_read, n_frames_written, n_packets_cut;
    size_t largest_read, largest_written;
    bool failed; /* a frame refused by the segmenter or by the kernel */
    char fault[160];
};

struct lab {
    struct side a, b;
    bool has_uso;
    int stop_fd[2];
    struct direction directions[2];
    pthread_t thread;
};

static struct lab lab;

static bool run(const char *command)
{
    int r = system(command);

    if (r != 0)
        test_fail(__FILE__, __LINE__, "exit %d of: %s", r, command);
    return r == 0;
}

static int open_tun(void)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    strcpy(request.ifr_name, "tun0");
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        return close_fd(&fd);
    lab.has_uso = ioctl(fd, TUNSETOFFLOAD, tso | OFFLOAD_USO4 | OFFLOAD_USO6) == 0;
    if (!lab.has_uso && ioctl(fd, TUNSETOFFLOAD, tso) < 0)
        return close_fd(&fd);
    return fd;
}

/* The calling thread moves into a new namespace with one TUN, whose peer is everything else. */
static bool make_side(struct side *side)
{
    char command[400];

    if (unshare(CLONE_NEWNET) < 0)
        return false;
    side->namespace_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    side->tun_fd = open_tun();
    if (side->namespace_fd < 0 || side->tun_fd < 0)
        return false;
    snprintf(command, sizeof(command),
        "sysctl -qw net.ipv6.conf.tun0.addr_gen_mode=1 && ip addr add %s/24 dev tun0 && ip addr add %s/64 "
        "dev tun0 nodad &&"
        "ip link set lo up && ip link set tun0 mtu %d up",
        side->addr4, side->addr6, MTU_BYTES);
    return run(command);
}

static void fail(struct direction *d, const char *what, int error)
{
    if (!d->failed)
        snprintf(d->fault, sizeof(d->fault), "%s: %s", what, strerror(error));
    d->failed = true;
}

static void write_frames(struct direction *d)
{
    const struct iovec *iov;
    unsigned n_iov;

    while ((iov = coalesce_take(&d->coalescer, &n_iov))) {
        ssize_t n = writev(d->to_fd, iov, (int)n_iov);

        if (n < 0)
            fail(d, "the kernel refuses a frame", errno);
        d->largest_written = MAX_OF(d->largest_written, (size_t)MAX_OF(n, 0));
        d->n_frames_written++;
    }
    d->n_packets = 0;
}

static void cut_frame(struct direction *d, size_t bytes)
{
    struct virtio_net_hdr hdr;
    struct segmenter s;
    struct inner_packet parsed;
    size_t n;

    memcpy(&hdr, d->frame, sizeof(hdr));
    if (segment_begin(&s, &hdr, d->frame + sizeof(hdr), bytes - sizeof(hdr)) < 0)
        return fail(d, "the segmenter refuses a frame", 0);
    while (segment_peek(&s) > 0) {
        uint8_t *packet;

        if (d->n_packets == COALESCE_PACKETS_MAX)
            write_frames(d);
        packet = d->packets[d->n_packets++];
        n = segment_next(&s, packet, sizeof(d->packets[0]));
        if (n == 0 || n > MTU_BYTES || ip_packet_fault(packet, n) || !inner_packet_parse(packet, n, &parsed))
            return fail(d, n ? ip_packet_fault(packet, n) : "larger than the MTU", 0);
        if (++d->n_packets_cut % (d->loses_one_in ? d->loses_one_in : UINT64_MAX) == 0)
            continue;
        if (!coalesce_add(&d->coalescer, packet, &parsed))
            return fail(d, "the coalescer is full too early", 0);
    }
}

/* What is there, but at most 32 reads; then all is written. */
static void pump_once(struct direction *d)
{
    for (unsigned i = 0; i < 32; i++) {
        ssize_t n = read(d->from_fd, d->frame, sizeof(d->frame));

        if (n < (ssize_t)sizeof(struct virtio_net_hdr))
            break;
        d->n_frames_read++;
        d->largest_read = MAX_OF(d->largest_read, (size_t)n);
        cut_frame(d, (size_t)n);
    }
    write_frames(d);
}

static void *pump(void *ignored)
{
    for (;;) {
        struct pollfd fds[] = {
            { .fd = lab.a.tun_fd, .events = POLLIN },
            { .fd = lab.b.tun_fd, .events = POLLIN },
            { .fd = lab.stop_fd[0], .events = POLLIN },
        };

        if (poll(fds, ELEMENTSOF(fds), -1) < 0)
            continue;
        if (fds[2].revents)
            return ignored;
        for (unsigned i = 0; i < 2; i++)
            if (fds[i].revents)
                pump_once(&lab.directions[i]);
    }
}

static void start_pump(bool merges_udp, unsigned loses_one_in)
{
    CHECK_EQ(pipe2(lab.stop_fd, O_CLOEXEC), 0);
    for (unsigned i = 0; i < 2; i++) {
        memset(&lab.directions[i], 0, sizeof(lab.directions[i]));
        lab.directions[i].from_fd = i ? lab.b.tun_fd : lab.a.tun_fd;
        lab.directions[i].to_fd = i ? lab.a.tun_fd : lab.b.tun_fd;
        lab.directions[i].loses_one_in = loses_one_in;
        coalesce_init(&lab.directions[i].coalescer, merges_udp);
    }
    CHECK_EQ(pthread_create(&lab.thread, NULL, pump, NULL), 0);
}

static void stop_pump(void)
{
    CHECK_EQ(write(lab.stop_fd[1], "", 1), 1);
    pthread_join(lab.thread, NULL);
    close_fd(&lab.stop_fd[0]);
    close_fd(&lab.stop_fd[1]);
    for (unsigned i = 0; i < 2; i++)
        CHECK_STR(lab.directions[i].failed ? lab.directions[i].fault : "none", "none");
    printf("%llu frames read (largest %zu bytes), %llu packets, %llu frames written (largest %zu bytes)\n",
        (unsigned long long)lab.directions[0].n_frames_read, lab.directions[0].largest_read,
        (unsigned long long)lab.directions[0].n_packets_cut,
        (unsigned long long)lab.directions[0].n_frames_written, lab.directions[0].largest_written);
}

/* A socket of that side; lives there although the thread goes on elsewhere. */
static int open_socket(const struct side *side, int family, int type, struct sockaddr_storage *ret_addr)
{
    struct timeval timeout = { .tv_sec = TIMEOUT_MSEC / 1000 };
    int fd, large = 4 << 20, on = 1;

    CHECK_EQ(setns(side->namespace_fd, CLONE_NEWNET), 0);
    fd = socket(family, type | SOCK_CLOEXEC, 0);
    CHECK_GE(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* the connection before may linger */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large));
    memset(ret_addr, 0, sizeof(*ret_addr));
    ret_addr->ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)ret_addr;

        in->sin_port = htons(4242);
        CHECK_EQ(inet_pton(family, side->addr4, &in->sin_addr), 1);
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_addr;

        in6->sin6_port = htons(4242);
        CHECK_EQ(inet_pton(family, side->addr6, &in6->sin6_addr), 1);
    }
    return fd;
}

static EVP_MD_CTX *new_digest(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    CHECK_EQ(EVP_DigestInit_ex(digest, EVP_sha256(), NULL), 1);
    return digest;
}

static void end_digest(EVP_MD_CTX *digest, uint8_t ret[32])
{
    unsigned size = 32;

    CHECK_EQ(EVP_DigestFinal_ex(digest, ret, &size), 1);
    EVP_MD_CTX_free(digest);
}

/* The same bytes each time, none like the one before. */
static void fill(uint8_t *bytes, size_t n_bytes, uint32_t *state)
{
    for (size_t i = 0; i < n_bytes; i++) {
        *state = *state * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(*state >> 24);
    }
}

struct sender {
    int fd;
    uint8_t digest[32];
    bool complete;
};

static void *send_stream(void *userdata)
{
    struct sender *sender = userdata;
    EVP_MD_CTX *digest = new_digest();
    static uint8_t bytes[65536];
    uint32_t state = 7;
    size_t left = STREAM_BYTES;

    while (left > 0) {
        size_t n = MIN_OF(left, sizeof(bytes)), at = 0;

        fill(bytes, n, &state);
        EVP_DigestUpdate(digest, bytes, n);
        while (at < n) {
            ssize_t sent = send(sender->fd, bytes + at, n - at, MSG_NOSIGNAL);

            if (sent <= 0)
                break;
            at += (size_t)sent;
        }
        if (at < n)
            break;
        left -= n;
    }
    shutdown(sender->fd, SHUT_WR);
    end_digest(digest, sender->digest);
    sender->complete = left == 0;
    return NULL;
}

static size_t receive_stream(int fd, uint8_t ret_digest[32])
{
    static uint8_t bytes[1 << 18];
    EVP_MD_CTX *digest = new_digest();
    size_t total = 0;
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
        EVP_DigestUpdate(digest, bytes, (size_t)n);
        total += (size_t)n;
    }
    CHECK_EQ(n, 0); /* the end, and no time-out */
    end_digest(digest, ret_digest);
    return total;
}

/* A counter of /proc/net/snmp or snmp6 of that side. */
static long long kernel_counter(const struct side *side, const char *command)
{
    long long value = -1;
    FILE *pipe;

    CHECK_EQ(setns(side->namespace_fd, CLONE_NEWNET), 0);
    pipe = popen(command, "re");
    if (!pipe || fscanf(pipe, "%lld", &value) != 1)
        test_fail(__FILE__, __LINE__, "nothing from: %s", command);
    if (pipe)
        pclose(pipe);
    return value;
}

static void check_no_errors(void)
{
    static const char *const commands[] = {
        "nstat -asz TcpInCsumErrors | awk '/TcpIn/{print $2}'",
        "nstat -asz UdpInCsumErrors | awk '/UdpIn/{print $2}'",
        "nstat -asz Udp6InCsumErrors | awk '/Udp6In/{print $2}'",
        "nstat -asz IpInHdrErrors | awk '/IpIn/{print $2}'",
        "nstat -asz Ip6InHdrErrors | awk '/Ip6In/{print $2}'",
    };

    for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
        test_context("%s", commands[i]);
        CHECK_EQ(kernel_counter(&lab.a, commands[i]), 0);
        CHECK_EQ(kernel_counter(&lab.b, commands[i]), 0);
    }
}

static void check_stream(int family, unsigned loses_one_in)
{
    struct sockaddr_storage addr, ignored;
    int listener = open_socket(&lab.b, family, SOCK_STREAM, &addr), accepted;
    struct sender sender = { .fd = open_socket(&lab.a, family, SOCK_STREAM, &ignored) };
    uint8_t digest[32];
    pthread_t thread;

    CHECK_EQ(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    CHECK_EQ(listen(listener, 1), 0);
    start_pump(false, loses_one_in);
    CHECK_EQ(connect(sender.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK_GE(accepted, 0);
    CHECK_EQ(pthread_create(&thread, NULL, send_stream, &sender), 0);
    CHECK_EQ(receive_stream(accepted, digest), STREAM_BYTES);
    pthread_join(thread, NULL);
    stop_pump();
    CHECK(sender.complete);
    CHECK_MEM(digest, sender.digest, sizeof(digest));
    if (!loses_one_in) {
        CHECK_GE(lab.directions[0].largest_read, 60000);
        CHECK_GE(lab.directions[0].largest_written, 60000);
        CHECK_LE(lab.directions[0].n_frames_written * 8, lab.directions[0].n_packets_cut);
    }
    check_no_errors();
    close(listener);
    close(accepted);
    close(sender.fd);
}

static void tcp_over_ipv4(void)
{
    check_stream(AF_INET, 0);
}

static void tcp_over_ipv6(void)
{
    check_stream(AF_INET6, 0);
}

/* In both directions: what is sent again, and selective acknowledgements, are merged with nothing that does not belong to them. */
static void tcp_with_losses(void)
{
    check_stream(AF_INET, 499);
    check_stream(AF_INET6, 499);
}

/* One send of many datagrams, then all of them received: so no buffer can overflow. */
static void check_burst(int from, int to, uint32_t *state, bool wants_gro)
{
    static uint8_t sent[DATAGRAM_BYTES * DATAGRAMS], received[65536];
    size_t at = 0;

    fill(sent, sizeof(sent), state);
    CHECK_EQ(send(from, sent, sizeof(sent), 0), sizeof(sent));
    while (at < sizeof(sent)) {
        ssize_t n = recv(to, received, sizeof(received), 0);

        if (!CHECK_GE(n, 1))
            return;
        CHECK_EQ(n % DATAGRAM_BYTES, 0);
        CHECK_EQ(n == DATAGRAM_BYTES || wants_gro, true);
        CHECK_LE(at + (size_t)n, sizeof(sent));
        CHECK_MEM(received, sent + at, (size_t)n);
        at += (size_t)n;
    }
}

static void check_datagrams(int family, bool wants_gro, bool merges)
{
    struct sockaddr_storage addr, ignored;
    int to = open_socket(&lab.b, family, SOCK_DGRAM, &addr),
        from = open_socket(&lab.a, family, SOCK_DGRAM, &ignored);
    int size = DATAGRAM_BYTES, on = 1;
    unsigned n_before = test_n_failures;
    uint32_t state = 3;

    test_context("IPv%d, receiver %s, %s", family == AF_INET ? 4 : 6, wants_gro ? "with GRO" : "without GRO",
        merges ? "merged" : "not merged");
    CHECK_EQ(bind(to, (struct sockaddr *)&addr, sizeof(addr)), 0);
    if (wants_gro)
        CHECK_EQ(setsockopt(to, SOL_UDP, UDP_GRO, &on, sizeof(on)), 0);
    CHECK_EQ(connect(from, (struct sockaddr *)&addr, sizeof(addr)), 0);
    CHECK_EQ(setsockopt(from, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
    start_pump(merges, 0);
    for (unsigned i = 0; i < BURSTS && test_n_failures == n_before; i++)
        check_burst(from, to, &state, wants_gro);
    stop_pump();
    if (lab.has_uso)
        CHECK_GE(lab.directions[0].largest_read, DATAGRAM_BYTES * DATAGRAMS);
    if (lab.has_uso && merges)
        CHECK_GE(lab.directions[0].largest_written, DATAGRAM_BYTES * DATAGRAMS);
    CHECK_GE(lab.directions[0].n_packets_cut, DATAGRAMS * BURSTS); /* TCP's last words may be among them */
    check_no_errors();
    close(from);
    close(to);
}

static void udp_of_both_families(void)
{
    if (!lab.has_uso)
        printf("this kernel has no USO for TUN devices: datagrams come one by one\n");
    for (unsigned i = 0; i < 8; i++)
        if (!(i & 4) || lab.has_uso)
            check_datagrams(i & 1 ? AF_INET6 : AF_INET, i & 2, i & 4);
}

static const struct test tests[] = { TEST(tcp_over_ipv4), TEST(tcp_over_ipv6), TEST(tcp_with_losses),
    TEST(udp_of_both_families) };

int main(int argc, char **argv)
{
    lab.a.addr4 = "10.77.0.1";
    lab.a.addr6 = "fd77::1";
    lab.b.addr4 = "10.77.0.2";
    lab.b.addr6 = "fd77::2";
    if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) < 0 || !make_side(&lab.a) || !make_side(&lab.b))
        return test_n_failures ? 1 : 77;
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
