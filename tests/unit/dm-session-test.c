/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations: the server's messages as it would write them, and what the client answers and does.
 */
#include "base/macro.h"
#include "dm/base64.h"
#include "support/test.h"
#include "unit/dm-conversation.h"

#include <stdlib.h>

#define OK_HEADER "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status>"
#define ITEM(uri) "<Item><Target><LocURI>" uri "</LocURI></Target></Item>"
#define ITEM_DATA(uri, format, data)                                                                         \
    "<Item><Target><LocURI>" uri "</LocURI></Target><Meta><Format xmlns='syncml:metinf'>" format             \
    "</Format></Meta><Data>" data "</Data></Item>"
#define COMMAND(verb, id, items) "<" verb "><CmdID>" id "</CmdID>" items "</" verb ">"
/* One piece of a large object: more is "<MoreData/>" or "", size "<Meta><Size>n</Size></Meta>" or "". */
#define PIECE(id, uri, size, data, more)                                                                     \
    "<Replace><CmdID>" id "</CmdID><Item><Target><LocURI>" uri "</LocURI></Target>" size "<Data>" data "</Data>" more "</Item></Replace>"
#define SIZE(n) "<Meta><Size>" n "</Size></Meta>"
#define MORE    "<MoreData/>"
#define MVPN    "./Vendor/mvpn/MobileVPN"
#define VPN  "./Vendor/MSFT/VPNv2/corp"

static struct conversation c;

static void begin(void)
{
    conversation_begin(&c);
    conversation_start(&c);
}

static void a_session_that_goes_well(void)
{
    begin();
    CHECK_STR(c.trace, "send");
    CHECK_STR(alerts(&c), "1201");
    CHECK_STR(c.sent->session_id, "1F");
    CHECK_STR(c.sent->msg_id, "1");
    CHECK_STR(c.sent->ver_proto, "DM/1.2");
    CHECK(c.sent->final);
    CHECK_EQ(c.sent->commands->next->verb, DM_VERB_REPLACE);
    serve(&c, OK_HEADER COMMAND("Replace", "2", ITEM_DATA(MVPN "/KeepAlive/Interval", "int", "45"))
                  COMMAND("Get", "3", ITEM(MVPN "/KeepAlive/Interval")) COMMAND("Get", "4", ITEM("./DevInfo/DevId"))
                      COMMAND("Get", "5", ITEM("./Nowhere")));
    CHECK_STR(c.trace, "send");
    CHECK_STR(statuses(&c), "0:200 2:200 3:200 4:200 5:404");
    CHECK_STR(results(&c), MVPN "/KeepAlive/Interval=45 ./DevInfo/DevId=urn:uuid:1");
    CHECK_STR(c.sent->msg_id, "2");
    CHECK(c.sent->final);
    serve(&c, "<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>");
    CHECK_STR(c.trace, "keep-tree apply over:done");
    CHECK_STR(c.policy, "[Keepalive]\nInterval=45\n");
    conversation_end(&c);
}

static void nothing_changed_applies_nothing(void)
{
    begin();
    serve(&c, OK_HEADER);
    CHECK_STR(c.trace, "over:done");
    conversation_end(&c);
}

#define LOCKED_PROFILE                                                                                       \
    COMMAND("Add", "3", ITEM_DATA(VPN "/NativeProfile/Servers", "chr", "vpn.example.org;Office,vpn2.example.org:4500"))               \
    COMMAND("Add", "4", ITEM_DATA(VPN "/AlwaysOn", "bool", "true"))                                          \
    COMMAND("Add", "5", ITEM_DATA(VPN "/LockDown", "chr", "True"))

static void an_atomic_that_holds(void)
{
    begin();
    serve(&c, OK_HEADER COMMAND("Atomic", "2", LOCKED_PROFILE));
    CHECK_STR(statuses(&c), "0:200 2:200 3:200 4:200 5:200");
    serve(&c, OK_HEADER);
    CHECK_STR(c.trace, "keep-tree apply over:done");
    CHECK_STR(c.policy,
        "[Tunnel]\nEnabled=yes\nGateway=vpn.example.org vpn2.example.org:4500\n[Lockdown]\nAllowLAN=no\n[Management]\nUserMayDisable=no\n");
    conversation_end(&c);
}

