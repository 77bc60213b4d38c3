/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm-convert FROM TO: a SyncML message from standard input, read by src/dm's codec and written to standard output. FROM and TO are xml or
 * wbxml. For tests that compare our codec with others. Exit status 1, with the sentence, when the message is refused.
 */
#include "dm/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool encoding_of(const char *word, enum dm_encoding *ret)
{
    *ret = strcmp(word, "wbxml") == 0 ? DM_ENCODING_WBXML : DM_ENCODING_XML;
    return *ret == DM_ENCODING_WBXML || strcmp(word, "xml") == 0;
}

static struct dm_message *read_message(enum dm_encoding encoding)
{
    struct dm_receiver *receiver = dm_receiver_new(encoding);
    struct dm_message *message = NULL;
    struct dm_error error = { "no memory" };
    char bytes[4096];
    size_t n;
    int r = receiver ? 0 : -1;

    while (r == 0 && (n = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
        r = dm_receiver_feed(receiver, bytes, n, &error);
    if (r == 0)
        r = dm_receiver_end(receiver, &message, &error);
    if (r < 0)
        fprintf(stderr, "dm-convert: %s\n", error.text);
    dm_receiver_free(receiver);
    return message;
}

static int write_message(const struct dm_message *message, enum dm_encoding encoding)
{
    size_t n = 0;
    char *bytes;
    bool written;

    dm_message_write(message, encoding, NULL, 0, &n);
    bytes = malloc(n);
    written = bytes && dm_message_write(message, encoding, bytes, n, &n) == 0 && fwrite(bytes, 1, n, stdout) == n && fflush(stdout) == 0;
    free(bytes);
    return written ? 0 : 1;
}

int main(int argc, char **argv)
{
    enum dm_encoding from, to;
    struct dm_message *message;
    int status;

    if (argc != 3 || !encoding_of(argv[1], &from) || !encoding_of(argv[2], &to)) {
        fprintf(stderr, "usage: dm-convert xml|wbxml xml|wbxml < MESSAGE\n");
        return 2;
    }
    message = read_message(from);
    if (!message)
        return 1;
    status = write_message(message, to);
    dm_message_free(message);
    return status;
}
