/* many FACTS HOW USER:ANSWER:COUNT...: loads libpam's modules, authenticates and unloads them COUNT times for each
 * USER, sequentially, and records how often each return code occurred. HOW is
 *   here          in this thread
 *   thread        each in a new thread, which then ends
 *   child=MODULE  each in a child that was forked, without exec, from ten threads that call the module */
#include "talk.h"

#include "signals.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>

#define THREADS 10

static struct {
    const char *user, *answer;
} who;

/* Reached when every thread has loaded its libraries. A child forked earlier would find the loader in an inconsistent state. */
static pthread_barrier_t loaded;

static int login(void)
{
    struct talk talk = { who.answer, NULL, 0 };
    pam_handle_t *pamh = start("alone", who.user, &talk);
    int code = phase(pamh, "auth");
    pam_end(pamh, code);
    return code;
}

static void *nothing(void *data)
{
    return data;
}

static void *in_thread(void *code)
{
    *(int *)code = login();
    return NULL;
}

/* Calls the fastest hook repeatedly. */
static void *busy(void *hook)
{
    struct talk talk = { "error", NULL, 0 };
    pam_handle_t *pamh = start("alone", "root", &talk);
    int (*account)(pam_handle_t *, int, int, const char **);
    *(void **)&account = hook;
    pthread_barrier_wait(&loaded);
    while (pamh)
        account(pamh, 0, 0, NULL);
    return NULL;
}

static void make_busy(const char *module)
{
    void *library = dlopen(module, RTLD_NOW);
    void *hook = library ? dlsym(library, "pam_sm_acct_mgmt") : NULL;
    pthread_barrier_init(&loaded, NULL, THREADS);
    for (int i = 1; i < THREADS; i++) {
        pthread_t thread;
        if (!hook || pthread_create(&thread, NULL, busy, hook))
            abort();
    }
    pthread_barrier_wait(&loaded);
}

/* The return code of a child, or 100 if a signal ended it. */
static int in_child(void)
{
    int status = -1;
    pid_t child = fork();
    if (!child) {
        signal(SIGALRM, SIG_DFL);
        alarm(15);
        _exit(login());
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

int main(int argc, char **argv)
{
    static char before[SIGNALS], after[SIGNALS];
    facts_to(argv[1]);
    const char *how = argv[2];
    unusual_signals();
    if (!strncmp(how, "child=", 6))
        make_busy(how + 6);
    // Creating the first thread makes the C library install a signal handler.
    pthread_t first;
    if (pthread_create(&first, NULL, nothing, NULL) || pthread_join(first, NULL))
        abort();
    signals(before);
    for (int user = 3; user < argc; user++) {
        who.user = strtok(argv[user], ":");
        who.answer = strtok(NULL, ":");
        int count = atoi(strtok(NULL, ":"));
        int codes[101] = { 0 };
        for (int i = 0; i < count; i++) {
            int code = 0;
            pthread_t thread;
            if (!strcmp(how, "here"))
                code = login();
            else if (strcmp(how, "thread"))
                code = in_child();
            else if (pthread_create(&thread, NULL, in_thread, &code) || pthread_join(thread, NULL))
                abort();
            codes[code]++;
            signals(after);
            if (strcmp(before, after)) {
                fact("changed=%s | %s\n", before, after);
                return 1;
            }
        }
        fact("%s.%s=", who.user, who.answer);
        for (int code = 0; code <= 100; code++)
            if (codes[code])
                fact("%dx%d ", codes[code], code);
        fact("\n");
    }
    fact("signals=the same\n");
    return 0;
}