static void an_atomic_that_fails_leaves_nothing(void)
{
    begin();
    serve(&c, OK_HEADER COMMAND("Atomic", "2",
                  LOCKED_PROFILE COMMAND("Add", "6", ITEM_DATA(VPN "/TrustedNetworkDetection", "chr", "corp.example"))
                      COMMAND("Replace", "7", ITEM_DATA(MVPN "/Enabled", "bool", "true"))));
    CHECK_STR(statuses(&c), "0:200 2:507 3:216 4:216 5:216 6:406 7:215");
    CHECK(!dm_tree_at(c.tree, VPN));
    CHECK(strstr(c.log, "TrustedNetworkDetection is not supported under LockDown") != NULL);
    conversation_end(&c);
}

static void get_and_atomic_have_no_place_in_an_atomic(void)
{
    begin();
    serve(&c, OK_HEADER COMMAND("Atomic", "2",
                  COMMAND("Replace", "3", ITEM_DATA(MVPN "/Enabled", "bool", "true")) COMMAND("Get", "4", ITEM("./DevInfo"))));
    CHECK_STR(statuses(&c), "0:200 2:507 3:216 4:500");
    CHECK_STR(results(&c), "");
    serve(&c, COMMAND("Atomic", "2",
                  COMMAND("Replace", "3", ITEM_DATA(MVPN "/Enabled", "bool", "true"))
                      COMMAND("Atomic", "4", COMMAND("Delete", "5", ITEM("./DevInfo")))));
    CHECK_STR(statuses(&c), "0:200 2:507 3:216 4:500 5:215");
    CHECK_STR(dm_tree_text(c.tree, MVPN "/Enabled"), "");
    conversation_end(&c);
}

static void a_sequence_goes_on_after_a_failure(void)
{
    begin();
    serve(&c, OK_HEADER COMMAND("Sequence", "2",
                  COMMAND("Replace", "3", ITEM_DATA(MVPN "/Enabled", "bool", "true")) COMMAND("Get", "4", ITEM("./None"))
                      COMMAND("Get", "5", ITEM(MVPN "/Enabled"))));
    CHECK_STR(statuses(&c), "0:200 2:200 3:200 4:404 5:200");
    CHECK_STR(results(&c), MVPN "/Enabled=true");
    conversation_end(&c);
}

static void other_commands_are_refused(void)
{
    begin();
    serve(&c, OK_HEADER "<Copy><CmdID>2</CmdID>" ITEM(MVPN) "</Copy><Put><CmdID>3</CmdID></Put>"
                        "<Alert><CmdID>4</CmdID><Data>1100</Data></Alert>"
                        "<Exec><CmdID>5</CmdID>" ITEM("./DevInfo") "</Exec><Exec><CmdID>6</CmdID>" ITEM(MVPN "/Reconnect") "</Exec>"
                        "<Replace><CmdID>7</CmdID></Replace>");
    CHECK_STR(statuses(&c), "0:200 2:406 3:406 4:406 5:405 6:202 7:400");
    serve(&c, OK_HEADER);
    CHECK_STR(c.trace, "execute:reconnect over:done");
    conversation_end(&c);
}

static void a_failed_atomic_executes_nothing(void)
{
    begin();
    serve(&c, OK_HEADER COMMAND("Atomic", "2", COMMAND("Exec", "3", ITEM(MVPN "/Reconnect")) COMMAND("Delete", "4", ITEM("./DevInfo"))));
    CHECK_STR(statuses(&c), "0:200 2:507 3:216 4:405");
    serve(&c, OK_HEADER);
    CHECK_STR(c.trace, "over:done");
    conversation_end(&c);
}

