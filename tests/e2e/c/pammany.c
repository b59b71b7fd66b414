/* pammany SERVICE WORKERS: many logins in few processes. Each line of standard input is "USER TAB RHOST TAB PASSWORD"; RHOST
 * may be empty. WORKERS processes start together, and each takes the next line after its previous login. Prints
 * "LINE CODE PAUSE MICROSECONDS" for each login: the number of the line, from 0; the return code of pam_authenticate; the
 * delay that a failure requested; and the duration. It does not wait for the delay. */
#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_LINES = 20000 };

/* Data that libpam passes to the conversation and to the delay function. */
struct about {
    const char *password;
    unsigned pause;
};

static char *lines[MOST_LINES];

static void pause_asked_for(int code, unsigned microseconds, void *data)
{
    if (code != PAM_SUCCESS)
        ((struct about *)data)->pause = microseconds;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    struct pam_response *all = calloc((size_t)count, sizeof *all);
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF) {
            all[i].resp = strdup(((struct about *)data)->password);
        } else if (messages[i]->msg_style == PAM_PROMPT_ECHO_ON) {
            free(all);
            return PAM_CONV_ERR;
        }
    }
    *answers = all;
    return PAM_SUCCESS;
}

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000LL + at.tv_nsec / 1000;
}

static void login(const char *service, int number)
{
    char *rest = lines[number], answer[128];
    const char *user = strsep(&rest, "\t"), *rhost = strsep(&rest, "\t"), *password = rest;
    struct about about = { password, 0 };
    struct pam_conv conv = { converse, &about };
    pam_handle_t *pamh = NULL;
    if (pam_start(service, user, &conv, &pamh) != PAM_SUCCESS)
        exit(1);
    if (*rhost)
        pam_set_item(pamh, PAM_RHOST, rhost);
    pam_set_item(pamh, PAM_FAIL_DELAY, (void *)pause_asked_for);
    long long began = now();
    int code = pam_authenticate(pamh, 0);
    long long took = now() - began;
    pam_end(pamh, code);
    int length = snprintf(answer, sizeof answer, "%d %d %u %lld\n", number, code, about.pause, took);
    /* A single write, so that lines of different workers do not mix. */
    if (write(1, answer, (size_t)length) != length)
        exit(1);
}

int main(int argc, char **argv)
{
    static char line[4096];
    int count = 0, ends[2];
    if (argc != 3 || pipe(ends))
        return 2;
    for (; count < MOST_LINES && fgets(line, sizeof line, stdin); count++) {
        line[strcspn(line, "\n")] = 0;
        lines[count] = strdup(line);
    }
    atomic_int *next = mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (next == MAP_FAILED)
        return 1;
    for (int worker = 0; worker < atoi(argv[2]); worker++) {
        if (fork() == 0) {
            char nothing;
            close(ends[1]);
            if (read(ends[0], &nothing, 1))
                exit(1);
            for (int number; (number = atomic_fetch_add(next, 1)) < count;)
                login(argv[1], number);
            exit(0);
        }
    }
    close(ends[1]);
    int status, bad = 0;
    while (wait(&status) > 0)
        bad |= status;
    return bad != 0;
}
