/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRLs and OCSP answers under lockdown. A fetch runs in one of libcharon's threads: it asks the core for the host's addresses and an
 * opening in the firewall (EVENT_FETCH_WANTED), waits for the reply, loads over plain HTTP from just those addresses by marked sockets
 * that are bound to the base link, and tells when it is done. No resolver, no proxy, no redirect, bounded in time and size.
 * https is refused: checking that certificate would need what is being fetched. Signatures are libcharon's to check.
 */
#include "ike/charon.h"

#include "base/cleanup.h"

#include <curl/curl.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/eventfd.h>

#define REPLY_TIMEOUT_SEC    8 /* resolving included */
#define TRANSFER_TIMEOUT_SEC 5
#define ANSWER_MAX_BYTES     (4 * 1024 * 1024)
#define FETCHES_MAX          8

struct waiting {
    uint32_t id; /* 0: free */
    bool replied;
    struct fetch_reply reply;
};

struct fetches {
    struct ike *ike;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on CLOCK_MONOTONIC */
    int stop_fd;            /* readable from fetches_stop() on */
    bool stopping;
    uint32_t last_id;
    struct waiting waiting[FETCHES_MAX];
};

struct fetcher {
    fetcher_t public;
    struct fetches *fetches;
    chunk_t request;          /* borrowed; empty: GET */
    const char *request_type; /* borrowed */
    struct curl_slist *headers;
    char *answer;
    size_t answer_bytes;
};

int fetches_new(struct ike *ike, struct fetches **ret)
{
    struct fetches *fetches = calloc(1, sizeof(*fetches));
    pthread_condattr_t attributes;

    if (!fetches)
        return -ENOMEM;
    fetches->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fetches->stop_fd < 0) {
        int r = -errno;

        free(fetches);
        return r;
    }
    fetches->ike = ike;
    pthread_mutex_init(&fetches->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&fetches->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret = fetches;
    return 0;
}

void fetches_free(struct fetches *fetches)
{
    if (!fetches)
        return;
    close_fd(&fetches->stop_fd);
    pthread_cond_destroy(&fetches->changed);
    pthread_mutex_destroy(&fetches->lock);
    free(fetches);
}

void fetches_stop(struct fetches *fetches)
{
    pthread_mutex_lock(&fetches->lock);
    fetches->stopping = true;
    eventfd_write(fetches->stop_fd, 1);
    pthread_cond_broadcast(&fetches->changed);
    pthread_mutex_unlock(&fetches->lock);
}

static struct waiting *find_waiting(struct fetches *fetches, uint32_t id)
{
    for (unsigned i = 0; i < FETCHES_MAX; i++)
        if (fetches->waiting[i].id == id)
            return &fetches->waiting[i];
    return NULL;
}

void fetches_reply(struct fetches *fetches, const struct fetch_reply *reply)
{
    struct waiting *waiting;

    pthread_mutex_lock(&fetches->lock);
    waiting = reply->id ? find_waiting(fetches, reply->id) : NULL;
    if (waiting) {
        waiting->reply = *reply;
        waiting->replied = true;
        pthread_cond_broadcast(&fetches->changed);
    }
    pthread_mutex_unlock(&fetches->lock);
}

static void post_fetch(struct fetches *fetches, enum event_type type, const struct fetch *fetch)
{
    struct event event = { .type = type, .fetch = *fetch };

    mailbox_post(fetches->ike->mailbox, 0, &event);
}

/* The core's word. 0; -EBUSY: too many at once; -ETIMEDOUT; -ECANCELED: we are stopping; -ENOENT: no address. */
static int ask_core(struct fetches *fetches, struct fetch *fetch, struct fetch_reply *ret)
{
    struct timespec deadline;
    struct waiting *waiting;
    int r = 0;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += REPLY_TIMEOUT_SEC;
    pthread_mutex_lock(&fetches->lock);
    waiting = fetches->stopping ? NULL : find_waiting(fetches, 0);
    if (!waiting) {
        pthread_mutex_unlock(&fetches->lock);
        return -EBUSY;
    }
    fetch->id = ++fetches->last_id ? fetches->last_id : ++fetches->last_id;
    *waiting = (struct waiting){ .id = fetch->id };
    post_fetch(fetches, EVENT_FETCH_WANTED, fetch);
    while (r == 0 && !waiting->replied && !fetches->stopping)
        r = -pthread_cond_timedwait(&fetches->changed, &fetches->lock, &deadline);
    if (fetches->stopping)
        r = -ECANCELED;
    else if (waiting->replied)
        r = waiting->reply.n_addrs > 0 ? 0 : -ENOENT;
    *ret = waiting->reply;
    waiting->id = 0;
    pthread_mutex_unlock(&fetches->lock);
    return r;
}

