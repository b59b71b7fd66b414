/* pamcode SERVICE USER PHASES [RHOST]: a PAM program that prints return codes. PHASES is a list such as
 * "auth,acct,cred,pass". Each prompt, hidden or visible, is answered with the next line of standard input; at its end the
 * conversation fails. Prints one line for each phase, the delay that a failure requested, and the number of prompts. It
 * does not wait for the delay. PAM_TTY is the variable TTY of the environment, or else the terminal of standard input. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int prompts;

static void pause_asked_for(int code, unsigned microseconds, void *data)
{
    (void)data;
    if (code != PAM_SUCCESS)
        printf("delay=%u\n", microseconds);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    (void)data;
    struct pam_response *all = calloc((size_t)count, sizeof *all);
    char line[70000];
    for (int i = 0; i < count; i++) {
        int style = messages[i]->msg_style;
        if (style != PAM_PROMPT_ECHO_OFF && style != PAM_PROMPT_ECHO_ON) {
            printf("text%d=%s\n", style, messages[i]->msg);
            continue;
        }
        prompts++;
        printf("prompt%d=%s\n", style, messages[i]->msg);
        if (!fgets(line, sizeof line, stdin)) {
            free(all);
            return PAM_CONV_ERR;
        }
        line[strcspn(line, "\n")] = 0;
        all[i].resp = strdup(line);
    }
    *answers = all;
    return PAM_SUCCESS;
}

int main(int argc, char **argv)
{
    struct pam_conv conv = { converse, NULL };
    pam_handle_t *pamh = NULL;
    const void *user = NULL;
    if (argc < 4 || pam_start(argv[1], argv[2], &conv, &pamh) != PAM_SUCCESS)
        return 2;
    if (argc > 4)
        pam_set_item(pamh, PAM_RHOST, argv[4]);
    const char *tty = getenv("TTY") ? getenv("TTY") : ttyname(0);
    if (tty)
        pam_set_item(pamh, PAM_TTY, tty);
    pam_set_item(pamh, PAM_FAIL_DELAY, (void *)pause_asked_for);
    int code = PAM_SUCCESS;
    for (char *phase = strtok(argv[3], ","); phase; phase = strtok(NULL, ",")) {
        if (!strcmp(phase, "auth"))
            code = pam_authenticate(pamh, 0);
        else if (!strcmp(phase, "acct"))
            code = pam_acct_mgmt(pamh, 0);
        else if (!strcmp(phase, "pass"))
            code = pam_chauthtok(pamh, 0);
        else
            code = pam_setcred(pamh, PAM_ESTABLISH_CRED);
        printf("%s=%d\n", phase, code);
    }
    char **environment = pam_getenvlist(pamh);
    pam_get_item(pamh, PAM_USER, &user);
    printf("prompts=%d user=%s env=%d\n", prompts, (const char *)user, environment && *environment ? 1 : 0);
    pam_end(pamh, code);
    return 0;
}
