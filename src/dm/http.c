/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One libcurl handle for an enrolment or a session, so that its connection is kept between the requests.
 */
#include "dm/http.h"

#include "base/clock.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SEC_MAX  30L
#define TRANSFER_SEC_MAX 120L /* whatever it sends, and however slowly */
#define SILENCE_SEC_MAX  30L /* below SILENCE_BYTES a second */
#define SILENCE_BYTES    16L
#define HEAD_BYTES_MAX   ((size_t)64 * 1024)
#define BODY_BYTES_FIRST ((size_t)16 * 1024)
#define BUNDLE_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of the system's roots */

struct dm_http {
    struct dm_http_trust trust;
    CURL *curl;
    bool (*stop)(void *userdata);
    void *stop_userdata;
    char *body; /* of the answer */
    size_t body_bytes, body_size, body_max, head_bytes;
    bool too_big, encoded;
    char content_type[128], hmac[512];
    char curl_says[CURL_ERROR_SIZE];
};

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata)
{
    struct dm_http *http = userdata;
    size_t n_bytes = size * n, wanted = http->body_bytes + n_bytes + 1;

    if (n_bytes > http->body_max - http->body_bytes) {
        http->too_big = true;
        return 0;
    }
    if (wanted > http->body_size) {
        size_t grown = http->body_size ? http->body_size * 2 : BODY_BYTES_FIRST;
        char *body = realloc(http->body, grown < wanted ? wanted : grown);

        if (!body)
            return 0;
        http->body = body;
        http->body_size = grown < wanted ? wanted : grown;
    }
    memcpy(http->body + http->body_bytes, bytes, n_bytes);
    http->body_bytes += n_bytes;
    http->body[http->body_bytes] = '\0';
    return n_bytes;
}

/* A second one, or one that is too long, is none: the session decides what a missing proof means. */
static void take_hmac(struct dm_http *http, const char *line, size_t n_bytes)
{
    static const char name[] = "x-syncml-hmac:";
    size_t skip = sizeof(name) - 1;

    if (n_bytes <= skip || strncasecmp(line, name, skip) != 0)
        return;
    while (skip < n_bytes && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    while (n_bytes > skip && (line[n_bytes - 1] == '\r' || line[n_bytes - 1] == '\n' || line[n_bytes - 1] == ' '))
        n_bytes--;
    if (http->hmac[0] || n_bytes - skip >= sizeof(http->hmac))
        snprintf(http->hmac, sizeof(http->hmac), "?");
    else
        snprintf(http->hmac, sizeof(http->hmac), "%.*s", (int)(n_bytes - skip), line + skip);
}

/* A line of that name whose value is not this one alone. */
static bool says_other_than(const char *line, size_t n_bytes, const char *name, const char *value)
{
    size_t n_name = strlen(name), n_value = strlen(value);

    if (n_bytes < n_name || strncasecmp(line, name, n_name) != 0)
        return false;
    line += n_name;
    n_bytes -= n_name;
    while (n_bytes && (*line == ' ' || *line == '\t'))
        line++, n_bytes--;
    while (n_bytes && isspace((unsigned char)line[n_bytes - 1]))
        n_bytes--;
    return n_bytes != n_value || strncasecmp(line, value, n_value) != 0;
}

static size_t on_head(char *bytes, size_t size, size_t n, void *userdata)
{
    struct dm_http *http = userdata;
    size_t n_bytes = size * n;

    if (n_bytes > HEAD_BYTES_MAX - http->head_bytes) {
        http->too_big = true;
        return 0;
    }
    http->head_bytes += n_bytes;
    take_hmac(http, bytes, n_bytes);
    http->encoded |= says_other_than(bytes, n_bytes, "content-encoding:", "identity") || says_other_than(bytes, n_bytes, "transfer-encoding:", "chunked");
    return http->encoded ? 0 : n_bytes; /* whatever it would unpack to */
}

static int on_progress(void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct dm_http *http = userdata;

    (void)total, (void)now, (void)up_total, (void)up_now;
    return http->stop && http->stop(http->stop_userdata);
}

/* What holds for every request of this handle. */
static bool set_always(struct dm_http *http)
{
    CURL *c = http->curl;

    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, http->trust.plain ? "http,https" : "https") == CURLE_OK && curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC_MAX) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TIMEOUT, TRANSFER_SEC_MAX) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SILENCE_SEC_MAX) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SILENCE_BYTES) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERAGENT, "mvpn-dm/" MVPN_VERSION) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, http->curl_says) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK && curl_easy_setopt(c, CURLOPT_WRITEDATA, http) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK && curl_easy_setopt(c, CURLOPT_HEADERDATA, http) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK && curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFODATA, http) == CURLE_OK;
}