static void what_mvpnd_would_refuse_is_taken_back(void)
{
    begin();
    serve(&c, OK_HEADER COMMAND("Replace", "2", ITEM_DATA(MVPN "/Bearer/Prefer", "chr", "wifi no/such"))
                  COMMAND("Replace", "3", ITEM_DATA(MVPN "/Bearer/Prefer", "chr", "wifi&#10;[Lockdown]&#10;AllowLAN=yes"))
                      COMMAND("Replace", "4", ITEM_DATA(MVPN "/Reconnect/InitialDelay", "int", "400")));
    CHECK_STR(statuses(&c), "0:200 2:406 3:406 4:406");
    CHECK_STR(dm_tree_text(c.tree, MVPN "/Bearer/Prefer"), "");
    serve(&c, COMMAND("Atomic", "2",
                  COMMAND("Replace", "3", ITEM_DATA(MVPN "/Bearer/Prefer", "chr", "no/such"))
                      COMMAND("Replace", "4", ITEM_DATA(MVPN "/Enabled", "bool", "true"))));
    CHECK_STR(statuses(&c), "0:200 2:507 3:216 4:406");
    CHECK_STR(dm_tree_text(c.tree, MVPN "/Enabled"), "");
    conversation_end(&c);
}

static void alerts_of_the_server(void)
{
    begin();
    c.not_final = true;
    serve(&c, OK_HEADER COMMAND("Get", "2", ITEM("./DevInfo/Man")));
    CHECK_STR(alerts(&c), "1222");
    CHECK(!c.sent->final);
    c.not_final = false;
    serve(&c, "<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>");
    CHECK_STR(statuses(&c), "0:200 2:200");
    /* nobody stands before the screen, and client events are not the server's to send */
    serve(&c, "<Alert><CmdID>2</CmdID><Data>1101</Data></Alert><Alert><CmdID>3</CmdID><Data>1224</Data></Alert>");
    CHECK_STR(statuses(&c), "0:200 2:406 3:406");
    serve(&c, "<Alert><CmdID>2</CmdID><Data>1223</Data></Alert>");
    CHECK_STR(c.trace, "over:aborted");
    conversation_end(&c);
}

static void a_message_that_is_not_ours_ends_it(void)
{
    static const struct {
        const char *session, *msg_id, *version, *protocol, *more, *trace;
    } rows[] = {
        { "2F", "1", "1.2", "DM/1.2", "", "over:protocol" },
        { "", "1", "1.2", "DM/1.2", "", "over:protocol" },
        { "001f", "0", "1.2", "DM/1.2", "", "over:protocol" },
        { "1f", "x", "1.2", "DM/1.2", "", "over:protocol" },
        { "1f", "1", "1.1", "DM/1.2", "", "send" },
        { "1f", "1", "1.2", "DM/1.1", "", "send" },
        { "1f", "1", "1.2", "DM/1.2", "<RespURI>http://dm.example.org/dm</RespURI>", "over:redirected" },
        { "1f", "1", "1.2", "DM/1.2", "<RespURI>https://evil.example.org/dm</RespURI>", "over:redirected" },
        { "1f", "1", "1.2", "DM/1.2", "<RespURI>https://dm.example.org:444/dm</RespURI>", "over:redirected" },
        { "1f", "1", "1.2", "DM/1.2", "<RespURI>https://dm.example.org@evil.example.org/</RespURI>", "over:redirected" },
        { "1f", "1", "1.2", "DM/1.2", "<RespURI>https://DM.example.org:443/dm?x=1</RespURI>", "send" },
        { "01F", "7", "1.2", "DM/1.2", "", "send" },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        char text[2048];

        test_context("row %zu", i);
        begin();
        snprintf(text, sizeof(text),
            "<SyncML><SyncHdr><VerDTD>%s</VerDTD><VerProto>%s</VerProto><SessionID>%s</SessionID><MsgID>%s</MsgID>%s</SyncHdr>"
            "<SyncBody><Get><CmdID>1</CmdID>" ITEM("./DevInfo") "</Get><Final/></SyncBody></SyncML>",
            rows[i].version, rows[i].protocol, rows[i].session, rows[i].msg_id, rows[i].more);
        serve_message(&c, text, NULL);
        CHECK_STR(c.trace, rows[i].trace);
        conversation_end(&c);
    }
}

