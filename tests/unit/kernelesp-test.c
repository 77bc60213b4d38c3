/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which data path is used, for every wish and every kernel: all sets of missing parts.
 */
#include "base/macro.h"
#include "core/kernelesp.h"
#include "support/test.h"

#include <errno.h>

static struct kernel_esp kernel_without(unsigned missing)
{
    struct kernel_esp can = { 0 };

    for (unsigned i = 0; i < N_KERNEL_ESP_PARTS; i++)
        if (missing & 1u << i)
            can.error[i] = -EOPNOTSUPP;
    return can;
}

static void every_wish_and_every_kernel(void)
{
    for (unsigned missing = 0; missing < 1u << N_KERNEL_ESP_PARTS; missing++) {
        struct kernel_esp can = kernel_without(missing);
        struct data_path_choice choice;

        test_context("missing 0x%x", missing);
        data_path_choose(DATA_PATH_USER, &can, &choice);
        CHECK(choice.possible && !choice.kernel);

        data_path_choose(DATA_PATH_AUTO, &can, &choice);
        CHECK(choice.possible);
        CHECK_EQ(choice.kernel, missing == 0);
        CHECK(choice.why[0] != '\0' && strchr(choice.why, '.'));

        data_path_choose(DATA_PATH_KERNEL, &can, &choice);
        CHECK_EQ(choice.possible, missing == 0);
        CHECK_EQ(choice.kernel, missing == 0);
        CHECK_EQ(strstr(choice.why, "CONFIG_") != NULL, missing != 0);
        CHECK(strlen(choice.why) < sizeof(choice.why) - 1);
    }
    test_context("%s", "");
}

static void every_missing_option_is_named(void)
{
    static const char *const options[] = { "CONFIG_XFRM_USER", "CONFIG_XFRM_INTERFACE", "CONFIG_CRYPTO_GCM",
        "CONFIG_INET_ESP", "CONFIG_INET6_ESP", "CONFIG_PACKET" };
    char text[DATA_PATH_WHY_SIZE];

    for (unsigned i = 0; i < N_KERNEL_ESP_PARTS; i++) {
        struct kernel_esp can = kernel_without(1u << i);
        kernel_esp_missing(&can, text, sizeof(text));
        CHECK_STR(text, options[i]);
    }
    kernel_esp_missing(&(struct kernel_esp){ .release = "" }, text, sizeof(text));
    CHECK_STR(text, "");
    kernel_esp_missing(
        &(struct kernel_esp){
            .error = { [KERNEL_ESP_IPV4] = -EPROTONOSUPPORT, [KERNEL_ESP_INTERFACE] = -EOPNOTSUPP } },
        text, sizeof(text));
    CHECK_STR(text, "CONFIG_XFRM_INTERFACE CONFIG_INET_ESP");
}

static void what_to_do_is_said_only_where_something_is_to_be_done(void)
{
    struct kernel_esp can = kernel_without(1u << KERNEL_ESP_INTERFACE);
    struct data_path_choice choice;

    data_path_choose(DATA_PATH_AUTO, &can, &choice);
    CHECK_STR(choice.why, "ESP runs in user space: this kernel lacks CONFIG_XFRM_INTERFACE.");
    data_path_choose(DATA_PATH_KERNEL, &can, &choice);
    CHECK_STR(choice.why, "DataPath=kernel is not possible: this kernel lacks CONFIG_XFRM_INTERFACE. Use a "
                          "kernel with it, or set DataPath=auto.");
}

/* That a try was forbidden says nothing about the kernel. */
static void a_missing_right_is_not_a_missing_option(void)
{
    struct kernel_esp can = { .error = { [KERNEL_ESP_INTERFACE] = -EPERM, [KERNEL_ESP_IPV4] = -EPERM } };
    struct data_path_choice choice;

    data_path_choose(DATA_PATH_AUTO, &can, &choice);
    CHECK(choice.possible && !choice.kernel);
    CHECK(strstr(choice.why, "CAP_NET_ADMIN") && !strstr(choice.why, "CONFIG_"));
}

static const struct test tests[] = {
    TEST(every_wish_and_every_kernel),
    TEST(every_missing_option_is_named),
    TEST(what_to_do_is_said_only_where_something_is_to_be_done),
    TEST(a_missing_right_is_not_a_missing_option),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
