/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DNS servers that the gateway gives (RFC 7296, 3.15.1: INTERNAL_IP4_DNS, INTERNAL_IP6_DNS), and the domains that they are for (RFC 8598:
 * INTERNAL_DNS_DOMAIN): asked for, and noted with the IKE SA. A domain that is none is ignored.
 * Nothing is configured here: who serves names is the daemon's matter.
 */
#include "ike/charon.h"

#include "base/macro.h"

#include <ctype.h>
#include <errno.h>

struct handler {
    attribute_handler_t public;
    struct ike *ike;
};

/* Of what a name is made: it goes into files and messages of others. */
static bool is_domain(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !(strchr("-_", *p) && p > text) && !(*p == '.' && p > text && p[-1] != '.'))
            return false;
    return true;
}

static bool handle_domain(struct ike *ike, ike_sa_t *ike_sa, chunk_t data)
{
    char domain[DNS_DOMAIN_SIZE] = "";

    if (data.len == 0 || data.len >= sizeof(domain))
        return false;
    memcpy(domain, data.ptr, data.len);
    if (strlen(domain) != data.len || !is_domain(domain))
        return false;
    satrack_add_domain(&ike->track, ike_sa->get_unique_id(ike_sa), domain);
    return true;
}

static bool handle(
    attribute_handler_t *public, ike_sa_t *ike_sa, configuration_attribute_type_t type, chunk_t data)
{
    struct ike *ike = ((struct handler *)public)->ike;
    struct ip_addr addr;

    if (type == INTERNAL_DNS_DOMAIN)
        return handle_domain(ike, ike_sa, data);
    if (type == INTERNAL_IP4_DNS && data.len == 4)
        addr = ip_addr_from_bytes(4, data.ptr);
    else if (type == INTERNAL_IP6_DNS && data.len >= 16)
        addr = ip_addr_from_bytes(6, data.ptr);
    else
        return false;
    satrack_add_dns(&ike->track, ike_sa->get_unique_id(ike_sa), &addr);
    return true;
}

static void release(
    attribute_handler_t *public, ike_sa_t *ike_sa, configuration_attribute_type_t type, chunk_t data)
{
    (void)public, (void)ike_sa, (void)type, (void)data;
}

struct requests {
    enumerator_t public;
    unsigned next;
};

static bool requests_enumerate(enumerator_t *public, va_list args)
{
    static const configuration_attribute_type_t types[] = { INTERNAL_IP4_DNS, INTERNAL_IP6_DNS, INTERNAL_DNS_DOMAIN };
    struct requests *this = (struct requests *)public;
    configuration_attribute_type_t *type = va_arg(args, configuration_attribute_type_t *);
    chunk_t *data = va_arg(args, chunk_t *);

    if (this->next == ELEMENTSOF(types))
        return false;
    *type = types[this->next++];
    *data = chunk_empty;
    return true;
}

static void requests_destroy(enumerator_t *public)
{
    free(public);
}

static enumerator_t *create_requests(
    attribute_handler_t *public, ike_sa_t *ike_sa, linked_list_t *virtual_ips)
{
    struct requests *this = calloc(1, sizeof(*this));

    (void)public, (void)ike_sa, (void)virtual_ips;
    if (!this)
        return enumerator_create_empty();
    this->public.enumerate = enumerator_enumerate_default;
    this->public.venumerate = requests_enumerate;
    this->public.destroy = requests_destroy;
    return &this->public;
}

int attributes_add(struct ike *ike)
{
    struct handler *handler = calloc(1, sizeof(*handler));

    if (!handler)
        return library_set_error(ike, -ENOMEM, "Out of memory.");
    handler->public.handle = handle;
    handler->public.release = release;
    handler->public.create_attribute_enumerator = create_requests;
    handler->ike = ike;
    ike->attributes = &handler->public;
    charon->attributes->add_handler(charon->attributes, ike->attributes);
    return 0;
}

void attributes_remove(struct ike *ike)
{
    if (!ike->attributes)
        return;
    charon->attributes->remove_handler(charon->attributes, ike->attributes);
    free(ike->attributes);
    ike->attributes = NULL;
}
