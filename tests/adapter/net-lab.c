/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces and iproute2 for the tests of src/net. sysfs is mounted anew in each, because it shows the namespace of whoever mounted it.
 */
#include "adapter/net-lab.h"

#include "base/clock.h"
#include "base/cleanup.h"
#include "support/test.h"

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>

bool lab_possible(void)
{
    return geteuid() == 0 && unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", LAB_RUNTIME_DIR, "tmpfs", 0, NULL) == 0;
}

void lab_enter(void)
{
    CHECK_EQ(unshare(CLONE_NEWNET), 0);
    CHECK_EQ(mount("sysfs", "/sys", "sysfs", 0, NULL), 0);
    CHECK_EQ(umount2(LAB_RUNTIME_DIR, MNT_DETACH), 0); /* the last test's namespaces with it */
    CHECK_EQ(mount("tmpfs", LAB_RUNTIME_DIR, "tmpfs", 0, NULL), 0);
    lab_run("ip link set lo up");
}

void lab_run(const char *format, ...)
{
    char command[2048];
    va_list ap;
    int r;

    va_start(ap, format);
    vsnprintf(command, sizeof(command), format, ap);
    va_end(ap);
    r = system(command);
    if (r != 0)
        test_fail(__FILE__, __LINE__, "exit %d of: %s", r, command);
}

char *lab_output(const char *format, ...)
{
    char command[2048], *text = NULL;
    size_t size = 0;
    va_list ap;
    FILE *pipe;

    va_start(ap, format);
    vsnprintf(command, sizeof(command), format, ap);
    va_end(ap);
    pipe = popen(command, "re");
    if (!pipe || getdelim(&text, &size, '\0', pipe) < 0) {
        free(text);
        text = strdup("");
    }
    if (pipe)
        pclose(pipe);
    if (text[0] && text[strlen(text) - 1] == '\n')
        text[strlen(text) - 1] = '\0';
    return text;
}

char *lab_everything(void)
{
    return lab_output("ip -d rule; ip -6 -d rule; ip -d route show table all; ip -6 -d route show table all;"
                      "ip -o addr | sed 's/ *valid_lft.*//'; ip -o link | cut -d: -f2;"
                      "cd /proc/sys/net/ipv4/conf && grep . */arp_ignore */rp_filter */src_valid_mark; "
                      "ls " LAB_RUNTIME_DIR);
}

static int dispatch_once(struct net *net, int timeout_ms)
{
    struct pollfd pfd = { .fd = net_fd(net), .events = POLLIN };
    struct link_set links;
    int r;

    if (poll(&pfd, 1, timeout_ms) <= 0)
        return -ETIME;
    r = net_dispatch(net);
    if (r < 0)
        test_fail(__FILE__, __LINE__, "net_dispatch: %s", strerror(-r));
    if (r > 0 && (r & NET_CHANGE_LINKS))
        net_get_links(net, &links);
    return r < 0 ? 0 : r;
}

int lab_wait(struct net *net, int wanted)
{
    usec_t end_at_usec = usec_add(clock_boottime_usec(), SEC(30));
    int seen = 0;

    while ((seen & wanted) != wanted && clock_boottime_usec() < end_at_usec) {
        int r = dispatch_once(net, 100);
        seen |= r > 0 ? r : 0;
    }
    return seen;
}

int lab_settle(struct net *net)
{
    int r, seen = 0;

    while ((r = dispatch_once(net, 200)) != -ETIME)
        seen |= r;
    return seen;
}

const struct link *lab_link(struct net *net, const char *name)
{
    static struct link_set links;

    net_get_links(net, &links);
    for (uint32_t i = 0; i < links.n_links; i++)
        if (strcmp(links.links[i].name, name) == 0)
            return &links.links[i];
    return NULL;
}

int lab_ifindex(const char *name)
{
    return (int)if_nametoindex(name);
}

struct ip_addr lab_addr(const char *text)
{
    struct ip_addr addr = { 0 };

    CHECK_EQ(ip_addr_parse(text, &addr), 0);
    return addr;
}

struct ip_prefix lab_prefix(const char *text)
{
    struct ip_prefix prefix = { 0 };

    CHECK_EQ(ip_prefix_parse(text, &prefix), 0);
    return prefix;
}

void lab_base_link(void)
{
    lab_run(
        "ip netns add far &&"
        "ip link add v0 type veth peer name v1 netns far && ip link set v0 up && ip -n far link set v1 up &&"
        "ip addr add 10.0.0.1/24 dev v0 && ip addr add fd00::1/64 dev v0 nodad &&"
        "ip -n far addr add 10.0.0.2/24 dev v1 && ip -n far addr add fd00::2/64 dev v1 nodad &&"
        "ip route add default via 10.0.0.2 dev v0 && ip route add default via fd00::2 dev v0 &&"
        "while ip addr show dev v0 tentative | grep -q .; do sleep 0.05; done");
}

static struct routing_outer outer_over(
    const char *addr, const char *via, const char *source, const char *interface)
{
    return (struct routing_outer){
        .addr = lab_addr(addr),
        .via = lab_addr(via),
        .source = lab_addr(source),
        .ifindex = lab_ifindex(interface),
    };
}

void lab_routing(struct routing *ret)
{
    *ret = (struct routing){ .active = true, .mark = LAB_MARK, .interface = "mvpn0", .mtu = 1400 };
    ret->addrs[ret->n_addrs++] = lab_addr("10.99.1.1");
    ret->addrs[ret->n_addrs++] = lab_addr("fd99::1");
    ret->subnets[ret->n_subnets++] = lab_prefix("0.0.0.0/0");
    ret->subnets[ret->n_subnets++] = lab_prefix("::/0");
    ret->outer[ret->n_outer++] = outer_over("203.0.113.5", "10.0.0.2", "10.0.0.1", "v0");
    ret->outer[ret->n_outer++] = outer_over("2001:db8::5", "fd00::2", "fd00::1", "v0");
}
