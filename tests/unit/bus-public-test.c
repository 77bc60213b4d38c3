/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The public headers say what the code does: the same words as core/names.h, the version of the build, and message ids that the journal's
 * catalog explains.
 */
#include "core/names.h"
#include "support/test.h"

#include "base/cleanup.h"

#include <mvpn/messages.h>
#include <mvpn/names.h>
#include <mvpn/version.h>

#include <ctype.h>

static const struct {
    enum state state;
    const char *word;
} states[] = {
    { STATE_DISABLED, MVPN_STATE_DISABLED },
    { STATE_OFFLINE, MVPN_STATE_OFFLINE },
    { STATE_ARMED, MVPN_STATE_ARMED },
    { STATE_CONNECTING, MVPN_STATE_CONNECTING },
    { STATE_CONNECTED, MVPN_STATE_CONNECTED },
    { STATE_BACKOFF, MVPN_STATE_BACKOFF },
    { STATE_FAILED, MVPN_STATE_FAILED },
    { STATE_DISCONNECTING, MVPN_STATE_DISCONNECTING },
};
_Static_assert(sizeof(states) / sizeof(states[0]) == N_STATES, "every state is public");

static const struct {
    enum reason reason;
    const char *word;
} reasons[] = {
    { REASON_NONE, MVPN_REASON_NONE },
    { REASON_DISABLED, MVPN_REASON_DISABLED },
    { REASON_STARTING, MVPN_REASON_STARTING },
    { REASON_ESTABLISHED, MVPN_REASON_ESTABLISHED },
    { REASON_USER_CONNECTED, MVPN_REASON_USER_CONNECTED },
    { REASON_USER_DISCONNECTED, MVPN_REASON_USER_DISCONNECTED },
    { REASON_RECONFIGURED, MVPN_REASON_RECONFIGURED },
    { REASON_RESUMED, MVPN_REASON_RESUMED },
    { REASON_ON_DEMAND, MVPN_REASON_ON_DEMAND },
    { REASON_IDLE, MVPN_REASON_IDLE },
    { REASON_DEMAND, MVPN_REASON_DEMAND },
    { REASON_HOME, MVPN_REASON_HOME },
    { REASON_NO_LINK, MVPN_REASON_NO_LINK },
    { REASON_LINK_LOST, MVPN_REASON_LINK_LOST },
    { REASON_NEW_LINK, MVPN_REASON_NEW_LINK },
    { REASON_NAME_UNRESOLVED, MVPN_REASON_NAME_UNRESOLVED },
    { REASON_GATEWAY_SILENT, MVPN_REASON_GATEWAY_SILENT },
    { REASON_GATEWAY_UNREACHABLE, MVPN_REASON_GATEWAY_UNREACHABLE },
    { REASON_PEER_CLOSED, MVPN_REASON_PEER_CLOSED },
    { REASON_PATH_DEAD, MVPN_REASON_PATH_DEAD },
    { REASON_TUNNEL_LOST, MVPN_REASON_TUNNEL_LOST },
    { REASON_RETRYING, MVPN_REASON_RETRYING },
    { REASON_INTERNAL_ERROR, MVPN_REASON_INTERNAL_ERROR },
    { REASON_AUTH_REFUSED, MVPN_REASON_AUTH_REFUSED },
    { REASON_GATEWAY_UNTRUSTED, MVPN_REASON_GATEWAY_UNTRUSTED },
    { REASON_GATEWAY_IDENTITY_MISMATCH, MVPN_REASON_GATEWAY_IDENTITY_MISMATCH },
    { REASON_GATEWAY_CERTIFICATE_EXPIRED, MVPN_REASON_GATEWAY_CERTIFICATE_EXPIRED },
    { REASON_GATEWAY_CERTIFICATE_REVOKED, MVPN_REASON_GATEWAY_CERTIFICATE_REVOKED },
    { REASON_REVOCATION_UNKNOWN, MVPN_REASON_REVOCATION_UNKNOWN },
    { REASON_CERTIFICATE_EXPIRED, MVPN_REASON_CERTIFICATE_EXPIRED },
    { REASON_CERTIFICATE_INVALID, MVPN_REASON_CERTIFICATE_INVALID },
    { REASON_KEY_MISMATCH, MVPN_REASON_KEY_MISMATCH },
    { REASON_CLOCK_WRONG, MVPN_REASON_CLOCK_WRONG },
    { REASON_PROPOSALS_REFUSED, MVPN_REASON_PROPOSALS_REFUSED },
    { REASON_SELECTORS_REFUSED, MVPN_REASON_SELECTORS_REFUSED },
    { REASON_NO_ADDRESS, MVPN_REASON_NO_ADDRESS },
    { REASON_CONFIG_INCOMPLETE, MVPN_REASON_CONFIG_INCOMPLETE },
    { REASON_LOCKDOWN_FAILED, MVPN_REASON_LOCKDOWN_FAILED },
};
_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == N_REASONS, "every reason is public");

static const char *const messages[] = {
    MVPN_MESSAGE_DISABLED,
    MVPN_MESSAGE_OFFLINE,
    MVPN_MESSAGE_ARMED,
    MVPN_MESSAGE_CONNECTING,
    MVPN_MESSAGE_CONNECTED,
    MVPN_MESSAGE_BACKOFF,
    MVPN_MESSAGE_FAILED,
    MVPN_MESSAGE_DISCONNECTING,
    MVPN_MESSAGE_LOCKDOWN_FAILED,
    MVPN_MESSAGE_FIREWALL_RESTORED,
    MVPN_MESSAGE_CONFIG_ERROR,
};

static void words_are_those_of_the_core(void)
{
    for (size_t i = 0; i < N_STATES; i++) {
        CHECK_EQ(states[i].state, i);
        CHECK_STR(states[i].word, state_name(states[i].state));
    }
    for (size_t i = 0; i < N_REASONS; i++) {
        CHECK_EQ(reasons[i].reason, i);
        CHECK_STR(reasons[i].word, reason_name(reasons[i].reason));
    }
}

static void version_is_that_of_the_build(void)
{
    CHECK_STR(MVPN_VERSION_STRING, MVPN_VERSION);
}

/* "-- id" begins an entry; Subject and text follow. */
static bool catalog_has(const char *id)
{
    _cleanup_fclose_ FILE *file = fopen(CATALOG, "re");
    char line[256], wanted[64];
    bool inside = false, subject = false;

    snprintf(wanted, sizeof(wanted), "-- %s\n", id);
    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "-- ", 3) == 0)
            inside = strcmp(line, wanted) == 0;
        else if (inside && strncmp(line, "Subject: ", 9) == 0)
            subject = true;
        else if (inside && subject && islower((unsigned char)line[1]) && !strchr(line, ':'))
            return true; /* a line of text */
    }
    return false;
}

static void every_message_id_is_explained(void)
{
    size_t n = sizeof(messages) / sizeof(messages[0]);

    for (size_t i = 0; i < n; i++) {
        test_context("%s", messages[i]);
        CHECK_EQ(strspn(messages[i], "0123456789abcdef"), 32);
        CHECK_EQ(strlen(messages[i]), 32);
        CHECK(catalog_has(messages[i]));
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(messages[i], messages[j]) != 0);
    }
}

static const struct test tests[] = {
    TEST(words_are_those_of_the_core),
    TEST(version_is_that_of_the_build),
    TEST(every_message_id_is_explained),
};

int main(int argc, char **argv)
{
    return test_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
