/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handful of SAs and policies: inbound SAs hang in buckets by SPI, all SAs in a list from the newest to the oldest, policies stand in an
 * array from the best to the worst. What was answered for the last flow is kept for each direction and forgotten at every change. See sad.h.
 */
#include "esp/sad.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#define N_BUCKETS 64
#define SPI_MIN   256

struct entry {
    struct entry *newer, *older; /* in the list of all */
    struct entry *next;          /* in the bucket, inbound only */
    uint32_t spi;
    struct esp_sa *sa; /* NULL: the SPI is reserved */
};

struct policy {
    struct esp_policy policy;
    unsigned n_users;
};

/* What the selectors look at. */
struct flow {
    struct ip_addr source, destination;
    uint8_t protocol;
    bool has_ports;
    uint16_t source_port, destination_port;
};

struct answer {
    struct flow flow;
    bool known;
    uint32_t reqid;    /* inbound: of the SA that was asked about */
    struct esp_sa *sa; /* outbound: the answer, NULL included */
    bool permitted;    /* inbound: the answer */
};

struct esp_sad {
    const struct esp_engine *engine;
    struct entry *newest;
    struct entry *buckets[N_BUCKETS];
    struct policy *policies;
    size_t n_policies;
    struct answer outbound, inbound;
};

int esp_sad_new(struct esp_sad **ret)
{
    struct esp_sad *sad = calloc(1, sizeof(*sad));

    if (!sad)
        return -ENOMEM;
    *ret = sad;
    return 0;
}

void esp_sad_free(struct esp_sad *sad)
{
    if (!sad)
        return;
    esp_sad_flush(sad);
    esp_sad_flush_policies(sad);
    free(sad);
}

void esp_sad_set_engine(struct esp_sad *sad, const struct esp_engine *engine)
{
    sad->engine = engine;
}

static void forget_answers(struct esp_sad *sad)
{
    sad->outbound.known = sad->inbound.known = false;
}

/* SPIs of inbound SAs are random numbers of our own. */
static struct entry **bucket_of(struct esp_sad *sad, uint32_t spi)
{
    return &sad->buckets[spi % N_BUCKETS];
}

static struct entry *find_inbound(struct esp_sad *sad, uint32_t spi)
{
    struct entry *entry = *bucket_of(sad, spi);

    while (entry && entry->spi != spi)
        entry = entry->next;
    return entry;
}

static void link_entry(struct esp_sad *sad, struct entry *entry, bool inbound)
{
    entry->older = sad->newest;
    if (entry->older)
        entry->older->newer = entry;
    sad->newest = entry;
    if (inbound) {
        entry->next = *bucket_of(sad, entry->spi);
        *bucket_of(sad, entry->spi) = entry;
    }
}

static void unlink_and_free(struct esp_sad *sad, struct entry *entry)
{
    if (!entry->sa || esp_sa_is_inbound(entry->sa)) {
        struct entry **at = bucket_of(sad, entry->spi);

        while (*at != entry)
            at = &(*at)->next;
        *at = entry->next;
    }
    if (entry->older)
        entry->older->newer = entry->newer;
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        sad->newest = entry->older;
    esp_sa_free(entry->sa);
    free(entry);
    forget_answers(sad);
}

int esp_sad_reserve_spi(struct esp_sad *sad, uint32_t *ret_spi)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return -ENOMEM;
    do {
        if (RAND_bytes((uint8_t *)&entry->spi, sizeof(entry->spi)) != 1) {
            free(entry);
            return -EIO;
        }
    } while (entry->spi < SPI_MIN || find_inbound(sad, entry->spi));
    link_entry(sad, entry, true);
    *ret_spi = entry->spi;
    return 0;
}

void esp_sad_release_spi(struct esp_sad *sad, uint32_t spi)
{
    struct entry *entry = find_inbound(sad, spi);

    if (entry && !entry->sa)
        unlink_and_free(sad, entry);
}

static struct entry *find_outbound(struct esp_sad *sad, uint32_t spi, const struct ip_addr *remote)
{
    for (struct entry *entry = sad->newest; entry; entry = entry->older)
        if (entry->spi == spi && entry->sa && !esp_sa_is_inbound(entry->sa) &&
            ip_addr_equal(&esp_sa_outer(entry->sa)->remote, remote))
            return entry;
    return NULL;
}

