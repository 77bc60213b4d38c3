/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status in words: what a person reads in each state, and that nothing from outside (odd JSON, odd text, odd sizes) breaks it.
 */
#include "ctl/json_path.h"
#include "ctl/suggest.h"
#include "ctl/view.h"
#include "ctl/watch_frame.h"
#include "support/test.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <json-c/json.h>
#include <locale.h>

static struct json_object *golden(const char *state)
{
    char path[512];
    struct json_object *json;

    snprintf(path, sizeof(path), GOLDEN_DIR "/%s.json", state);
    json = json_object_from_file(path);
    CHECK(json != NULL);
    return json;
}

static const char *row(const struct view *view, const char *label)
{
    for (unsigned i = 0; i < view->n_rows; i++)
        if (strcmp(view->rows[i].label, label) == 0)
            return view->rows[i].text;
    return NULL;
}

static void view_of(const char *state, struct view *ret)
{
    struct json_object *status = golden(state);

    view_fill(status, ret);
    json_object_put(status);
}

static void connected_tells_everything(void)
{
    struct view view;

    view_of("connected", &view);
    CHECK_STR(view.state, "connected");
    CHECK_EQ(view.style, STYLE_GOOD);
    CHECK_STR(view.since, "12 s");
    CHECK_STR(view.message, "The tunnel is up.");
    CHECK_STR(row(&view, "Internet"), "through the tunnel only");
    CHECK_STR(row(&view, "Gateway"), "vpn.example.com (203.0.113.5)");
    CHECK_STR(row(&view, "Over"), "wlan0, wifi, MTU 1500");
    CHECK_STR(row(&view, "Tunnel"), "10.99.1.1 fd99::1 on mvpn0, MTU 1400, ESP in user space");
    CHECK_STR(row(&view, "DNS"), "10.99.0.53");
    CHECK_STR(row(&view, "Traffic"), "5.0 GB received, 123 kB sent");
    CHECK_STR(row(&view, "NAT"), "on the way, forgets after 2 min 0 s (stun)");
    CHECK_STR(row(&view, "Keepalive"), "every 1 min 54 s while idle; 3 sent, 17 saved by traffic");
    CHECK_STR(row(&view, "Managed"), "policy 7; only root may switch the VPN off");
    CHECK_STR(row(&view, "Push"), "works: incoming packets reach this device");
    CHECK_STR(row(&view, "Certificate"), "C=CH, O=Example, CN=handset, expires in 365 d 0 h");
    CHECK(row(&view, "Next attempt") == NULL);
}

static void disabled_says_that_the_internet_is_open(void)
{
    struct view view;

    view_of("disabled", &view);
    CHECK_STR(row(&view, "Internet"), "open, not protected");
    CHECK_EQ(view.n_rows, 1);
    CHECK_EQ(view.style, STYLE_DIM);
}

static void all_other_states_say_that_it_is_blocked(void)
{
    static const char *const states[] = { "offline", "armed", "connecting", "backoff", "failed",
        "disconnecting" };

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        struct view view;

        test_context("%s", states[i]);
        view_of(states[i], &view);
        CHECK_STR(row(&view, "Internet"), "blocked until the tunnel is up");
        CHECK(row(&view, "Tunnel") == NULL);
        CHECK(view.style != STYLE_PLAIN);
    }
}

static void backoff_counts_down(void)
{
    struct view view;

    view_of("backoff", &view);
    CHECK_STR(row(&view, "Next attempt"), "in 14 s (4 failed)");
}

static void an_expired_certificate_is_red(void)
{
    struct view view;

    view_of("failed", &view);
    CHECK_STR(row(&view, "Certificate"), "C=CH, O=Example, CN=handset, expired 1 min 0 s ago");
    CHECK_EQ(view.rows[view.n_rows - 1].style, STYLE_BAD);
}

static void roaming_says_so(void)
{
    struct view view;

    view_of("armed", &view);
    CHECK_STR(row(&view, "Over"), "wlan0, cellular, metered, roaming, MTU 1500");
    CHECK_STR(row(&view, "Push"), "not while roaming: the tunnel comes up when it is used");
}

/* Another version of the daemon, or none of ours: never a crash. */
static void odd_documents_are_survived(void)
{
    static const char *const documents[] = { "{}", "[]", "null", "3", "{\"state\": 5, \"gateway\": []}",
        "{\"enabled\": true, \"tunnel\": {\"addresses\": {\"a\": 1}, \"rx_bytes\": \"x\"}}",
        "{\"state\": \"\\u0000\", \"message\": null, \"retry\": {\"next_in\": -5}}",
        "{\"since\": 1e300, \"certificate\": {\"expires_in\": -1e300}}" };

    for (size_t i = 0; i < ELEMENTSOF(documents); i++) {
        struct json_object *status = json_tokener_parse(documents[i]);
        struct view view;

        test_context("%s", documents[i]);
        view_fill(status, &view);
        CHECK(view.n_rows >= 1);
        CHECK(strlen(view.state) > 0 || i == 6);
        json_object_put(status);
    }
}

static void paths_into_json(void)
{
    struct json_object *root =
        json_tokener_parse("{\"a\": {\"b\": {\"c\": [\"x\", 1, \"y\"]}, \"n\": 2.5, \"z\": null}}");
    char joined[16];
    double number;

    CHECK(json_at(root, "a.b.c") != NULL);
    CHECK(json_at(root, "a.z") == NULL);
    CHECK(json_at(root, "a.n.q") == NULL);
    CHECK(json_at(NULL, "a") == NULL);
    CHECK(json_number(root, "a.n", &number) && number == 2.5);
    CHECK(!json_number(root, "a.b", &number));
    CHECK_STR(json_join(root, "a.b.c", ", ", joined, sizeof(joined)), "x, y");
    CHECK_STR(json_join(root, "a.n", ", ", joined, sizeof(joined)), "");
    json_object_put(root);
}

