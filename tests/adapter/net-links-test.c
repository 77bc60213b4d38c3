/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link set against a real kernel: types, addresses, routes, what is reported and what is not. In network namespaces of its own (77
 * without root). Waits for net_fd(), never for time to pass.
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/test.h"

static struct net *open_net(void)
{
    struct net *net = NULL;

    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    lab_link(net, "");
    lab_settle(net);
    return net;
}

static void check_type(struct net *net, const char *name, enum link_type type)
{
    const struct link *link = lab_link(net, name);

    test_context("%s", name);
    if (CHECK(link != NULL))
        CHECK_STR(link_type_name(link->type), link_type_name(type));
    test_context("%s", "");
}

static void types_are_told_apart(void)
{
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run("ip link add br0 type bridge; ip link add ve0 type veth peer name ve1;"
            "ip link add ctr0 type veth peer name ctr1 netns far; ip link set ctr0 master br0;"
            "ip link add ifb9 type ifb; ip tuntap add tap0 mode tap; ip tuntap add tun0 mode tun");
    net = open_net();
    check_type(net, "lo", LINK_TYPE_LOOPBACK);
    check_type(net, "v0", LINK_TYPE_ETHERNET);
    check_type(net, "ve0", LINK_TYPE_ETHERNET);
    check_type(net, "br0", LINK_TYPE_BRIDGE);
    check_type(net, "ctr0", LINK_TYPE_CONTAINER);
    check_type(net, "tap0", LINK_TYPE_TUNNEL);
    check_type(net, "tun0", LINK_TYPE_TUNNEL);
    check_type(net, "ifb9", LINK_TYPE_OTHER);
    lab_run("ip link set ctr0 nomaster");
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    check_type(net, "ctr0", LINK_TYPE_ETHERNET);
    net_free(net);
}

static void whole_link_is_described(void)
{
    char text[IP_PREFIX_TEXT_SIZE];
    const struct link *link;
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run("ip route add 198.51.100.0/24 via 10.0.0.3 dev v0; ip link set v0 mtu 1380");
    net = open_net();
    link = lab_link(net, "v0");
    if (CHECK(link != NULL)) {
        CHECK(link->up && link->carrier && !link->metered && !link->roaming && !link->wake_on_incoming);
        CHECK_EQ(link->ifindex, lab_ifindex("v0"));
        CHECK_EQ(link->mtu, 1380);
        CHECK_EQ(link->n_addrs, 2); /* link-local is no source */
        CHECK_STR(ip_addr_format(&link->addrs[0].addr, text, sizeof(text)), "10.0.0.1");
        CHECK_EQ(link->addrs[0].prefix_length, 24);
        CHECK_STR(ip_addr_format(&link->addrs[1].addr, text, sizeof(text)), "fd00::1");
        CHECK_EQ(link->n_routes, 2); /* the /24 and the subnet interest nobody */
        CHECK_STR(ip_prefix_format(&link->routes[0].destination, text, sizeof(text)), "0.0.0.0/0");
        CHECK_STR(ip_addr_format(&link->routes[0].via, text, sizeof(text)), "10.0.0.2");
        CHECK_STR(ip_prefix_format(&link->routes[1].destination, text, sizeof(text)), "::/0");
        CHECK_EQ(link->routes[1].metric, 1024);
    }
    net_free(net);
}

/* Each change is reported, once, and nothing else is. */
static void changes_are_reported_once(void)
{
    static const struct {
        const char *command;
        bool reported;
    } rows[] = {
        { "ip addr add 10.0.0.7/24 dev v0", true }, { "ip addr del 10.0.0.7/24 dev v0", true },
        { "ip addr add fd00::7/64 dev v0 nodad", true },
        { "ip addr change fd00::7/64 dev v0 preferred_lft 0", true }, /* deprecated */
        { "ip addr del fd00::7/64 dev v0", false }, { "ip addr add 169.254.3.4/16 dev v0", false },
        { "ip route add 198.51.100.0/24 via 10.0.0.2", false },
        { "ip route add default via 10.0.0.3 metric 50", true },
        { "ip route replace default via 10.0.0.2 metric 50", true },
        { "ip route del default metric 50", true }, { "ip route add default via 10.0.0.2 table 77", false },
        { "ip route add unreachable default metric 99", false },
        { "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0", false },
        { "ip link set v0 mtu 1300", true }, { "ip link set v0 alias someone", false },
        { "ip rule add pref 77 lookup 77", false },
        { "ip tuntap add mvpn0 mode tun", false }, /* our own name */
        { "ip link set mvpn0 up; ip addr add 10.1.1.1/32 dev mvpn0; ip route add default dev mvpn0 metric 7",
            false },
        { "ip link add x0 type veth peer name x1", true }, { "ip link del x0", true },
        { "ip -n far link set v1 down", true }, /* carrier */
        { "ip -n far link set v1 up", true },
        { "ip link set v0 down", true }, /* IPv4 routes vanish silently */
    };
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        test_context("%s", rows[i].command);
        lab_run("%s", rows[i].command);
        if (rows[i].reported)
            CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
        CHECK_EQ(lab_settle(net), 0);
    }
    test_context("%s", "");
    const struct link *link = lab_link(net, "v0");
    if (CHECK(link != NULL)) {
        CHECK(!link->up && !link->carrier);
        CHECK_EQ(link->n_routes, 0);
    }
    net_free(net);
}

