/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setters of single values: switches, choices, spans, numbers and strings. Lists stand in lists.c. Pure.
 */
#include "config/values.h"

#include "base/macro.h"
#include "base/strbuf.h"
#include "config/hostport.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void *target_of(const struct config_key *key, struct settings *settings)
{
    return (char *)settings + key->offset;
}

bool value_is_string(const struct config_key *key)
{
    static const value_setter strings[] = { value_set_text, value_set_path, value_set_path_or_token,
        value_set_program, value_set_server, value_set_url, value_set_ike_proposals, value_set_esp_proposals };

    for (size_t i = 0; i < ELEMENTSOF(strings); i++)
        if (key->set == strings[i])
            return true;
    return false;
}

void value_clear(const struct config_key *key, struct settings *settings)
{
    void *target = target_of(key, settings);

    if (value_is_string(key))
        free(*(char **)target);
    memset(target, 0, key->size);
    if (key->n_offset)
        *(uint32_t *)((char *)settings + key->n_offset) = 0;
}

int value_set_bool(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = { { "yes", true }, { "no", false }, { "true", true }, { "false", false }, { "on", true },
        { "off", false }, { "1", true }, { "0", false } };

    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcasecmp(value, words[i].word) == 0) {
            *(bool *)target_of(key, settings) = words[i].value;
            return 0;
        }
    strbuf_add(problem, "this is not a switch; write yes or no");
    return -EINVAL;
}

int value_set_choice(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    for (const struct value_choice *c = key->choices; c->word; c++)
        if (strcasecmp(value, c->word) == 0) {
            *(int *)target_of(key, settings) = c->value;
            return 0;
        }
    strbuf_add(problem, "this is none of the choices; write ");
    for (const struct value_choice *c = key->choices; c->word; c++)
        strbuf_add(problem, "%s%s", c == key->choices ? "" : c[1].word ? ", " : " or ", c->word);
    return -EINVAL;
}

int value_set_span(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    usec_t span_usec;
    char min[24], max[24];

    if (usec_parse(value, &span_usec) < 0) {
        strbuf_add(problem, "this is not a span of time; write for example 90, 90s, 5min or 2h");
        return -EINVAL;
    }
    if (span_usec < key->min || span_usec > key->max) {
        strbuf_add(problem, "the span is out of bounds; write one from %s to %s",
            usec_format(key->min, min, sizeof(min)), usec_format(key->max, max, sizeof(max)));
        return -EINVAL;
    }
    *(usec_t *)target_of(key, settings) = span_usec;
    return 0;
}

/* Decimal or 0x hexadecimal within the key's bounds; no sign, no octal. */
static bool parse_number(const struct config_key *key, const char *value, uint32_t *ret)
{
    bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
    const char *digits = hex ? value + 2 : value;
    uint64_t number;

    if (*digits == '\0' || strlen(digits) > 10 ||
        digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")])
        return false;
    number = strtoull(digits, NULL, hex ? 16 : 10);
    if (number < key->min || number > key->max)
        return false;
    *ret = (uint32_t)number;
    return true;
}

int value_set_mark(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    if (parse_number(key, value, target_of(key, settings)))
        return 0;
    strbuf_add(problem,
        "this is not a firewall mark; write a number from 1 to 0xffffffff that no other program uses, "
        "for example 0x4d56");
    return -EINVAL;
}

int value_set_mtu(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    if (strcasecmp(value, "auto") == 0) {
        *(uint32_t *)target_of(key, settings) = 0;
        return 0;
    }
    if (parse_number(key, value, target_of(key, settings)))
        return 0;
    strbuf_add(
        problem, "this is not an MTU; write auto, or bytes from %" PRIu64 " to %" PRIu64, key->min, key->max);
    return -EINVAL;
}

/* The kernel's rule (dev_valid_name) and ours: the name goes into rulesets, sysctl paths and scripts. */
bool interface_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= IF_NAME_SIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return true;
}

int value_set_interface(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    static const char *const taken[] = { "lo", "all", "default" };

    if (!interface_name_is_valid(value)) {
        strbuf_add(problem,
            "this is not the name of an interface; write at most 15 letters, digits, '.', '_' or '-'");
        return -EINVAL;
    }
    for (size_t i = 0; i < ELEMENTSOF(taken); i++)
        if (strcmp(value, taken[i]) == 0) {
            strbuf_add(
                problem, "the kernel uses this name for something else; write another, for example mvpn0");
            return -EINVAL;
        }
    strcpy(target_of(key, settings), value); /* all targets of this type are IF_NAME_SIZE long */
    return 0;
}

int value_set_text(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    char **target = target_of(key, settings), *copy;

    (void)problem;
    copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    free(*target);
    *target = copy;
    return 0;
}

int value_set_path(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    if (value[0] != '/') {
        strbuf_add(problem, "this is not a whole path; write it from the root, like /etc/mvpn/%s", value);
        return -EINVAL;
    }
    return value_set_text(key, value, settings, problem);
}

int value_set_path_or_token(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    if (strncmp(value, "pkcs11:", 7) != 0)
        return value_set_path(key, value, settings, problem);
    if (value[7] == '\0' || strpbrk(value, " \t")) {
        strbuf_add(problem,
            "this pkcs11: URI is not whole; write it as RFC 7512 says, like pkcs11:token=NAME;id=%%01 "
            "(a space is %%20)");
        return -EINVAL;
    }
    return value_set_text(key, value, settings, problem);
}

int value_set_program(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    if (value[0] != '/' || value[1] == '\0' || isspace((unsigned char)value[1])) {
        strbuf_add(
            problem, "this is not a program with its whole path; write for example /usr/bin/portal-browser");
        return -EINVAL;
    }
    return value_set_text(key, value, settings, problem);
}

int value_set_server(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    struct gateway ignored;
    int r = hostport_parse(value, &ignored, problem);

    return r < 0 ? r : value_set_text(key, value, settings, problem);
}

int value_set_one_server(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    struct gateway server;
    int r = hostport_parse(value, &server, problem);

    if (r == 0)
        memcpy(target_of(key, settings), &server, sizeof(server));
    return r;
}

int value_set_url(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    const char *scheme_end = strstr(value, "://");

    if (!scheme_end)
        return value_set_server(key, value, settings, problem);
    if (strncasecmp(value, "https://", 8) != 0 || value[8] == '\0' || value[8] == '/' ||
        strpbrk(value, " \t\"<>\\")) {
        strbuf_add(problem,
            "this is not the address of a management server; write https://HOST[:PORT][/PATH] or HOST");
        return -EINVAL;
    }
    return value_set_text(key, value, settings, problem);
}
