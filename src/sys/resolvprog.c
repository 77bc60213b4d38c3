/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name under which it was told is written before it is told, and removed after it was taken back.
 */
#include "sys/resolvprog.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "sys/resolvfile.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#define NAME_SIZE      (IF_NAME_SIZE + 4)
#define TEXT_MAX_BYTES 8192

const struct resolvprog_paths RESOLVPROG_PATHS = {
    .programs = { "/usr/sbin/resolvconf", "/sbin/resolvconf", "/usr/bin/resolvconf" },
    .order = "/etc/resolvconf/interface-order",
};

struct resolvprog {
    sd_event *loop;
    const struct resolvprog_paths *paths;
    const char *runtime_dir;
    void (*failed)(void *userdata, int status);
    void *userdata;
    bool wanted, dirty; /* dirty: the present run is not of the last wish */
    struct dns dns;
    pid_t pid; /* 0: nothing runs */
    int pid_fd;
    sd_event_source *source;
};

static const char *program_of(const struct resolvprog_paths *paths)
{
    char target[PATH_MAX];

    for (size_t i = 0; i < ELEMENTSOF(paths->programs) && paths->programs[i]; i++) {
        ssize_t n = readlink(paths->programs[i], target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        if (access(paths->programs[i], X_OK) == 0 && !strstr(target, "resolvectl")) /* resolved in disguise: it is told by D-Bus */
            return paths->programs[i];
    }
    return NULL;
}

bool resolvprog_is_there(const struct resolvprog_paths *paths)
{
    return program_of(paths) != NULL;
}

/* ---- what was told ---- */

static void note_path(const char *runtime_dir, char *buf, size_t size)
{
    snprintf(buf, size, "%s/resolvconf-name", runtime_dir);
}

static bool read_note(const char *runtime_dir, char *name, size_t size)
{
    char path[PATH_MAX];
    _cleanup_close_ int fd = -1;
    ssize_t n;

    note_path(runtime_dir, path, sizeof(path));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    n = fd < 0 ? -1 : read(fd, name, size - 1);
    name[n > 0 ? n : 0] = '\0';
    return n > 0 && name[0] != '-' && !strchr(name, '/');
}

static int write_note(const char *runtime_dir, const char *name)
{
    char path[PATH_MAX];
    _cleanup_close_ int fd = -1;

    note_path(runtime_dir, path, sizeof(path));
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 || write(fd, name, strlen(name)) != (ssize_t)strlen(name) ? -errno : 0;
}

static void remove_note(const char *runtime_dir)
{
    char path[PATH_MAX];

    note_path(runtime_dir, path, sizeof(path));
    (void)unlink(path);
}

/* ---- running it ---- */

/* The reading end of a pipe that holds the whole text: it is shorter than any pipe. */
static int text_fd(const char *text)
{
    int ends[2];
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    n = write(ends[1], text, strlen(text));
    close(ends[1]);
    if (n == (ssize_t)strlen(text))
        return ends[0];
    close(ends[0]);
    return -EIO;
}

static int spawn(const char *program, const char *name, const char *text, pid_t *ret)
{
    char *add[] = { (char *)"resolvconf", (char *)"-a", (char *)name, (char *)"-m", (char *)"0", (char *)"-x", NULL };
    char *remove[] = { (char *)"resolvconf", (char *)"-d", (char *)name, NULL };
    char *environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    _cleanup_close_ int fd = text_fd(text ? text : "");
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int r;

    if (fd < 0)
        return fd;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none); /* the daemon blocks its own signals, and the program is not to inherit that */
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    r = posix_spawn(ret, program, &files, &attributes, text ? add : remove, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return -r;
}

static void start(struct resolvprog *prog);

static int on_exit_of_program(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct resolvprog *prog = userdata;
    int status = 0;

    (void)source, (void)fd, (void)revents;
    if (waitpid(prog->pid, &status, WNOHANG) == 0)
        return 0;
    prog->pid = 0;
    prog->source = sd_event_source_disable_unref(prog->source);
    close_fd(&prog->pid_fd);
    if (status != 0)
        prog->failed(prog->userdata, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    if (prog->dirty)
        start(prog);
    else if (!prog->wanted)
        remove_note(prog->runtime_dir);
    return 0;
}

static int watch(struct resolvprog *prog)
{
    prog->pid_fd = (int)syscall(SYS_pidfd_open, prog->pid, 0);
    if (prog->pid_fd < 0)
        return -errno;
    (void)fcntl(prog->pid_fd, F_SETFD, FD_CLOEXEC);
    return sd_event_add_io(prog->loop, &prog->source, prog->pid_fd, EPOLLIN, on_exit_of_program, prog);
}

static int run(struct resolvprog *prog)
{
    const char *program = program_of(prog->paths);
    char name[NAME_SIZE], text[TEXT_MAX_BYTES];
    int r;

    if (!program)
        return -ENOENT;
    if (!prog->wanted && !read_note(prog->runtime_dir, name, sizeof(name)))
        return 0;
    if (prog->wanted) {
        if (!resolvfile_render(&prog->dns, text, sizeof(text)))
            return -EFBIG;
        snprintf(name, sizeof(name), "%s%s", access(prog->paths->order, F_OK) == 0 ? "tun." : "", prog->dns.interface);
        r = write_note(prog->runtime_dir, name);
        if (r < 0)
            return r;
    }
    r = spawn(program, name, prog->wanted ? text : NULL, &prog->pid);
    if (r < 0) {
        prog->pid = 0;
        return r;
    }
    return watch(prog);
}

static void start(struct resolvprog *prog)
{
    prog->dirty = false;
    if (run(prog) < 0)
        prog->failed(prog->userdata, -1);
}

int resolvprog_new(sd_event *loop, const struct resolvprog_paths *paths, const char *runtime_dir, void (*failed)(void *userdata, int status),
    void *userdata, struct resolvprog **ret)
{
    struct resolvprog *prog = calloc(1, sizeof(*prog));

    if (!prog)
        return -ENOMEM;
    prog->loop = sd_event_ref(loop);
    prog->paths = paths;
    prog->runtime_dir = runtime_dir;
    prog->failed = failed;
    prog->userdata = userdata;
    prog->pid_fd = -1;
    *ret = prog;
    return 0;
}

void resolvprog_free(struct resolvprog *prog)
{
    if (!prog)
        return;
    sd_event_source_disable_unref(prog->source);
    close_fd(&prog->pid_fd);
    sd_event_unref(prog->loop);
    free(prog);
}

void resolvprog_set(struct resolvprog *prog, const struct dns *dns)
{
    char name[NAME_SIZE];

    if (!dns && !prog->wanted && !read_note(prog->runtime_dir, name, sizeof(name)))
        return;
    prog->wanted = dns != NULL;
    if (dns)
        prog->dns = *dns;
    prog->dirty = true;
    if (prog->pid == 0)
        start(prog);
}

int resolvprog_restore(const struct resolvprog_paths *paths, const char *runtime_dir)
{
    const char *program = program_of(paths);
    char name[NAME_SIZE];
    int status, r;
    pid_t pid;

    if (!read_note(runtime_dir, name, sizeof(name)))
        return 0;
    r = program ? spawn(program, name, NULL, &pid) : -ENOENT;
    if (r < 0)
        return r;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        return -EIO;
    remove_note(runtime_dir);
    return 1;
}
