/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One setter for each type of value that a key can have: text in, typed value in the settings out. Decides what a value of a type may be
 * and says what to write instead. Pure; keys.c says which key has which type.
 */
#include "config/keys.h"

int value_set_bool(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_choice(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_span(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem); /* usec_t */
int value_set_mark(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem); /* uint32_t */
int value_set_mtu(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem); /* uint32_t, auto: 0 */
int value_set_interface(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);

/* Strings: a fresh copy in a char *. */
int value_set_text(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_path(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_path_or_token(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_program(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_server(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem); /* host[:port] */
int value_set_one_server(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem); /* struct gateway */
int value_set_url(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);

/* Lists, separated by spaces. Proposals become one string with single spaces; the rest arrays with a count. */
int value_set_ike_proposals(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_esp_proposals(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_domains(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_gateways(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_subnets(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_addresses(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_links(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem); /* types or names */
int value_set_patterns(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);
int value_set_interfaces(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem);

/* Back to "not set": strings NULL, lists empty, the rest zero. */
void value_clear(const struct config_key *key, struct settings *settings);

/* Is the target a char *? */
bool value_is_string(const struct config_key *key);

/* Also for names that come from elsewhere (policy). */
bool interface_name_is_valid(const char *name);
