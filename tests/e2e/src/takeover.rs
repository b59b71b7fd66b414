//! A service in an attacker's hands: system calls made by its own threads.

use crate::world::World;

/// `EACCES`, as a system call returns it.
pub const REFUSED: i64 = -13;

impl World {
    /// Has every thread of a process make a system call (`write`, `read`, `mkdir` or `run` with a path, or `port`), and
    /// returns the results, which are 0 or a negative error number. The program that does this sets registers of `x86_64`: on
    /// another architecture nothing is called, the reason is printed, and there are no results; in CI it panics.
    pub fn take_over(&self, process: &str, call: &str, path: &str) -> Vec<i64> {
        if !cfg!(target_arch = "x86_64") {
            assert!(std::env::var_os("CI").is_none(), "taking over a service needs an x86_64");
            eprintln!("skipped: {call} {path} by a service that is taken over needs an x86_64");
            return Vec::new();
        }
        let program = self.c_program("takeover");
        let out = self.run(&[&program, process, call, path]);
        assert!(out.ok() && !out.stdout.is_empty(), "{call} {path}: {out:?}");
        out.stdout.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Asserts that a process can write only to this directory, runs without new privileges, and opens no port.
    pub fn assert_confines_itself(&self, process: &str, state: Option<&str>) {
        let is = |call: &str, path: &str, expected: i64| {
            let results = self.take_over(process, call, path);
            assert!(results.iter().all(|result| *result == expected), "{call} {path}: {results:?}");
        };
        // Where file modes refuse nothing.
        for path in ["/tmp/probe", "/var/tmp/probe", "/dev/shm/probe"] {
            is("write", path, REFUSED);
            is("mkdir", path, REFUSED);
        }
        is("read", "/etc/passwd", 0);
        is("write", "/dev/null", 0);
        is("port", "", REFUSED);
        if let Some(state) = state {
            is("write", &format!("{state}/probe"), 0);
            is("mkdir", &format!("{state}/directory"), REFUSED);
            self.sh(&format!("rm -f {state}/probe"));
        }
        self.sh(&format!("! grep -L '^NoNewPrivs:.1' /proc/{process}/task/*/status | grep ."));
    }
}
