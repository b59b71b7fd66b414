/* traps FACTS MODULE USER ANSWER NAME...: loads a module and replaces each of these imported functions, for the module only,
 * by one that records its name and ends the process; pam_get_item is replaced by one that only returns the conversation.
 * Then it calls the six hooks, without libpam in between, and records their return codes. */
#include "talk.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>

#define MAX_TRAPS 40
static char **names;

static void sprung(int number)
{
    fact("trap=%s\n", names[number]);
    _exit(1);
}

static int no_items(const pam_handle_t *pamh, int type, const void **item)
{
    *item = NULL;
    return type == PAM_CONV ? pam_get_item(pamh, type, item) : PAM_SUCCESS;
}

/* One function for each name. */
#define TRAP(n) static void trap_##n(void) { sprung(n); }
#define TEN(X, d) X(d##0) X(d##1) X(d##2) X(d##3) X(d##4) X(d##5) X(d##6) X(d##7) X(d##8) X(d##9)
#define ADDRESS(n) trap_##n,
#define FORTY(X) TEN(X, ) TEN(X, 1) TEN(X, 2) TEN(X, 3)
FORTY(TRAP)
static void (*const traps[MAX_TRAPS])(void) = { FORTY(ADDRESS) };

static struct {
    const char *strings;
    const ElfW(Sym) *symbols;
    ElfW(Addr) base;
    int set;
} module;

/* Overwrites the slots that the loader filled in for the names. */
static void trap(const ElfW(Rela) *slots, size_t bytes)
{
    for (size_t i = 0; slots && i < bytes / sizeof *slots; i++) {
        const char *name = module.strings + module.symbols[ELF64_R_SYM(slots[i].r_info)].st_name;
        for (int number = 0; names[number]; number++) {
            if (strcmp(name, names[number]))
                continue;
            ElfW(Addr) slot = module.base + slots[i].r_offset, page = slot & -4096UL;
            if (mprotect((void *)page, 8192, PROT_READ | PROT_WRITE))
                abort();
            *(void **)slot = strcmp(name, "pam_get_item") ? (void *)traps[number] : (void *)no_items;
            module.set++;
        }
    }
}

static void set_traps(const struct link_map *map)
{
    const ElfW(Rela) *slots = NULL, *calls = NULL;
    size_t slot_bytes = 0, call_bytes = 0;
    module.base = map->l_addr;
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        void *address = (void *)entry->d_un.d_ptr;
        switch (entry->d_tag) {
        case DT_STRTAB: module.strings = address; break;
        case DT_SYMTAB: module.symbols = address; break;
        case DT_RELA: slots = address; break;
        case DT_RELASZ: slot_bytes = entry->d_un.d_val; break;
        case DT_JMPREL: calls = address; break;
        case DT_PLTRELSZ: call_bytes = entry->d_un.d_val; break;
        }
    }
    trap(slots, slot_bytes);
    trap(calls, call_bytes);
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc - 5 > MAX_TRAPS)
        return 2;
    facts_to(argv[1]);
    names = argv + 5;
    void *library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return 3;
    set_traps(library);
    fact("traps=%d\n", module.set);
    struct talk talk = { argv[4], NULL, 0 };
    const char *hooks[] = { "authenticate", "acct_mgmt", "setcred", "open_session", "close_session", "chauthtok" };
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        pam_handle_t *pamh = start("traps", argv[3], &talk);
        int (*hook)(pam_handle_t *, int, int, const char **);
        char name[40];
        snprintf(name, sizeof name, "pam_sm_%s", hooks[i]);
        *(void **)&hook = dlsym(library, name);
        const char *arguments[] = { "debug" };
        fact("%s=%d\n", hooks[i], hook(pamh, 0, 1, arguments));
        pam_end(pamh, PAM_SUCCESS);
    }
    return 0;
}
