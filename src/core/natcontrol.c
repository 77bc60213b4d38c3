/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two phases, each repeated until something comes or it was tried often enough.
 */
#include "core/natcontrol.h"

#include "base/macro.h"

#define TRIES_MAX  12
#define AGAIN_MAX  4
#define AGAIN_USEC MSEC(250)
#define FIRST_RESEND_USEC MSEC(250) /* all else waits for it */

static void learn(struct natcontrol *control, usec_t at_usec, uint32_t next_tag)
{
    control->phase = NATCONTROL_PHASE_LEARN;
    control->first_tag = next_tag;
    control->due_at_usec = at_usec;
}

void natcontrol_begin(struct natcontrol *control, usec_t now_usec, uint32_t next_tag)
{
    if (control->phase != NATCONTROL_PHASE_IDLE)
        return;
    control->n_tries = control->n_again = 0;
    learn(control, now_usec, next_tag);
}

void natcontrol_stop(struct natcontrol *control)
{
    control->phase = NATCONTROL_PHASE_IDLE;
}

void natcontrol_unlearn(struct natcontrol *control, usec_t now_usec, uint32_t next_tag)
{
    if (control->phase == NATCONTROL_PHASE_ASK && control->n_again++ < AGAIN_MAX)
        learn(control, usec_add(now_usec, AGAIN_USEC), next_tag);
}

enum natcontrol_step natcontrol_step(struct natcontrol *control, usec_t now_usec, const struct natline *line)
{
    if (control->phase == NATCONTROL_PHASE_IDLE || now_usec < control->due_at_usec)
        return NATCONTROL_STEP_NOTHING;
    if (control->n_tries == TRIES_MAX) {
        natcontrol_stop(control);
        return NATCONTROL_STEP_BAD;
    }
    if (control->n_tries++ == 0)
        control->sent_at_usec = now_usec;
    control->due_at_usec = usec_add(now_usec, line->round_trip_usec ? natline_resend(line) : FIRST_RESEND_USEC);
    return control->phase == NATCONTROL_PHASE_LEARN ? NATCONTROL_STEP_LEARN : NATCONTROL_STEP_ASK;
}

enum natcontrol_news natcontrol_answer(
    struct natcontrol *control, usec_t now_usec, const struct probe_answer *answer, uint32_t next_tag, struct natline *line)
{
    if (control->phase == NATCONTROL_PHASE_IDLE || answer->tag < control->first_tag)
        return NATCONTROL_NEWS_NONE;
    if (control->n_tries == 1) /* else nobody knows which of the requests it answers */
        natline_note_round_trip(line, usec_sub(now_usec, control->sent_at_usec));
    if (control->phase == NATCONTROL_PHASE_ASK) {
        natcontrol_stop(control);
        if (answer->slot == NATCONTROL_ASKER_SLOT)
            return NATCONTROL_NEWS_ECHOED;
        control->asker = answer->mapped;
        return NATCONTROL_NEWS_GOOD;
    }
    if (answer->slot != NATCONTROL_SLOT)
        return NATCONTROL_NEWS_NONE;
    control->mapped = answer->mapped;
    control->mapped_port = answer->mapped_port;
    control->phase = NATCONTROL_PHASE_ASK;
    control->n_tries = 0;
    control->first_tag = next_tag;
    control->due_at_usec = now_usec;
    return NATCONTROL_NEWS_NONE;
}

usec_t natcontrol_deadline(const struct natcontrol *control)
{
    return control->phase == NATCONTROL_PHASE_IDLE ? USEC_INFINITY : control->due_at_usec;
}