/* The bundle that libcurl would use by itself: a blob takes its place, so it goes into the blob. NULL: there is none, or no memory. */
static char *read_system_bundle(size_t *ret_bytes)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    const char *path = version->age >= CURLVERSION_SEVENTH ? version->cainfo : NULL;
    FILE *file = path ? fopen(path, "re") : NULL;
    char *text = file ? malloc(BUNDLE_BYTES_MAX) : NULL;
    size_t n = text ? fread(text, 1, BUNDLE_BYTES_MAX, file) : 0;

    if (file)
        fclose(file);
    if (n == 0 || n == BUNDLE_BYTES_MAX) {
        free(text);
        return NULL;
    }
    *ret_bytes = n;
    return text;
}

/* Roots of our own choosing: these alone, or beside the system's, from wherever libcurl has those. */
static bool set_roots(struct dm_http *http)
{
    const struct dm_http_trust *trust = &http->trust;
    struct curl_blob blob = { .data = (void *)trust->roots_pem, .len = trust->roots_bytes, .flags = CURL_BLOB_COPY };
    size_t n = 0;
    char *system = trust->roots_and_system ? read_system_bundle(&n) : NULL, *both = system ? malloc(trust->roots_bytes + n) : NULL;
    bool good = true;

    if (both) {
        memcpy(both, trust->roots_pem, trust->roots_bytes);
        memcpy(both + trust->roots_bytes, system, n);
        blob.data = both;
        blob.len += n;
    }
    if (!trust->roots_and_system)
        good = curl_easy_setopt(http->curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    good = good && curl_easy_setopt(http->curl, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
    free(both);
    free(system);
    return good;
}

/* A libcurl without one of these must not connect at all. */
static bool set_trust(struct dm_http *http)
{
    const struct dm_http_trust *trust = &http->trust;
    bool by_pin = trust->pin && !trust->pin_and_roots;
    char pin[64];
    CURL *c = http->curl;

    if (curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, by_pin ? 0L : 1L) != CURLE_OK ||
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, by_pin ? 0L : 2L) != CURLE_OK)
        return false;
    if (trust->roots_pem && !by_pin && !set_roots(http))
        return false;
    snprintf(pin, sizeof(pin), "sha256//%s", trust->pin ? trust->pin : "");
    return !trust->pin || curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, pin) == CURLE_OK;
}

int dm_http_new(const struct dm_http_trust *trust, struct dm_http **ret)
{
    struct dm_http *http = calloc(1, sizeof(*http));

    if (!http)
        return -ENOMEM;
    http->trust = *trust;
    http->curl = curl_easy_init();
    if (!http->curl || !set_always(http) || !set_trust(http)) {
        dm_http_free(http);
        return -ENOSYS;
    }
    *ret = http;
    return 0;
}

struct dm_http *dm_http_free(struct dm_http *http)
{
    if (!http)
        return NULL;
    curl_easy_cleanup(http->curl);
    free(http->body);
    free(http);
    return NULL;
}

void dm_http_set_stop(struct dm_http *http, bool (*stop)(void *userdata), void *userdata)
{
    http->stop = stop;
    http->stop_userdata = userdata;
}

static bool set_identity(struct dm_http *http, const struct dm_exchange *exchange)
{
    const struct dm_http_trust *trust = &http->trust;
    bool password = exchange->with_password && trust->password;
    bool certificate = exchange->with_certificate && trust->certificate_pem;
    size_t n_cert = certificate ? strlen(trust->certificate_pem) : 0, n_key = certificate ? strlen(trust->key_pem) : 0;
    struct curl_blob cert = { .data = (void *)trust->certificate_pem, .len = n_cert, .flags = CURL_BLOB_NOCOPY };
    struct curl_blob key = { .data = (void *)trust->key_pem, .len = n_key, .flags = CURL_BLOB_NOCOPY };
    CURL *c = http->curl;

    return curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_USERNAME, password ? trust->user : NULL) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PASSWORD, password ? trust->password : NULL) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, certificate ? &cert : NULL) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, certificate ? &key : NULL) == CURLE_OK;
}

static bool set_request(struct dm_http *http, const struct dm_exchange *exchange, struct curl_slist **headers)
{
    char line[640];
    CURL *c = http->curl;

    *headers = NULL;
    if (exchange->content_type) {
        snprintf(line, sizeof(line), "Content-Type: %s", exchange->content_type);
        *headers = curl_slist_append(*headers, line);
    }
    if (exchange->accept) {
        snprintf(line, sizeof(line), "Accept: %s", exchange->accept);
        *headers = curl_slist_append(*headers, line);
    }
    if (exchange->hmac && !strpbrk(exchange->hmac, "\r\n")) {
        snprintf(line, sizeof(line), "x-syncml-hmac: %s", exchange->hmac);
        *headers = curl_slist_append(*headers, line);
    }
    *headers = curl_slist_append(*headers, "Expect:"); /* no 100-continue: some servers never send it */
    if (curl_easy_setopt(c, CURLOPT_URL, exchange->url) != CURLE_OK || curl_easy_setopt(c, CURLOPT_HTTPHEADER, *headers) != CURLE_OK)
        return false;
    if (!exchange->post)
        return curl_easy_setopt(c, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    return curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_bytes) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDS, exchange->body ? exchange->body : "") == CURLE_OK;
}

