/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as certificate, key and CA file at once. Invariants: a verdict always, with a sentence whenever it is not "good", printable; and
 * OpenSSL's error queue is left empty.
 */
#include "config/credentials.h"
#include "config/parse.h"
#include "fuzz/target.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void must_be_text(const char *text)
{
    for (size_t left = strlen(text), step; left > 0; text += step, left -= step) {
        step = utf8_sequence_length((const unsigned char *)text, left);
        MUST_HOLD(step > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];
    struct settings settings = { .certificate = path, .private_key = path, .ca_certificates = path };
    struct credentials_report report;

    MUST_HOLD(fd >= 0 && write(fd, bytes, n_bytes) == (ssize_t)n_bytes);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    MUST_HOLD(credentials_judge(&settings, &report) == 0);
    MUST_HOLD((report.credentials.problem == REASON_NONE) == (report.detail[0] == '\0'));
    must_be_text(report.subject);
    must_be_text(report.detail);
    close(fd);
    return 0;
}
