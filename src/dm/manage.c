/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Account and tree are read, the session runs, and each action is done before the next is asked for. The tree's file and the secrets are
 * this process's alone.
 */
#include "dm/manage.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/usec.h"
#include "dm/base64.h"
#include "dm/http.h"
#include "dm/keys.h"
#include "dm/managed.h"
#include "dm/mvpnd.h"
#include "dm/objects.h"
#include "dm/session.h"
#include "dm/storecert.h"
#include "dm/treefile.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/utsname.h>

#define SESSION_USEC_MAX   MINUTES(15) /* from the first message to the last */
#define GOODBYE_USEC_MAX   SEC(30)
#define ANSWER_BYTES_MAX   ((size_t)1024 * 1024)
#define URI_BYTES          512

struct managing {
    struct dm_store *store;
    const struct dm_manage_hooks *hooks;
    struct dm_account account;
    struct dm_provisioning server;
    struct dm_tree *tree;
    struct dm_session *session;
    struct dm_http *http;
    struct dm_http_trust trust;
    char *roots_pem, *server_roots_pem, *certificate_pem, *key_pem; /* server_roots_pem: whom the server is trusted by */
    size_t roots_bytes, server_roots_bytes, certificate_bytes, key_bytes;
    char session_id[16], device_id[80];
    uint64_t end_at_usec; /* CLOCK_MONOTONIC: of the session, at the latest */
    enum dm_encoding encoding;
    struct dm_manage_result result;
    enum dm_end end;
    bool over;
    struct dm_error *error;
};

/* ---- reading ---- */

/*
 * The server is believed by the roots that enrolment gave, and by what made the enrolment's own server believed: the roots that were given
 * then, or the system's where nothing was. A pin is of one server's key and speaks for no other.
 */
static int read_trust(struct managing *m)
{
    _cleanup_free_ char *given = NULL;
    size_t n = 0;
    int r = dm_store_read(m->store, "server-roots.pem", &given, &n);

    if (r < 0 && r != -ENOENT)
        return r;
    m->server_roots_pem = malloc(m->roots_bytes + n + 1);
    if (!m->server_roots_pem)
        return -ENOMEM;
    memcpy(m->server_roots_pem, m->roots_pem, m->roots_bytes);
    m->server_roots_pem[m->roots_bytes] = '\n';
    if (n)
        memcpy(m->server_roots_pem + m->roots_bytes + 1, given, n);
    m->server_roots_bytes = m->roots_bytes + 1 + n;
    m->trust = (struct dm_http_trust){
        .origin_url = m->server.address,
        .roots_pem = m->server_roots_pem,
        .roots_bytes = m->server_roots_bytes,
        .roots_and_system = r == -ENOENT && !m->account.pin[0],
        .certificate_pem = m->certificate_pem,
        .key_pem = m->key_pem,
    };
    return 0;
}

static int read_credentials(struct managing *m)
{
    char path[128];
    int r;

    snprintf(path, sizeof(path), "certs/%s.pem", m->account.name);
    r = dm_store_read(m->store, path, &m->certificate_pem, &m->certificate_bytes);
    snprintf(path, sizeof(path), "keys/%s.key", m->account.name);
    if (r == 0)
        r = dm_store_read(m->store, path, &m->key_pem, &m->key_bytes);
    snprintf(path, sizeof(path), "roots/%s.pem", m->account.name);
    if (r == 0)
        r = dm_store_read(m->store, path, &m->roots_pem, &m->roots_bytes);
    if (r == 0)
        r = read_trust(m);
    return r;
}

/* ---- what the device tells ---- */

static void tell(struct managing *m, const char *uri, const char *value)
{
    if (value)
        (void)dm_tree_tell(m->tree, uri, value);
}

