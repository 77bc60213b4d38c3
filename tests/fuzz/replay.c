/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target on every file of its corpus and on seeded mutations of each (MVPN_SEED and MVPN_FUZZ_MUTATIONS change them), so that
 * an ordinary test with any compiler replays what was found and looks a little further. Names the input before running it: a crash says
 * which it was, and leaves it in the file that MVPN_FUZZ_CRASH names.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "base/prng.h"
#include "fuzz/target.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#define INPUT_MAX_BYTES 65536

struct input {
    uint8_t bytes[INPUT_MAX_BYTES];
    size_t n_bytes;
};

static struct {
    const struct input *running;
    char name[512];
} crash;

/* Only write(2) and the like here. */
static void on_crash(int signal_number)
{
    const char *path = getenv("MVPN_FUZZ_CRASH");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;

    if (write(STDERR_FILENO, crash.name, strlen(crash.name)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
        _exit(1);
    if (fd >= 0 && crash.running && write(fd, crash.running->bytes, crash.running->n_bytes) < 0)
        _exit(1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run(const struct input *input, const char *file, unsigned mutation)
{
    uint8_t *exact =
        malloc(input->n_bytes ? input->n_bytes : 1); /* so that a sanitizer sees the first byte too many */

    if (!exact)
        abort();
    memcpy(exact, input->bytes, input->n_bytes);
    snprintf(crash.name, sizeof(crash.name), "crashed at %s, mutation %u", file, mutation);
    crash.running = input;
    LLVMFuzzerTestOneInput(exact, input->n_bytes);
    free(exact);
}

static size_t pick(struct prng *prng, size_t n)
{
    return (size_t)prng_between(prng, 0, n - 1);
}

/* One small change: a bit, a byte, a cut, a doubled or a moved piece. */
static void mutate(struct prng *prng, struct input *input)
{
    size_t at, length;

    if (input->n_bytes == 0) {
        input->bytes[input->n_bytes++] = (uint8_t)prng_next(prng);
        return;
    }
    at = pick(prng, input->n_bytes);
    length = 1 + pick(prng, MIN_OF(input->n_bytes - at, (size_t)64));
    switch (prng_between(prng, 0, 5)) {
    case 0:
        input->bytes[at] ^= (uint8_t)(1u << prng_between(prng, 0, 7));
        break;
    case 1:
        input->bytes[at] = (uint8_t)prng_next(prng);
        break;
    case 2:
        memmove(input->bytes + at, input->bytes + at + length, input->n_bytes - at - length);
        input->n_bytes -= length;
        break;
    case 3:
        if (input->n_bytes + length > INPUT_MAX_BYTES)
            break;
        memmove(input->bytes + at + length, input->bytes + at, input->n_bytes - at);
        input->n_bytes += length;
        break;
    case 4:
        memmove(input->bytes + at, input->bytes + pick(prng, input->n_bytes - length + 1), length);
        break;
    default:
        input->n_bytes = at;
        break;
    }
}

static unsigned run_with_mutations(
    const struct input *original, const char *file, unsigned n_mutations, uint64_t seed)
{
    static struct input changed;
    struct prng prng = { .state = seed };

    run(original, file, 0);
    for (unsigned i = 1; i <= n_mutations; i++) {
        changed = *original;
        for (uint64_t n = prng_between(&prng, 1, 8); n > 0; n--)
            mutate(&prng, &changed);
        run(&changed, file, i);
    }
    return n_mutations + 1;
}

static bool read_input(const char *folder, const char *name, struct input *ret)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_fclose_ FILE *f = NULL;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return false;
    f = fopen(path, "re");
    if (!f)
        return false;
    ret->n_bytes = fread(ret->bytes, 1, sizeof(ret->bytes), f);
    return !ferror(f);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
    static struct input input;
    unsigned n_files = 0, n_runs = 0, n_mutations = (unsigned)number_from("MVPN_FUZZ_MUTATIONS", 500);
    uint64_t seed = number_from("MVPN_SEED", 1);
    struct dirent **entries;
    int n_entries;

    if (argc != 2)
        return 2;
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    n_entries = scandir(argv[1], &entries, NULL, alphasort); /* sorted: the same run everywhere */
    for (int i = 0; i < n_entries; i++) {
        if (entries[i]->d_name[0] != '.' && read_input(argv[1], entries[i]->d_name, &input)) {
            n_runs += run_with_mutations(&input, entries[i]->d_name, n_mutations, seed + n_files);
            n_files++;
        }
        free(entries[i]);
    }
    if (n_entries >= 0)
        free(entries);
    printf("%u inputs from %u files, seed %llu\n", n_runs, n_files, (unsigned long long)seed);
    return n_files == 0; /* an empty corpus proves nothing */
}
