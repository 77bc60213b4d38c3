/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnel interface of kind xfrm, the try-out and the removal of what is left over, against a real kernel. Where the kernel has no such
 * interface (77 for those tests) the others still run: that trying leaves nothing, and that policies of the id go and others stay.
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/test.h"

#include <errno.h>

static struct net *open_net(void)
{
    struct net *net = NULL;

    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    lab_settle(net);
    return net;
}

static bool kernel_has(enum kernel_esp_part part)
{
    struct kernel_esp can;

    CHECK_EQ(net_probe_kernel_esp(&can), 0);
    return can.error[part] == 0;
}

static void check_has(const char *command, const char *wanted)
{
    _cleanup_free_ char *text = lab_output("%s", command);

    test_context("%s", command);
    if (!CHECK(strstr(text, wanted) != NULL))
        fprintf(stderr, "no '%s' in: %s\n", wanted, text);
    test_context("%s", "");
}

static void check_output(const char *command, const char *wanted)
{
    _cleanup_free_ char *text = lab_output("%s", command);

    test_context("%s", command);
    CHECK_STR(text, wanted);
    test_context("%s", "");
}

static void trying_leaves_nothing(void)
{
    _cleanup_free_ char *before = NULL, *after = NULL;
    struct kernel_esp can;

    lab_enter();
    before = lab_everything();
    for (unsigned i = 0; i < 10; i++)
        CHECK_EQ(net_probe_kernel_esp(&can), 0);
    after = lab_everything();
    CHECK_STR(after, before);
    check_output("ip xfrm state", "");
    check_output("ip xfrm policy", "");
}

/* The options that are named are those that this kernel was built without, where it tells. */
static void what_is_missing_is_missing(void)
{
    _cleanup_free_ char *config = lab_output("zcat /proc/config.gz 2>/dev/null || true");
    char missing[256];
    struct kernel_esp can;

    lab_enter();
    CHECK_EQ(net_probe_kernel_esp(&can), 0);
    kernel_esp_missing(&can, missing, sizeof(missing));
    for (char *save = NULL, *option = strtok_r(missing, " ", &save); option;
         option = strtok_r(NULL, " ", &save)) {
        char set[64];

        snprintf(set, sizeof(set), "%s=y", option);
        test_context("%s", option);
        if (config[0])
            CHECK(strstr(config, set) == NULL);
    }
    test_context("%s", "");
}

static void add_policy(const char *id, const char *direction, const char *selector)
{
    lab_run("ip xfrm policy add %s dir %s %s action block", selector, direction, id);
}

#define OURS "if_id 0x4d56"

static void only_what_bears_the_id_is_removed(void)
{
    char selector[64];

    lab_enter();
    for (unsigned i = 0; i < 150; i++) { /* more than one batch */
        snprintf(selector, sizeof(selector), "src 10.0.%u.0/24 dst 10.9.0.0/16", i);
        add_policy(OURS, i % 2 ? "in" : "out", selector);
    }
    add_policy(OURS, "fwd", "src fd00::/64 dst fd01::/64");
    add_policy("", "out", "src 10.77.0.0/24 dst 10.9.0.0/16");
    add_policy("if_id 0x77", "out", "src 10.78.0.0/24 dst 10.9.0.0/16");
    CHECK_EQ(net_clear_esp(), 0);
    check_output("ip xfrm policy | grep -c 'dir'", "2");
    check_has("ip xfrm policy", "10.77.0.0/24");
    check_has("ip xfrm policy", "if_id 0x77");
    CHECK_EQ(net_clear_esp(), 0);
    check_output("ip xfrm policy | grep -c 'dir'", "2");
}

static void disabling_removes_them_too(void)
{
    struct routing nothing = { .active = false };
    struct net *net;

    lab_enter();
    net = open_net();
    add_policy(OURS, "out", "src 10.0.0.0/24 dst 10.9.0.0/16");
    CHECK_EQ(net_apply(net, &nothing), 0);
    check_output("ip xfrm policy", "");
    net_free(net);
}

/* ---- with the interface ---- */

