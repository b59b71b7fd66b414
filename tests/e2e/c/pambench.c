/* pambench ROUNDS TOGETHER TYPING SERVICE USER [SERVICE USER]…: duration of a login in a process of its own, as in sshd and su.
 * Each round measures every service once, in turn, so that other load on the machine affects all of them alike; TOGETHER
 * logins of a service run at once, and the time ends with the last of them. A prompt is answered TYPING milliseconds after it
 * is shown, which are not part of the time. Standard input has one password for each service, in the same order.
 *
 * "#" at the end of USER stands for the number of the login, from 1, and each login comes from an address of its own.
 * A SERVICE that begins with "/" is a program with arguments that logs in by itself; it is not prompted, and USER is unused.
 *
 * Prints "INDEX NANOSECONDS FAILED" for each measurement: the position of the service, and the number of logins that failed.
 * `pambench login SERVICE USER RHOST TYPING` is one login. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <security/pam_appl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SERVICES = 16, MOST_TOGETHER = 64, MOST_ARGUMENTS = 8, ACCOUNT_FAILED = 64 };

/* Milliseconds from a prompt to its answer. */
static int typing;

/* Where a login reports that it was prompted: not all services prompt. */
enum { PROMPTED = 3 };

static void type(void)
{
    struct timespec time = { typing / 1000, typing % 1000 * 1000000L };
    if (!typing)
        return;
    /* By default the kernel may add 50 microseconds. */
    if (prctl(PR_SET_TIMERSLACK, 1) || nanosleep(&time, NULL) || write(PROMPTED, "", 1) < 0)
        perror("typing");
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    (void)data;
    struct pam_response *all = calloc((size_t)count, sizeof *all);
    char line[1024];
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF)
            continue;
        type();
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
static void start(char *service, const char *user, const char *password, int number, char *typing_time, int prompted,
                  int *reading)
{
    char rhost[32], name[256], line[1024];
    size_t length = strlen(user);
    snprintf(rhost, sizeof rhost, "192.0.2.%d", number);
    if (length && user[length - 1] == '#')
        snprintf(name, sizeof name, "%.*s%d", (int)length - 1, user, number);
    else
        snprintf(name, sizeof name, "%s", user);
    char *itself[] = { "pambench", "login", service, name, rhost, typing_time, NULL };
    char *program[MOST_ARGUMENTS + 1] = { NULL };
    char **arguments = itself;
    if (*service == '/') {
        char *rest = NULL;
        snprintf(line, sizeof line, "%s", service);
        program[0] = strtok_r(line, " ", &rest);
        for (int i = 1; i < MOST_ARGUMENTS && (program[i] = strtok_r(NULL, " ", &rest)); i++)
            ;
        arguments = program;
    }
    char *const environment[] = { NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) || write(ends[1], password, strlen(password)) < 0)
        fail("pipe");
    close(ends[1]);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawn_file_actions_adddup2(&actions, prompted, PROMPTED);
    if (posix_spawn(&pid, arguments == itself ? "/proc/self/exe" : program[0], &actions, NULL, arguments, environment))
        fail(service);
    posix_spawn_file_actions_destroy(&actions);
    *reading = ends[0];
}

/* Prints one measurement. */
static void measure(int index, char *service, char *user, const char *password, int together,
                    char *typing_time)
{
    int reading[MOST_TOGETHER], prompted[2], failed = 0;
    char each[MOST_TOGETHER];
    if (pipe2(prompted, O_CLOEXEC | O_NONBLOCK))
        fail("pipe");
    long long began = now();
    for (int i = 0; i < together; i++)
        start(service, user, password, i + 1, typing_time, prompted[1], &reading[i]);
    for (int i = 0; i < together; i++) {
        int status;
        if (wait(&status) < 0)
            fail("wait");
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
            fprintf(stderr, "%s: a login of %s failed with %d (from %d on: the account phase)\n", service, user, code,
                    ACCOUNT_FAILED);
            failed++;
        }
    }
    long long took = now() - began;
    if (read(prompted[0], each, sizeof each) > 0)
        took -= atoi(typing_time) * 1000000LL;
    close(prompted[0]);
    close(prompted[1]);
    for (int i = 0; i < together; i++)
        close(reading[i]);
    printf("%d %lld %d\n", index, took, failed);
}

int main(int argc, char **argv)
{
    if (argc == 6 && !strcmp(argv[1], "login")) {
        typing = atoi(argv[5]);
        return login(argv[2], argv[3], argv[4]);
    }
    int services = (argc - 4) / 2;
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    int together = argc > 2 ? atoi(argv[2]) : 0;
    if (argc < 6 || argc % 2 || services > MOST_SERVICES || rounds < 1 || together < 1 || together > MOST_TOGETHER) {
        fprintf(stderr, "usage: pambench ROUNDS TOGETHER TYPING SERVICE USER [SERVICE USER]...\n");
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
            char **pair = argv + 4 + 2 * i;
            measure(i, pair[0], pair[1], passwords[i], together, argv[3]);
        }
    return 0;
}
