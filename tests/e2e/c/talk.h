/* Shared by the PAM programs of the module's tests: facts in a file of their own, so that the standard descriptors stay
 * untouched, and a configurable conversation. */
#ifndef TALK_H
#define TALK_H
#define _GNU_SOURCE
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The answer to a prompt: "typed" (the bytes of /mnt/typed), "error", "null-array" or "null-string". */
struct talk {
    const char *answer;
    void (*during)(void);
    int prompts;
};

static int facts = -1;

/* Well above the standard descriptors, even if those are closed. */
static void facts_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    facts = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    close(fd);
}

__attribute__((format(printf, 1, 2))) static inline void fact(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vdprintf(facts, format, arguments);
    va_end(arguments);
}

/* A mark in strace's output, without any effect. */
static inline void mark(const char *what)
{
    if (write(-1, what, strlen(what)) >= 0)
        abort();
}

/* Content of a file as a string; it can hold every byte except NUL. */
static inline char *content(const char *path)
{
    char *text = calloc(1, 70000);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, 69999) < 0)
        abort();
    close(fd);
    return text;
}

static int converse(int count, const struct pam_message **messages, struct pam_response **answers, void *data)
{
    struct talk *talk = data;
    (void)messages;
    mark("talk begins");
    talk->prompts++;
    if (talk->during)
        talk->during();
    int code = PAM_SUCCESS;
    *answers = NULL;
    if (!strcmp(talk->answer, "error"))
        code = PAM_CONV_ERR;
    else if (strcmp(talk->answer, "null-array"))
        *answers = calloc((size_t)count, sizeof **answers);
    if (!strcmp(talk->answer, "typed"))
        (*answers)[0].resp = content("/mnt/typed");
    mark("talk ends");
    return code;
}

/* Replaces libpam's delay after a failure. */
static void no_pause(int status, unsigned microseconds, void *data)
{
    (void)status, (void)microseconds, (void)data;
}

static inline pam_handle_t *start(const char *service, const char *user, struct talk *talk)
{
    struct pam_conv conversation = { converse, talk };
    pam_handle_t *pamh = NULL;
    void (*pause)(int, unsigned, void *) = no_pause;
    if (pam_start(service, user, &conversation, &pamh) != PAM_SUCCESS)
        abort();
    pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)pause);
    return pamh;
}

/* Runs a phase of PAM through libpam. */
static inline int phase(pam_handle_t *pamh, const char *name)
{
    if (!strcmp(name, "auth"))
        return pam_authenticate(pamh, 0);
    if (!strcmp(name, "account"))
        return pam_acct_mgmt(pamh, 0);
    if (!strcmp(name, "setcred"))
        return pam_setcred(pamh, PAM_ESTABLISH_CRED);
    if (!strcmp(name, "open"))
        return pam_open_session(pamh, 0);
    if (!strcmp(name, "close"))
        return pam_close_session(pamh, 0);
    if (!strcmp(name, "chauthtok"))
        return pam_chauthtok(pamh, 0);
    abort();
}
#endif
