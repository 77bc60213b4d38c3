/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is sent, reading it takes no more than 16 MiB: each input is read in a child whose data may grow by so much and no further
 * (RLIMIT_DATA), and must end with a message or with one of the limits, never for lack of memory. Two controls: a child that takes 17 MiB
 * gets none, and one whose room is too small for a message does end for lack of memory.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/message.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM_BYTES ((size_t)16 * 1024 * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct input {
    const char *name;
    enum dm_encoding encoding;
    char *bytes;
    size_t n_bytes;
};

/* Pages of data and stack that the process has now, in bytes. */
static size_t data_now(void)
{
    unsigned long data = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f || fscanf(f, "%*u %*u %*u %*u %*u %lu", &data) != 1)
        data = 0;
    if (f)
        fclose(f);
    return data * (size_t)sysconf(_SC_PAGESIZE);
}

static void allow_more(size_t n_bytes)
{
    const struct rlimit limit = { data_now() + n_bytes, data_now() + n_bytes };

    if (setrlimit(RLIMIT_DATA, &limit) < 0)
        _exit(99);
}

/* The child's exit status. */
static int in_child(int (*run)(const struct input *), const struct input *input, size_t room)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        allow_more(room);
        _exit(run(input));
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* 0: a message; 1: refused by a limit or as no message; 2: no memory. */
static int read_it(const struct input *input)
{
    struct dm_message *m = NULL;
    int r = dm_message_parse(input->encoding, input->bytes, input->n_bytes, &m, NULL);

    dm_message_free(m);
    return r == 0 ? 0 : r == -ENOMEM ? 2 : 1;
}

static int take_17_mib(const struct input *input)
{
    char *bytes = malloc(ROOM_BYTES + 1024 * 1024);

    (void)input;
    if (!bytes)
        return 2;
    memset(bytes, 1, ROOM_BYTES);
    free(bytes);
    return 0;
}

static struct input fill(const char *name, enum dm_encoding encoding, const char *begin, size_t n_begin, const char *repeat, size_t n_repeat,
    const char *end)
{
    struct input input = { name, encoding, malloc(DM_BYTES_MAX), n_begin };

    memcpy(input.bytes, begin, n_begin);
    while (input.n_bytes + n_repeat + strlen(end) <= DM_BYTES_MAX) {
        memcpy(input.bytes + input.n_bytes, repeat, n_repeat);
        input.n_bytes += n_repeat;
    }
    memcpy(input.bytes + input.n_bytes, end, strlen(end));
    input.n_bytes += strlen(end);
    return input;
}

#define XML(name, begin, repeat, end) fill(name, DM_ENCODING_XML, begin, strlen(begin), repeat, strlen(repeat), end)
#define WBXML(name, begin, repeat)    fill(name, DM_ENCODING_WBXML, begin, sizeof(begin) - 1, repeat, sizeof(repeat) - 1, "")
#define BODY                          "<SyncML><SyncHdr/><SyncBody>"
#define BODY_END                      "</SyncBody></SyncML>"
#define DATA                          BODY "<Add><Item><Data>"
#define DATA_END                      "</Data></Item></Add>" BODY_END

static void any_input_stays_within_16_mib(void)
{
    const struct input inputs[] = {
        XML("text", DATA, "x", DATA_END),
        XML("escapes", DATA, "&lt;", DATA_END),
        XML("CDATA", DATA "<![CDATA[", "x", "]]>" DATA_END),
        XML("a comment", "<!--", "x", "-->"),
        XML("commands", BODY, "<Add/>", BODY_END),
        XML("commands with all they have", BODY, "<Put><CmdID>1</CmdID><Item><Meta/><Data/></Item></Put>", BODY_END),
        XML("items", BODY "<Add>", "<Item/>", "</Add>" BODY_END),
        XML("references", BODY "<Status>", "<TargetRef/>", "</Status>" BODY_END),
        XML("elements of one letter", DATA, "<a/>", DATA_END),
        XML("elements and text by turns", DATA, "<a/>x", DATA_END),
        XML("text that is escaped again", DATA "<a>", "&quot;", "</a>" DATA_END),
        XML("attributes", BODY, "<Put a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m=''/>", BODY_END),
        XML("namespaces", BODY, "<Put xmlns:a='1' xmlns:b='2' xmlns:c='3' xmlns:d='4' xmlns='5'/>", BODY_END),
        XML("a tag without end", "<SyncML ", "a='b' ", ""),
        XML("names", DATA, "<abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno/>", DATA_END),
        XML("depth", "", "<a>", ""),
        WBXML("text in WBXML", "\x02\xa4\x01\x6a\x00\x6d\x2c\x6b\x45\x54\x4f", "\x03x\x00"),
        WBXML("commands in WBXML", "\x02\xa4\x01\x6a\x00\x6d\x2c\x6b", "\x05"),
        WBXML("items in WBXML", "\x02\xa4\x01\x6a\x00\x6d\x2c\x6b\x45", "\x14"),
        WBXML("a string table of its own length", "\x02\xa4\x01\x6a\xbf\xff\x00", "x"),
    };

    for (size_t i = 0; i < ELEMENTSOF(inputs); i++) {
        int status;

        test_context("%s", inputs[i].name);
        status = in_child(read_it, &inputs[i], ROOM_BYTES);
        CHECK(status == 0 || status == 1);
        free(inputs[i].bytes);
    }
    test_context("%s", "");
}

static void the_limit_bites(void)
{
    struct input input = XML("text", DATA, "x", DATA_END);

    CHECK_EQ(in_child(take_17_mib, &input, ROOM_BYTES), 2);
    CHECK_EQ(in_child(take_17_mib, &input, 2 * ROOM_BYTES), 0);
    CHECK_NE(in_child(read_it, &input, 300 * 1024), 0);
    free(input.bytes);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(any_input_stays_within_16_mib),
        TEST(the_limit_bites),
    };

    if (SANITIZED) {
        printf("skipped: a sanitizer's own memory is no measure\n");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
