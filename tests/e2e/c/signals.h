/* State of signals and timers that a library could change without the program's knowledge, as text. */
#ifndef SIGNALS_H
#define SIGNALS_H
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define SIGNALS 8192

/* Read by system call: the C library hides the signals that it uses itself. */
struct disposition {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
};

static inline void signals(char text[SIGNALS])
{
    char *at = text;
    for (int number = 1; number <= 64; number++) {
        struct disposition now = { 0 };
        if (syscall(SYS_rt_sigaction, number, NULL, &now, sizeof now.mask))
            at += sprintf(at, "%d=? ", number);
        else if (now.handler || now.flags || now.mask)
            at += sprintf(at, "%d=%p,%lx,%lx ", number, now.handler, now.flags, now.mask);
    }
    unsigned long blocked = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof blocked);
    stack_t stack;
    sigaltstack(NULL, &stack);
    at += sprintf(at, "blocked=%lx stack=%p,%d timers=", blocked, stack.ss_sp, stack.ss_flags);
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
        struct itimerval timer;
        getitimer(which, &timer);
        at += sprintf(at, "%ld.%ld ", (long)timer.it_value.tv_sec, (long)timer.it_value.tv_usec);
    }
}

static void on_signal(int number)
{
    (void)number;
}

/* Dispositions of every kind, so that any change is visible. */
static inline void unusual_signals(void)
{
    signal(SIGUSR1, on_signal);
    signal(SIGPIPE, on_signal);
    signal(SIGALRM, SIG_IGN);
    signal(SIGRTMIN + 3, on_signal);
}
#endif