static void bytes_for_people(void)
{
    static const struct {
        double bytes;
        const char *text;
    } rows[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 9949, "9.9 kB" }, { 12345, "12 kB" },
        { 999499, "999 kB" }, { 999600, "1.0 MB" }, { 5e9, "5.0 GB" }, { 7e15, "7000 TB" } };
    char buf[24];

    for (size_t i = 0; i < ELEMENTSOF(rows); i++)
        CHECK_STR(view_bytes(rows[i].bytes, buf, sizeof(buf)), rows[i].text);
}

static void text_is_made_harmless(void)
{
    char text[] = "a\x1b[31m\x07\xc2\x9b"
                  "b\xffgr\xc3\xbc\xc3\x9f";

    text_make_printable(text);
    CHECK_STR(text, "a?[31m???b?gr\xc3\xbc\xc3\x9f");
    CHECK_EQ(text_width("gr\xc3\xbc\xc3\x9f"), 4);
    CHECK_EQ(text_width("\xe6\x97\xa5"), 2); /* an ideograph takes two columns */
}

static void text_is_cut_to_columns(void)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *cut;
    } rows[] = {
        { "abcdef", 6, "abcdef" },
        { "abcdef", 5, "abcd\xe2\x80\xa6" },
        { "abcdef", 1, "a" },
        { "abcdef", 0, "" },
        { "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 3, "\xc3\xbc\xc3\xbc\xe2\x80\xa6" },
        { "\xe6\x97\xa5\xe6\x97\xa5", 3, "\xe6\x97\xa5\xe2\x80\xa6" },
        { "ab", 1, "a" },
    };
    struct term term = { .utf8 = true };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        char text[64];

        test_context("row %zu", i);
        snprintf(text, sizeof(text), "%s", rows[i].text);
        text_cut(&term, text, sizeof(text), rows[i].columns);
        CHECK_STR(text, rows[i].cut);
        CHECK_LE(text_width(text), rows[i].columns);
    }
}

static void suggestions_are_near(void)
{
    static const char *const words[] = { "enable", "disable", "status", "disconnect", NULL };

    CHECK_STR(suggest_word("stauts", words), "status");
    CHECK_STR(suggest_word("disc", words), "disconnect");
    CHECK_STR(suggest_word("enabel", words), "enable");
    CHECK(suggest_word("xyzzy", words) == NULL);
    CHECK(suggest_word("", words) == NULL);
    CHECK_EQ(suggest_distance("ab", "ba"), 1);
    CHECK_EQ(suggest_distance("abc", ""), 3);
    CHECK_EQ(suggest_distance("kitten", "sitting"), 3);
}

static struct json_object *counters(double rx, double tx)
{
    char text[96];

    snprintf(text, sizeof(text), "{\"tunnel\": {\"rx_bytes\": %.0f, \"tx_bytes\": %.0f}}", rx, tx);
    return json_tokener_parse(text);
}

static void rates_are_bytes_a_second(void)
{
    struct rates rates = { 0 };
    struct json_object *first = counters(1000, 0), *second = counters(5000, 200), *anew = counters(10, 10);

    rates_sample(&rates, first, SEC(100));
    CHECK_EQ(rates.n_history, 0);
    rates_sample(&rates, second, SEC(100) + MSEC(100)); /* too early: no rate, and nothing is lost */
    CHECK_EQ(rates.n_history, 0);
    rates_sample(&rates, second, SEC(102));
    CHECK_EQ((int)rates.rx_rate, 2000);
    CHECK_EQ((int)rates.tx_rate, 100);
    CHECK_EQ(rates.n_history, 1);
    rates_sample(&rates, anew, SEC(103)); /* a new tunnel counts from zero */
    CHECK_EQ(rates.n_history, 1);
    for (unsigned i = 0; i < 2 * RATES_MAX; i++)
        rates_sample(&rates, anew, SEC(104 + i));
    CHECK_EQ(rates.n_history, RATES_MAX);
    json_object_put(first);
    json_object_put(second);
    json_object_put(anew);
}

static void frames_fit_any_terminal(void)
{
    static const unsigned widths[] = { 1, 5, 20, 79, 80, 200, 1000 };
    char *events[EVENTS_MAX];

    for (size_t i = 0; i < EVENTS_MAX; i++)
        events[i] = (char *)"12:00:00  state  from=backoff to=connecting";
    for (size_t i = 0; i < ELEMENTSOF(widths); i++) {
        struct term term = { .utf8 = true, .columns = widths[i], .rows = 24 };
        struct watch_model model = { .status = golden("connected"), .n_events = EVENTS_MAX };
        struct frame frame;

        memcpy(model.events, events, sizeof(events));
        test_context("%u columns", widths[i]);
        watch_frame_fill(&term, &model, &frame);
        CHECK(frame.n_lines > 10);
        CHECK_LE(frame.n_lines, SCREEN_LINES_MAX);
        json_object_put(model.status);
    }
}

static const struct test tests[] = {
    TEST(connected_tells_everything),
    TEST(disabled_says_that_the_internet_is_open),
    TEST(all_other_states_say_that_it_is_blocked),
    TEST(backoff_counts_down),
    TEST(an_expired_certificate_is_red),
    TEST(roaming_says_so),
    TEST(odd_documents_are_survived),
    TEST(paths_into_json),
    TEST(bytes_for_people),
    TEST(text_is_made_harmless),
    TEST(text_is_cut_to_columns),
    TEST(suggestions_are_near),
    TEST(rates_are_bytes_a_second),
    TEST(frames_fit_any_terminal),
};

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C.UTF-8");
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
