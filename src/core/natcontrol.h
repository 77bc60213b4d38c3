/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * RFC 5780, 4.6 without any waiting: one socket learns its mapped port, another one has the server answer to it, at once. As the first thing it
 * tells whether the method works at all; later, beside a failure, that it was not the way or the server that failed.
 * Never sends, never reads a clock, concludes nothing about lifetimes.
 */
#include "core/event.h"
#include "core/natsocket.h"

#define NATCONTROL_SLOT       0 /* learns, and is to be reached */
#define NATCONTROL_ASKER_SLOT 1 /* asks; also for all other sockets */

enum natcontrol_phase { NATCONTROL_PHASE_IDLE, NATCONTROL_PHASE_LEARN, NATCONTROL_PHASE_ASK };

struct natcontrol {
    enum natcontrol_phase phase;
    uint32_t n_tries, n_again;
    uint32_t first_tag; /* of this phase: what is older answers nothing here */
    usec_t due_at_usec, sent_at_usec;
    struct ip_addr mapped, asker; /* of either socket, as the server saw them last */
    uint16_t mapped_port;
};

enum natcontrol_step {
    NATCONTROL_STEP_NOTHING,
    NATCONTROL_STEP_LEARN, /* a Binding request from NATCONTROL_SLOT */
    NATCONTROL_STEP_ASK, /* one from NATCONTROL_ASKER_SLOT, to be answered to mapped_port */
    NATCONTROL_STEP_BAD, /* nothing came: it is over */
};

enum natcontrol_news {
    NATCONTROL_NEWS_NONE,
    NATCONTROL_NEWS_GOOD, /* it is over */
    NATCONTROL_NEWS_ECHOED, /* the answer went to where the question came from; it is over */
};

/* Unless one is under way. next_tag: the next new tag. */
void natcontrol_begin(struct natcontrol *control, usec_t now_usec, uint32_t next_tag);
void natcontrol_stop(struct natcontrol *control);

/* What is to be done now; a new tag is used where the step is LEARN or ASK. */
enum natcontrol_step natcontrol_step(struct natcontrol *control, usec_t now_usec, const struct natline *line);

/* An answer at one of the two slots. */
enum natcontrol_news natcontrol_answer(
    struct natcontrol *control, usec_t now_usec, const struct probe_answer *answer, uint32_t next_tag, struct natline *line);

/* The mapping of NATCONTROL_SLOT is not known any more. */
void natcontrol_unlearn(struct natcontrol *control, usec_t now_usec, uint32_t next_tag);

usec_t natcontrol_deadline(const struct natcontrol *control); /* USEC_INFINITY: none */
