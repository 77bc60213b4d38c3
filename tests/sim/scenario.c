/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and runs scenario files. Decides nothing about the core: it pushes what the file says and compares what the file expects.
 */
#include "sim/scenario.h"

#include "base/macro.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_DEPTH_MAX 4

static void run_file(struct scenario *s, const char *path, unsigned depth);

void scenario_fail(struct scenario *s, const char *format, ...)
{
    va_list ap;

    s->n_failures++;
    fprintf(stderr, "%s:%u: ", s->file, s->line);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    if (s->begun)
        fprintf(stderr, " [%s (%s)]", state_name(s->sim.mirror.status.state),
            reason_name(s->sim.mirror.status.reason));
    fputc('\n', stderr);
}

char *scenario_word(char **p)
{
    char *word;

    while (isspace((unsigned char)**p))
        (*p)++;
    if (!**p)
        return NULL;
    word = *p;
    while (**p && !isspace((unsigned char)**p))
        (*p)++;
    if (**p)
        *(*p)++ = '\0';
    return word;
}

/* ---- macros ---- */

static const char *find_let(const struct scenario *s, const char *name, size_t length)
{
    for (uint32_t i = s->n_lets; i-- > 0;)
        if (strlen(s->lets[i].name) == length && strncmp(s->lets[i].name, name, length) == 0)
            return s->lets[i].words;
    return NULL;
}

/* The ids that events must carry. */
static const char *find_id(const struct scenario *s, const char *name, size_t length, char *buf, size_t size)
{
    const struct mirror *m = &s->sim.mirror;
    uint32_t id;

    if (length == 7 && strncmp(name, "attempt", length) == 0)
        id = m->attempt.attempt;
    else if (length == 7 && strncmp(name, "request", length) == 0)
        id = m->n_requests ? m->requests[m->n_requests - 1].id : 0;
    else if (length == 5 && strncmp(name, "fetch", length) == 0)
        id = m->fetch.id;
    else
        return NULL;
    snprintf(buf, size, "%u", id);
    return buf;
}

