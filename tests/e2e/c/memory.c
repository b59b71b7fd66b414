/* memory FACTS SERVICE USER PHASES [plant]: runs PHASES with the password in /mnt/typed, ends PAM, and searches all
 * writable memory of the process for any eight bytes of that password. With "plant", a part of the password is left in
 * memory on purpose, to show that it is found. */
#include "talk.h"

#define PART 8
#define COVER 0x5a

/* Obfuscated: the search must not find its own copy. */
static unsigned char covered[256];
static unsigned char chunk[1 << 16];
static char maps[1 << 16];

static size_t cover(void)
{
    int fd = open("/mnt/typed", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, covered, sizeof covered);
    for (ssize_t i = 0; i < length; i++)
        covered[i] ^= COVER;
    close(fd);
    return (size_t)length;
}

static int found_at(const unsigned char *bytes, size_t length)
{
    for (size_t part = 0; part + PART <= length; part += PART) {
        size_t same = 0;
        while (same < PART && (bytes[same] ^ COVER) == covered[part + same])
            same++;
        if (same == PART)
            return (int)part;
    }
    return -1;
}

static void search(int memory, unsigned long from, unsigned long to, const char *what, size_t length)
{
    while (from + PART <= to) {
        size_t wanted = to - from < sizeof chunk ? to - from : sizeof chunk;
        ssize_t got = pread(memory, chunk, wanted, (off_t)from);
        if (got < PART)
            return;
        for (size_t i = 0; i + PART <= (size_t)got; i++) {
            unsigned long address = from + i;
            int part = found_at(chunk + i, length);
            if (part >= 0 && (address < (unsigned long)chunk || address >= (unsigned long)(chunk + sizeof chunk)))
                fact("found=part %d at %lx in %s\n", part, address, what);
        }
        from += (unsigned long)got - PART + 1;
    }
}

int main(int argc, char **argv)
{
    facts_to(argv[1]);
    struct talk talk = { "typed", NULL, 0 };
    pam_handle_t *pamh = start(argv[2], argv[3], &talk);
    int code = PAM_SUCCESS;
    for (char *name = strtok(argv[4], ","); name; name = strtok(NULL, ",")) {
        code = phase(pamh, name);
        fact("%s.code=%d\n", name, code);
    }
    pam_end(pamh, code);
    char *planted = argc > 5 ? content("/mnt/typed") + 2 * PART : NULL;

    size_t length = cover();
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), list = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t filled = 0;
    for (ssize_t got; (got = read(list, maps + filled, sizeof maps - 1 - filled)) > 0;)
        filled += (size_t)got;
    int searched = 0;
    for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long from, to;
        char rights[5];
        int name = 0;
        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &from, &to, rights, &name) < 3 || rights[1] != 'w')
            continue;
        search(memory, from, to, name && line[name] ? line + name : "nameless memory", length);
        searched++;
    }
    fact("prompts=%d\nsearched=%d\nlength=%zu\nplanted=%d\n", talk.prompts, searched, length, planted != NULL);
    return 0;
}
