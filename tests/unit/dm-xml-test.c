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

/* Byte for byte: a HMAC is over exactly these. */
static void a_message_is_written_like_this(void)
{
    static const char WANTED[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>"
        "<SessionID>1</SessionID><MsgID>2</MsgID><Target><LocURI>https://dm.example.com/?a&amp;b</LocURI></Target>"
        "<Source><LocURI>urn:uuid:1</LocURI><LocName>client1</LocName></Source>"
        "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta>"
        "<Data>QQPl2BihhDMOGzkw7dUiGQ==</Data></Cred><Meta><MaxMsgSize xmlns=\"syncml:metinf\">65536</MaxMsgSize></Meta></SyncHdr>"
        "<SyncBody><Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./DevInfo/Man</LocURI></Source>"
        "<Meta><Format xmlns=\"syncml:metinf\">chr</Format></Meta><Data>a&#13;\n&lt;b&gt;</Data></Item></Results><Final/></SyncBody></SyncML>";
    static const struct dm_cred CRED = { "syncml:auth-md5", "b64", "QQPl2BihhDMOGzkw7dUiGQ==" };
    struct dm_message *m = dm_message_new();
    struct dm_command *c = dm_message_add_command(m, NULL, DM_VERB_RESULTS);
    struct dm_item *item = dm_message_add_item(m, c);
    char got[2000] = "";

    m->ver_dtd = "1.2";
    m->ver_proto = "DM/1.2";
    m->session_id = "1";
    m->msg_id = "2";
    m->target = "https://dm.example.com/?a&b";
    m->source = "urn:uuid:1";
    m->source_name = "client1";
    m->cred = &CRED;
    m->max_msg_size_bytes = 65536;
    m->final = true;
    c->cmd_id = "1";
    c->msg_ref = "1";
    c->cmd_ref = "4";
    item->source = "./DevInfo/Man";
    item->meta.format = "chr";
    item->data = dm_message_bytes(m, "a\r\n<b>", 6);
    CHECK_EQ(dm_message_write(m, DM_ENCODING_XML, got, sizeof(got) - 1, NULL), 0);
    CHECK_STR(got, WANTED);
    dm_message_free(m);
}

/* Prefixes that nobody declared, children in any order, Type and Format beside Meta, blanks around what is no Data. */
static void a_sloppy_message_is_read_all_the_same(void)
{
    static const char SLOPPY[] =
        "\xef\xbb\xbf \r\n<?xml version='1.0' encoding='utf-16'?>\r\n"
        "<s:SyncML><s:SyncBody><s:Final/>"
        "<s:Replace><s:Item><s:Data>true</s:Data><x:Type>text/plain</x:Type><Format xmlns='syncml:metinf'>chr</Format>"
        "<s:Target><s:LocURI>\r\n  ./a/b \r\n</s:LocURI></s:Target></s:Item><s:CmdID> 9 </s:CmdID></s:Replace>"
        "<s:Status><s:Data> 200 </s:Data><s:Cmd>Alert</s:Cmd><s:CmdID>3</s:CmdID><s:CmdRef>2</s:CmdRef><s:MsgRef>1</s:MsgRef></s:Status>"
        "</s:SyncBody><s:SyncHdr><s:MsgID>4</s:MsgID><s:Unknown><s:MsgID>5</s:MsgID></s:Unknown></s:SyncHdr></s:SyncML>";
    struct dm_message *m = must_parse(DM_ENCODING_XML, SLOPPY, strlen(SLOPPY));
    const struct dm_item *item = first_item(m);
    bool yes = false;

    if (!CHECK(item))
        return;
    CHECK_STR(m->msg_id, "4");
    CHECK(m->final);
    CHECK_STR(m->commands->cmd_id, "9");
    CHECK_STR(item->target, "./a/b");
    CHECK_STR(item->meta.type, "text/plain");
    CHECK_STR(item->meta.format, "chr");
    CHECK_EQ(dm_item_bool(item, &yes), 0); /* a bool that came as chr */
    CHECK(yes);
    CHECK_EQ(m->commands->next->code, 200);
    CHECK(!m->commands->next->next);
    dm_message_free(m);
}

static void base64_in_lines_is_base64(void)
{
    struct dm_message *m = parse_body("<Add><Item><Meta><Format xmlns='syncml:metinf'>b64</Format></Meta><Data>\r\n AQID\r\nBAU=\r\n</Data></Item>"
                                      "<Item><Meta><Format>b64</Format></Meta><Data>AQI</Data></Item>"
                                      "<Item><Meta><Format>b64</Format></Meta><Data>AQ*I</Data></Item>"
                                      "<Item><Meta><Format>chr</Format></Meta><Data>AQID</Data></Item></Add>");
    const struct dm_item *item = first_item(m);
    struct dm_bytes bytes = { 0 };

    if (!CHECK(item))
        return;
    CHECK_EQ(dm_item_binary(item, m->arena, &bytes), 0);
    CHECK_EQ(bytes.size, 5);
    CHECK_MEM(bytes.data, "\1\2\3\4\5", 5);
    item = item->next;
    CHECK_EQ(dm_item_binary(item, m->arena, &bytes), 0); /* without padding */
    CHECK_EQ(bytes.size, 2);
    item = item->next;
    CHECK_EQ(dm_item_binary(item, m->arena, &bytes), -EINVAL);
    item = item->next;
    CHECK_EQ(dm_item_binary(item, m->arena, &bytes), 0);
    CHECK_STR(bytes.data, "AQID");
    dm_message_free(m);
}

static void values_are_read_whatever_their_format(void)
{
    static const struct {
        const char *text;
        int bool_result, integer_result, integer;
        bool yes;
    } rows[] = {
        { "true", 0, -EINVAL, 0, true },
        { " False\n", 0, -EINVAL, 0, false },
        { "1", 0, 0, 1, true },
        { "0", 0, 0, 0, false },
        { "-12", -EINVAL, 0, -12, false },
        { "+7", -EINVAL, 0, 7, false },
        { "", -EINVAL, -EINVAL, 0, false },
        { "-", -EINVAL, -EINVAL, 0, false },
        { "12a", -EINVAL, -EINVAL, 0, false },
        { "9223372036854775808", -EINVAL, -EINVAL, 0, false },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        const struct dm_item item = { .data = { rows[i].text, strlen(rows[i].text) } };
        int64_t integer = 0;
        bool yes = false;

        test_context("%s", rows[i].text);
        CHECK_EQ(dm_item_bool(&item, &yes), rows[i].bool_result);
        CHECK_EQ(yes, rows[i].yes);
        CHECK_EQ(dm_item_integer(&item, &integer), rows[i].integer_result);
        CHECK_EQ(integer, rows[i].integer);
    }
    test_context("%s", "");
}

/* A profile that a server wrote into Data without quoting it, and one that it quoted. */
static void xml_inside_data_is_kept_as_text(void)
{
    struct dm_message *m = parse_body("<Add><Item><Data> <VPNProfile xmlns=\"urn:x\"><Name a=\"1 &amp; 2\">A&amp;B</Name><Empty/></VPNProfile></Data></Item>"
                                      "<Item><Data>&lt;VPNProfile/&gt;</Data></Item><Item><Data><![CDATA[<VPNProfile/>]]></Data></Item>"
                                      "<Item><Data/></Item><Item/></Add>");
    const struct dm_item *item = first_item(m);
    struct dm_budget left;
    struct dm_element *root;

    if (!CHECK(item))
        return;
    CHECK_STR(item->data.data, "<VPNProfile xmlns=\"urn:x\"><Name a=\"1 &amp; 2\">A&amp;B</Name><Empty></Empty></VPNProfile>");
    left = m->left;
    if (CHECK_EQ(dm_xml_parse(m->arena, &left, item->data.data, item->data.size, &root, NULL), 0)) {
        CHECK_STR(dm_element_path(root, "Name")->text, "A&B");
        CHECK_STR(dm_element_attribute(dm_element_path(root, "Name"), "a"), "1 & 2");
        CHECK_STR(root->ns, "urn:x");
        CHECK_EQ(left.elements, m->left.elements - 3);
    }
    item = item->next;
    CHECK_STR(item->data.data, "<VPNProfile/>");
    item = item->next;
    CHECK_STR(item->data.data, "<VPNProfile/>");
    item = item->next;
    CHECK(item->data.data && item->data.size == 0);
    item = item->next;
    CHECK(!item->data.data);
    dm_message_free(m);
}

/* Prefixes are dropped: what is left must be XML all the same. */
static void attributes_of_one_name_are_written_once(void)
{
    struct dm_message *m = parse_body("<Add><Item><Data><x xmlns:a='urn:a' xmlns:b='urn:b' a:k='1' b:k='2' k='3' a:xmlns='urn:no'/></Data></Item></Add>");

    if (CHECK(first_item(m)))
        CHECK_STR(first_item(m)->data.data, "<x xmlns=\"SYNCML:SYNCML1.2\" k=\"1\"></x>");
    dm_message_free(m);
}

/* A child without a namespace inside one that has one stays without. */
static void namespaces_end_where_they_end(void)
{
    struct dm_message *m = parse_body("<Add><Item><Data><p xmlns='urn:p'><q xmlns=''/><r/></p></Data></Item></Add>");

    if (CHECK(first_item(m)))
        CHECK_STR(first_item(m)->data.data, "<p xmlns=\"urn:p\"><q xmlns=\"\"></q><r></r></p>");
    dm_message_free(m);
}

static void what_xml_cannot_hold_goes_out_as_base64(void)
{
    struct dm_message *m = dm_message_new(), *again;
    struct dm_command *c = dm_message_add_command(m, NULL, DM_VERB_RESULTS);
    struct dm_item *item = dm_message_add_item(m, c);
    struct dm_bytes bytes;
    char buf[1000];
    size_t n;

    item->data = dm_message_bytes(m, "\0\1\xff", 3);
    item->meta.format = "bin";
    CHECK_EQ(dm_message_write(m, DM_ENCODING_XML, buf, sizeof(buf), &n), 0);
    again = must_parse(DM_ENCODING_XML, buf, n);
    if (CHECK(first_item(again))) {
        CHECK_STR(first_item(again)->meta.format, "b64");
        CHECK_STR(first_item(again)->data.data, "AAH/");
        CHECK_EQ(dm_item_binary(first_item(again), again->arena, &bytes), 0);
        CHECK_EQ(bytes.size, 3);
        CHECK_MEM(bytes.data, "\0\1\xff", 3);
    }
    dm_message_free(again);
    dm_message_free(m);
}

/* A session counts on what one more command will cost, and takes it out again where that is too much. */
static void a_message_is_measured_and_cut(void)
{
    static const enum dm_encoding ENCODINGS[] = { DM_ENCODING_XML, DM_ENCODING_WBXML };

    for (size_t i = 0; i < ELEMENTSOF(ENCODINGS); i++) {
        struct dm_message *m = dm_message_new();
        struct dm_command *c;
        struct dm_item *item;
        size_t before, behind;

        CHECK_EQ(dm_message_write(m, ENCODINGS[i], NULL, 0, &before), -ENOSPC);
        c = dm_message_add_command(m, NULL, DM_VERB_STATUS);
        c->cmd_id = dm_message_number(m, 17);
        c->code = 200;
        CHECK_EQ(dm_message_add_target_ref(m, c, "./a"), 0);
        CHECK_EQ(dm_message_add_source_ref(m, c, "b"), 0);
        item = dm_message_add_item(m, c);
        item->meta.format = dm_message_string(m, "chr");
        item->data = dm_message_bytes(m, "x", 1);
        CHECK_EQ(dm_message_write(m, ENCODINGS[i], NULL, 0, &behind), -ENOSPC);
        CHECK_LE(behind - before, dm_command_size(c, ENCODINGS[i]));
        CHECK_GE(behind - before + 2, dm_command_size(c, ENCODINGS[i]));
        dm_message_drop_last(m);
        CHECK_EQ(dm_message_write(m, ENCODINGS[i], NULL, 0, &behind), -ENOSPC);
        CHECK_EQ(behind, before);
        dm_message_free(m);
    }
}

static void media_types_tell_the_encoding(void)
{
    enum dm_encoding encoding = DM_ENCODING_WBXML;

    CHECK(dm_encoding_of(" Application/vnd.syncml.dm+XML; charset=utf-8", &encoding) && encoding == DM_ENCODING_XML);
    CHECK(dm_encoding_of("application/vnd.syncml.dm+wbxml", &encoding) && encoding == DM_ENCODING_WBXML);
    CHECK(!dm_encoding_of("text/html", &encoding));
    CHECK(!dm_encoding_of("application/vnd.syncml.dm+xmlx", &encoding));
    CHECK(!dm_encoding_of(NULL, &encoding));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_message_is_read_whole),
        TEST(pieces_of_any_size_make_the_same_message),
        TEST(what_is_written_is_read_the_same),
        TEST(a_message_is_written_like_this),
        TEST(a_sloppy_message_is_read_all_the_same),
        TEST(base64_in_lines_is_base64),
        TEST(values_are_read_whatever_their_format),
        TEST(xml_inside_data_is_kept_as_text),
        TEST(attributes_of_one_name_are_written_once),
        TEST(namespaces_end_where_they_end),
        TEST(what_xml_cannot_hold_goes_out_as_base64),
        TEST(a_message_is_measured_and_cut),
        TEST(media_types_tell_the_encoding),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
