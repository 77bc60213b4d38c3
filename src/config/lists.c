/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setters of lists, whose entries are separated by spaces. Each entry is judged by itself, so that the error names it. A list replaces
 * the whole of an earlier one. Pure.
 */
#include "base/macro.h"
#include "base/strbuf.h"
#include "config/hostport.h"
#include "config/proposals.h"
#include "config/values.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SPACES " \t"

/* Judges one entry and writes it to `entry` of the list's array. 0 or -EINVAL. */
typedef int (*entry_setter)(const char *text, void *entry, struct strbuf *problem);

/* The next entry of *at as a fresh string (NULL with 0 at the end); moves *at on. */
static int next_entry(const char **at, const char *separators, char **ret)
{
    size_t length;

    *at += strspn(*at, separators);
    length = strcspn(*at, separators);
    *ret = NULL;
    if (length == 0)
        return 0;
    *ret = strndup(*at, length);
    *at += length;
    return *ret ? 0 : -ENOMEM;
}

static int set_array(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem, size_t entry_size, entry_setter set_entry)
{
    uint32_t *n = (uint32_t *)((char *)settings + key->n_offset);
    char *array = (char *)settings + key->offset, *text;
    int r;

    memset(array, 0, key->size);
    *n = 0;
    while ((r = next_entry(&value, SPACES, &text)) == 0 && text) {
        if (*n == key->max) {
            strbuf_add(problem, "the list has more than the %" PRIu64 " entries that are allowed; shorten it",
                key->max);
            r = -EINVAL;
        } else {
            r = set_entry(text, array + entry_size * *n, problem);
        }
        free(text);
        if (r < 0)
            return r;
        (*n)++;
    }
    return r;
}

static int set_gateway(const char *text, void *entry, struct strbuf *problem)
{
    return hostport_parse(text, entry, problem);
}

static int set_subnet(const char *text, void *entry, struct strbuf *problem)
{
    struct ip_prefix *prefix = entry;
    struct ip_addr addr;
    char bare[IP_ADDR_TEXT_SIZE], meant[IP_PREFIX_TEXT_SIZE];
    size_t length = strcspn(text, "/");

    if (ip_prefix_parse(text, prefix) < 0 || length >= sizeof(bare)) {
        strbuf_add(problem,
            "'%s' is not a network; write ADDRESS/BITS, for example 10.0.0.0/8 or 2001:db8::/32", text);
        return -EINVAL;
    }
    memcpy(bare, text, length);
    bare[length] = '\0';
    if (ip_addr_parse(bare, &addr) < 0 || !ip_addr_equal(&addr, &prefix->addr)) {
        strbuf_add(problem, "'%s' is an address inside a network; the network is %s", text,
            ip_prefix_format(prefix, meant, sizeof(meant)));
        return -EINVAL;
    }
    if (ip_addr_is_multicast(&addr) || ip_addr_is_loopback(&addr)) {
        strbuf_add(problem, "'%s' never leaves through a tunnel; leave it out", text);
        return -EINVAL;
    }
    return 0;
}

static int set_address(const char *text, void *entry, struct strbuf *problem)
{
    struct ip_addr addr;

    if (ip_addr_parse(text, &addr) < 0 || !ip_addr_is_usable_source(&addr)) {
        strbuf_add(problem, "'%s' is not the address of a server; write for example 10.0.0.53", text);
        return -EINVAL;
    }
    *(struct ip_addr *)entry = addr;
    return 0;
}

static int set_interface(const char *text, void *entry, struct strbuf *problem)
{
    if (!interface_name_is_valid(text) || strcmp(text, "lo") == 0) {
        strbuf_add(problem, "'%s' is not the name of a network interface; write for example wwan1", text);
        return -EINVAL;
    }
    strcpy(entry, text);
    return 0;
}

static int set_link(const char *text, void *entry, struct strbuf *problem)
{
    enum link_type type;

    if (interface_name_is_valid(text) && (!link_type_from_name(text, &type) || type <= LINK_TYPE_OTHER)) {
        strcpy(entry, text);
        return 0;
    }
    strbuf_add(problem,
        "'%s' is no kind of base link; write ethernet, wifi, cellular, other, or the name of an interface",
        text);
    return -EINVAL;
}

/* Shell patterns: what interface names are made of, and * ? [ ] ! */
static bool is_pattern(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-*?[]!", *p))
            return false;
    return strlen(text) < PATTERN_SIZE;
}

static int set_pattern(const char *text, void *entry, struct strbuf *problem)
{
    if (is_pattern(text)) {
        strcpy(entry, text);
        return 0;
    }
    strbuf_add(problem,
        "'%s' is not a pattern of interface names; write at most %d characters, for example docker* or wlan1",
        text, PATTERN_SIZE - 1);
    return -EINVAL;
}

static int set_domain(const char *text, void *entry, struct strbuf *problem)
{
    if (hostname_is_valid(text) && strlen(text) < DNS_DOMAIN_SIZE) {
        strcpy(entry, text);
        return 0;
    }
    strbuf_add(problem, "'%s' is not a domain; write for example corp.example.com", text);
    return -EINVAL;
}

int value_set_gateways(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, sizeof(struct gateway), set_gateway);
}

int value_set_subnets(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, sizeof(struct ip_prefix), set_subnet);
}

int value_set_addresses(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, sizeof(struct ip_addr), set_address);
}

int value_set_links(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, PATTERN_SIZE, set_link);
}

int value_set_patterns(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, PATTERN_SIZE, set_pattern);
}

int value_set_interfaces(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, IF_NAME_SIZE, set_interface);
}

int value_set_domains(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_array(key, value, settings, problem, DNS_DOMAIN_SIZE, set_domain);
}

typedef int (*entry_check)(const char *text, struct strbuf *problem);

/* Every entry judged, then kept as one string with single spaces between. */
static int set_joined(const struct config_key *key, const char *value, struct settings *settings,
    struct strbuf *problem, const char *separators, entry_check check)
{
    char *joined = calloc(1, strlen(value) + 1), *text, *end = joined;
    int r;

    if (!joined)
        return -ENOMEM;
    while ((r = next_entry(&value, separators, &text)) == 0 && text) {
        r = check(text, problem);
        if (end > joined)
            *end++ = ' ';
        end = stpcpy(end, text);
        free(text);
        if (r < 0)
            break;
    }
    if (r == 0 && *joined == '\0') {
        strbuf_add(problem, "the list has no entry; write one, or nothing at all behind '='");
        r = -EINVAL;
    }
    if (r == 0)
        r = value_set_text(key, joined, settings, problem);
    free(joined);
    return r;
}

static int check_ike_proposal(const char *text, struct strbuf *problem)
{
    return proposal_check(PROPOSAL_PROTOCOL_IKE, text, problem);
}

static int check_esp_proposal(const char *text, struct strbuf *problem)
{
    return proposal_check(PROPOSAL_PROTOCOL_ESP, text, problem);
}

int value_set_ike_proposals(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_joined(key, value, settings, problem, SPACES ",", check_ike_proposal);
}

int value_set_esp_proposals(
    const struct config_key *key, const char *value, struct settings *settings, struct strbuf *problem)
{
    return set_joined(key, value, settings, problem, SPACES ",", check_esp_proposal);
}
