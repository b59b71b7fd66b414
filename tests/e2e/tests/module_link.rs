//! Libraries and symbols that the module imports.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use e2e::{Code, DEN, World, password, shipped, with_panics};

/// Functions that the module calls: libpam, one socket, the clock, memory, and the size and locale of the terminal.
const USED: &str = "\
    pam_fail_delay pam_get_item pam_get_user pam_set_item close connect fcntl getpid getsockopt poll recv send \
    sendto setsockopt socket lstat64 __lxstat64 statx clock_gettime __errno_location calloc free malloc posix_memalign bcmp memcmp memcpy \
    memmove memset strlen ioctl nl_langinfo";

/// Imports of Rust's runtime: thread-local storage, waiting for a lock, and abort.
const RUNTIME: &str = "\
    __tls_get_addr __cxa_thread_atexit_impl __cxa_finalize __gmon_start__ _ITM_deregisterTMCloneTable \
    _ITM_registerTMCloneTable gettid syscall abort";

/// Imports of the unwinder, which the module contains: finding the unwind tables of the libraries that a panic crosses,
/// and the locks around them. None of it runs before a panic.
const UNWINDER: &str = "_dl_find_object __pthread_key_create pthread_once pthread_mutex_lock pthread_mutex_unlock";

/// Imports that are never called. They belong to Rust's default panic report, with the backtrace that the environment
/// may request. The module replaces that report, but the linker cannot know. Some have other names in older C
/// libraries.
const DEAD: &str = "\
    getenv getcwd open64 read write readlink realpath stat64 __xstat64 fstat64 __fxstat64 lseek64 mmap64 munmap dl_iterate_phdr \
    _Unwind_Backtrace _Unwind_GetIP __xpg_strerror_r";

/// Imports that are forbidden, whatever is added to the lists above.
const NEVER: &str = "\
    sigaction signal sigprocmask pthread_sigmask sigaltstack raise kill alarm setitimer timer_create timer_settime \
    nanosleep clock_nanosleep usleep sleep pthread_create clone pthread_atfork fork vfork execve execvp execv \
    posix_spawn posix_spawnp system popen secure_getenv setenv unsetenv putenv environ syslog openlog vsyslog \
    getpwnam getpwnam_r getaddrinfo dlopen dlsym setlocale pam_putenv pam_syslog pam_set_data exit _exit chdir umask \
    setuid setresuid dup2 fopen creat";

fn words(list: &str) -> BTreeSet<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