static void tell_device(struct managing *m)
{
    struct utsname name;

    tell(m, "./DevInfo/DevId", m->device_id);
    tell(m, "./DevInfo/Man", "mvpn");
    tell(m, "./DevDetail/SwV", "mvpn " MVPN_VERSION);
    if (uname(&name) < 0)
        return;
    tell(m, "./DevInfo/Mod", name.machine);
    tell(m, "./DevDetail/FwV", name.release);
    tell(m, "./DevDetail/HwV", name.machine);
    tell(m, "./DevDetail/OEM", name.sysname);
}

static void tell_number(struct managing *m, const char *base, const char *name, uint32_t value)
{
    char uri[URI_BYTES], text[16];

    snprintf(uri, sizeof(uri), "%s/%s", base, name);
    snprintf(text, sizeof(text), "%u", value);
    tell(m, uri, text);
}

static void tell_status(struct managing *m)
{
    const struct mvpnd_state *state = m->hooks->state;

    if (!state)
        return;
    tell(m, DM_URI_MOBILEVPN "/Status/State", state->state);
    tell(m, DM_URI_MOBILEVPN "/Status/Gateway", state->gateway);
    tell(m, DM_URI_MOBILEVPN "/Status/VirtualIP", state->virtual_ip);
    tell(m, DM_URI_MOBILEVPN "/Status/Since", state->since);
    tell(m, DM_URI_MOBILEVPN "/Status/LastError", state->last_error);
    tell(m, DM_URI_MOBILEVPN "/Status/Rx", state->rx);
    tell(m, DM_URI_MOBILEVPN "/Status/Tx", state->tx);
}

/* Once, after enrolment: from then on the server may change the schedule. */
static void tell_account(struct managing *m, bool fresh)
{
    char base[URI_BYTES], uri[URI_BYTES + 32];

    snprintf(base, sizeof(base), "./DMAcc/%s", m->server.provider_id);
    snprintf(uri, sizeof(uri), "%s/ServerID", base);
    tell(m, uri, m->server.provider_id);
    (void)dm_tree_tell_owner(m->tree, base, m->server.provider_id);
    snprintf(uri, sizeof(uri), "%s/AppAddr/1/Addr", base);
    if (fresh)
        tell(m, uri, m->server.address);
    snprintf(base, sizeof(base), DM_URI_PROVIDER "/%s", m->server.provider_id);
    snprintf(uri, sizeof(uri), "%s/SyncApplicationVersion", base);
    tell(m, uri, "1.0");
    (void)dm_tree_tell_owner(m->tree, base, m->server.provider_id);
    if (!fresh)
        return;
    snprintf(uri, sizeof(uri), "%s/Poll", base);
    tell_number(m, uri, "NumberOfFirstRetries", m->server.poll.first_retries);
    tell_number(m, uri, "IntervalForFirstSetOfRetries", m->server.poll.first_interval_min);
    tell_number(m, uri, "NumberOfSecondRetries", m->server.poll.second_retries);
    tell_number(m, uri, "IntervalForSecondSetOfRetries", m->server.poll.second_interval_min);
    tell_number(m, uri, "NumberOfRemainingScheduledRetries", m->server.poll.remaining_retries);
    tell_number(m, uri, "IntervalForRemainingScheduledRetries", m->server.poll.remaining_interval_min);
}

/* ---- actions ---- */

static int store_files(struct managing *m, const struct dm_account_file *files, size_t n_files)
{
    int r = dm_store_commit(m->store, &m->account, files, n_files);

    return r < 0 ? dm_error_set(m->error, r, "The account cannot be written: %s.", strerror(-r)) : 0;
}

static int keep_nonce(struct managing *m, struct dm_appauth *auth, const struct dm_action *action)
{
    int r;

    if (action->nonce.n_bytes > DM_SECRET_SIZE / 4 * 3 - 3)
        return dm_error_set(m->error, -E2BIG, "The server's nonce is too long.");
    auth->nonce_used = action->nonce_used;
    dm_base64_encode(action->nonce.bytes, action->nonce.n_bytes, auth->nonce, sizeof(auth->nonce));
    r = dm_managed_keep_server(m->store, &m->account, &m->server);
    return r < 0 ? dm_error_set(m->error, r, "The account cannot be written: %s.", strerror(-r)) : 0;
}

