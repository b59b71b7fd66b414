//! One login at one program.

use std::sync::atomic::{AtomicU16, Ordering};

use super::cell::Verdict;
use super::program::Program;
use crate::World;

/// Time limit of a login, in seconds.
const LIMIT: &str = "100";

/// Beginning of every script: the answers, from standard input, and a function that judges what a program printed.
const BEGINNING: &str = r#"
user=$1
IFS= read -r password
IFS= read -r code || true
verdict() { # ACCEPTED REFUSED: extended regular expressions
    said=$(tr -d '\r' | tr '\0' ' ' | sed 's/\x1b\[[0-9;:?]*[a-zA-Z]//g')
    printf '%s\n' "$said"
    if printf '%s\n' "$said" | grep -Eq -e "$1"; then exit 0; fi
    if printf '%s\n' "$said" | grep -Eq -e "$2"; then exit 1; fi
    exit 2
}
"#;

/// Runs a command on a terminal, gives the next line of its input to each prompt for a password or a code, and prints the
/// terminal's contents. At a shell's prompt it lets the shell say who it is, and ends.
pub(super) const TERMINAL: &str = r#"#!/usr/bin/python3
import os, pty, re, select, sys, time
answers = sys.stdin.read().split("\n")
process, terminal = pty.fork()
if process == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown, since, end = b"", b"", time.monotonic() + 90
while time.monotonic() < end:
    if select.select([terminal], [], [], 0.2)[0]:
        try:
            new = os.read(terminal, 4096)
        except OSError:
            # Nobody has the terminal open: the end, or login, which opens it again.
            if os.waitpid(process, os.WNOHANG)[0]:
                break
            time.sleep(0.1)
            continue
        shown, since = shown + new, since + new
        continue
    if re.search(rb"(?i)(password|code)[^\n]*: *$", since):
        os.write(terminal, (answers.pop(0) if answers else "").encode() + b"\n")
        since = b""
    elif re.search(rb"[$#] $", since):
        os.write(terminal, b"echo in as $(id -un); exit\n")
        since = b""
    elif re.search(os.environ.get("END", "(?!)").encode(), since):
        break
os.close(terminal)
sys.stdout.buffer.write(shown)
"#;

/// Prints the next line of the file $ANSWERS, for programs that run `SSH_ASKPASS`.
pub(super) const ASKPASS: &str = "#!/bin/sh\nhead -n 1 \"$ANSWERS\"\nsed -i 1d \"$ANSWERS\"\n";

/// Tries to log in with a password and a code, which may be empty.
pub(super) fn attempt(world: &World, program: &Program, user: &str, password: &str, code: &str) -> Verdict {
    static ADDRESSES: AtomicU16 = AtomicU16::new(1);
    // Each login has an address of its own: some programs refuse an address after a few failures.
    let [high, low] = ADDRESSES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let script = format!("{BEGINNING}{}", program.attempt);
    let mut command = world.command_within(LIMIT, &["sh", "-uc", &script, "sh", user]);
    command.env("KEY", &program.key).env("ADDRESS", format!("127.1.{high}.{low}"));
    let out = world.finish(command, &format!("{password}\n{code}\n"));
    match out.code {
        0 => Verdict::In,
        1 => Verdict::Out,
        code => Verdict::Broken(format!("{user}: {code}: {}{}", out.stdout, out.stderr)),
    }
}
