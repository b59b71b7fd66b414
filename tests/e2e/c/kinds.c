/* kinds KIND SERVICE USER TIMES PROCESSES: PAM programs as others write them. PROCESSES workers log USER in TIMES times
 * each, one login after the other in a single thread, with the password on standard input and without a remote host. KIND is
 * what the program does with a prompt that is not hidden, or with the result:
 *   name      answers it with the user's name, as Dovecot, ProFTPD and CUPS do
 *   compare   compares it with PAM_USER_PROMPT, whatever that is, and has an answer to no other, as saslauthd does
 *   password  answers it with the password, as pamela does, which JupyterHub uses
 *   error     cannot show it, as PostgreSQL and squid cannot
 *   loop      cannot show it either, and serves its other clients in the same thread, as OpenVPN and lighttpd do; the delay is
 *             libpam's own
 *   cache     remembers a password that was accepted, and does not call PAM about it again, as saslauthd -c does
 *   fallback  after a refusal, compares the password with the one in /etc/shadow itself, as ProFTPD's mod_auth_unix does
 * Prints "CODE PROMPTS DELAY MICROSECONDS" for each login: the return code of authentication and account phase, the number of
 * prompts, the delay that a failure requested and that only "loop" waits for, and how long the worker's other clients waited. The
 * last line is the number of workers that did not crash. */
#define _GNU_SOURCE
#include <crypt.h>
#include <security/pam_appl.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct login {
    pam_handle_t *pamh;
    const char *kind, *user, *password;
    int prompts;
    unsigned delay;
};

static char remembered[1100];

static void delay_requested(int code, unsigned microseconds, void *data)
{
    if (code != PAM_SUCCESS)
        ((struct login *)data)->delay = microseconds;
}

/* The answer to a visible prompt. */
static const char *answer(const struct login *login, const char *prompt)
{
    if (!strcmp(login->kind, "compare")) {
        const void *expected = NULL;
        pam_get_item(login->pamh, PAM_USER_PROMPT, &expected);
        return strcmp(prompt, expected) ? NULL : login->user;
    }
    return strcmp(login->kind, "password") ? login->user : login->password;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    struct login *login = data;
    struct pam_response *all = calloc((size_t)count, sizeof *all);
    for (int i = 0; i < count; i++) {
        const char *text = NULL;
        login->prompts += messages[i]->msg_style == PAM_PROMPT_ECHO_OFF || messages[i]->msg_style == PAM_PROMPT_ECHO_ON;
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF) {
            text = login->password;
        } else if (messages[i]->msg_style == PAM_PROMPT_ECHO_ON) {
            if (!strcmp(login->kind, "error") || !strcmp(login->kind, "loop")) {
                free(all);
                return PAM_CONV_ERR;
            }
            text = answer(login, messages[i]->msg);
        }
        all[i].resp = text ? strdup(text) : NULL;
    }
    *answers = all;
    return PAM_SUCCESS;
}

static int local_password_is(const char *user, const char *password)
{
    const struct spwd *line = getspnam(user);
    const char *hash = line ? crypt(password, line->sp_pwdp) : NULL;
    return hash && !strcmp(hash, line->sp_pwdp);
}

static int log_in(const char *service, struct login *login)
{
    if (!strcmp(login->kind, "cache") && *remembered && !strcmp(remembered, login->password))
        return PAM_SUCCESS;
    struct pam_conv conv = { converse, login };
    if (pam_start(service, login->user, &conv, &login->pamh) != PAM_SUCCESS)
        exit(2);
    void (*delay)(int, unsigned, void *) = delay_requested;
    if (strcmp(login->kind, "loop"))
        pam_set_item(login->pamh, PAM_FAIL_DELAY, (const void *)delay);
    int code = pam_authenticate(login->pamh, 0);
    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(login->pamh, 0);
    pam_end(login->pamh, code);
    if (code == PAM_SUCCESS)
        snprintf(remembered, sizeof remembered, "%s", login->password);
    if (code != PAM_SUCCESS && !strcmp(login->kind, "fallback") && local_password_is(login->user, login->password))
        code = PAM_SUCCESS;
    return code;
}

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000LL + at.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    char password[1100] = "";
    if (argc != 6 || !fgets(password, sizeof password, stdin))
        return 2;
    password[strcspn(password, "\n")] = 0;
    int workers = atoi(argv[5]), alive = 0, status;
    for (int worker = 0; worker < workers; worker++) {
        if (fork())
            continue;
        for (int i = 0; i < atoi(argv[4]); i++) {
            struct login login = { NULL, argv[1], argv[3], password, 0, 0 };
            long long start = now();
            int code = log_in(argv[2], &login);
            printf("%d %d %u %lld\n", code, login.prompts, login.delay, now() - start);
            fflush(stdout);
        }
        _exit(0);
    }
    while (wait(&status) > 0)
        alive += WIFEXITED(status) && !WEXITSTATUS(status);
    printf("%d\n", alive);
    return 0;
}
