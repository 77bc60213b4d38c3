/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every claim is made by the moments that leave least: the mapping was refreshed as late as it can have been, and an answer says that it
 * lived until its request was sent. So a clock that jumped ahead in sleep, a slow radio or a late timer can only make a claim smaller.
 */
#include "core/natsocket.h"

#include "base/macro.h"

#define FIRST_RESEND_USEC  MSEC(500) /* before a round trip has been seen */
#define LEAST_RESEND_USEC  MSEC(120)
#define TRIES_MAX          12
#define DISTURBANCES_MAX   3
#define VERDICT_USEC       MSEC(300) /* from the last send to the verdict, at least */
#define LATE_USEC          SEC(1) /* a timer that comes so late slept: the answer may be there, unread */
#define EARLY_USEC         MSEC(350) /* the quick sends, and some */

static const usec_t calm_sends_usec[] = { 0, MSEC(100), MSEC(200), MSEC(800) };
static const usec_t lossy_sends_usec[] = { 0, MSEC(40), MSEC(80), MSEC(120), MSEC(160), MSEC(200), MSEC(800) };
_Static_assert(ELEMENTSOF(lossy_sends_usec) < NATSOCKET_ASKS_MAX, "one more after a late timer");

usec_t natline_early(const struct natline *line)
{
    return EARLY_USEC + line->round_trip_usec;
}

usec_t natline_resend(const struct natline *line)
{
    return line->round_trip_usec ? MAX_OF(2 * line->round_trip_usec, LEAST_RESEND_USEC) : FIRST_RESEND_USEC;
}

static void judge_line(struct natline *line)
{
    line->lossy = line->n_lost >= 2 && line->n_lost * 25 > line->n_lost + line->n_answered;
}

void natline_note_round_trip(struct natline *line, usec_t round_trip_usec)
{
    line->round_trip_usec = MAX_OF(line->round_trip_usec, MIN_OF(round_trip_usec, SEC(1)));
}

void natsocket_open(struct natsocket *socket, usec_t now_usec, usec_t target_usec, bool below)
{
    *socket = (struct natsocket){
        .phase = NATSOCKET_PHASE_CONDITIONING,
        .target_usec = target_usec,
        .below = below,
        .due_at_usec = now_usec,
    };
}

static enum natsocket_step condition(struct natsocket *socket, usec_t now_usec, uint32_t tag, struct natline *line)
{
    if (socket->n_tries == TRIES_MAX) {
        socket->due_at_usec = USEC_INFINITY;
        return socket->n_answers ? NATSOCKET_STEP_VOID : NATSOCKET_STEP_UNHEARD;
    }
    socket->n_tries++;
    socket->tag_before = socket->tag;
    socket->tag = tag;
    socket->sent_at_usec = now_usec;
    socket->due_at_usec = usec_add(now_usec, natline_resend(line));
    if (socket->n_answers && socket->n_tries > 1)
        line->n_lost++;
    return NATSOCKET_STEP_SEND;
}

static enum natsocket_step send_ask(struct natsocket *socket, usec_t now_usec, uint32_t tag)
{
    socket->ask_tags[socket->n_asks] = tag;
    socket->ask_silence_usec[socket->n_asks++] = usec_sub(now_usec, socket->quiet_since_usec);
    return NATSOCKET_STEP_ASK;
}

static usec_t patience(const struct natline *line)
{
    return MAX_OF(line->round_trip_usec * 3 / 2, VERDICT_USEC);
}

/* A mapping that did not live as long as the device slept may have lived for what was to be asked about. */
static bool is_late(const struct natsocket *socket)
{
    return socket->asked_again || socket->ask_silence_usec[0] > usec_add(socket->target_usec, LATE_USEC);
}

static enum natsocket_step ask(struct natsocket *socket, usec_t now_usec, uint32_t tag, const struct natline *line)
{
    const usec_t *sends_usec = line->lossy ? lossy_sends_usec : calm_sends_usec;
    uint32_t n_sends = line->lossy ? ELEMENTSOF(lossy_sends_usec) : ELEMENTSOF(calm_sends_usec);

    if (socket->n_asks < n_sends && !socket->asked_again) {
        if (socket->n_asks == 0)
            socket->asked_at_usec = now_usec;
        send_ask(socket, now_usec, tag);
        socket->due_at_usec = socket->n_asks < n_sends ? usec_add(socket->asked_at_usec, sends_usec[socket->n_asks])
                                                       : usec_add(now_usec, patience(line));
        return NATSOCKET_STEP_ASK;
    }
    if (usec_sub(now_usec, socket->due_at_usec) > LATE_USEC && !socket->asked_again && socket->n_asks < NATSOCKET_ASKS_MAX) {
        socket->asked_again = true;
        socket->due_at_usec = usec_add(now_usec, patience(line));
        return send_ask(socket, now_usec, tag);
    }
    socket->phase = NATSOCKET_PHASE_OVER;
    socket->due_at_usec = USEC_INFINITY;
    return is_late(socket) ? NATSOCKET_STEP_LATE : NATSOCKET_STEP_OVER;
}

