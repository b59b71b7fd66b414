/* libnss_spell.so.2: a directory that answers to other spellings of the accounts in /etc/passwd, as SSSD and winbind do: with
 * capital letters, and with "@example.org" at the end. The answer has the account's canonical name. "stray" is bob's account
 * under a name that has no account, and "twin" is bob's name with another user id. "dirk" and "emil" are accounts of the directory
 * alone, whose passwords are kept there, and which are in the group plex-users by the directory: only by the look-up of their own
 * groups. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum nss_status listed(const char *name, struct passwd *found, char *buffer, size_t length)
{
    struct passwd *line = NULL;
    FILE *file = fopen("/etc/passwd", "re");
    if (!file)
        return NSS_STATUS_UNAVAIL;
    while (!fgetpwent_r(file, found, buffer, length, &line))
        if (!strcmp(line->pw_name, name)) {
            /* The password is kept elsewhere. */
            line->pw_passwd = "*";
            fclose(file);
            return NSS_STATUS_SUCCESS;
        }
    fclose(file);
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_spell_getpwnam_r(const char *name, struct passwd *found, char *buffer, size_t length, int *error)
{
    char canonical[128] = "";
    (void)error;
    for (size_t at = 0; at < sizeof canonical - 1 && name[at]; at++)
        canonical[at] = (char)tolower((unsigned char)name[at]);
    char *domain = strstr(canonical, "@example.org");
    if (domain)
        *domain = 0;
    if (!strcmp(canonical, "dirk") || !strcmp(canonical, "emil")) {
        int dirk = canonical[0] == 'd';
        struct passwd account = { dirk ? "dirk" : "emil", "x", dirk ? 5001 : 5002, 100, "", "/tmp", "/bin/sh" };
        *found = account;
        return NSS_STATUS_SUCCESS;
    }
    int stray = !strcmp(canonical, "stray"), twin = !strcmp(canonical, "twin");
    enum nss_status status = listed(stray || twin ? "bob" : canonical, found, buffer, length);
    if (status == NSS_STATUS_SUCCESS && stray)
        found->pw_name = "ghost";
    if (status == NSS_STATUS_SUCCESS && twin)
        found->pw_uid += 100;
    return status;
}

enum nss_status _nss_spell_initgroups_dyn(const char *user, gid_t primary, long *start, long *size, gid_t **groups, long limit,
                                          int *error)
{
    char buffer[4096];
    struct group line, *found = NULL;
    gid_t friends = 0;
    (void)primary;
    if (strcmp(user, "dirk") && strcmp(user, "emil"))
        return NSS_STATUS_NOTFOUND;
    FILE *file = fopen("/etc/group", "re");
    if (!file)
        return NSS_STATUS_UNAVAIL;
    while (!friends && !fgetgrent_r(file, &line, buffer, sizeof buffer, &found))
        if (!strcmp(line.gr_name, "plex-users"))
            friends = line.gr_gid;
    fclose(file);
    if (!friends)
        return NSS_STATUS_NOTFOUND;
    if (*start == *size) {
        gid_t *more = limit > 0 && *size >= limit ? NULL : realloc(*groups, (size_t)(*size + 8) * sizeof **groups);
        if (!more) {
            *error = ENOMEM;
            return NSS_STATUS_TRYAGAIN;
        }
        *groups = more;
        *size += 8;
    }
    (*groups)[(*start)++] = friends;
    return NSS_STATUS_SUCCESS;
}
