/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver's face: a list of requests under way, each a search for servers or a query. A request leaves the list before its event is
 * told, so that whoever hears it may ask anew, cancel, or free the resolver.
 */
#include "sys/resolver.h"

#include "base/cleanup.h"
#include "sys/internal.h"
#include "sys/query.h"
#include "sys/servers.h"

#include <ares.h>

#include <errno.h>
#include <stdlib.h>

struct job {
    struct job *next;
    struct resolver *resolver;
    uint32_t id;
    struct servers *servers; /* one of the two */
    struct query *query;
};

struct resolver {
    sd_event *loop;
    sd_bus *bus;
    uint32_t mark;
    const struct resolvconf_paths *paths;
    resolver_callback callback;
    void *userdata;
    struct job *jobs;
};

static void job_free(struct job *job)
{
    servers_free(job->servers);
    query_free(job->query);
    free(job);
}

/* Out of the list; the caller frees it. */
static void job_unlink(struct job *job)
{
    for (struct job **at = &job->resolver->jobs; *at; at = &(*at)->next) {
        if (*at == job) {
            *at = job->next;
            return;
        }
    }
}

/* The last thing done with the job; the callback may free the resolver. */
static void job_tell(struct job *job, const struct event *event)
{
    struct resolver *resolver = job->resolver;

    job_unlink(job);
    job_free(job);
    resolver->callback(resolver->userdata, event);
}

static void on_servers(void *userdata, const struct resolved *found)
{
    struct event event = { .type = EVENT_RESOLVERS, .resolvers = *found };

    job_tell(userdata, &event);
}

static void on_query(void *userdata, const struct resolved *answer)
{
    struct event event = { .type = EVENT_RESOLVED, .resolved = *answer };

    job_tell(userdata, &event);
}

int resolver_new(sd_event *loop, sd_bus *bus, uint32_t mark, resolver_callback callback, void *userdata, struct resolver **ret)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));

    if (!resolver)
        return -ENOMEM;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(resolver);
        return -ENOMEM;
    }
    resolver->loop = sd_event_ref(loop);
    resolver->bus = sd_bus_ref(bus);
    resolver->mark = mark;
    resolver->paths = &RESOLVCONF_PATHS;
    resolver->callback = callback;
    resolver->userdata = userdata;
    *ret = resolver;
    return 0;
}

void resolver_set_paths(struct resolver *resolver, const struct resolvconf_paths *paths)
{
    resolver->paths = paths;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    resolver_cancel(resolver);
    sd_bus_unref(resolver->bus);
    sd_event_unref(resolver->loop);
    ares_library_cleanup();
    free(resolver);
}

void resolver_cancel(struct resolver *resolver)
{
    while (resolver->jobs) {
        struct job *job = resolver->jobs;

        resolver->jobs = job->next;
        job_free(job);
    }
}

static void replace_old(struct resolver *resolver, uint32_t id, bool is_query)
{
    for (struct job *job = resolver->jobs; job; job = job->next) {
        if (job->id == id && (job->query != NULL) == is_query) {
            job_unlink(job);
            job_free(job);
            return;
        }
    }
}

static int add_job(struct resolver *resolver, const struct resolve_request *request, bool is_query)
{
    struct job *job = calloc(1, sizeof(*job));
    int r;

    if (!job)
        return -ENOMEM;
    job->resolver = resolver;
    job->id = request->id;
    r = is_query ? query_new(resolver->loop, resolver->mark, request, on_query, job, &job->query)
                 : servers_new(resolver->loop, resolver->bus, resolver->paths, request, on_servers, job, &job->servers);
    if (r < 0) {
        job_free(job);
        return r;
    }
    replace_old(resolver, request->id, is_query);
    job->next = resolver->jobs;
    resolver->jobs = job;
    return 0;
}

int resolver_find_servers(struct resolver *resolver, const struct resolve_request *request)
{
    return add_job(resolver, request, false);
}

int resolver_query(struct resolver *resolver, const struct resolve_request *request)
{
    return add_job(resolver, request, true);
}
