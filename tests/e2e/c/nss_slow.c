/* libnss_slow.so.2: a name service that knows no account, and takes three seconds to answer for names that begin with
 * "stranger". */
#include <nss.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum nss_status _nss_slow_getpwnam_r(const char *name, struct passwd *found, char *buffer, size_t length, int *error)
{
    (void)found, (void)buffer, (void)length, (void)error;
    if (!strncmp(name, "stranger", strlen("stranger")))
        sleep(3);
    return NSS_STATUS_NOTFOUND;
}
