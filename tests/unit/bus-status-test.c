/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON of status and links is a contract with scripts: one golden document per state, the order of the keys as design.md writes them,
 * and values at their edges. With --write the goldens are made anew; look at the difference before committing it.
 */
#include "bus/bus.h"
#include "bus/status_json.h"
#include "bus/utf8.h"
#include "support/test.h"
#include "unit/bus-reports.h"

#include "base/cleanup.h"

#include <stdlib.h>

static char *render(const struct report *report)
{
    char *text = NULL;

    CHECK_EQ(bus_render_status(report, REPORT_NOW_USEC, REPORT_WALL_SEC, &text), 0);
    return text;
}

static void golden_path(enum state state, char *buf, size_t size)
{
    snprintf(buf, size, GOLDEN_DIR "/%s.json", state_name(state));
}

static void write_goldens(void)
{
    for (int state = 0; state < N_STATES; state++) {
        struct report report;
        char path[512];

        report_for_state((enum state)state, &report);
        golden_path((enum state)state, path, sizeof(path));
        _cleanup_free_ char *text = render(&report);
        _cleanup_fclose_ FILE *file = fopen(path, "we");
        if (file)
            fprintf(file, "%s\n", text);
    }
}

static void each_state_is_as_written_down(void)
{
    for (int state = 0; state < N_STATES; state++) {
        char path[512], golden[8192] = "";
        struct report report;

        test_context("%s", state_name((enum state)state));
        golden_path((enum state)state, path, sizeof(path));
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        if (!CHECK(file != NULL))
            continue;
        golden[fread(golden, 1, sizeof(golden) - 1, file)] = '\0';
        golden[strcspn(golden, "\n") ? strlen(golden) - 1 : 0] = '\0';
        report_for_state((enum state)state, &report);
        _cleanup_free_ char *text = render(&report);
        CHECK_STR(text, golden);
    }
}

/* design.md, section 7: every key, in this order, in every state. */
static void keys_come_in_the_order_of_the_contract(void)
{
    static const char *const keys[] = { "enabled", "state", "reason", "message", "since", "internet_blocked",
        "gateway", "name", "address", "identity", "base_link", "interface", "type", "metered", "roaming",
        "wake_on_incoming", "mtu", "tunnel", "interface", "data_path", "addresses", "dns", "mtu", "rx_bytes",
        "tx_bytes", "nat", "detected", "lifetime", "method", "detecting", "keepalive", "mode", "interval", "sent",
        "suppressed", "push_supported", "on_demand", "retry", "attempt", "next_in", "certificate", "subject",
        "expires_in" };

    for (int state = 0; state < N_STATES; state++) {
        struct report report;

        report_for_state((enum state)state, &report);
        _cleanup_free_ char *text = render(&report);
        const char *p = text;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            char key[64];

            test_context("%s, key %zu: %s", state_name((enum state)state), i, keys[i]);
            snprintf(key, sizeof(key), "\"%s\": ", keys[i]);
            p = strstr(p, key);
            if (!CHECK(p != NULL))
                break;
            p += strlen(key);
        }
    }
}

static bool has(const char *text, const char *piece)
{
    return strstr(text, piece) != NULL;
}

static void times_are_seconds_and_never_negative(void)
{
    struct report report;

    report_for_state(STATE_BACKOFF, &report);
    report.core.since_at_usec = REPORT_NOW_USEC + SEC(5); /* read a moment before the transition */
    report.core.retry_at_usec = REPORT_NOW_USEC - SEC(1); /* due, not yet begun */
    _cleanup_free_ char *text = render(&report);
    CHECK(has(text, "\"since\": 0,"));
    CHECK(has(text, "\"next_in\": 0\n"));

    report.core.retry_at_usec = REPORT_NOW_USEC + USEC(50999); /* three decimals, cut */
    _cleanup_free_ char *later = render(&report);
    CHECK(has(later, "\"next_in\": 0.05\n"));
}

static void an_expired_certificate_counts_below_zero(void)
{
    struct report report;

    report_for_state(STATE_FAILED, &report);
    _cleanup_free_ char *text = render(&report);
    CHECK(has(text, "\"expires_in\": -60\n"));
}

