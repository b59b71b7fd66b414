/* rush TOGETHER HOW-MANY SERVICE USER…: sequential logins in each of TOGETHER processes, which start at the same moment and
 * have different addresses. HOW-MANY is a number of logins per process, or a duration such as "10s". The users take turns;
 * standard input has one password for each. Prints a line for each login: its start, in milliseconds since boot; the
 * return code of the authentication and its duration in milliseconds; the same for the account phase, or -1 if it did not
 * run. With a number of logins, a process also prints its memory in kilobytes and its number of descriptors after a tenth
 * of them and at the end: "self KILOBYTES DESCRIPTORS". */
#define _GNU_SOURCE
#include <dirent.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_USERS = 16 };

static char passwords[MOST_USERS][256];

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *password)
{
    struct pam_response *all = calloc((size_t)count, sizeof *all);
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            all[i].resp = strdup(password);
    *answers = all;
    return PAM_SUCCESS;
}

/* The module's own time is measured, without the pause that libpam adds to a refusal. */
static void no_pause(int code, unsigned microseconds, void *data)
{
    (void)code, (void)microseconds, (void)data;
}

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_BOOTTIME, &at);
    return at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

static int login(const char *service, const char *user, char *password, const char *rhost)
{
    struct pam_conv conv = { converse, password };
    pam_handle_t *pamh = NULL;
    long long began = now(), took, account_took = 0;
    int account = -1, length;
    char line[128];
    if (pam_start(service, user, &conv, &pamh) != PAM_SUCCESS)
        exit(3);
    pam_set_item(pamh, PAM_RHOST, rhost);
    pam_set_item(pamh, PAM_FAIL_DELAY, (void *)no_pause);
    int code = pam_authenticate(pamh, 0);
    took = now() - began;
    if (code == PAM_SUCCESS) {
        long long again = now();
        account = pam_acct_mgmt(pamh, 0);
        account_took = now() - again;
    }
    pam_end(pamh, account < 0 ? code : account);
    length = sprintf(line, "%lld %d %lld %d %lld\n", began, code, took, account, account_took);
    return write(1, line, (size_t)length) == length ? 0 : 3;
}

static void say_what_it_holds(void)
{
    char line[128];
    long kilobytes = 0, descriptors = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmRSS: %ld", &kilobytes);
    fclose(status);
    DIR *fds = opendir("/proc/self/fd");
    while (readdir(fds))
        descriptors++;
    closedir(fds);
    int length = sprintf(line, "self %ld %ld\n", kilobytes, descriptors);
    if (write(1, line, (size_t)length) != length)
        exit(3);
}

int main(int argc, char **argv)
{
    int users = argc - 4, ends[2];
    if (users < 1 || users > MOST_USERS || pipe(ends))
        return 2;
    int together = atoi(argv[1]);
    long many = atol(argv[2]);
    int timed = strchr(argv[2], 's') != NULL;
    for (int i = 0; i < users; i++) {
        if (!fgets(passwords[i], sizeof passwords[i], stdin))
            return 2;
        passwords[i][strcspn(passwords[i], "\n")] = 0;
    }
    for (int process = 0; process < together; process++) {
        if (fork())
            continue;
        char rhost[32], go;
        sprintf(rhost, "198.18.%d.%d", process / 250, process % 250 + 1);
        close(ends[1]);
        if (read(ends[0], &go, 1) != 0)
            exit(3);
        long long end = now() + many * 1000;
        for (long round = 0; timed ? now() < end : round < many; round++) {
            int turn = (int)((process + round) % users);
            if (login(argv[3], argv[4 + turn], passwords[turn], rhost))
                exit(3);
            if (timed)
                usleep(5000);
            else if (round + 1 == many / 10 || round + 1 == many)
                say_what_it_holds();
        }
        exit(0);
    }
    /* All processes are ready: closing the pipe starts them. */
    close(ends[1]);
    int status, failed = 0;
    while (wait(&status) > 0)
        failed |= status;
    return failed ? 1 : 0;
}