/* Replaces $NAME, repeatedly, so that macros may use macros. */
static bool expand(struct scenario *s, const char *line, char *ret, size_t size, unsigned depth)
{
    struct strbuf out;
    bool again = false;
    char id[16];

    strbuf_init(&out, ret, size);
    while (*line) {
        if (*line != '$') {
            strbuf_add(&out, "%c", *line++);
            continue;
        }
        size_t length = strspn(line + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        const char *words = find_id(s, line + 1, length, id, sizeof(id));
        if (!words)
            words = find_let(s, line + 1, length);
        if (!words) {
            scenario_fail(s, "nothing is called $%.*s", (int)length, line + 1);
            return false;
        }
        again |= strchr(words, '$') != NULL;
        strbuf_add(&out, "%s", words);
        line += length + 1;
    }
    if (out.truncated || depth > 8) {
        scenario_fail(s, "the line is too long, or its macros never end");
        return false;
    }
    if (again) {
        char *copy = strdup(ret);
        bool good = copy && expand(s, copy, ret, size, depth + 1);
        free(copy);
        return good;
    }
    return true;
}

static void do_let(struct scenario *s, char *p)
{
    char *name = scenario_word(&p);

    if (!name || s->n_lets == SCENARIO_LETS_MAX || strlen(name) >= sizeof(s->lets[0].name) ||
        strlen(p) >= LET_SIZE) {
        scenario_fail(s, "let NAME WORDS...");
        return;
    }
    strcpy(s->lets[s->n_lets].name, name);
    strcpy(s->lets[s->n_lets].words, p);
    s->n_lets++;
}

/* ---- events ---- */

static void note_actions(struct scenario *s)
{
    const struct action_list *list = &s->sim.mirror.actions;

    for (uint32_t i = 0; i < list->n_actions && s->n_did < SCENARIO_DID_MAX; i++)
        s->did[s->n_did++] = list->actions[i];
    if (s->sim.mirror.violation[0]) {
        scenario_fail(s, "invariant: %s", s->sim.mirror.violation);
        s->sim.mirror.violation[0] = '\0';
    }
}

static void push(struct scenario *s, const struct event *event)
{
    s->n_did = 0;
    simulation_step(&s->sim, event);
    note_actions(s);
}

static void do_event(struct scenario *s, const char *line)
{
    static struct record_storage storage;
    struct event event;
    usec_t now_usec = s->sim.mirror.now_usec;

    if (record_parse_event(line, &now_usec, &storage, &event) < 0) {
        scenario_fail(s, "neither a command nor an event: %.60s", line);
        return;
    }
    if (now_usec < s->sim.mirror.now_usec) {
        scenario_fail(s, "time goes back");
        return;
    }
    s->sim.mirror.now_usec = now_usec;
    push(s, &event);
}

static void do_begin(struct scenario *s, const char *line)
{
    struct policy policy;
    uint64_t seed;

    if (s->begun || record_parse_begin(line, &seed, &policy) < 0 ||
        !simulation_init(&s->sim, &policy, seed, NULL)) {
        scenario_fail(s, "begin seed=N POLICY..., once");
        return;
    }
    s->begun = true;
}

static void do_time(struct scenario *s, const char *word)
{
    usec_t span_usec, until_usec;

    if (usec_parse(word + 1, &span_usec) < 0) {
        scenario_fail(s, "not a span of time: %s", word);
        return;
    }
    s->n_did = 0;
    until_usec = usec_add(s->sim.mirror.now_usec, span_usec);
    while (simulation_next(&s->sim) <= until_usec && !s->n_failures) {
        simulation_advance(&s->sim, until_usec, 1);
        note_actions(s);
    }
    simulation_advance(&s->sim, until_usec, 0);
}

/* ---- answers ---- */

static void answer_request(struct scenario *s, enum event_type type, char *p)
{
    struct event event = { .type = type };
    struct resolved *resolved = type == EVENT_RESOLVERS ? &event.resolvers : &event.resolved;
    const struct mirror *m = &s->sim.mirror;
    char *word;

    if (m->n_requests == 0)
        scenario_fail(s, "nobody asked");
    else
        resolved->id = m->requests[m->n_requests - 1].id;
    while ((word = scenario_word(&p)) && strcmp(word, "none") != 0) {
        if (resolved->n_addrs == RESOLVED_ADDRS_MAX ||
            ip_addr_parse(word, &resolved->addrs[resolved->n_addrs++]) < 0)
            scenario_fail(s, "not an address: %s", word);
    }
    push(s, &event);
}

static void answer_attempt(struct scenario *s, const char *what, char *p)
{
    const struct mirror *m = &s->sim.mirror;
    char line[1024], local[IP_ADDR_TEXT_SIZE], remote[IP_ADDR_TEXT_SIZE];

    if (strcmp(what, "established") == 0)
        snprintf(line, sizeof(line), "ike-established attempt=%u local=%s remote=%s %s", m->attempt.attempt,
            ip_addr_format(&m->attempt.local, local, sizeof(local)),
            ip_addr_format(&m->attempt.remote, remote, sizeof(remote)), p);
    else if (strcmp(what, "moved") == 0)
        snprintf(line, sizeof(line), "ike-moved local=%s remote=%s nat=%s moved=%s",
            ip_addr_format(&m->migrate.local, local, sizeof(local)),
            ip_addr_format(&m->migrate.remote, remote, sizeof(remote)), m->tunnel.nat ? "yes" : "no", p);
    else if (strcmp(what, "answered") == 0)
        snprintf(line, sizeof(line), "ike-answered attempt=%u %s", m->attempt.attempt, p);
    else
        snprintf(line, sizeof(line), "ike-%s attempt=%u reason=%s", what, m->attempt.attempt, p);
    do_event(s, line);
}

static void do_answer(struct scenario *s, char *p)
{
    char *what = scenario_word(&p);

    if (!what)
        scenario_fail(s, "answer what?");
    else if (strcmp(what, "servers") == 0)
        answer_request(s, EVENT_RESOLVERS, p);
    else if (strcmp(what, "name") == 0)
        answer_request(s, EVENT_RESOLVED, p);
    else
        answer_attempt(s, what, p);
}

/* ---- the world ---- */

static void do_flow(struct scenario *s, char *p)
{
    static const char *const words[] = { [FLOW_NONE] = "none", [FLOW_OUT] = "out", [FLOW_BOTH] = "both" };
    char *word = scenario_word(&p);

    for (unsigned i = 0; word && i < ELEMENTSOF(words); i++) {
        if (strcmp(words[i], word) == 0) {
            simulation_set_flow(&s->sim, (enum flow)i);
            return;
        }
    }
    scenario_fail(s, "flow none|out|both");
}

static void do_path(struct scenario *s, char *p)
{
    char *word = scenario_word(&p);

    if (word && (strcmp(word, "alive") == 0 || strcmp(word, "dead") == 0))
        simulation_set_path(&s->sim, word[0] == 'a');
    else
        scenario_fail(s, "path alive|dead");
}

/* A comment; but in a record that is being verified: what mvpnd's core made of the event before it. */
static void do_comment(struct scenario *s, const char *line)
{
    char wanted[1024];
    struct strbuf out;

    if (!s->verify || !strstr(line, " ("))
        return;
    strbuf_init(&out, wanted, sizeof(wanted));
    record_format_outcome(
        s->sim.mirror.status.state, s->sim.mirror.status.reason, &s->sim.mirror.actions, &out);
    if (strcmp(line, wanted) != 0)
        scenario_fail(s, "the record says \"%s\", but now it is \"%s\"", line + 2, wanted + 2);
}

static void do_include(struct scenario *s, char *p, unsigned depth)
{
    char *name = scenario_word(&p), *copy = strdup(s->file), path[4096];
    const char *file = s->file;
    unsigned line = s->line;

    if (name && copy && depth < INCLUDE_DEPTH_MAX) {
        snprintf(path, sizeof(path), "%s/%s", dirname(copy), name);
        run_file(s, path, depth + 1);
    } else {
        scenario_fail(s, "include FILE");
    }
    free(copy);
    s->file = file;
    s->line = line;
}

static void run_command(struct scenario *s, char *line, unsigned depth)
{
    char *copy = strdup(line), *p = copy, *word = copy ? scenario_word(&p) : NULL;

    if (!word) {
        free(copy);
        return;
    }
    if (strcmp(word, "include") == 0)
        do_include(s, p, depth);
    else if (strcmp(word, "begin") == 0)
        do_begin(s, line);
    else if (!s->begun)
        scenario_fail(s, "before \"begin\" only include and let: %s", word);
    else if (strcmp(word, "answer") == 0)
        do_answer(s, p);
    else if (strcmp(word, "expect") == 0)
        scenario_expect(s, p);
    else if (strcmp(word, "flow") == 0)
        do_flow(s, p);
    else if (strcmp(word, "path") == 0)
        do_path(s, p);
    else if (strcmp(word, "mark") == 0)
        memcpy(s->marked, s->sim.mirror.n_done, sizeof(s->marked));
    else if (strcmp(word, "verify") == 0)
        s->verify = true;
    else if (strcmp(word, "firewall") == 0)
        s->sim.mirror.firewall_fails = true;
    else if (strcmp(word, "disk") == 0)
        s->sim.mirror.store_fails = strstr(p, "full") != NULL;
    else if (word[0] == '+')
        do_time(s, word);
    else
        do_event(s, line);
    free(copy);
}

static void run_line(struct scenario *s, char *line, unsigned depth)
{
    static const size_t size = RECORD_LINE_MAX_BYTES;
    char *text, *p = line;
    size_t length = strlen(line);

    while (length && isspace((unsigned char)line[length - 1]))
        line[--length] = '\0';
    if (line[0] == '#') {
        do_comment(s, line);
        return;
    }
    p = strstr(line, " #");
    if (p)
        *p = '\0';
    if (strncmp(line, "let ", 4) == 0) {
        do_let(s, line + 4);
        return;
    }
    text = malloc(size);
    if (text && expand(s, line, text, size, 0))
        run_command(s, text, depth);
    free(text);
}

static void run_file(struct scenario *s, const char *path, unsigned depth)
{
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;

    if (!f) {
        scenario_fail(s, "%s: %s", path, strerror(errno));
        return;
    }
    s->file = path;
    s->line = 0;
    while (getline(&line, &size, f) >= 0 && s->n_failures < 10) {
        s->line++;
        run_line(s, line, depth);
        s->file = path;
    }
    free(line);
    fclose(f);
}

unsigned scenario_run(const char *path)
{
    struct scenario *s = calloc(1, sizeof(*s));
    unsigned n_failures;

    if (!s || !(s->lets = calloc(SCENARIO_LETS_MAX, sizeof(*s->lets)))) {
        free(s);
        return 1;
    }
    s->file = path;
    run_file(s, path, 0);
    if (!s->begun)
        scenario_fail(s, "the scenario never begins");
    n_failures = s->n_failures;
    if (n_failures && s->begun)
        simulation_print_end(&s->sim, stderr);
    if (s->begun)
        simulation_done(&s->sim);
    free(s->lets);
    free(s);
    return n_failures;
}
