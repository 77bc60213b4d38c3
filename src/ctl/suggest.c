/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Optimal string alignment over three rows; words here are short.
 */
#include "ctl/suggest.h"

#include "base/macro.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 32

size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1], n_a = strlen(a), n_b = strlen(b);

    if (n_a > WORD_MAX || n_b > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= n_b; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

            best = MIN_OF(best, before[j] + 1);
            best = MIN_OF(best, now[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = MIN_OF(best, earlier[j - 2] + 1);
            now[j] = best;
        }
    }
    return rows[n_a % 3][n_b];
}

const char *suggest_word(const char *typed, const char *const *words)
{
    size_t length = strlen(typed), best = SIZE_MAX;
    const char *found = NULL;

    for (; *words; words++) {
        size_t distance = suggest_distance(typed, *words);

        if (length >= 3 && strncasecmp(*words, typed, length) == 0)
            distance = 1; /* a beginning of it */
        if (distance < best) {
            best = distance;
            found = *words;
        }
    }
    return best <= 1 + length / 4 ? found : NULL;
}
