/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codes are gathered for the whole outermost command before any is told: what an Atomic's commands answer is known only at its end. They
 * stand in one flat list in the order of the message, an entry for each Status.
 */
#include "dm/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS_MAX 8

struct outcome {
    const struct dm_command *command;
    const char *target; /* of the item */
    unsigned code;
};

struct run {
    struct dm_transaction *t;
    struct outcome *outcomes;
    size_t n_outcomes, size;
    struct dm_order orders[ORDERS_MAX];
    size_t n_orders;
    const struct dm_bytes *whole;
    bool failed; /* no memory */
};

static size_t add_outcome(struct run *run, const struct dm_command *command, const char *target, unsigned code)
{
    if (run->n_outcomes == run->size) {
        size_t size = run->size ? run->size * 2 : 16;
        struct outcome *grown = reallocarray(run->outcomes, size, sizeof(*grown));

        if (!grown) {
            run->failed = true;
            return 0;
        }
        run->outcomes = grown;
        run->size = size;
    }
    run->outcomes[run->n_outcomes] = (struct outcome){ command, target, code };
    return run->n_outcomes++;
}

static void set_code(struct run *run, size_t i, unsigned code)
{
    if (!run->failed)
        run->outcomes[i].code = code;
}

static bool is_good(unsigned code)
{
    return code >= 200 && code < 300;
}

static void complain(struct run *run, const struct dm_command *command, const char *target, unsigned code, const char *sentence)
{
    if (!is_good(code))
        run->t->answers->log(run->t->answers->userdata, command, target, code, sentence);
}

struct reading {
    struct run *run;
    const struct dm_command *command;
};

static int tell_found(void *userdata, const struct dm_found *found)
{
    const struct reading *reading = userdata;
    const struct dm_answers *answers = reading->run->t->answers;

    return answers->result(answers->userdata, reading->command, found);
}

static unsigned exec(struct run *run, const struct dm_request *request, struct dm_error *error)
{
    struct dm_order order;
    unsigned code = dm_verb_exec(run->t->tree, request, &order, error);

    if (!is_good(code))
        return code;
    if (run->n_orders == ORDERS_MAX)
        return dm_refuse(error, 403, "too much is to be executed at once");
    run->orders[run->n_orders++] = order;
    return code;
}

static unsigned run_verb(struct run *run, const struct dm_command *command, const struct dm_request *request, struct dm_error *error)
{
    struct reading reading = { run, command };

    switch (command->verb) {
    case DM_VERB_ADD:
        return dm_verb_add(run->t->tree, request, error);
    case DM_VERB_REPLACE:
        return dm_verb_replace(run->t->tree, request, error);
    case DM_VERB_DELETE:
        return dm_verb_delete(run->t->tree, request, error);
    case DM_VERB_GET:
        return dm_verb_get(run->t->tree, request, tell_found, &reading, error);
    case DM_VERB_EXEC:
        return exec(run, request, error);
    case DM_VERB_COPY:
    case DM_VERB_OTHER:
        return dm_refuse(error, 406, "the command is not supported");
    case DM_VERB_ALERT:
    case DM_VERB_ATOMIC:
    case DM_VERB_SEQUENCE:
    case DM_VERB_STATUS:
    case DM_VERB_RESULTS:
        return dm_refuse(error, 400, "the command has no place there");
    }
    return 500;
}

static unsigned run_item(struct run *run, const struct dm_command *command, const struct dm_item *item, struct dm_error *error)
{
    struct dm_request request = { .server = run->t->server,
        .uri = item->target,
        .format = item->meta.format,
        .type = item->meta.type,
        .data = item->data,
        .origins = run->t->origins };

    if (item->more_data)
        return dm_refuse(error, 406, "a large object stands alone, not inside another command");
    if (run->whole && !item->next)
        request.data = *run->whole;
    if (!request.uri && command->verb == DM_VERB_GET)
        request.uri = item->source; /* where some servers put it */
    return run_verb(run, command, &request, error);
}

/* All items of a command; false as soon as one failed, if asked to stop there. */
static bool run_items(struct run *run, const struct dm_command *command, bool stop)
{
    bool good = true;

    if (!command->items && command->verb != DM_VERB_COPY && command->verb != DM_VERB_OTHER) {
        complain(run, command, NULL, 400, "the command has no item");
        add_outcome(run, command, NULL, 400);
        return false;
    }
    if (command->verb == DM_VERB_COPY || command->verb == DM_VERB_OTHER) {
        complain(run, command, NULL, 406, "the command is not supported");
        add_outcome(run, command, NULL, 406);
        return false;
    }
    for (const struct dm_item *item = command->items; item; item = item->next) {
        struct dm_error error = { "" };
        unsigned code = stop && !good ? 215 : run_item(run, command, item, &error);

        if (code != 215)
            complain(run, command, item->target, code, error.text);
        add_outcome(run, command, item->target, code);
        good = good && is_good(code);
    }
    return good;
}

static bool run_any(struct run *run, const struct dm_command *command, bool atomic);

