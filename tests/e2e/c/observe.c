/* observe FACTS SERVICE USER PHASES ANSWER [unset]: runs PHASES, such as "auth,account", and records for each the state
 * of the process before, during (while a prompt is shown) and after, and how long it lasted and used the processor. If USER starts with '@', it is a file that contains
 * the name. With "unset", every item that can be unset is. */
#include "talk.h"

#include "signals.h"
#include <dirent.h>
#include <locale.h>
#include <time.h>

static const char *now;
static pam_handle_t *pamh;

static void snapshot(const char *when)
{
    int tasks = -2, count = 0;
    char text[SIGNALS], path[300], link[300];
    DIR *directory = opendir("/proc/self/task");
    while (readdir(directory))
        tasks++;
    closedir(directory);
    signals(text);
    fact("%s.%s.tasks=%d\n%s.%s.signals=%s\n%s.%s.fds=", now, when, tasks, now, when, text, now, when);
    directory = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(directory));) {
        int fd = atoi(entry->d_name);
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(path, link, sizeof link - 1);
        if (length < 0 || fd == dirfd(directory) || fd == facts)
            continue;
        link[length] = 0;
        fact("%s%d %s %s", count++ ? ";" : "", fd, link, fcntl(fd, F_GETFD) & FD_CLOEXEC ? "cloexec" : "inherited");
    }
    closedir(directory);
    const void *user = NULL;
    pam_get_item(pamh, PAM_USER, &user);
    char **environment = pam_getenvlist(pamh);
    fact("\n%s.%s.user=%s\n%s.%s.environment=%s\n", now, when, (const char *)user, now, when,
         environment && *environment ? *environment : "");
    if (environment)
        free(environment);
}

static void during(void)
{
    snapshot("during");
}

static long microseconds(const struct timespec *begin, const struct timespec *end)
{
    return (end->tv_sec - begin->tv_sec) * 1000000L + (end->tv_nsec - begin->tv_nsec) / 1000;
}

int main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    facts_to(argv[1]);
    setlocale(LC_ALL, "");
    unusual_signals();
    struct talk talk = { argv[5], during, 0 };
    pamh = start(argv[2], argv[3][0] == '@' ? content(argv[3] + 1) : argv[3], &talk);
    int unset[] = { PAM_TTY, PAM_RHOST, PAM_RUSER, PAM_XDISPLAY };
    for (size_t i = 0; argc > 6 && i < sizeof unset / sizeof *unset; i++)
        pam_set_item(pamh, unset[i], NULL);
    int code = PAM_SUCCESS;
    for (now = strtok(argv[4], ","); now; now = strtok(NULL, ",")) {
        struct timespec begin, end, used_before, used_after;
        snapshot("before");
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used_before);
        clock_gettime(CLOCK_MONOTONIC, &begin);
        mark("phase begins");
        code = phase(pamh, now);
        mark("phase ends");
        clock_gettime(CLOCK_MONOTONIC, &end);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used_after);
        snapshot("after");
        fact("%s.code=%d\n%s.us=%ld\n%s.cpu=%ld\n", now, code, now, microseconds(&begin, &end), now,
             microseconds(&used_before, &used_after));
    }
    fact("prompts=%d\n", talk.prompts);
    pam_end(pamh, code);
    return 0;
}