static void another_version_is_answered_and_then_over(void)
{
    begin();
    serve_message(&c,
        "<SyncML><SyncHdr><VerDTD>1.1</VerDTD><VerProto>DM/1.1</VerProto><SessionID>1f</SessionID><MsgID>1</MsgID></SyncHdr>"
        "<SyncBody><Get><CmdID>1</CmdID>" ITEM("./DevInfo") "</Get><Final/></SyncBody></SyncML>",
        NULL);
    CHECK_STR(statuses(&c), "0:505");
    serve(&c, COMMAND("Exec", "2", ITEM(MVPN "/Reconnect")));
    CHECK_STR(c.trace, "over:protocol");
    conversation_end(&c);
}

static void a_large_object_of_the_server(void)
{
    begin();
    c.not_final = true;
    serve(&c, OK_HEADER PIECE("2", MVPN "/Bearer/Prefer", SIZE("13"), "wifi ", MORE));
    CHECK_STR(statuses(&c), "0:200 2:213");
    CHECK_STR(alerts(&c), "1222");
    c.not_final = false;
    serve(&c, PIECE("2", MVPN "/Bearer/Prefer", "", "ethernet", ""));
    CHECK_STR(statuses(&c), "0:200 2:200");
    CHECK_STR(dm_tree_text(c.tree, MVPN "/Bearer/Prefer"), "wifi ethernet");
    /* Shorter than announced, longer, without a size, too large; and one whose end never comes. */
    serve(&c, PIECE("2", "./A", SIZE("9"), "12345", MORE));
    serve(&c, PIECE("2", "./A", "", "123", ""));
    CHECK_STR(statuses(&c), "0:200 2:424");
    serve(&c, PIECE("2", "./A", SIZE("3"), "12345", MORE)
              PIECE("3", "./A", "", "12345", MORE)
              PIECE("4", "./A", SIZE("99999999"), "1", MORE));
    CHECK_STR(statuses(&c), "0:200 2:424 3:424 4:416");
    serve(&c, PIECE("2", "./A", SIZE("9"), "12345", MORE));
    serve(&c, COMMAND("Get", "2", ITEM("./DevInfo/Man")));
    CHECK_STR(alerts(&c), "1225");
    CHECK_STR(statuses(&c), "0:200 2:200");
    conversation_end(&c);
}

static void a_large_object_of_ours(void)
{
    static char value[3000];
    char whole[sizeof(value)] = "";
    unsigned n = 0;

    for (size_t i = 0; i + 4 < sizeof(value); i += 3)
        memcpy(value + i, "\xe2\x82\xac", 3); /* euro signs: a piece ends where a character ends */
    conversation_begin(&c);
    dm_tree_tell(c.tree, MVPN "/Status/LastError", value);
    conversation_start(&c);
    c.header = "<Meta><MaxMsgSize>1500</MaxMsgSize></Meta>";
    serve(&c, OK_HEADER COMMAND("Get", "2", ITEM(MVPN "/Status/LastError")));
    for (; n < 20; n++) {
        const struct dm_command *r = c.sent->commands;

        CHECK_LE(c.n_sent_body, 1500);
        while (r && r->verb != DM_VERB_RESULTS)
            r = r->next;
        if (!CHECK(r != NULL))
            break;
        CHECK_EQ(r->items->meta.size_bytes, n == 0 ? strlen(value) : 0);
        strcat(whole, r->items->data.data);
        if (!r->items->more_data)
            break;
        CHECK(!c.sent->final);
        serve(&c, "<Alert><CmdID>2</CmdID><Data>1222</Data></Alert>");
    }
    CHECK_GE(n, 2);
    CHECK(c.sent->final);
    CHECK_STR(whole, value);
    conversation_end(&c);
}

