//! Attack on the daemon's sessions: connections that say nothing.

use std::ops::Range;
use std::time::Duration;

use crate::world::World;

/// FIRST-UID USERS EACH SECONDS PAUSE: holds this many silent connections as each of so many users, and opens new ones for those
/// that the daemon closes, with a pause between two looks at them. Ends after so many seconds.
const SCRIPT: &str = r#"
import os, select, socket, sys, time
first, users, each = map(int, sys.argv[1:4])
seconds, pause = map(float, sys.argv[4:])
end = time.monotonic() + seconds
for uid in range(first, first + users):
    if os.fork() == 0:
        os.setgroups([]); os.setgid(uid); os.setuid(uid)
        held = []
        while time.monotonic() < end:
            while len(held) < each:
                one = socket.socket(socket.AF_UNIX)
                try:
                    one.connect("/run/plex-auth/socket")
                except OSError:
                    break
                held.append(one)
            for one in select.select(held, [], [], 0.1)[0]:
                if not one.recv(4096):
                    held.remove(one)
                    one.close()
            time.sleep(pause)
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"#;

impl World {
    /// Holds `each` silent connections to the daemon as each of these users, in the background, for `duration`. Each user's
    /// connections that the daemon has closed are replaced after `pause`.
    pub fn hold_silent_connections(&self, uids: Range<u32>, each: u32, duration: Duration, pause: Duration) {
        self.write("/run/silent.py", 0o755, "root:root", SCRIPT);
        let numbers = [uids.start, uids.end.saturating_sub(uids.start), each].map(|number| number.to_string());
        let seconds = [duration, pause].map(|duration| duration.as_secs_f64().to_string());
        let arguments = numbers.iter().chain(&seconds).map(String::as_str);
        self.start(&["python3", "/run/silent.py"].into_iter().chain(arguments).collect::<Vec<_>>());
    }
}