/// Output of a tool about the module, line by line.
fn lines(tool: &str, arguments: &[&str], module: &Path) -> Vec<String> {
    let out = Command::new(tool).args(arguments).arg(module).output().unwrap();
    assert!(out.status.success(), "{tool}: {out:?}");
    String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The names in `nm`'s list, without symbol versions.
fn names(which: &str, module: &Path) -> BTreeSet<String> {
    let name = |line: &String| line.split_whitespace().last().unwrap().split('@').next().unwrap().to_owned();
    lines("nm", &["-D", which], module).iter().map(name).collect()
}

#[test]
fn r1_r2_r28_r32_module_imports_only_known_symbols() {
    let imported = names("--undefined-only", &shipped("libpam_plex.so"));
    let known = words(&[USED, RUNTIME, UNWINDER, DEAD].join(" "));
    let strange: Vec<_> = imported.difference(&known).collect();
    assert!(strange.is_empty(), "the module now imports {strange:?}");
    assert!(imported.contains("pam_get_item") && imported.contains("socket"), "nm lists nothing: {imported:?}");
    let never = words(NEVER);
    let banned: Vec<_> = never.iter().filter(|name| known.contains(*name) || imported.contains(*name)).collect();
    assert!(banned.is_empty(), "{banned:?}");
}

#[test]
fn r32_r6_dead_imports_are_never_called_even_during_a_panic() {
    let Some(world) = World::with_everything(DEN, "") else { return };
    world.copy(&with_panics(), &world.module("pam_plex_panic"), 0o644);
    let hostile = ["env", "RUST_BACKTRACE=full", "RUST_LIB_BACKTRACE=1", "RUST_MIN_STACK=1", "TZ=/tmp/x"];
    let spring = |module: &str, user: &str, answer: &str, names: &[&str]| {
        world.facts(&hostile, "traps", &[&[&world.module(module), user, answer], names].concat())
    };
    let expected = |facts: &e2e::Facts, codes: [i32; 6]| {
        let hooks = ["authenticate", "acct_mgmt", "setcred", "open_session", "close_session", "chauthtok"];
        assert_eq!(hooks.map(|hook| facts.get(hook).parse::<i32>().unwrap()), codes, "{facts:?}");
        assert!(facts.get("traps").parse::<usize>().unwrap() >= 10, "{facts:?}");
    };
    let dead: Vec<_> = DEAD.split_whitespace().collect();
    world.types(password("alice"));
    expected(&spring("pam_plex", "alice", "typed", &dead), [0, 0, 0, 25, 25, 6]);
    expected(&spring("pam_plex", "alice", "error", &dead), [19, 0, 0, 25, 25, 6]);
    expected(&spring("pam_plex", "local", "typed", &dead), [10, 25, 0, 25, 25, 25]);
    expected(&spring("pam_plex", "root", "typed", &dead), [10, 25, 0, 25, 25, 25]);
    // Unwinding needs the unwind tables of the libraries.
    let dead_in_a_panic: Vec<_> = dead.iter().copied().filter(|name| *name != "dl_iterate_phdr").collect();
    expected(&spring("pam_plex_panic", "alice", "typed", &dead_in_a_panic), [9, 9, 4, 4, 4, 9]);
    world.stop_authd();
    expected(&spring("pam_plex", "alice", "typed", &dead), [9, 9, 0, 25, 25, 9]);
    world.sh("rm -rf /run/plex-auth");
    expected(&spring("pam_plex", "alice", "typed", &dead), [9, 9, 0, 25, 25, 9]);

    // The traps themselves work.
    let out = world.run(&["/mnt/traps", "/mnt/facts", &world.module("pam_plex"), "alice", "typed", "socket"]);
    let facts = std::fs::read_to_string(world.shared().join("facts")).unwrap();
    assert!(out.code == 1 && facts.contains("trap=socket"), "{out:?} {facts}");
    assert_eq!(world.authenticate("root", "x"), Code::USER_UNKNOWN);
}

#[test]
fn r3_module_exports_only_the_six_pam_hooks() {
    let hooks = ["acct_mgmt", "authenticate", "chauthtok", "close_session", "open_session", "setcred"];
    let expected: BTreeSet<_> = hooks.iter().map(|hook| format!("pam_sm_{hook}")).collect();
    assert_eq!(names("--defined-only", &shipped("libpam_plex.so")), expected);
}

#[test]
fn r3_module_is_linked_with_nodelete_now_and_relro() {
    let module = shipped("libpam_plex.so");
    let dynamic = lines("readelf", &["-dW"], &module);
    let flags = dynamic.iter().find(|line| line.contains("(FLAGS_1)")).unwrap();
    assert!(flags.contains("NODELETE") && flags.contains("NOW"), "{flags}");
    assert!(!dynamic.iter().any(|line| line.contains("RPATH") || line.contains("RUNPATH") || line.contains("TEXTREL")));
    let needed: BTreeSet<_> = dynamic
        .iter()
        .filter(|line| line.contains("(NEEDED)"))
        .map(|line| line.split(['[', ']', '.']).nth(1).unwrap().to_owned())
        .collect();
    let known = ["libpam", "libgcc_s", "libc", "ld-linux-x86-64", "ld-linux-aarch64", "ld64"];
    assert!(needed.iter().all(|library| known.contains(&library.as_str())), "{needed:?}");
    let segments = lines("readelf", &["-lW"], &module);
    assert!(segments.iter().any(|line| line.contains("GNU_RELRO")), "{segments:#?}");
    let stack = segments.iter().find(|line| line.contains("GNU_STACK")).unwrap();
    assert!(!stack.contains("RWE"), "{stack}");
}

#[test]
fn module_is_at_most_700_000_bytes() {
    let bytes = std::fs::metadata(shipped("libpam_plex.so")).unwrap().len();
    assert!(bytes <= 700_000, "{bytes} bytes");
}
