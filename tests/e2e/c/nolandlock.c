// nolandlock ERROR PROGRAM ARGUMENT...: runs a program on a kernel without Landlock, as far as the program can see. The error
// is ENOSYS of an older kernel, EOPNOTSUPP of one where it is switched off, or EPERM of a filter of system calls.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

// The same on every architecture. Older headers do not have it.
#define CREATE_RULESET 444

static int error(const char *name) {
    if (!strcmp(name, "ENOSYS"))
        return ENOSYS;
    if (!strcmp(name, "EOPNOTSUPP"))
        return EOPNOTSUPP;
    if (!strcmp(name, "EPERM"))
        return EPERM;
    fprintf(stderr, "%s: not known\n", name);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 1;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CREATE_RULESET, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error(argv[1])),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    // As root, so that it needs no no_new_privs, which the program is to set by itself.
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
        perror("filter");
        return 1;
    }
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