/* "http://host[:port]/…" only. */
static int parse_url(const char *url, struct fetch *ret)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    int r = -EINVAL;

    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strcmp(scheme, "http") == 0 &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        size_t length = strlen(host);
        bool bracketed = host[0] == '[' && length > 2;

        if (length < sizeof(ret->host)) {
            snprintf(ret->host, sizeof(ret->host), "%.*s", (int)(bracketed ? length - 2 : length),
                host + bracketed);
            ret->port = (uint16_t)strtoul(port, NULL, 10);
            r = 0;
        }
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return r;
}

static size_t on_data(char *data, size_t size, size_t n, void *userdata)
{
    struct fetcher *fetcher = userdata;
    size_t bytes = size * n;
    char *grown;

    if (fetcher->answer_bytes + bytes > ANSWER_MAX_BYTES)
        return 0;
    grown = realloc(fetcher->answer, fetcher->answer_bytes + bytes);
    if (!grown)
        return 0;
    memcpy(grown + fetcher->answer_bytes, data, bytes);
    fetcher->answer = grown;
    fetcher->answer_bytes += bytes;
    return bytes;
}

/* Marked and bound, or not at all: an unmarked socket would be refused by the firewall, and wrong where there is none. */
static int on_socket(void *userdata, curl_socket_t fd, curlsocktype purpose)
{
    struct ike *ike = userdata;
    struct pin_target target;

    (void)purpose;
    pin_get(&ike->pin, &target);
    if (ike->profile.mark != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_MARK, &ike->profile.mark, sizeof(ike->profile.mark)) < 0)
        return CURL_SOCKOPT_ERROR;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, target.interface,
            (socklen_t)strnlen(target.interface, IFNAMSIZ)) < 0)
        return CURL_SOCKOPT_ERROR;
    return CURL_SOCKOPT_OK;
}

/* "host:port:addr,addr…": curl asks no resolver for it. */
static struct curl_slist *resolve_list(const struct fetch *fetch, const struct fetch_reply *reply)
{
    char text[GATEWAY_NAME_SIZE + 8 + RESOLVED_ADDRS_MAX * (IP_ADDR_TEXT_SIZE + 3)];
    int n = snprintf(text, sizeof(text), "%s:%u:", fetch->host, fetch->port);

    for (uint32_t i = 0; i < reply->n_addrs && i < RESOLVED_ADDRS_MAX; i++) {
        char addr[IP_ADDR_TEXT_SIZE];
        bool ipv6 = reply->addrs[i].family == 6;

        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%s%s%s", i ? "," : "", ipv6 ? "[" : "",
            ip_addr_format(&reply->addrs[i], addr, sizeof(addr)), ipv6 ? "]" : "");
    }
    return curl_slist_append(NULL, text);
}

static void set_request(struct fetcher *fetcher, CURL *curl)
{
    char header[128];

    if (fetcher->request.len == 0)
        return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (char *)fetcher->request.ptr);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)fetcher->request.len);
    snprintf(header, sizeof(header), "Content-Type: %s",
        fetcher->request_type ? fetcher->request_type : "application/octet-stream");
    fetcher->headers = curl_slist_append(fetcher->headers, header);
    fetcher->headers = curl_slist_append(fetcher->headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fetcher->headers);
}

static void set_options(struct fetcher *fetcher, CURL *curl, const char *url, struct curl_slist *resolve)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TRANSFER_TIMEOUT_SEC);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)ANSWER_MAX_BYTES);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetcher);
    curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, fetcher->fetches->ike);
    set_request(fetcher, curl);
}