/* With the roots that the server put into the tree beside those that came with the certificate: all for mvpn alone. */
static int keep_tree(struct managing *m)
{
    _cleanup_free_ char *more = dm_store_roots_pem(m->tree), *all = NULL;
    char *text = dm_tree_save(m->tree);
    int r = -ENOMEM;

    if (text && more && (!more[0] || asprintf(&all, "%s%s", m->roots_pem, more) >= 0)) {
        const struct dm_account_file files[] = { { "tree", text, strlen(text), 0600 },
            { "roots/" DM_MANAGED_ROOTS ".pem", all, all ? strlen(all) : 0, 0640 } };

        r = store_files(m, files, 2);
    } else {
        dm_error_set(m->error, r, "No memory.");
    }
    dm_secret_free(text, text ? strlen(text) : 0);
    return r;
}

/* As the tree on the disk says by now, which names the roots as well. */
static int apply_policy(struct managing *m)
{
    _cleanup_free_ char *text = NULL;
    int r = m->hooks->apply ? dm_managed_policy(m->store, &text, m->error) : 0;

    if (r < 0 || !text)
        return r;
    r = m->hooks->apply(m->hooks->job->userdata, text, m->error);
    (void)dm_store_load(m->store, &m->account); /* what became of it is noted there */
    return r;
}

static void obey(struct managing *m, const struct dm_order *order)
{
    switch (order->exec) {
    case DM_EXEC_NONE:
    case DM_EXEC_SCEP_ENROLL: /* there is no SCEP yet; the node's status says so */
        break;
    case DM_EXEC_RECONNECT:
        m->result.reconnect = true;
        break;
    case DM_EXEC_UNENROLL:
        m->result.unenroll = true;
        break;
    case DM_EXEC_RENEW:
        m->result.renew = true;
        break;
    }
}

static void explain_status(unsigned status, struct dm_error *error)
{
    if (status >= 300 && status < 400)
        dm_error_set(error, -EPROTO, "The management server sends us elsewhere (%u), which is not followed.", status);
    else if (status == 401 || status == 403)
        dm_error_set(error, -EACCES, "The management server does not know this device's certificate (%u).", status);
    else if (status >= 500)
        dm_error_set(error, -EPROTO, "The management server is in trouble (%u).", status);
    else
        dm_error_set(error, -EPROTO, "There is no management server at this address (%u).", status);
}

