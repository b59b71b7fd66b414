/* pamall SERVICE PHASE NAME NAME NAME: evaluates a stack with many combinations of return codes. Each line of standard input has
 * a code for each name, which pam_coded.so returns. Prints the stack's code for each line. PHASE is auth or acct. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    (void)count, (void)messages, (void)answers, (void)data;
    return PAM_CONV_ERR;
}

static void no_pause(int code, unsigned microseconds, void *data)
{
    (void)code, (void)microseconds, (void)data;
}

int main(int argc, char **argv)
{
    struct pam_conv conv = { converse, NULL };
    char line[256], name[64];
    if (argc < 4)
        return 2;
    while (fgets(line, sizeof line, stdin)) {
        pam_handle_t *pamh = NULL;
        char *number = strtok(line, " \n");
        for (int at = 3; at < argc; at++, number = strtok(NULL, " \n")) {
            snprintf(name, sizeof name, "CODE_%s", argv[at]);
            if (!number || setenv(name, number, 1))
                return 2;
        }
        if (pam_start(argv[1], "alice", &conv, &pamh) != PAM_SUCCESS)
            return 1;
        pam_set_item(pamh, PAM_FAIL_DELAY, (void *)no_pause);
        int code = strcmp(argv[2], "auth") ? pam_acct_mgmt(pamh, 0) : pam_authenticate(pamh, 0);
        printf("%d\n", code);
        pam_end(pamh, code);
    }
    return 0;
}