/* A reservation is kept until the SA that takes its place is certain. */
int esp_sad_add(struct esp_sad *sad, const struct esp_sa_config *config, struct esp_sa **ret)
{
    struct entry *taken = config->inbound ? find_inbound(sad, config->spi)
                                          : find_outbound(sad, config->spi, &config->outer.remote);
    struct esp_sa_config own = *config;
    struct entry *entry;
    int r;

    own.keys.engine = sad->engine;
    if (taken && taken->sa)
        return -EEXIST;
    entry = calloc(1, sizeof(*entry));
    if (!entry)
        return -ENOMEM;
    r = esp_sa_new(&own, &entry->sa);
    if (r < 0) {
        free(entry);
        return r;
    }
    if (taken)
        unlink_and_free(sad, taken);
    entry->spi = config->spi;
    link_entry(sad, entry, config->inbound);
    forget_answers(sad);
    if (ret)
        *ret = entry->sa;
    return 0;
}

struct esp_sa *esp_sad_find(struct esp_sad *sad, uint32_t spi, const struct ip_addr *destination)
{
    struct entry *inbound = find_inbound(sad, spi), *outbound;

    if (inbound && inbound->sa && ip_addr_equal(&esp_sa_outer(inbound->sa)->local, destination))
        return inbound->sa;
    outbound = find_outbound(sad, spi, destination);
    return outbound ? outbound->sa : NULL;
}

static struct entry *entry_of(struct esp_sad *sad, const struct esp_sa *sa)
{
    struct entry *entry = sad->newest;

    while (entry && entry->sa != sa)
        entry = entry->older;
    return entry;
}

void esp_sad_delete(struct esp_sad *sad, struct esp_sa *sa)
{
    struct entry *entry = sa ? entry_of(sad, sa) : NULL;

    if (entry)
        unlink_and_free(sad, entry);
}

void esp_sad_flush(struct esp_sad *sad)
{
    while (sad->newest)
        unlink_and_free(sad, sad->newest);
}

struct esp_sa *esp_sad_next(struct esp_sad *sad, const struct esp_sa *after)
{
    struct entry *entry = sad->newest;

    if (after) {
        entry = entry_of(sad, after);
        entry = entry ? entry->older : NULL;
    }
    while (entry && !entry->sa)
        entry = entry->older;
    return entry ? entry->sa : NULL;
}

static bool selector_equal(const struct esp_selector *a, const struct esp_selector *b)
{
    return ip_addr_equal(&a->from, &b->from) && ip_addr_equal(&a->to, &b->to) && a->protocol == b->protocol &&
           a->port_from == b->port_from && a->port_to == b->port_to;
}

static bool policy_equal(const struct esp_policy *a, const struct esp_policy *b)
{
    return a->inbound == b->inbound && a->reqid == b->reqid && a->priority == b->priority &&
           selector_equal(&a->source, &b->source) && selector_equal(&a->destination, &b->destination);
}

static struct policy *find_policy(struct esp_sad *sad, const struct esp_policy *policy)
{
    for (size_t i = 0; i < sad->n_policies; i++)
        if (policy_equal(&sad->policies[i].policy, policy))
            return &sad->policies[i];
    return NULL;
}

