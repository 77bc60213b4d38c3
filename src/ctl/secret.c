/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads with read(2) into the caller's room, so that no buffer of stdio keeps a copy.
 */
#include "ctl/secret.h"

#include "ctl/ctl.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

void secret_clear(struct secret *secret)
{
    explicit_bzero(secret, sizeof(*secret));
}

#define CONTROL_C 3

static bool read_all(int fd, bool one_line, struct secret *ret)
{
    ssize_t n = 1;

    while (ret->n_bytes < SECRET_BYTES_MAX && n > 0) {
        n = read(fd, ret->text + ret->n_bytes, one_line ? 1 : SECRET_BYTES_MAX - ret->n_bytes);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            ret->n_bytes += (size_t)n;
        if (one_line && n > 0 && (ret->text[ret->n_bytes - 1] == '\n' || ret->text[ret->n_bytes - 1] == CONTROL_C))
            n = 0;
    }
    while (ret->n_bytes && strchr("\r\n", ret->text[ret->n_bytes - 1]))
        ret->n_bytes--;
    ret->text[ret->n_bytes] = '\0';
    return n == 0 && ret->n_bytes && strlen(ret->text) == ret->n_bytes;
}

static bool ask_terminal(const char *prompt, struct secret *ret)
{
    _cleanup_close_ int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, quiet;
    bool good;

    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return false;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* a signal must not leave the terminal without echo: Ctrl-C ends the line */
    quiet.c_cc[VEOL] = CONTROL_C;
    (void)tcsetattr(fd, TCSAFLUSH, &quiet); /* before the prompt: what is typed in answer to it is neither shown nor lost */
    dprintf(fd, "%s: ", prompt);
    good = read_all(fd, true, ret);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    if (good && ret->text[ret->n_bytes - 1] == CONTROL_C) {
        secret_clear(ret);
        raise(SIGINT);
        return false;
    }
    return good;
}

bool secret_read(const char *path, const char *prompt, struct secret *ret)
{
    bool from_stdin = path ? strcmp(path, "-") == 0 : !isatty(STDIN_FILENO);
    _cleanup_close_ int fd = -1;

    memset(ret, 0, sizeof(*ret));
    if (!path && !from_stdin) {
        if (ask_terminal(prompt, ret))
            return true;
        complain("nothing was typed.");
        return false;
    }
    if (!from_stdin) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
            complain("'%s' cannot be read: %s.", path, strerror(errno));
            return false;
        }
    }
    if (read_all(from_stdin ? STDIN_FILENO : fd, !path, ret))
        return true;
    complain("%s holds no password or token of one to %d characters.", from_stdin ? "standard input" : path, SECRET_BYTES_MAX - 1);
    secret_clear(ret);
    return false;
}

int secret_to_pipe(const struct secret *secret)
{
    int fds[2];
    ssize_t n;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    n = write(fds[1], secret->text, secret->n_bytes); /* a pipe holds 64 KiB */
    close(fds[1]);
    if (n == (ssize_t)secret->n_bytes)
        return fds[0];
    close(fds[0]);
    return -EIO;
}
