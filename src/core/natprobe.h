/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Measures how long the NAT (or the stateful firewall) on the way keeps an idle UDP mapping: STUN with RESPONSE-PORT (RFC 5780, 4.6).
 *   1. Does it work at all? Socket 0 learns its mapped port; socket 1 asks the server to answer to that port, at once. An answer at socket 0:
 *      yes. At socket 1: the server does not do it. Nothing: filtered. The same is the control beside every failure.
 *   2. The ladder: sockets 2 and up, one a rung, conditioned together, silent in parallel, asked when their silence is over (natladder.h,
 *      natsocket.h). Done after the lifetime itself, not after a sum.
 *   3. What was found is published, and then confirmed with two fresh sockets: a lifetime that has changed meanwhile, or that is none, shows.
 * Where it is known already (`known_usec`), step 2 is left out unless the confirmation fails.
 * An engine without callbacks: tell it what happened, then take what it wants with natprobe_next() until there is nothing, and come back at
 * natprobe_deadline(). Never reads a clock, never sends, never decides the keepalive's interval.
 */
#include "core/event.h"
#include "core/natcontrol.h"
#include "core/natladder.h"
#include "core/natsocket.h"

struct natprobe_settings {
    usec_t floor_usec; /* a shorter lifetime needs no exact value: the interval is at its minimum */
    usec_t top_usec; /* likewise a longer one */
    usec_t known_usec; /* to be confirmed; 0: to be measured */
    struct ip_addr local; /* of the sockets */
};

enum natprobe_phase { NATPROBE_PHASE_IDLE, NATPROBE_PHASE_CAPABILITY, NATPROBE_PHASE_LADDER, NATPROBE_PHASE_CONFIRM };

enum natprobe_word {
    NATPROBE_WORD_UNSUPPORTED, /* the server does not know RESPONSE-PORT: over */
    NATPROBE_WORD_FILTERED, /* nothing comes back to another socket's request, or at all: over */
    NATPROBE_WORD_ASLEEP, /* the device sleeps through what is to be asked: over */
    NATPROBE_WORD_BELOW, /* .lifetime is shorter than that; more will follow */
    NATPROBE_WORD_MEASURED, /* .lifetime: at least; USEC_INFINITY: nothing expires. A confirmation follows, or the next measurement */
    NATPROBE_WORD_CONFIRMED, /* .lifetime still holds: over */
};

enum natprobe_wish_type { NATPROBE_WISH_SEND, NATPROBE_WISH_CLOSE, NATPROBE_WISH_SAY };

struct natprobe_wish {
    enum natprobe_wish_type type;
    uint32_t slot; /* SEND; CLOSE: or PROBE_SLOT_ALL */
    uint32_t tag; /* SEND */
    uint16_t response_port; /* SEND; 0: none */
    enum natprobe_word word; /* SAY */
    usec_t lifetime_usec; /* SAY */
};

struct natprobe {
    enum natprobe_phase phase;
    struct natprobe_settings settings;
    usec_t started_at_usec; /* of the ladder */
    usec_t radio_until_usec; /* something was sent a short while ago: the radio is on anyway */
    uint32_t next_tag;
    struct natline line;
    struct natcontrol control;
    usec_t good_at_usec, bad_at_usec; /* the last control that worked, that did not; 0: none */
    uint32_t n_bad; /* in a row */
    struct natladder ladder;
    struct natsocket sockets[PROBE_SLOTS_MAX]; /* 0 and 1 are the control's */
    int rung_of[PROBE_SLOTS_MAX]; /* index into the ladder; -1: it confirms; -2: it asks about more than is known */
    uint32_t capacity; /* sockets that the NAT has ports for */
    bool few; /* so few that each is used again, instead of a fresh one */
    uint32_t n_unheard, n_late;
    uint32_t n_passes, n_restarts;
    uint64_t used, to_close, heard; /* bits: slots that sent, slots to be closed, slots that were answered */
    usec_t found_usec; /* being confirmed */
    usec_t longer_usec; /* not survived when that was found; 0: nothing longer was asked about */
    bool longer_is_below; /* struct rung */
    usec_t confirm_at_usec; /* sockets for it are opened then, or in a radio wake before; USEC_INFINITY: they are */
    uint32_t n_confirm_alive, n_confirm_dead;
    bool longer; /* a longer silence than the known one was survived */
    bool has_word;
    enum natprobe_word word;
    usec_t word_usec;
};

/* Begins; what was under way is forgotten, and its sockets closed. Tags are never reused. */
void natprobe_start(struct natprobe *probe, usec_t now_usec, const struct natprobe_settings *settings);
void natprobe_stop(struct natprobe *probe);
bool natprobe_is_running(const struct natprobe *probe);

void natprobe_on_answer(struct natprobe *probe, usec_t now_usec, const struct probe_answer *answer);
void natprobe_on_failed(struct natprobe *probe, usec_t now_usec, const struct probe_failed *failed);

/* The time has come, or the radio is on for another reason (a keepalive). */
void natprobe_on_time(struct natprobe *probe, usec_t now_usec, bool radio_is_on);

/* The next thing that is wanted now; false: nothing. */
bool natprobe_next(struct natprobe *probe, usec_t now_usec, struct natprobe_wish *ret);

usec_t natprobe_deadline(const struct natprobe *probe, usec_t *ret_slack_usec); /* USEC_INFINITY: none */
