/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * "Did you mean ...?" for a word that is none of ours: the nearest by edits (Damerau-Levenshtein), if it is near enough to be meant.
 */
#include <stddef.h>

/* One of words (NULL-terminated), or NULL. */
const char *suggest_word(const char *typed, const char *const *words);

/* Insertions, deletions, replacements and swaps of neighbours; SIZE_MAX for words longer than any of ours. */
size_t suggest_distance(const char *a, const char *b);