static void statuses_that_do_not_fit_come_later(void)
{
    static char commands[20000];
    unsigned n = 0;

    begin();
    for (unsigned i = 0; i < 50; i++)
        snprintf(commands + strlen(commands), sizeof(commands) - strlen(commands),
            "<Get><CmdID>%u</CmdID>" ITEM("./DevInfo/Man") "</Get>", i + 2);
    c.header = "<Meta><MaxMsgSize>2000</MaxMsgSize></Meta>";
    serve(&c, commands);
    for (unsigned message = 0; message < 50; message++) {
        CHECK_LE(c.n_sent_body, 2000);
        for (const struct dm_command *r = c.sent->commands; r; r = r->next)
            n += r->verb == DM_VERB_RESULTS;
        if (c.sent->final)
            break;
        CHECK_STR(alerts(&c), "");
        c.not_final = true; /* the server's package begins behind ours */
        serve(&c, "<Alert><CmdID>2</CmdID><Data>1222</Data></Alert>");
    }
    CHECK_EQ(n, 50);
    commands[0] = '\0';
    conversation_end(&c);
}

/* A message of some kilobytes that asks for the whole tree again and again gets it until that is enough. */
static void too_much_is_asked(void)
{
    static char commands[100000];
    unsigned n_good = 0, n_refused = 0;

    begin();
    for (unsigned i = 0; i < 600; i++)
        snprintf(commands + strlen(commands), sizeof(commands) - strlen(commands),
            "<Get><CmdID>%u</CmdID>" ITEM(".?list=TNDS") "</Get>", i + 2);
    serve(&c, commands);
    for (const struct dm_command *s = c.sent ? c.sent->commands : NULL; s; s = s->next) {
        n_good += s->verb == DM_VERB_STATUS && s->code == 200;
        n_refused += s->verb == DM_VERB_STATUS && s->code == 413;
    }
    CHECK_GE(n_good, 10);
    CHECK_GE(n_refused, 100);
    commands[0] = '\0';
    conversation_end(&c);
}

#define CHALLENGE(code, type, nonce)                                                                         \
    "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta><Format xmlns='syncml:metinf'>b64</Format>" \
    "<Type xmlns='syncml:metinf'>" type "</Type><NextNonce xmlns='syncml:metinf'>" nonce "</NextNonce></Meta></Chal><Data>" code         \
    "</Data></Status>"

static void client_has_a_password(void)
{
    conversation_begin(&c);
    c.settings.client = (struct dm_credentials){ .auth = DM_AUTH_MD5, .user = "client1", .password = "s3cret" };
}

static void md5_after_a_challenge(void)
{
    client_has_a_password();
    conversation_start(&c);
    CHECK_STR(c.trace, "send");
    CHECK(!c.sent->cred);
    serve(&c, CHALLENGE("407", "syncml:auth-md5", "AQIDBA=="));
    CHECK_STR(c.trace, "keep-client used send"); /* on disk, both, before it leaves */
    CHECK_STR(c.sent->cred->data, "QQPl2BihhDMOGzkw7dUiGQ==");
    CHECK_STR(alerts(&c), "1201");
    CHECK_STR(c.sent->msg_id, "2");
    serve(&c, CHALLENGE("401", "syncml:auth-md5", "AQIDBA==")); /* the same once more is none */
    CHECK_STR(c.trace, "over:auth-refused");
    conversation_end(&c);
}

static void md5_with_a_nonce_at_hand(void)
{
    client_has_a_password();
    c.settings.client.nonce = (struct dm_nonce){ { 1, 2, 3, 4 }, 4 };
    conversation_start(&c);
    CHECK_STR(c.trace, "used send");
    CHECK_STR(c.sent->cred->data, "QQPl2BihhDMOGzkw7dUiGQ==");
    serve(&c, CHALLENGE("212", "syncml:auth-md5", "BQYHCA==") COMMAND("Get", "2", ITEM("./DevInfo/Man")));
    CHECK_STR(c.trace, "keep-client send");
    CHECK(!c.sent->cred);
    conversation_end(&c);
}

