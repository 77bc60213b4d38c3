/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A number that stands for what a loaded library exports: names of its functions, names and sizes of its objects. strongSwan promises no
 * binary interface between versions and its libraries carry no version; every release changes this number, a security fix does not.
 * Taken at build time from the library that is linked, and again at run time.
 */
#include <stdint.h>

/* library: the file's name, "libcharon.so.0"; 0: not loaded. */
uint64_t fingerprint_of(const char *library);
