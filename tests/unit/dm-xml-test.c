/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SyncML in XML: what a good server sends, what sloppy ones do, what a hostile one tries; and our own messages read again.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/message.h"
#include "dm/xmlread.h"
#include "support/test.h"
#include "unit/dm-fixture.h"

#include <errno.h>
#include <stdlib.h>

/* As in the examples of OMA-TS-DM_Protocol: package #2 with an Atomic, a challenge and a large object. */
static const char GOOD[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<SyncML xmlns=\"SYNCML:SYNCML1.2\">\n"
    "  <SyncHdr>\n"
    "    <VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1F</SessionID><MsgID>2</MsgID>\n"
    "    <Target><LocURI>IMEI:493005100592800</LocURI></Target>\n"
    "    <Source><LocURI>https://dm.example.com/dm</LocURI><LocName>server1</LocName></Source>\n"
    "    <RespURI>https://dm.example.com/dm?s=1</RespURI>\n"
    "    <Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta>\n"
    "      <Data>QQPl2BihhDMOGzkw7dUiGQ==</Data></Cred>\n"
    "    <Meta><MaxMsgSize xmlns=\"syncml:metinf\">5000</MaxMsgSize><MaxObjSize xmlns=\"syncml:metinf\">70000</MaxObjSize></Meta>\n"
    "  </SyncHdr>\n"
    "  <SyncBody>\n"
    "    <Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>\n"
    "      <TargetRef>https://dm.example.com/dm</TargetRef><SourceRef>IMEI:493005100592800</SourceRef>\n"
    "      <Chal><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type><Format xmlns=\"syncml:metinf\">b64</Format>\n"
    "        <NextNonce xmlns=\"syncml:metinf\">AQIDBA==</NextNonce></Meta></Chal>\n"
    "      <Data>212</Data></Status>\n"
    "    <Atomic><CmdID>2</CmdID>\n"
    "      <Add><CmdID>3</CmdID><Item><Target><LocURI>./Vendor/MSFT/VPNv2/work</LocURI></Target>\n"
    "        <Meta><Format xmlns=\"syncml:metinf\">node</Format></Meta></Item></Add>\n"
    "      <Replace><CmdID>4</CmdID><Meta><Format xmlns=\"syncml:metinf\">chr</Format><Type xmlns=\"syncml:metinf\">text/plain</Type></Meta>\n"
    "        <Item><Target><LocURI>./Vendor/MSFT/VPNv2/work/DnsSuffix</LocURI></Target><Data>corp &amp; &lt;co&gt; </Data></Item>\n"
    "        <Item><Target><LocURI>./b</LocURI></Target><Meta><Format xmlns=\"syncml:metinf\">b64</Format>\n"
    "          <Size xmlns=\"syncml:metinf\">40000</Size></Meta><Data><![CDATA[AQID\r\nBA==]]></Data><MoreData/></Item></Replace>\n"
    "    </Atomic>\n"
    "    <Alert><CmdID>5</CmdID><Data>1201</Data></Alert>\n"
    "    <Exec><CmdID>6</CmdID><NoResp/><Correlator>job-7</Correlator><Item><Target><LocURI>./x</LocURI></Target></Item></Exec>\n"
    "    <Get><CmdID>7</CmdID><Item><Target><LocURI>./DevInfo?list=Struct</LocURI></Target></Item></Get>\n"
    "    <Put><CmdID>8</CmdID></Put>\n"
    "    <Final/>\n"
    "  </SyncBody>\n"
    "</SyncML>\n";

static void check_header(const struct dm_message *m)
{
    CHECK_STR(m->ver_dtd, "1.2");
    CHECK_STR(m->ver_proto, "DM/1.2");
    CHECK_STR(m->session_id, "1F");
    CHECK_STR(m->msg_id, "2");
    CHECK_STR(m->target, "IMEI:493005100592800");
    CHECK_STR(m->source, "https://dm.example.com/dm");
    CHECK_STR(m->source_name, "server1");
    CHECK_STR(m->resp_uri, "https://dm.example.com/dm?s=1");
    CHECK(!m->no_resp);
    CHECK_EQ(m->max_msg_size_bytes, 5000);
    CHECK_EQ(m->max_obj_size_bytes, 70000);
    if (!CHECK(m->cred))
        return;
    CHECK_STR(m->cred->type, "syncml:auth-md5");
    CHECK_STR(m->cred->format, "b64");
    CHECK_STR(m->cred->data, "QQPl2BihhDMOGzkw7dUiGQ==");
}

static void check_status(const struct dm_command *c)
{
    CHECK_EQ(c->verb, DM_VERB_STATUS);
    CHECK_STR(c->msg_ref, "1");
    CHECK_STR(c->cmd_ref, "0");
    CHECK_STR(c->cmd, "SyncHdr");
    CHECK_EQ(c->code, 212);
    CHECK_STR(c->target_refs->uri, "https://dm.example.com/dm");
    CHECK_STR(c->source_refs->uri, "IMEI:493005100592800");
    if (!CHECK(c->chal))
        return;
    CHECK_STR(c->chal->type, "syncml:auth-md5");
    CHECK_STR(c->chal->next_nonce, "AQIDBA==");
}

static void check_atomic(const struct dm_command *c)
{
    const struct dm_command *add = c->children, *replace;
    const struct dm_item *item;

    CHECK_EQ(c->verb, DM_VERB_ATOMIC);
    if (!CHECK(add && add->next && !add->next->next))
        return;
    CHECK_EQ(add->verb, DM_VERB_ADD);
    CHECK_STR(add->items->target, "./Vendor/MSFT/VPNv2/work");
    CHECK_STR(add->items->meta.format, "node");
    CHECK(!add->items->data.data);
    replace = add->next;
    item = replace->items;
    CHECK_STR(replace->cmd_id, "4");
    CHECK_STR(item->meta.format, "chr"); /* the command's */
    CHECK_STR(item->meta.type, "text/plain");
    CHECK_STR(item->data.data, "corp & <co> ");
    item = item->next;
    CHECK_STR(item->meta.format, "b64"); /* its own */
    CHECK_STR(item->meta.type, "text/plain");
    CHECK_EQ(item->meta.size_bytes, 40000);
    CHECK(item->more_data);
    CHECK_STR(item->data.data, "AQID\nBA==");
}

static void check_good(const struct dm_message *m)
{
    const struct dm_command *c = m->commands;

    check_header(m);
    check_status(c);
    c = c->next;
    check_atomic(c);
    c = c->next;
    CHECK_EQ(c->verb, DM_VERB_ALERT);
    CHECK_EQ(c->code, 1201);
    c = c->next;
    CHECK_EQ(c->verb, DM_VERB_EXEC);
    CHECK(c->no_resp);
    CHECK_STR(c->correlator, "job-7");
    c = c->next;
    CHECK_EQ(c->verb, DM_VERB_GET);
    CHECK_STR(c->items->target, "./DevInfo?list=Struct");
    c = c->next;
    CHECK_EQ(c->verb, DM_VERB_OTHER);
    CHECK_STR(c->name, "Put");
    CHECK(!c->next);
    CHECK(m->final);
}

static void a_message_is_read_whole(void)
{
    struct dm_message *m = must_parse(DM_ENCODING_XML, GOOD, strlen(GOOD));

    if (m)
        check_good(m);
    dm_message_free(m);
}

static void pieces_of_any_size_make_the_same_message(void)
{
    for (size_t piece = 1; piece < 70; piece += 3) {
        struct dm_receiver *receiver = dm_receiver_new(DM_ENCODING_XML);
        struct dm_message *m = NULL;
        int r = 0;

        test_context("pieces of %zu", piece);
        for (size_t at = 0; r == 0 && at < strlen(GOOD); at += piece)
            r = dm_receiver_feed(receiver, GOOD + at, MIN_OF(piece, strlen(GOOD) - at), NULL);
        CHECK_EQ(r, 0);
        if (CHECK_EQ(dm_receiver_end(receiver, &m, NULL), 0))
            check_good(m);
        dm_message_free(m);
        dm_receiver_free(receiver);
    }
    test_context("%s", "");
}

static void what_is_written_is_read_the_same(void)
{
    struct dm_message *m = must_parse(DM_ENCODING_XML, GOOD, strlen(GOOD)), *again;
    _cleanup_free_ char *bytes = NULL;
    size_t n = 0, n2 = 0;

    if (!m)
        return;
    CHECK_EQ(dm_message_write(m, DM_ENCODING_XML, NULL, 0, &n), -ENOSPC);
    bytes = malloc(n);
    CHECK_EQ(dm_message_write(m, DM_ENCODING_XML, bytes, n - 1, &n2), -ENOSPC);
    CHECK_EQ(n2, n);
    CHECK_EQ(dm_message_write(m, DM_ENCODING_XML, bytes, n, &n2), 0);
    again = must_parse(DM_ENCODING_XML, bytes, n);
    if (again)
        check_good(again);
    dm_message_free(again);
    dm_message_free(m);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_message_is_read_whole),
        TEST(pieces_of_any_size_make_the_same_message),
        TEST(what_is_written_is_read_the_same),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
