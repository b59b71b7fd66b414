/* pam_coded.so NAME: returns the code that the variable CODE_NAME has in the environment of the test program. */
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>

static int code(int count, const char **arguments)
{
    char name[64] = "";
    if (count != 1)
        return PAM_SERVICE_ERR;
    snprintf(name, sizeof name, "CODE_%s", arguments[0]);
    const char *number = getenv(name);
    return number ? atoi(number) : PAM_SERVICE_ERR;
}

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int count, const char **arguments)
{
    (void)pamh, (void)flags;
    return code(count, arguments);
}

int pam_sm_setcred(pam_handle_t *pamh, int flags, int count, const char **arguments)
{
    (void)pamh, (void)flags, (void)count, (void)arguments;
    return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int count, const char **arguments)
{
    (void)pamh, (void)flags;
    return code(count, arguments);
}