static void a_used_nonce_is_not_used_again(void)
{
    client_has_a_password();
    c.settings.client.nonce = (struct dm_nonce){ { 1, 2, 3, 4 }, 4 };
    c.settings.client.nonce_used = true;
    conversation_start(&c);
    CHECK(!c.sent->cred);
    serve(&c, CHALLENGE("407", "syncml:auth-md5", "AQIDBA=="));
    CHECK_STR(c.trace, "over:auth-refused");
    conversation_end(&c);
}

static void challenges_are_counted(void)
{
    client_has_a_password();
    conversation_start(&c);
    serve(&c, CHALLENGE("401", "syncml:auth-md5", "AQEBAQ=="));
    serve(&c, CHALLENGE("401", "syncml:auth-md5", "AgICAg=="));
    serve(&c, CHALLENGE("401", "syncml:auth-md5", "AwMDAw=="));
    CHECK_STR(c.trace, "keep-client used send");
    serve(&c, CHALLENGE("401", "syncml:auth-md5", "BAQEBA=="));
    CHECK_STR(c.trace, "over:auth-refused");
    conversation_end(&c);
}

static void basic_only_when_asked_and_allowed(void)
{
    client_has_a_password();
    conversation_start(&c);
    serve(&c, CHALLENGE("407", "syncml:auth-basic", ""));
    CHECK_STR(c.trace, "over:auth-refused");
    conversation_end(&c);
    client_has_a_password();
    c.settings.client.auth = DM_AUTH_BASIC;
    c.settings.allow_basic = true;
    conversation_start(&c);
    CHECK(!c.sent->cred);
    conversation_end(&c);
    client_has_a_password();
    c.settings.allow_basic = true;
    conversation_start(&c);
    serve(&c, CHALLENGE("407", "syncml:auth-basic", ""));
    CHECK_STR(c.trace, "send");
    CHECK_STR(c.sent->cred->data, "Y2xpZW50MTpzM2NyZXQ=");
    serve(&c, CHALLENGE("401", "syncml:auth-basic", ""));
    CHECK_STR(c.trace, "over:auth-refused");
    conversation_end(&c);
}

static void hmac_in_the_header(void)
{
    char mac[DM_DIGEST_TEXT_SIZE];
    struct dm_hmac hmac;

    client_has_a_password();
    c.settings.client.auth = DM_AUTH_HMAC;
    c.settings.client.nonce = (struct dm_nonce){ { 1, 2, 3, 4 }, 4 };
    conversation_start(&c);
    CHECK_STR(c.trace, "used send");
    if (CHECK(c.hmac != NULL) && CHECK_EQ(dm_hmac_parse(c.hmac, &hmac, NULL), 0)) {
        CHECK_STR(hmac.user, "client1");
        dm_digest_hmac("client1", "s3cret", &c.settings.client.nonce, c.sent_body, c.n_sent_body, mac);
        CHECK_STR(hmac.mac, mac);
    }
    conversation_end(&c);
}

static void the_server_proves_itself(void)
{
    char cred[400], digest[DM_DIGEST_TEXT_SIZE];
    struct dm_nonce nonce = { { 9 }, 1 };

    conversation_begin(&c);
    c.settings.server = (struct dm_credentials){ .auth = DM_AUTH_MD5, .user = "srv", .password = "other", .nonce = nonce };
    conversation_start(&c);
    serve(&c, OK_HEADER COMMAND("Replace", "2", ITEM_DATA(MVPN "/Enabled", "bool", "true")));
    CHECK_STR(statuses(&c), "0:407 2:407");
    CHECK_STR(c.trace, "keep-server send");
    CHECK_STR(dm_tree_text(c.tree, MVPN "/Enabled"), "");
    if (CHECK(c.sent->commands->chal != NULL))
        CHECK_EQ(dm_nonce_decode(c.sent->commands->chal->next_nonce, "b64", &nonce), 0);
    dm_digest_md5("srv", "other", &nonce, digest);
    snprintf(cred, sizeof(cred), "<Cred><Meta><Type>syncml:auth-md5</Type></Meta><Data>%s</Data></Cred>", digest);
    c.header = cred;
    serve(&c, COMMAND("Replace", "2", ITEM_DATA(MVPN "/Enabled", "bool", "true")));
    CHECK_STR(statuses(&c), "0:212 2:200");
    CHECK_STR(c.trace, "keep-server send");
    conversation_end(&c);
}