static void the_interface_is_made_as_wanted(void)
{
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_apply(net, &routing), 0);
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    check_has("ip -d link show mvpn0", "xfrm if_id 0x4d56");
    check_has("ip -d link show mvpn0", "addrgenmode none");
    check_has("ip link show mvpn0", "alias mvpn tunnel");
    check_has("ip addr show mvpn0", "scope global");
    check_has("ip route show table 19798", "dev mvpn0");
    lab_settle(net);

    /* its loss is told, and it is made again */
    lab_run("ip link del mvpn0");
    CHECK(lab_wait(net, NET_CHANGE_TUNNEL_LOST) & NET_CHANGE_TUNNEL_LOST);
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    check_has("ip route show table 19798", "dev mvpn0");

    routing.active = false;
    CHECK_EQ(net_apply(net, &routing), 0);
    check_output("ip link show mvpn0 2>/dev/null || true", "");
    net_free(net);
}

static void it_survives_its_maker_and_is_taken_up_again(void)
{
    struct net *net;
    int ifindex;

    lab_enter();
    net = open_net();
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    ifindex = lab_ifindex("mvpn0");
    net_free(net);
    net = open_net();
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    CHECK_EQ(lab_ifindex("mvpn0"), ifindex);
    net_free(net);
}

static void either_kind_replaces_the_other(void)
{
    struct net *net;
    int tun_fd = -1;

    lab_enter();
    net = open_net();
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    check_has("ip -d link show mvpn0", "tun type tun");
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    check_has("ip -d link show mvpn0", "xfrm if_id 0x4d56");
    close_fd(&tun_fd);
    check_has("ip -d link show mvpn0", "xfrm if_id 0x4d56");
    net_free(net);
}

static void a_foreign_one_is_left_alone(void)
{
    struct net *net;

    lab_enter();
    lab_run("ip link add mvpn0 type xfrm if_id 0x4d56");
    net = open_net();
    CHECK_EQ(net_tunnel_open_kernel(net), -EEXIST);
    lab_run("ip link set mvpn0 name other");
    CHECK_EQ(net_tunnel_open_kernel(net), -EEXIST); /* the id is taken */
    check_has("ip -d link show other", "xfrm if_id 0x4d56");
    net_free(net);
}

static void nothing_passes_without_an_sa(void)
{
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_apply(net, &routing), 0);
    CHECK_EQ(net_tunnel_open_kernel(net), 0);
    lab_run("ip link set v0 alias counted; ping -q -c 3 -i 0.2 -W 1 198.51.100.7 >/dev/null 2>&1 || true");
    check_output("ip -j -s link show mvpn0 | grep -o '\"tx\":{\"bytes\":[0-9]*'", "\"tx\":{\"bytes\":0");
    routing.active = false;
    net_apply(net, &routing);
    net_free(net);
}

static void a_left_over_sa_is_removed(void)
{
    lab_enter();
    for (unsigned i = 0; i < 80; i++)
        lab_run("ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi %u reqid 7 mode tunnel if_id "
                "0x4d56 aead 'rfc4106(gcm(aes))' "
                "0x%072d 128",
            1000 + i, 1);
    lab_run("ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 77 reqid 7 mode tunnel aead "
            "'rfc4106(gcm(aes))' 0x%072d 128",
        1);
    CHECK_EQ(net_clear_esp(), 0);
    check_output("ip xfrm state | grep -c spi", "1");
    check_has("ip xfrm state", "spi 0x0000004d");
}

static const struct test without[] = {
    TEST(trying_leaves_nothing),
    TEST(what_is_missing_is_missing),
    TEST(only_what_bears_the_id_is_removed),
    TEST(disabling_removes_them_too),
};

static const struct test with[] = {
    TEST(the_interface_is_made_as_wanted),
    TEST(it_survives_its_maker_and_is_taken_up_again),
    TEST(either_kind_replaces_the_other),
    TEST(a_foreign_one_is_left_alone),
    TEST(nothing_passes_without_an_sa),
    TEST(a_left_over_sa_is_removed),
};

int main(int argc, char **argv)
{
    int r;

    if (!lab_possible()) {
        fprintf(stderr, "skipped: needs root and network namespaces\n");
        return 77;
    }
    r = test_main(without, ELEMENTSOF(without), argc, argv);
    if (r != 0 || argc > 1)
        return r;
    if (!kernel_has(KERNEL_ESP_INTERFACE) || !kernel_has(KERNEL_ESP_IPV4)) {
        fprintf(stderr, "the rest needs a kernel with ESP and the XFRM interface (tests/vm)\n");
        return 0;
    }
    return test_main(with, ELEMENTSOF(with), argc, argv);
}