static void tentative_addresses_wait(void)
{
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_run("ip -n far addr add fd00::8/64 dev v1 nodad; ip addr add fd00::8/64 dev v0; ip addr add "
            "fd00::9/64 dev v0");
    CHECK_EQ(
        lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS); /* ::9 after its detection; ::8 is a duplicate */
    const struct link *link = lab_link(net, "v0");
    struct ip_addr wanted = lab_addr("fd00::9");
    if (CHECK(link != NULL && link->n_addrs == 3))
        CHECK_MEM(&link->addrs[2].addr, &wanted, sizeof(wanted));
    net_free(net);
}

static void check_first(struct net *net, uint8_t family, const char *wanted)
{
    const struct link *link = lab_link(net, "v0");
    char text[IP_ADDR_TEXT_SIZE];

    for (uint32_t i = 0; link && i < link->n_addrs; i++) {
        if (link->addrs[i].addr.family == family) {
            CHECK_STR(ip_addr_format(&link->addrs[i].addr, text, sizeof(text)), wanted);
            return;
        }
    }
    CHECK(!"an address of the family");
}

/* The first address of a family is the one to send from towards the internet. */
static void best_source_comes_first(void)
{
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run("ip addr add 9.0.0.1/24 dev v0; ip addr add 10.0.0.0/32 dev v0");
    net = open_net();
    check_first(net, 4, "10.0.0.1"); /* where the router is */
    lab_run("ip route replace default via 10.0.0.2 dev v0 src 9.0.0.1");
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    check_first(net, 4, "9.0.0.1"); /* as the route says */
    lab_run("ip addr add 2001:db8::9/64 dev v0 nodad; ip route add default via fe80::1 dev v0 metric 5;"
            "ip route del default via fd00::2");
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    lab_settle(net);
    check_first(net, 6, "2001:db8::9"); /* global before unique-local */
    lab_run("ip addr add 10.0.0.0/24 dev v0; ip route replace default via 10.0.0.2 dev v0");
    lab_settle(net);
    check_first(net, 4, "10.0.0.1"); /* 10.0.0.0/24 is secondary */
    net_free(net);
}

static void interest_brings_routes(void)
{
    char text[IP_PREFIX_TEXT_SIZE];
    const struct ip_addr gateway = lab_addr("198.51.100.9");
    const struct link *link;
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run(
        "ip route add 198.51.100.0/24 via 10.0.0.3 dev v0; ip route add 198.51.101.0/24 via 10.0.0.3 dev v0");
    net = open_net();
    CHECK_EQ(net_set_interest(net, 1, &gateway), 0);
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS); /* told, though the kernel says nothing */
    link = lab_link(net, "v0");
    if (CHECK(link != NULL && link->n_routes == 3)) {
        CHECK_STR(ip_prefix_format(&link->routes[2].destination, text, sizeof(text)), "198.51.100.0/24");
        CHECK_STR(ip_addr_format(&link->routes[2].via, text, sizeof(text)), "10.0.0.3");
    }
    lab_run("ip route del 198.51.100.0/24");
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    lab_run("ip route add 198.51.100.8/29 nexthop via 10.0.0.4 dev v0 nexthop via 10.0.0.5 dev v0");
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    link = lab_link(net, "v0");
    CHECK(link != NULL && link->n_routes == 4);
    CHECK_EQ(net_set_interest(net, 0, NULL), 0);
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    link = lab_link(net, "v0");
    CHECK(link != NULL && link->n_routes == 2);
    net_free(net);
}

/* More of everything than fits: the ones that matter stay, and removals bring the others back. */
static void bounds_hold(void)
{
    struct net *net;
    struct link_set links;
    const struct link *link;

    lab_enter();
    lab_run("for i in $(seq 40); do echo link add a$i type veth peer name b$i; echo link set a$i up; done | "
            "ip -b -");
    lab_base_link(); /* last, with the highest index */
    lab_run("for i in $(seq 20); do echo addr add 10.0.1.$i/32 dev v0; done | ip -b -;"
            "for i in $(seq 20); do echo route add default via 10.0.0.$((i+9)) dev v0 metric $((i+100)); "
            "done | ip -b -");
    net = open_net();
    net_get_links(net, &links);
    CHECK_EQ(links.n_links, LINK_SET_MAX);
    CHECK_STR(links.links[0].name, "v0");
    CHECK_EQ(links.links[0].n_addrs, LINK_ADDRS_MAX);
    CHECK_EQ(links.links[0].n_routes, LINK_ROUTES_MAX);
    CHECK_EQ(links.links[0].routes[0].metric, 0);
    lab_run("for i in $(seq 20); do echo addr del 10.0.1.$i/32 dev v0; done | ip -b -");
    CHECK_EQ(lab_wait(net, NET_CHANGE_LINKS), NET_CHANGE_LINKS);
    lab_settle(net);
    link = lab_link(net, "v0");
    CHECK(link != NULL && link->n_addrs == 2);
    net_free(net);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(types_are_told_apart),
        TEST(whole_link_is_described),
        TEST(changes_are_reported_once),
        TEST(tentative_addresses_wait),
        TEST(interest_brings_routes),
        TEST(best_source_comes_first),
        TEST(bounds_hold),
    };

    if (!lab_possible()) {
        puts("skipped: needs root and namespaces");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