/* To a server that TLS has proved already, once a session, and with the Status of a message that is answered anyway. */
static void a_nonce_is_offered_for_notifications(void)
{
    struct dm_nonce nonce;

    conversation_begin(&c);
    c.settings.offer_nonce = true;
    conversation_start(&c);
    serve(&c, OK_HEADER COMMAND("Get", "2", ITEM("./DevInfo/DevId")));
    CHECK_STR(statuses(&c), "0:200 2:200");
    CHECK_STR(c.trace, "keep-server send");
    if (CHECK(c.sent->commands->chal != NULL)) {
        CHECK_STR(c.sent->commands->chal->type, "syncml:auth-md5");
        CHECK_EQ(dm_nonce_decode(c.sent->commands->chal->next_nonce, "b64", &nonce), 0);
        CHECK_EQ(nonce.n_bytes, DM_FRESH_NONCE_BYTES);
    }
    serve(&c, COMMAND("Get", "2", ITEM("./DevInfo/Man")));
    CHECK_STR(c.trace, "send");
    CHECK(!c.sent->commands->chal);
    serve(&c, OK_HEADER);
    CHECK_STR(c.trace, "over:done");
    conversation_end(&c);
}

static void a_session_by_notification_says_so(void)
{
    conversation_begin(&c);
    c.settings.by_server = true;
    conversation_start(&c);
    CHECK_STR(alerts(&c), "1200");
    conversation_end(&c);
}

static void a_wrong_server_is_not_heard(void)
{
    conversation_begin(&c);
    c.settings.server = (struct dm_credentials){ .auth = DM_AUTH_MD5, .user = "srv", .password = "other", .nonce = { { 9 }, 1 } };
    conversation_start(&c);
    c.header = "<Cred><Meta><Type>syncml:auth-md5</Type></Meta><Data>AAAAAAAAAAAAAAAAAAAAAA==</Data></Cred>";
    for (unsigned i = 0; i < DM_SESSION_CHALLENGES_MAX; i++) {
        serve(&c, OK_HEADER COMMAND("Exec", "2", ITEM(MVPN "/Reconnect")));
        CHECK_STR(statuses(&c), "0:401 2:401");
    }
    serve(&c, OK_HEADER COMMAND("Exec", "2", ITEM(MVPN "/Reconnect")));
    CHECK_STR(c.trace, "over:server-not-authenticated");
    conversation_end(&c);
}

static void no_answer_is_an_end(void)
{
    struct dm_action action;

    begin();
    serve(&c, OK_HEADER COMMAND("Replace", "2", ITEM_DATA(MVPN "/Enabled", "bool", "true")));
    dm_session_fail(c.session, DM_END_UNREACHABLE, "the server does not answer");
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_LOG);
    dm_action_free(&action);
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_KEEP_TREE);
    dm_action_free(&action);
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_APPLY_POLICY);
    dm_action_free(&action);
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_OVER && action.end == DM_END_UNREACHABLE);
    CHECK(!dm_session_next(c.session, &action));
    conversation_end(&c);
}

