// takeover PROCESS CALL [PATH]: has every thread of a running process make a system call, as code of an attacker inside it
// would, and prints each result: 0 or the negative error number.
//   write PATH   open for writing, creating it      read PATH   open for reading
//   mkdir PATH   run PATH (execve)                   port        socket and bind to any TCP port of 127.0.0.1
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "registers of x86_64 are set"
#endif

static void fail(const char *what) {
    perror(what);
    exit(2);
}

// Stops a thread in a system call and reads its registers; 0 if it has ended meanwhile.
static int stop(pid_t thread, struct user_regs_struct *saved) {
    for (int tries = 0; tries < 6000; tries++) {
        int status;
        if (ptrace(PTRACE_ATTACH, thread, NULL, NULL)) {
            if (errno == ESRCH)
                return 0;
            fail("attach");
        }
        if (waitpid(thread, &status, __WALL) != thread)
            fail("stop");
        if (!WIFSTOPPED(status))
            return 0;
        if (ptrace(PTRACE_GETREGS, thread, NULL, saved))
            fail("registers");
        if ((long)saved->orig_rax >= 0)
            return 1;
        // It runs code of its own.
        if (ptrace(PTRACE_DETACH, thread, NULL, NULL))
            fail("detach");
        usleep(10000);
    }
    fputs("the thread does not wait in a system call\n", stderr);
    exit(2);
}

// The thread stands behind a `syscall` instruction, since it waits in a system call; that instruction is run again.
static long call(pid_t thread, const struct user_regs_struct *saved, long number, long a, long b, long c) {
    struct user_regs_struct regs = *saved;
    int status;
    regs.rip -= 2;
    regs.rax = number;
    // No system call is to be started again.
    regs.orig_rax = -1;
    regs.rdi = a;
    regs.rsi = b;
    regs.rdx = c;
    if (ptrace(PTRACE_SETREGS, thread, NULL, &regs) || ptrace(PTRACE_SINGLESTEP, thread, NULL, NULL))
        fail("step");
    if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status))
        fail("the thread has ended");
    if (ptrace(PTRACE_GETREGS, thread, NULL, &regs))
        fail("registers");
    return regs.rax;
}

// Puts data below the stack of the thread, outside the red zone.
static long put(pid_t thread, const struct user_regs_struct *saved, const void *data, size_t size) {
    long at = (saved->rsp - 8192) & ~15L;
    for (size_t done = 0; done < size; done += sizeof(long)) {
        long word = 0;
        memcpy(&word, (const char *)data + done, size - done < sizeof word ? size - done : sizeof word);
        if (ptrace(PTRACE_POKEDATA, thread, at + done, word))
            fail("memory");
    }
    return at;
}

static long act(pid_t thread, const struct user_regs_struct *saved, const char *what, const char *path) {
    long result;
    if (!strcmp(what, "port")) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        long fd = call(thread, saved, SYS_socket, AF_INET, SOCK_STREAM, 0);
        if (fd < 0)
            return fd;
        result = call(thread, saved, SYS_bind, fd, put(thread, saved, &address, sizeof address), sizeof address);
        call(thread, saved, SYS_close, fd, 0, 0);
        return result;
    }
    long at = put(thread, saved, path, strlen(path) + 1);
    if (!strcmp(what, "mkdir"))
        return call(thread, saved, SYS_mkdir, at, 0700, 0);
    if (!strcmp(what, "run"))
        return call(thread, saved, SYS_execve, at, 0, 0);
    result = call(thread, saved, SYS_open, at, strcmp(what, "write") ? O_RDONLY : O_WRONLY | O_CREAT, 0600);
    if (result < 0)
        return result;
    call(thread, saved, SYS_close, result, 0, 0);
    return 0;
}

int main(int argc, char **argv) {
    char tasks[64];
    struct dirent *entry;
    if (argc < 3)
        return 2;
    snprintf(tasks, sizeof tasks, "/proc/%s/task", argv[1]);
    DIR *directory = opendir(tasks);
    if (!directory)
        fail(tasks);
    while ((entry = readdir(directory))) {
        struct user_regs_struct saved;
        pid_t thread = atoi(entry->d_name);
        if (thread <= 0 || !stop(thread, &saved))
            continue;
        printf("%ld\n", act(thread, &saved, argv[2], argc > 3 ? argv[3] : ""));
        if (ptrace(PTRACE_SETREGS, thread, NULL, &saved) || ptrace(PTRACE_DETACH, thread, NULL, NULL))
            fail("detach");
    }
    return 0;
}
