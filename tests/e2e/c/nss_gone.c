/* libnss_gone.so.2: a name service that is unreachable. */
#include <errno.h>
#include <grp.h>
#include <nss.h>

enum nss_status _nss_gone_getgrnam_r(const char *name, struct group *found, char *buffer, size_t length, int *error)
{
    (void)name, (void)found, (void)buffer, (void)length;
    *error = ECONNREFUSED;
    return NSS_STATUS_UNAVAIL;
}

enum nss_status _nss_gone_getgrgid_r(gid_t id, struct group *found, char *buffer, size_t length, int *error)
{
    (void)id, (void)found, (void)buffer, (void)length;
    *error = ECONNREFUSED;
    return NSS_STATUS_UNAVAIL;
}