/* What is not on disk is not sent, and not applied. */
static void an_action_that_fails(void)
{
    struct dm_action action;

    client_has_a_password();
    c.settings.client.nonce = (struct dm_nonce){ { 1, 2, 3, 4 }, 4 };
    c.session = dm_session_new(&c.settings);
    dm_session_start(c.session);
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_KEEP_CLIENT_NONCE && action.nonce_used);
    dm_session_fail(c.session, DM_END_LOCAL, "");
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_OVER && action.end == DM_END_LOCAL);
    CHECK(!dm_session_next(c.session, &action));
    conversation_end(&c);
    begin();
    serve(&c, OK_HEADER COMMAND("Replace", "2", ITEM_DATA(MVPN "/Enabled", "bool", "true")) COMMAND("Exec", "3", ITEM(MVPN "/Reconnect")));
    dm_session_fail(c.session, DM_END_ABORTED, "");
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_KEEP_TREE);
    dm_session_fail(c.session, DM_END_ABORTED, ""); /* over already: what was answered for is done */
    dm_session_fail(c.session, DM_END_LOCAL, "");
    CHECK(dm_session_next(c.session, &action) && action.kind == DM_ACTION_OVER && action.end == DM_END_LOCAL);
    CHECK(!dm_session_next(c.session, &action));
    conversation_end(&c);
}

static void no_session_without_end(void)
{
    begin();
    for (unsigned i = 0; i < DM_SESSION_MESSAGES_MAX + 5; i++)
        serve(&c, COMMAND("Get", "2", ITEM("./DevInfo/Man")));
    CHECK_STR(c.trace, ""); /* it was over before */
    CHECK(strstr(c.log, "more messages than one may have") != NULL);
    conversation_end(&c);
}

static void no_response_where_none_is_wanted(void)
{
    begin();
    serve(&c, OK_HEADER "<Replace><CmdID>2</CmdID><NoResp/>" ITEM_DATA(MVPN "/Enabled", "bool", "true") "</Replace>"
                        COMMAND("Get", "3", ITEM(MVPN "/Enabled")));
    CHECK_STR(statuses(&c), "0:200 3:200");
    c.header = "<NoResp/>";
    serve(&c, COMMAND("Get", "3", ITEM(MVPN "/Enabled")));
    CHECK_STR(statuses(&c), "");
    CHECK_STR(results(&c), MVPN "/Enabled=true");
    conversation_end(&c);
}

static void a_generic_alert_goes_first(void)
{
    conversation_begin(&c);
    c.session = dm_session_new(&c.settings);
    CHECK_EQ(dm_session_alert(c.session, "com.microsoft:mdm.unenrollment.userrequest", "int", NULL, "1"), 0);
    dm_session_free(c.session);
    c.session = NULL;
    conversation_end(&c);
}

static const struct test tests[] = { TEST(a_session_that_goes_well), TEST(nothing_changed_applies_nothing),
    TEST(an_atomic_that_holds), TEST(an_atomic_that_fails_leaves_nothing), TEST(get_and_atomic_have_no_place_in_an_atomic),
    TEST(a_sequence_goes_on_after_a_failure), TEST(other_commands_are_refused), TEST(a_failed_atomic_executes_nothing),
    TEST(what_mvpnd_would_refuse_is_taken_back), TEST(alerts_of_the_server), TEST(a_message_that_is_not_ours_ends_it),
    TEST(another_version_is_answered_and_then_over),
    TEST(a_large_object_of_the_server), TEST(a_large_object_of_ours), TEST(statuses_that_do_not_fit_come_later), TEST(too_much_is_asked),
    TEST(md5_after_a_challenge), TEST(md5_with_a_nonce_at_hand), TEST(a_used_nonce_is_not_used_again),
    TEST(challenges_are_counted), TEST(basic_only_when_asked_and_allowed), TEST(hmac_in_the_header),
    TEST(the_server_proves_itself), TEST(a_nonce_is_offered_for_notifications), TEST(a_session_by_notification_says_so),
    TEST(a_wrong_server_is_not_heard), TEST(no_answer_is_an_end), TEST(an_action_that_fails),
    TEST(no_session_without_end),
    TEST(no_response_where_none_is_wanted), TEST(a_generic_alert_goes_first) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