/* To the end of the transfer, or until we are stopped. */
static int drive(struct fetches *fetches, CURLM *multi)
{
    struct curl_waitfd stop = { .fd = fetches->stop_fd, .events = CURL_WAIT_POLLIN };
    int n_running = 1, n_left;
    CURLMsg *message;

    while (n_running > 0) {
        if (curl_multi_perform(multi, &n_running) != CURLM_OK)
            return -EIO;
        if (n_running > 0 && curl_multi_poll(multi, &stop, 1, TRANSFER_TIMEOUT_SEC * 1000, NULL) != CURLM_OK)
            return -EIO;
        if (stop.revents)
            return -ECANCELED;
    }
    message = curl_multi_info_read(multi, &n_left);
    return message && message->msg == CURLMSG_DONE && message->data.result == CURLE_OK ? 0 : -EIO;
}

static int transfer(
    struct fetcher *fetcher, const char *url, const struct fetch *fetch, const struct fetch_reply *reply)
{
    struct curl_slist *resolve = resolve_list(fetch, reply);
    CURLM *multi = curl_multi_init();
    CURL *curl = curl_easy_init();
    int r = -ENOMEM;

    if (resolve && multi && curl) {
        set_options(fetcher, curl, url, resolve);
        r = curl_multi_add_handle(multi, curl) == CURLM_OK ? drive(fetcher->fetches, multi) : -EIO;
        curl_multi_remove_handle(multi, curl);
    }
    curl_easy_cleanup(curl);
    curl_multi_cleanup(multi);
    curl_slist_free_all(resolve);
    return r;
}

static status_t fetcher_fetch(fetcher_t *public, char *url, void *userdata)
{
    struct fetcher *fetcher = (struct fetcher *)public;
    struct fetches *fetches = fetcher->fetches;
    struct fetch fetch = { 0 };
    struct fetch_reply reply;
    chunk_t *answer = userdata;
    int r;

    if (parse_url(url, &fetch) < 0)
        return NOT_SUPPORTED;
    r = ask_core(fetches, &fetch, &reply);
    if (r == 0)
        r = transfer(fetcher, url, &fetch, &reply);
    if (fetch.id != 0)
        post_fetch(fetches, EVENT_FETCH_DONE, &fetch);
    if (r < 0)
        return FAILED;
    if (fetcher->request.len == 0)
        crlcache_offer(fetches->ike->crlcache, fetcher->answer, fetcher->answer_bytes);
    *answer = chunk_clone(chunk_create((uint8_t *)fetcher->answer, fetcher->answer_bytes));
    return SUCCESS;
}

static bool fetcher_set_option(fetcher_t *public, fetcher_option_t option, ...)
{
    struct fetcher *fetcher = (struct fetcher *)public;
    bool supported = true;
    va_list args;

    va_start(args, option);
    switch (option) {
    case FETCH_REQUEST_DATA:
        fetcher->request = va_arg(args, chunk_t);
        break;
    case FETCH_REQUEST_TYPE:
        fetcher->request_type = va_arg(args, char *);
        break;
    case FETCH_REQUEST_HEADER:
        fetcher->headers = curl_slist_append(fetcher->headers, va_arg(args, char *));
        break;
    case FETCH_TIMEOUT: /* ours are shorter */
        break;
    default: /* not our enum; the answer goes to a chunk, nothing else is wanted of us */
        supported = false;
        break;
    }
    va_end(args);
    return supported;
}

static void fetcher_destroy(fetcher_t *public)
{
    struct fetcher *fetcher = (struct fetcher *)public;

    curl_slist_free_all(fetcher->headers);
    free(fetcher->answer);
    free(fetcher);
}

fetcher_t *fetcher_create(void)
{
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));

    if (!fetcher)
        return NULL;
    fetcher->public.fetch = fetcher_fetch;
    fetcher->public.set_option = fetcher_set_option;
    fetcher->public.destroy = fetcher_destroy;
    fetcher->fetches = ike_of_library()->fetches;
    return &fetcher->public;
}