enum natsocket_step natsocket_step(struct natsocket *socket, usec_t now_usec, uint32_t tag, struct natline *line)
{
    if (now_usec < socket->due_at_usec)
        return NATSOCKET_STEP_NOTHING;
    switch (socket->phase) {
    case NATSOCKET_PHASE_CONDITIONING:
        return condition(socket, now_usec, tag, line);
    case NATSOCKET_PHASE_QUIET:
        socket->phase = NATSOCKET_PHASE_ASKING;
        return ask(socket, now_usec, tag, line);
    case NATSOCKET_PHASE_ASKING:
        return ask(socket, now_usec, tag, line);
    case NATSOCKET_PHASE_CLOSED:
    case NATSOCKET_PHASE_OVER:
        break;
    }
    return NATSOCKET_STEP_NOTHING;
}

static void be_quiet(struct natsocket *socket, usec_t since_usec, const struct natline *line)
{
    usec_t early_usec = socket->below ? natline_early(line) : 0;

    socket->phase = NATSOCKET_PHASE_QUIET;
    socket->quiet_since_usec = since_usec;
    socket->due_at_usec = usec_add(since_usec, usec_sub(socket->target_usec, early_usec));
}

/* The mapping is another one than before: what was exchanged until now conditioned nothing. */
static bool is_another_mapping(const struct natsocket *socket, const struct ip_addr *mapped, uint16_t mapped_port)
{
    return socket->n_answers && (!ip_addr_equal(&socket->mapped, mapped) || socket->mapped_port != mapped_port);
}

static enum natsocket_news disturbed(struct natsocket *socket)
{
    return ++socket->n_disturbed > DISTURBANCES_MAX ? NATSOCKET_NEWS_VOID : NATSOCKET_NEWS_NONE;
}

static enum natsocket_news conditioned(struct natsocket *socket, usec_t now_usec, uint32_t tag, const struct ip_addr *mapped,
    uint16_t mapped_port, struct natline *line)
{
    enum natsocket_news news = NATSOCKET_NEWS_NONE;
    bool last = tag == socket->tag;

    if (tag != socket->tag && tag != socket->tag_before)
        return disturbed(socket);
    if (last)
        natline_note_round_trip(line, usec_sub(now_usec, socket->sent_at_usec));
    line->n_answered++;
    judge_line(line);
    if (is_another_mapping(socket, mapped, mapped_port)) {
        news = disturbed(socket);
        socket->n_answers = 0;
    }
    socket->mapped = *mapped;
    socket->mapped_port = mapped_port;
    if (socket->n_answers++ == 0)
        socket->first_answer_at_usec = now_usec;
    socket->n_tries = 0;
    if (socket->n_answers >= NATSOCKET_EXCHANGES &&
        socket->sent_at_usec >= usec_add(socket->first_answer_at_usec, NATSOCKET_CONDITION_USEC)) {
        /* A repeated request may still be on its way out. */
        be_quiet(socket, last ? now_usec : MAX_OF(now_usec, usec_add(socket->sent_at_usec, line->round_trip_usec)), line);
        return news;
    }
    socket->due_at_usec = MAX_OF(now_usec,
        usec_add(socket->first_answer_at_usec,
            socket->n_answers == 1 ? NATSOCKET_CONDITION_USEC / 2 : NATSOCKET_CONDITION_USEC + MSEC(20)));
    return news;
}

bool natsocket_asked(const struct natsocket *socket, uint32_t tag)
{
    for (uint32_t i = 0; i < socket->n_asks; i++)
        if (socket->ask_tags[i] == tag)
            return true;
    return false;
}

static enum natsocket_news asked(const struct natsocket *socket, uint32_t tag, struct natline *line, usec_t *ret_silence_usec)
{
    for (uint32_t i = 0; i < socket->n_asks; i++) {
        if (socket->ask_tags[i] == tag) {
            line->n_answered++;
            judge_line(line);
            /* An answer to an earlier send may have refreshed the mapping and then been lost: only the first one's silence is certain. */
            *ret_silence_usec = socket->ask_silence_usec[0];
            return NATSOCKET_NEWS_ALIVE;
        }
    }
    return NATSOCKET_NEWS_VOID; /* something else came through first: what is refreshed cannot be asked about */
}

enum natsocket_news natsocket_answer(struct natsocket *socket, usec_t now_usec, uint32_t tag, const struct ip_addr *mapped,
    uint16_t mapped_port, struct natline *line, usec_t *ret_silence_usec)
{
    switch (socket->phase) {
    case NATSOCKET_PHASE_CONDITIONING:
        return conditioned(socket, now_usec, tag, mapped, mapped_port, line);
    case NATSOCKET_PHASE_QUIET:
        be_quiet(socket, now_usec, line);
        return disturbed(socket);
    case NATSOCKET_PHASE_ASKING:
    case NATSOCKET_PHASE_OVER:
        return asked(socket, tag, line, ret_silence_usec);
    case NATSOCKET_PHASE_CLOSED:
        break;
    }
    return NATSOCKET_NEWS_NONE;
}
