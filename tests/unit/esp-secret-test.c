/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of the pages that keys lie in: locked, and in no core dump. Its own word is /proc/self/smaps.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "esp/secret.h"
#include "support/test.h"

#include <sys/resource.h>

#define BYTES 5000 /* more than a page */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MLOCK_IS_REAL false /* sanitizers make nothing of it */
#else
#define MLOCK_IS_REAL true
#endif

/* The VmFlags of the mapping that holds this address; false: none. */
static bool flags_of(const void *address, char *ret, size_t size)
{
    _cleanup_fclose_ FILE *f = fopen("/proc/self/smaps", "re");
    char line[512];
    bool here = false;

    while (f && fgets(line, sizeof(line), f)) {
        uintptr_t from, to;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            here = from <= (uintptr_t)address && (uintptr_t)address < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0) {
            snprintf(ret, size, "%s", line + 8);
            return true;
        }
    }
    return false;
}

static void keys_are_locked_and_in_no_core_dump(void)
{
    struct rlimit limit;
    uint8_t *secret = esp_secret_new(BYTES);
    char flags[512];

    if (!CHECK(secret) || !CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0))
        return;
    for (size_t i = 0; i < BYTES; i++) {
        CHECK_EQ(secret[i], 0);
        secret[i] = 0x5a;
    }
    for (size_t at = 0; at < BYTES; at += BYTES - 1) {
        if (!CHECK(flags_of(secret + at, flags, sizeof(flags))))
            break;
        CHECK(strstr(flags, " dd"));
        if (MLOCK_IS_REAL && limit.rlim_cur >= 2 * 8192)
            CHECK(strstr(flags, " lo"));
    }
    esp_secret_free(secret, BYTES);
    CHECK(!flags_of(secret, flags, sizeof(flags)));
    esp_secret_free(NULL, BYTES);
}

static void too_much_is_refused(void)
{
    CHECK(esp_secret_new(SIZE_MAX / 2) == NULL);
}

static const struct test tests[] = {
    TEST(keys_are_locked_and_in_no_core_dump),
    TEST(too_much_is_refused),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
