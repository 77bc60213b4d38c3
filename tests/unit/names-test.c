/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stable words: scripts read them, so each is unique, lower-case, and finds its way back; each reason says a sentence that tells a
 * person what to do; and the line between passing and permanent reasons stands where design.md, section 4, draws it.
 */
#include "base/macro.h"
#include "core/action.h"
#include "core/event.h"
#include "core/link.h"
#include "core/names.h"
#include "support/test.h"

static bool is_word(const char *s)
{
    return s[0] >= 'a' && s[0] <= 'z' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
           s[strlen(s) - 1] != '-';
}

static void check_words(unsigned n, const char *(*name)(unsigned))
{
    for (unsigned i = 0; i < n; i++) {
        test_context("word %u", i);
        if (!CHECK(name(i) != NULL))
            continue;
        test_context("%s", name(i));
        CHECK(is_word(name(i)));
        for (unsigned k = 0; k < i; k++)
            CHECK(strcmp(name(i), name(k)) != 0);
    }
}

static const char *state_word(unsigned i)
{
    return state_name((enum state)i);
}

static const char *reason_word(unsigned i)
{
    return reason_name((enum reason)i);
}

static const char *event_word(unsigned i)
{
    return event_name((enum event_type)i);
}

static const char *action_word(unsigned i)
{
    return action_name((enum action_type)i);
}

static const char *link_type_word(unsigned i)
{
    return link_type_name((enum link_type)i);
}

static void words_are_unique_and_plain(void)
{
    check_words(N_STATES, state_word);
    check_words(N_REASONS, reason_word);
    check_words(N_EVENTS, event_word);
    check_words(N_ACTIONS, action_word);
    check_words(N_LINK_TYPES, link_type_word);
}

static void words_find_their_way_back(void)
{
    enum state state = STATE_ARMED;
    enum reason reason = REASON_NO_LINK;
    enum event_type event = EVENT_CLOCK;
    enum link_type type = LINK_TYPE_WIFI;

    for (unsigned i = 0; i < N_STATES; i++)
        CHECK(state_from_name(state_word(i), &state) && state == i);
    for (unsigned i = 0; i < N_REASONS; i++)
        CHECK(reason_from_name(reason_word(i), &reason) && reason == i);
    for (unsigned i = 0; i < N_EVENTS; i++)
        CHECK(event_from_name(event_word(i), &event) && event == i);
    for (unsigned i = 0; i < N_LINK_TYPES; i++)
        CHECK(link_type_from_name(link_type_word(i), &type) && type == i);

    state = STATE_ARMED;
    CHECK(!state_from_name("Connected", &state) && state == STATE_ARMED);
    CHECK(!state_from_name("", &state) && state == STATE_ARMED);
    reason = REASON_NO_LINK;
    CHECK(!reason_from_name("no-lin", &reason) && reason == REASON_NO_LINK);
    CHECK(!reason_from_name("no-link ", &reason) && reason == REASON_NO_LINK);
    event = EVENT_CLOCK;
    CHECK(!event_from_name("tick", &event) && event == EVENT_CLOCK);
    type = LINK_TYPE_WIFI;
    CHECK(!link_type_from_name("wlan", &type) && type == LINK_TYPE_WIFI);
}

static void words_of_the_contract_exist(void)
{
    static const char *const states[] = { "disabled", "offline", "armed", "connecting", "connected",
        "backoff", "failed", "disconnecting" };
    static const char *const reasons[] = { "gateway-silent", "auth-refused", "no-link", "certificate-expired",
        "name-unresolved", "clock-wrong", "user-disconnected" };
    enum state state;
    enum reason reason;

    for (size_t i = 0; i < ELEMENTSOF(states); i++)
        CHECK(state_from_name(states[i], &state));
    CHECK_EQ(ELEMENTSOF(states), N_STATES);
    for (size_t i = 0; i < ELEMENTSOF(reasons); i++)
        CHECK(reason_from_name(reasons[i], &reason));
}

static void sentences_tell_a_person(void)
{
    for (unsigned i = REASON_NONE + 1; i < N_REASONS; i++) {
        const char *sentence = reason_sentence((enum reason)i);
        size_t length = strlen(sentence);

        test_context("%s", reason_word(i));
        CHECK(length >= 10);
        CHECK(sentence[0] >= 'A' && sentence[0] <= 'Z');
        CHECK(length && sentence[length - 1] == '.');
        CHECK(strchr(sentence, '\n') == NULL && strchr(sentence, '%') == NULL);
    }
    CHECK_STR(reason_sentence(REASON_NONE), "");
}

static void permanent_is_what_a_person_must_mend(void)
{
    static const enum reason permanent[] = { REASON_AUTH_REFUSED, REASON_GATEWAY_UNTRUSTED,
        REASON_GATEWAY_IDENTITY_MISMATCH, REASON_GATEWAY_CERTIFICATE_EXPIRED,
        REASON_GATEWAY_CERTIFICATE_REVOKED, REASON_REVOCATION_UNKNOWN, REASON_CERTIFICATE_EXPIRED,
        REASON_CERTIFICATE_INVALID, REASON_KEY_MISMATCH, REASON_CLOCK_WRONG, REASON_PROPOSALS_REFUSED,
        REASON_SELECTORS_REFUSED, REASON_NO_ADDRESS, REASON_CONFIG_INCOMPLETE, REASON_LOCKDOWN_FAILED };

    for (unsigned i = 0; i < N_REASONS; i++) {
        bool wanted = false;
        for (size_t k = 0; k < ELEMENTSOF(permanent); k++)
            wanted |= permanent[k] == i;
        test_context("%s", reason_word(i));
        CHECK_EQ(reason_is_permanent((enum reason)i), wanted);
    }
}

static const struct test tests[] = {
    TEST(words_are_unique_and_plain),
    TEST(words_find_their_way_back),
    TEST(words_of_the_contract_exist),
    TEST(sentences_tell_a_person),
    TEST(permanent_is_what_a_person_must_mend),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
