/* pambench ROUNDS TOGETHER SERVICE USER [SERVICE USER]…: duration of a login in a process of its own, as in sshd and su.
 * Each round measures every service once, in turn, so that other load on the machine affects all of them alike; TOGETHER
 * logins of a service run at once, and the time ends with the last of them. Standard input has one password for each
 * service, in the same order. Prints "SERVICE NANOSECONDS" for each measurement; a failed login aborts the program.
 * Simultaneous logins come from different addresses, so that none shares another's sign-in.
 * `pambench login SERVICE USER RHOST` is one such process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <security/pam_appl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SERVICES = 16, MOST_TOGETHER = 64, ACCOUNT_FAILED = 64 };

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    (void)data;
    struct pam_response *all = calloc((size_t)count, sizeof *all);
    char line[1024];
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF)
            continue;
        ssize_t length = read(0, line, sizeof line - 1);
        if (length <= 0) {
            free(all);
            return PAM_CONV_ERR;
        }
        line[length] = 0;
        all[i].resp = strdup(line);
    }
    *answers = all;
    return PAM_SUCCESS;
}

static int login(const char *service, const char *user, const char *rhost)
{
    struct pam_conv conv = { converse, NULL };
    pam_handle_t *pamh = NULL;
    if (pam_start(service, user, &conv, &pamh) != PAM_SUCCESS)
        return PAM_ABORT;
    pam_set_item(pamh, PAM_RHOST, rhost);
    int code = pam_authenticate(pamh, 0);
    int status = code;
    if (code == PAM_SUCCESS) {
        code = pam_acct_mgmt(pamh, 0);
        status = code == PAM_SUCCESS ? 0 : ACCOUNT_FAILED + code;
    }
    pam_end(pamh, code);
    return status;
}

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Starts one login, with the password already in a pipe. */
static void start(char *service, char *user, const char *password, int number, int *reading)
{
    char rhost[32];
    snprintf(rhost, sizeof rhost, "192.0.2.%d", number + 1);
    char *const arguments[] = { "pambench", "login", service, user, rhost, NULL };
    char *const environment[] = { NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) || write(ends[1], password, strlen(password)) < 0)
        fail("pipe");
    close(ends[1]);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    if (posix_spawn(&pid, "/proc/self/exe", &actions, NULL, arguments, environment))
        fail("posix_spawn");
    posix_spawn_file_actions_destroy(&actions);
    *reading = ends[0];
}

static long long measure(char *service, char *user, const char *password, int together)
{
    int reading[MOST_TOGETHER];
    long long began = now();
    for (int i = 0; i < together; i++)
        start(service, user, password, i, &reading[i]);
    for (int i = 0; i < together; i++) {
        int status;
        if (wait(&status) < 0)
            fail("wait");
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
            fprintf(stderr, "%s: the login of %s failed with %d (from %d on: the account phase)\n", service, user, code,
                    ACCOUNT_FAILED);
            exit(1);
        }
    }
    long long took = now() - began;
    for (int i = 0; i < together; i++)
        close(reading[i]);
    return took;
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "login"))
        return login(argv[2], argv[3], argv[4]);
    int services = (argc - 3) / 2;
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    int together = argc > 2 ? atoi(argv[2]) : 0;
    if (services < 1 || services > MOST_SERVICES || argc % 2 == 0 || rounds < 1 || together < 1 ||
        together > MOST_TOGETHER) {
        fprintf(stderr, "usage: pambench ROUNDS TOGETHER SERVICE USER [SERVICE USER]...\n");
        return 2;
    }
    /* pam_exec closes every possible descriptor. Services have this limit; a higher one on the measuring machine would slow
     * pam_exec down. */
    struct rlimit descriptors = { 1024, 1024 };
    if (setrlimit(RLIMIT_NOFILE, &descriptors))
        fail("setrlimit");
    char passwords[MOST_SERVICES][1024];
    for (int i = 0; i < services; i++) {
        if (!fgets(passwords[i], sizeof passwords[i], stdin)) {
            fprintf(stderr, "a password is missing\n");
            return 2;
        }
        passwords[i][strcspn(passwords[i], "\n")] = 0;
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < services; i++) {
            char **pair = argv + 3 + 2 * i;
            printf("%s %lld\n", pair[0], measure(pair[0], pair[1], passwords[i], together));
        }
    return 0;
}