static void counters_keep_all_their_bits(void)
{
    struct report report;

    report_for_state(STATE_CONNECTED, &report);
    report.rx_bytes = UINT64_MAX;
    _cleanup_free_ char *text = render(&report);
    CHECK(has(text, "\"rx_bytes\": 18446744073709551615,"));
}

static void text_from_outside_stays_valid(void)
{
    struct report report;

    report_for_state(STATE_CONNECTED, &report);
    report.certificate_subject = "CN=\"a\\b\"\n\x1b[31m\xff\xc3(";
    _cleanup_free_ char *text = render(&report);
    CHECK(has(text, "\"CN=\\\"a\\\\b\\\"\\n\\u001b[31m\xEF\xBF\xBD\xEF\xBF\xBD(\""));
}

static void broken_utf8_is_replaced_byte_by_byte(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "", "" },
        { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
        { "\xf0\x9f\x94\x92", "\xf0\x9f\x94\x92" },
        { "\xc0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD" },                                 /* overlong NUL */
        { "\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },                 /* surrogate */
        { "\xf4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" }, /* beyond U+10FFFF */
        { "a\xe2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD" },                               /* cut short */
        { "\x80", "\xEF\xBF\xBD" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        _cleanup_free_ char *clean = utf8_clean(rows[i].in);

        test_context("row %zu", i);
        CHECK_STR(clean, rows[i].out);
    }
}

static const struct link *get_link(void *userdata, uint32_t i, struct link_verdict *ret)
{
    const struct link *links = userdata;

    *ret = i == 0 ? (struct link_verdict){ .fitness = LINK_FITNESS_USABLE,
        .score = 7,
        .chosen = true,
        .why = "carries the tunnel" }
                  : (struct link_verdict){ .fitness = LINK_FITNESS_DOWN, .why = "down" };
    return &links[i];
}

static void links_are_rows_with_a_reason(void)
{
    struct link links[2] = { { .name = "wlan0", .type = LINK_TYPE_WIFI, .n_addrs = 2 },
        { .name = "wwan0", .type = LINK_TYPE_CELLULAR, .metered = true } };
    char *text = NULL, *none = NULL;

    CHECK_EQ(ip_addr_parse("192.0.2.7", &links[0].addrs[0].addr), 0);
    CHECK_EQ(ip_addr_parse("2001:db8::7", &links[0].addrs[1].addr), 0);
    CHECK_EQ(links_render_json(2, get_link, links, &text), 0);
    CHECK_STR(text,
        "[\n"
        "  {\n    \"interface\": \"wlan0\",\n    \"type\": \"wifi\",\n    \"metered\": false,\n"
        "    \"roaming\": false,\n    \"wake_on_incoming\": false,\n"
        "    \"addresses\": [\"192.0.2.7\", \"2001:db8::7\"],\n    \"usable\": true,\n    \"score\": 7,\n"
        "    \"chosen\": true,\n    \"why\": \"carries the tunnel\"\n  },\n"
        "  {\n    \"interface\": \"wwan0\",\n    \"type\": \"cellular\",\n    \"metered\": true,\n"
        "    \"roaming\": false,\n    \"wake_on_incoming\": false,\n    \"addresses\": [],\n"
        "    \"usable\": false,\n    \"score\": 0,\n    \"chosen\": false,\n    \"why\": \"down\"\n  }\n]");
    free(text);
    CHECK_EQ(links_render_json(0, get_link, links, &none), 0);
    CHECK(none && none[0] == '[');
    free(none);
}

static const struct test tests[] = {
    TEST(each_state_is_as_written_down),
    TEST(keys_come_in_the_order_of_the_contract),
    TEST(times_are_seconds_and_never_negative),
    TEST(an_expired_certificate_counts_below_zero),
    TEST(counters_keep_all_their_bits),
    TEST(text_from_outside_stays_valid),
    TEST(broken_utf8_is_replaced_byte_by_byte),
    TEST(links_are_rows_with_a_reason),
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        write_goldens();
        return 0;
    }
    return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
