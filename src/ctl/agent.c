/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkttyagent closes its notify descriptor once polkit knows it. It dies with mvpnctl, whatever ends that.
 */
#include "ctl/agent.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define AGENT_PATH         "/usr/bin/pkttyagent"
#define AGENT_TIMEOUT_MSEC 5000

__attribute__((noreturn)) static void run_agent(pid_t parent, int notify_fd)
{
    char fd_text[16];

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || fcntl(notify_fd, F_SETFD, 0) < 0)
        _exit(1);
    snprintf(fd_text, sizeof(fd_text), "%d", notify_fd);
    execl(AGENT_PATH, "pkttyagent", "--notify-fd", fd_text, "--fallback", (char *)NULL);
    _exit(1);
}

void agent_start(struct agent *agent)
{
    struct pollfd registered = { .events = POLLHUP };
    pid_t parent = getpid();
    int fds[2];

    agent->pid = 0;
    if (geteuid() == 0 || !isatty(STDIN_FILENO) || access(AGENT_PATH, X_OK) < 0 || pipe2(fds, O_CLOEXEC) < 0)
        return;
    agent->pid = fork();
    if (agent->pid == 0)
        run_agent(parent, fds[1]);
    close(fds[1]);
    registered.fd = fds[0];
    if (agent->pid > 0)
        (void)poll(&registered, 1, AGENT_TIMEOUT_MSEC);
    else
        agent->pid = 0;
    close(fds[0]);
}

void agent_stop(struct agent *agent)
{
    if (agent->pid <= 0)
        return;
    kill(agent->pid, SIGTERM);
    kill(agent->pid, SIGCONT);
    while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    agent->pid = 0;
}