static bool is_general(const char *content_type)
{
    static const char *const names[] = { "application/octet-stream", "application/xml", "text/xml", "text/plain" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncasecmp(content_type, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static int receive(struct managing *m, const struct dm_answer *answer)
{
    struct dm_message *message = NULL;
    enum dm_encoding encoding = m->encoding;
    struct dm_error problem = { 0 };

    if (answer->status != 200) {
        explain_status(answer->status, &problem);
        dm_session_fail(m->session, DM_END_UNREACHABLE, problem.text);
        return 0;
    }
    /* no type, or a general one, says nothing; one that is neither of SyncML's is a page for somebody else */
    if (!dm_encoding_of(answer->content_type, &encoding) && answer->content_type[0] && !is_general(answer->content_type))
        dm_error_set(&problem, -EPROTO, "The management server sent no SyncML but %.60s.", answer->content_type);
    else
        (void)dm_message_parse(encoding, answer->body, answer->body_bytes, &message, &problem);
    if (!message) {
        dm_session_fail(m->session, DM_END_PROTOCOL, problem.text);
        return 0;
    }
    dm_session_receive(m->session, message, answer->body, answer->body_bytes, answer->hmac[0] ? answer->hmac : NULL);
    dm_message_free(message);
    return 0;
}

static int send_message(struct managing *m, const struct dm_action *action)
{
    const char *media_type = dm_encoding_media_type(m->encoding);
    struct dm_exchange exchange = { .post = true, .content_type = media_type, .accept = media_type,
        .body = action->text, .body_bytes = action->n_bytes, .hmac = action->hmac, .with_certificate = true,
        .answer_bytes_max = ANSWER_BYTES_MAX };
    struct dm_error problem = { 0 };
    struct dm_answer answer;

    if ((size_t)snprintf(exchange.url, sizeof(exchange.url), "%s", action->uri) >= sizeof(exchange.url))
        return dm_error_set(m->error, -EINVAL, "The management server's address is too long.");
    if (dm_http_do(m->http, &exchange, &answer, &problem) < 0) {
        dm_session_fail(m->session, DM_END_UNREACHABLE, problem.text);
        return 0;
    }
    return receive(m, &answer);
}

static int carry_out(struct managing *m, struct dm_action *action)
{
    switch (action->kind) {
    case DM_ACTION_SEND:
        return send_message(m, action);
    case DM_ACTION_KEEP_CLIENT_NONCE:
        return keep_nonce(m, &m->server.client, action);
    case DM_ACTION_KEEP_SERVER_NONCE:
        return keep_nonce(m, &m->server.server, action);
    case DM_ACTION_LOG:
        if (m->hooks->job->log)
            m->hooks->job->log(m->hooks->job->userdata, action->text);
        dm_error_set(m->error, 0, "%.150s", action->text); /* the last one is why it ended */
        return 0;
    case DM_ACTION_EXECUTE:
        obey(m, &action->order);
        return 0;
    case DM_ACTION_KEEP_TREE:
        return keep_tree(m);
    case DM_ACTION_APPLY_POLICY:
        return apply_policy(m);
    case DM_ACTION_OVER:
        m->end = action->end;
        m->over = true;
        return 0;
    }
    return 0;
}

static bool should_stop(void *userdata)
{
    struct managing *m = userdata;

    return clock_monotonic_usec() >= m->end_at_usec || (m->hooks->job->stop && m->hooks->job->stop(m->hooks->job->userdata));
}

static void run_session(struct managing *m)
{
    struct dm_action action;

    dm_session_start(m->session);
    while (!m->over && dm_session_next(m->session, &action)) {
        int r = carry_out(m, &action);

        dm_action_free(&action);
        if (r < 0) {
            dm_session_fail(m->session, DM_END_LOCAL, m->error->text);
            m->end = DM_END_LOCAL;
        }
        if (should_stop(m) && !m->over)
            dm_session_fail(m->session, DM_END_ABORTED, "The session was stopped, or took too long.");
    }
}

/* ---- beginning ---- */

static void fill_random(void *userdata, uint8_t *bytes, size_t n_bytes)
{
    (void)userdata;
    if (RAND_bytes(bytes, (int)n_bytes) != 1)
        abort(); /* a nonce that can be guessed is worse than no session */
}

static struct dm_credentials credentials_of(const struct dm_appauth *auth)
{
    static const enum dm_auth kinds[] = { [DM_PROOF_TLS] = DM_AUTH_NONE, [DM_PROOF_BASIC] = DM_AUTH_BASIC, [DM_PROOF_MD5] = DM_AUTH_MD5,
        [DM_PROOF_HMAC] = DM_AUTH_HMAC };
    struct dm_credentials credentials = {
        .auth = kinds[auth->proof], .user = auth->user, .password = auth->secret, .nonce_used = auth->nonce_used
    };

    (void)dm_nonce_decode(auth->nonce, "b64", &credentials.nonce);
    return credentials;
}

static int begin(struct managing *m, const struct dm_manage_start *start)
{
    const struct dm_policy_names names = { m->account.name, m->account.name, m->account.name, NULL };
    struct dm_session_settings settings = { .tree = m->tree,
        .server_id = m->server.provider_id,
        .origins = { .own = m->server.address },
        .session_id = m->session_id,
        .device_id = m->device_id,
        .encoding = m->encoding,
        .by_server = start->cause == DM_MANAGE_NOTIFIED,
        .offer_nonce = m->server.server.proof == DM_PROOF_MD5 && m->server.server.secret[0],
        .allow_basic = m->server.client.proof == DM_PROOF_BASIC,
        .client = credentials_of(&m->server.client),
        .server = credentials_of(&m->server.server),
        .policy_names = &names,
        .random = fill_random };

    if (m->server.client.proof == DM_PROOF_BASIC)
        settings.client.auth = DM_AUTH_NONE; /* a password is sent when the server has asked for it, not before */
    if (m->server.server.proof != DM_PROOF_HMAC)
        settings.server.auth = DM_AUTH_NONE; /* its certificate has shown already who it is */
    m->session = dm_session_new(&settings);
    if (!m->session)
        return -ENOMEM;
    if (start->cause == DM_MANAGE_GOODBYE && dm_session_alert(m->session, "com.microsoft:mdm.unenrollment.userrequest", "int", NULL, "1") < 0)
        return -ENOMEM;
    run_session(m);
    return 0;
}

static void clear(struct managing *m)
{
    dm_session_free(m->session);
    dm_http_free(m->http);
    dm_tree_free(m->tree);
    free(m->roots_pem);
    free(m->server_roots_pem);
    free(m->certificate_pem);
    dm_secret_free(m->key_pem, m->key_bytes);
    explicit_bzero(&m->server, sizeof(m->server));
}

static int prepare(struct managing *m, const struct dm_manage_start *start)
{
    bool fresh = false;
    int r = dm_managed_load_tree(m->store, &m->tree, &fresh, m->error);

    if (r == 0)
        r = read_credentials(m);
    if (r == 0)
        r = dm_http_new(&m->trust, &m->http);
    if (r < 0)
        return m->error->text[0] ? r : dm_error_set(m->error, r, "The session cannot begin: %s.", strerror(-r));
    m->end_at_usec = clock_monotonic_usec() + (start->cause == DM_MANAGE_GOODBYE ? GOODBYE_USEC_MAX : SESSION_USEC_MAX);
    dm_http_set_stop(m->http, should_stop, m);
    m->encoding = m->server.wbxml ? DM_ENCODING_WBXML : DM_ENCODING_XML;
    snprintf(m->device_id, sizeof(m->device_id), "urn:mvpn:%s", m->account.device);
    snprintf(m->session_id, sizeof(m->session_id), "%X", start->cause == DM_MANAGE_NOTIFIED ? start->session_id : ++m->account.n_begun);
    r = dm_store_commit(m->store, &m->account, NULL, 0); /* no session has the id of another, whatever becomes of this one */
    if (r < 0)
        return dm_error_set(m->error, r, "The account cannot be written: %s.", strerror(-r));
    tell_device(m);
    tell_status(m);
    tell_account(m, fresh);
    return 0;
}

int dm_manage_run(struct dm_store *store, const struct dm_manage_hooks *hooks, const struct dm_manage_start *start,
    struct dm_manage_result *ret, struct dm_error *error)
{
    struct managing m = { .store = store, .hooks = hooks, .error = error, .end = DM_END_LOCAL };
    int r = dm_store_load(store, &m.account);

    *ret = (struct dm_manage_result){ 0 };
    if (r < 0)
        return dm_error_set(error, r, "This device is not enrolled.");
    r = dm_managed_load_server(store, &m.server);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return dm_error_set(error, r, "What is known of the management server is damaged. Enrol again after 'mvpnctl unenroll'.");
    r = prepare(&m, start);
    if (r == 0)
        r = begin(&m, start);
    *ret = m.result;
    if (r == 0 && m.end != DM_END_DONE)
        r = error->text[0] ? -ECONNABORTED : dm_error_set(error, -ECONNABORTED, "The session ended early: %s.", dm_end_name(m.end));
    clear(&m);
    return r;
}