/* Behind those of the same priority: the older one counts. */
int esp_sad_add_policy(struct esp_sad *sad, const struct esp_policy *policy)
{
    struct policy *known = find_policy(sad, policy), *grown;
    size_t at = 0;

    if (known) {
        known->n_users++;
        return 0;
    }
    grown = reallocarray(sad->policies, sad->n_policies + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    sad->policies = grown;
    while (at < sad->n_policies && grown[at].policy.priority <= policy->priority)
        at++;
    memmove(grown + at + 1, grown + at, (sad->n_policies - at) * sizeof(*grown));
    grown[at] = (struct policy){ .policy = *policy, .n_users = 1 };
    sad->n_policies++;
    forget_answers(sad);
    return 0;
}

int esp_sad_remove_policy(struct esp_sad *sad, const struct esp_policy *policy)
{
    struct policy *known = find_policy(sad, policy);
    size_t n_behind;

    if (!known)
        return -ENOENT;
    if (--known->n_users > 0)
        return 0;
    n_behind = sad->n_policies - (size_t)(known - sad->policies) - 1;
    memmove(known, known + 1, n_behind * sizeof(*known));
    sad->n_policies--;
    forget_answers(sad);
    return 0;
}

void esp_sad_flush_policies(struct esp_sad *sad)
{
    free(sad->policies);
    sad->policies = NULL;
    sad->n_policies = 0;
    forget_answers(sad);
}

static struct flow flow_of(const struct inner_packet *packet)
{
    return (struct flow){
        .source = packet->source,
        .destination = packet->destination,
        .protocol = packet->protocol,
        .has_ports = packet->has_ports,
        .source_port = packet->source_port,
        .destination_port = packet->destination_port,
    };
}

/* As is_answered() is asked for every packet: ports differ first. */
static bool is_answered(const struct answer *answer, const struct inner_packet *packet)
{
    const struct flow *flow = &answer->flow;

    return answer->known && flow->source_port == packet->source_port &&
           flow->destination_port == packet->destination_port && flow->protocol == packet->protocol &&
           flow->has_ports == packet->has_ports && ip_addr_equal(&flow->source, &packet->source) &&
           ip_addr_equal(&flow->destination, &packet->destination);
}

static bool in_range(const struct esp_selector *selector, const struct ip_addr *addr)
{
    size_t n = ip_addr_size(addr->family);

    return selector->from.family == addr->family && selector->to.family == addr->family &&
           memcmp(selector->from.bytes, addr->bytes, n) <= 0 &&
           memcmp(addr->bytes, selector->to.bytes, n) <= 0;
}

/* A packet whose ports are unknown is covered only where ports do not matter (RFC 4301, 7.1 and 4.4.1.1, "ANY"). */
static bool port_in_range(const struct esp_selector *selector, const struct flow *flow, uint16_t port)
{
    if (selector->port_from == 0 && selector->port_to == UINT16_MAX)
        return true;
    return flow->has_ports && selector->port_from <= port && port <= selector->port_to;
}

static bool covers(
    const struct esp_selector *selector, const struct ip_addr *addr, const struct flow *flow, uint16_t port)
{
    return in_range(selector, addr) && (selector->protocol == 0 || selector->protocol == flow->protocol) &&
           port_in_range(selector, flow, port);
}

static bool policy_covers(const struct esp_policy *policy, const struct flow *flow)
{
    return covers(&policy->source, &flow->source, flow, flow->source_port) &&
           covers(&policy->destination, &flow->destination, flow, flow->destination_port);
}

static struct esp_sa *newest_outbound(struct esp_sad *sad, uint32_t reqid)
{
    for (struct entry *entry = sad->newest; entry; entry = entry->older)
        if (entry->sa && !esp_sa_is_inbound(entry->sa) && esp_sa_reqid(entry->sa) == reqid)
            return entry->sa;
    return NULL;
}

static struct esp_sa *choose_outbound(struct esp_sad *sad, const struct flow *flow)
{
    for (size_t i = 0; i < sad->n_policies; i++) {
        const struct esp_policy *policy = &sad->policies[i].policy;

        if (!policy->inbound && policy_covers(policy, flow))
            return newest_outbound(sad, policy->reqid);
    }
    return NULL;
}

struct esp_sa *esp_sad_outbound(struct esp_sad *sad, const struct inner_packet *packet)
{
    struct answer *answer = &sad->outbound;

    if (!is_answered(answer, packet)) {
        answer->flow = flow_of(packet);
        answer->sa = choose_outbound(sad, &answer->flow);
        answer->known = true;
    }
    return answer->sa;
}

struct esp_sa *esp_sad_inbound(struct esp_sad *sad, uint32_t spi)
{
    struct entry *entry = find_inbound(sad, spi);

    return entry ? entry->sa : NULL;
}

static bool is_permitted(const struct esp_sad *sad, uint32_t reqid, const struct flow *flow)
{
    for (size_t i = 0; i < sad->n_policies; i++) {
        const struct esp_policy *policy = &sad->policies[i].policy;

        if (policy->inbound && policy->reqid == reqid && policy_covers(policy, flow))
            return true;
    }
    return false;
}

/* RFC 4301, 5.2, step 4. */
bool esp_sad_permits_inbound(struct esp_sad *sad, const struct esp_sa *sa, const struct inner_packet *packet)
{
    struct answer *answer = &sad->inbound;
    uint32_t reqid = esp_sa_reqid(sa);

    if (answer->reqid != reqid || !is_answered(answer, packet)) {
        answer->flow = flow_of(packet);
        answer->reqid = reqid;
        answer->permitted = is_permitted(sad, reqid, &answer->flow);
        answer->known = true;
    }
    return answer->permitted;
}