/* What will not be run any more. */
static void skip(struct run *run, const struct dm_command *command)
{
    add_outcome(run, command, command->items && !command->items->next ? command->items->target : NULL, 215);
    for (const struct dm_command *child = command->children; child; child = child->next)
        skip(run, child);
}

static bool run_children(struct run *run, const struct dm_command *command, bool atomic)
{
    bool good = true;

    for (const struct dm_command *child = command->children; child; child = child->next) {
        if (atomic && !good)
            skip(run, child);
        else if (!run_any(run, child, atomic))
            good = false;
    }
    return good;
}

/* Everything since `first` that was done answers 216 now. */
static void roll_back(struct run *run, size_t mark, size_t first, size_t n_orders)
{
    dm_tree_undo(run->t->tree, mark);
    run->n_orders = n_orders;
    for (size_t i = first; i < run->n_outcomes && !run->failed; i++)
        if (is_good(run->outcomes[i].code) && run->outcomes[i].code != 215)
            run->outcomes[i].code = 216;
}

static unsigned ask_check(struct run *run, struct dm_error *error)
{
    return run->t->check ? run->t->check(run->t->check_userdata, run->t->tree, error) : 0;
}

/* What mvpnd does not take came about by all of the commands; the one with which it did is the last. */
static void blame_last(struct run *run, size_t first, unsigned code, const char *sentence)
{
    struct outcome *last;

    if (run->failed || run->n_outcomes <= first)
        return;
    last = &run->outcomes[run->n_outcomes - 1];
    last->code = code;
    complain(run, last->command, last->target, code, sentence);
}

static bool run_atomic(struct run *run, const struct dm_command *command)
{
    size_t mark = dm_tree_mark(run->t->tree), n_orders = run->n_orders;
    size_t own = add_outcome(run, command, NULL, 200), first = run->n_outcomes;
    struct dm_error error = { "" };
    unsigned code = 0;
    bool good = run_children(run, command, true);

    if (good)
        code = ask_check(run, &error);
    if (code)
        blame_last(run, first, code, error.text);
    if (!good || code || run->failed) {
        roll_back(run, mark, first, n_orders);
        set_code(run, own, 507);
        return false;
    }
    return true;
}

static bool run_sequence(struct run *run, const struct dm_command *command, bool atomic)
{
    size_t own = add_outcome(run, command, NULL, 200), first = run->n_outcomes;
    bool good = run_children(run, command, atomic);

    if (atomic && !good && first < run->n_outcomes)
        set_code(run, own, 500);
    return good;
}

static bool run_any(struct run *run, const struct dm_command *command, bool atomic)
{
    if (command->verb == DM_VERB_SEQUENCE)
        return run_sequence(run, command, atomic);
    if (atomic && (command->verb == DM_VERB_ATOMIC || command->verb == DM_VERB_GET)) {
        complain(run, command, NULL, 500, "neither Get nor Atomic may stand inside an Atomic");
        add_outcome(run, command, NULL, 500);
        for (const struct dm_command *child = command->children; child; child = child->next)
            skip(run, child);
        return false;
    }
    if (command->verb == DM_VERB_ATOMIC)
        return run_atomic(run, command);
    return run_items(run, command, atomic);
}

/* A command by itself: what mvpnd would not take is taken back, and every item that was done fails with that. */
static void check_outermost(struct run *run, const struct dm_command *command, size_t mark, uint64_t n_changes)
{
    struct dm_error error = { "" };
    unsigned code;

    if (command->verb == DM_VERB_ATOMIC || dm_tree_changes(run->t->tree) == n_changes)
        return;
    code = ask_check(run, &error);
    if (!code)
        return;
    complain(run, command, NULL, code, error.text);
    dm_tree_undo(run->t->tree, mark);
    run->n_orders = 0;
    for (size_t i = 0; i < run->n_outcomes && !run->failed; i++)
        if (is_good(run->outcomes[i].code) && run->outcomes[i].command->verb != DM_VERB_SEQUENCE &&
            run->outcomes[i].command->verb != DM_VERB_GET)
            run->outcomes[i].code = code;
}

static int tell(struct run *run)
{
    const struct dm_answers *answers = run->t->answers;
    int r = 0;

    for (size_t i = 0; i < run->n_outcomes && r == 0; i++) {
        const struct outcome *o = &run->outcomes[i];

        r = answers->status(answers->userdata, o->command, o->target, o->code);
    }
    for (size_t i = 0; i < run->n_orders && r == 0; i++)
        answers->order(answers->userdata, &run->orders[i]);
    return r;
}

int dm_transaction_run(struct dm_transaction *transaction, const struct dm_command *command, const struct dm_bytes *whole)
{
    struct run run = { .t = transaction, .whole = whole };
    uint64_t n_changes = dm_tree_changes(transaction->tree);
    size_t mark = dm_tree_mark(transaction->tree);
    int r;

    run_any(&run, command, false);
    check_outermost(&run, command, mark, n_changes);
    if (run.failed)
        dm_tree_undo(transaction->tree, mark);
    dm_tree_commit(transaction->tree);
    r = run.failed ? -ENOMEM : tell(&run);
    free(run.outcomes);
    return r;
}
