/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Whom a URL leads to: scheme, host and port, in one way of writing, so that two can be compared. https only. The client certificate and the
 * password are shown to the origin of the enrolment and to no other.
 */
#include <stdbool.h>
#include <stddef.h>

#define DM_ORIGIN_SIZE 300

/* "https://host:port", host in lower case. 0, or -EINVAL: no https URL, one with a user in it, or one with control characters. */
int dm_origin_of(const char *url, char ret[DM_ORIGIN_SIZE]);

bool dm_same_origin(const char *url, const char *other_url);

/*
 * What a person types: "host", "host:port", "https://host/path", "user@domain" -> the URL without a slash at its end. mail_host stands before the
 * domain of a mail address ("enterpriseenrollment."). 0 or -EINVAL.
 */
int dm_server_url(const char *typed, const char *mail_host, char *ret, size_t size);

/* The same, "http://" allowed: for protocols whose messages protect themselves (SCEP). */
int dm_plain_server_url(const char *typed, char *ret, size_t size);

/* A plain http URL, with no user in it and no control characters? */
bool dm_is_plain_url(const char *url);

/* Is it an address of mail: one @ with something on both sides and no slash? */
bool dm_is_mail(const char *typed);