static int explain(struct dm_http *http, CURLcode code, struct dm_error *error)
{
    const char *said = http->curl_says[0] ? http->curl_says : curl_easy_strerror(code);

    if (http->too_big)
        return dm_error_set(error, -E2BIG, "The server sent more than can be right; the connection was closed.");
    if (http->encoded)
        return dm_error_set(error, -EPROTO, "The server compressed its answer although nobody asked for that.");
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return dm_error_set(error, -EHOSTUNREACH, "The server's name is not known: %.90s.", said);
    case CURLE_COULDNT_CONNECT:
        return dm_error_set(error, -EHOSTUNREACH, "The server cannot be reached: %.100s.", said);
    case CURLE_OPERATION_TIMEDOUT:
        return dm_error_set(error, -ETIMEDOUT, "The server is too slow: %.110s.", said);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return dm_error_set(error, -EKEYREJECTED, "The server is not trusted: %.110s.", said);
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return dm_error_set(error, -EKEYREJECTED, "The server's key is not the one that was given (--pin).");
    case CURLE_SSL_CONNECT_ERROR:
        return dm_error_set(error, -EPROTO, "There is no secure connection (TLS 1.2 or newer) to the server: %.90s.", said);
    case CURLE_GOT_NOTHING:
        return dm_error_set(error, -EPROTO, "The server closed the connection without an answer.");
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return dm_error_set(error, -EPROTO, "The connection broke before the server's answer was whole.");
    case CURLE_PARTIAL_FILE:
        return dm_error_set(error, -EPROTO, "The connection broke before the server's answer was whole: %.90s.", said);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return dm_error_set(error, -EPROTO, "What the server sent is no HTTP/1.1: %.100s.", said);
    case CURLE_ABORTED_BY_CALLBACK:
        return dm_error_set(error, -ECANCELED, "Stopped.");
    case CURLE_OUT_OF_MEMORY:
        return dm_error_set(error, -ENOMEM, "No memory.");
    default:
        return dm_error_set(error, -EPROTO, "Talking to the server failed: %.110s.", said);
    }
}

static void read_answer(struct dm_http *http, struct dm_answer *ret)
{
    curl_off_t retry_after = 0;
    char *type = NULL;
    long status = 0;

    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(http->curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(http->content_type, sizeof(http->content_type), "%s", type ? type : "");
    *ret = (struct dm_answer){ .status = (unsigned)status,
        .content_type = http->content_type,
        .hmac = http->hmac,
        .retry_after_sec = retry_after > 0 ? (uint64_t)retry_after : 0,
        .body = http->body ? http->body : "",
        .body_bytes = http->body_bytes,
        .now_sec = clock_realtime_sec() };
}

int dm_http_do(struct dm_http *http, const struct dm_exchange *exchange, struct dm_answer *ret, struct dm_error *error)
{
    char origin[DM_ORIGIN_SIZE];
    bool plain = http->trust.plain && dm_is_plain_url(exchange->url);
    struct curl_slist *headers;
    CURLcode code;

    if (!plain && dm_origin_of(exchange->url, origin) < 0)
        return dm_error_set(error, -EPERM, "Only https is used, and '%.80s' is not.", exchange->url);
    if ((exchange->with_password || exchange->with_certificate) && !dm_same_origin(exchange->url, http->trust.origin_url))
        return dm_error_set(error, -EPERM, "'%.80s' is not the server of this enrolment; it is not told who we are.", exchange->url);
    http->body_bytes = http->head_bytes = 0;
    http->body_max = exchange->answer_bytes_max;
    http->too_big = http->encoded = false;
    http->curl_says[0] = http->hmac[0] = '\0';
    if (http->body)
        http->body[0] = '\0';
    if (!set_identity(http, exchange) || !set_request(http, exchange, &headers))
        return dm_error_set(error, -ENOMEM, "No memory.");
    code = curl_easy_perform(http->curl);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return explain(http, code, error);
    read_answer(http, ret);
    return 0;
}

static int read_hex(const char *typed, unsigned char ret[32])
{
    size_t n = 0;

    for (; *typed; typed++) {
        int digit = isdigit((unsigned char)*typed) ? *typed - '0' : tolower((unsigned char)*typed) - 'a' + 10;

        if (*typed == ':')
            continue;
        if (!isxdigit((unsigned char)*typed) || n == 64)
            return -EINVAL;
        ret[n / 2] = (unsigned char)(n % 2 ? ret[n / 2] | digit : digit << 4);
        n++;
    }
    return n == 64 ? 0 : -EINVAL;
}

int dm_pin_read(const char *typed, char ret[DM_PIN_SIZE])
{
    unsigned char bytes[48];

    if (strncmp(typed, "sha256//", 8) == 0)
        typed += 8;
    if (read_hex(typed, bytes) == 0) {
        EVP_EncodeBlock((unsigned char *)ret, bytes, 32);
        return 0;
    }
    if (strlen(typed) != 44 || typed[43] != '=' || typed[42] == '=' || EVP_DecodeBlock(bytes, (const unsigned char *)typed, 44) != 33)
        return -EINVAL;
    memcpy(ret, typed, DM_PIN_SIZE);
    return 0;
}
