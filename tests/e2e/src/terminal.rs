//! A user's terminal on the machine: a real pty, with the screen that a program draws on it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal};
use rustix::termios::{LocalModes, Winsize};

use crate::recording::{Chunk, Recording};
use crate::world::{LOCALE, World};

/// Default time limit for a text to appear, and for a program to exit.
const PATIENCE: Duration = Duration::from_secs(90);

/// Time limit for a program on a terminal, in seconds.
const SITTING: &str = "600";

/// Polling interval.
const GLANCE: Duration = Duration::from_millis(10);

/// Columns of the usual terminal: no line of ours is wrapped there.
const WIDE: u16 = 400;

/// Scrolled-out lines that are kept.
const SCROLLBACK: usize = 2000;

/// A terminal with a program on it, which leads a session of its own. Both end when this is dropped.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<vt100::Parser>>,
    chunks: Arc<Mutex<Vec<Chunk>>>,
    markers: Vec<(Instant, String)>,
    waited_for: HashMap<String, usize>,
    patience: Duration,
}

impl World {
    /// A program on a terminal that is wide enough for every line, with a UTF-8 locale.
    #[must_use]
    pub fn terminal(&self, arguments: &[&str]) -> Terminal {
        self.terminal_of(WIDE, 24, LOCALE, arguments)
    }

    /// A program on a terminal of this size, in this locale.
    #[must_use]
    pub fn terminal_of(&self, columns: u16, lines: u16, locale: &str, arguments: &[&str]) -> Terminal {
        // From the machine's own /dev/pts, so that programs there find the terminal's name.
        let pts = format!("/proc/{}/root/dev/pts", self.process());
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let keyboard = File::from(rustix::fs::open(format!("{pts}/ptmx"), flags, Mode::empty()).unwrap());
        rustix::pty::unlockpt(&keyboard).unwrap();
        let name = rustix::pty::ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let number = name.rsplit('/').next().unwrap();
        let seat = File::from(rustix::fs::open(format!("{pts}/{number}"), flags, Mode::empty()).unwrap());
        let size = Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&seat, size).unwrap();

        let mut command = self.command_within(SITTING, &["setsid", "--ctty"]);
        command.args(arguments).env("TERM", "xterm-256color").env("LANG", locale);
        let handle = || Stdio::from(seat.try_clone().unwrap());
        let child = command.stdin(handle()).stdout(handle()).stderr(handle()).spawn().unwrap();
        let of = |cells| NonZeroU16::new(cells).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(of(lines), of(columns), SCROLLBACK)));
        let (output, painted) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        let chunks = Arc::default();
        let recorded = Arc::clone(&chunks);
        std::thread::spawn(move || paint(output, &painted, &recorded));
        let (markers, waited_for) = (Vec::new(), HashMap::new());
        Terminal { child, keyboard, screen, chunks, markers, waited_for, patience: PATIENCE }
    }
}

/// Draws the program's output on the screen, and records it, until no process has the terminal open any more.
fn paint(mut output: File, screen: &Mutex<vt100::Parser>, chunks: &Mutex<Vec<Chunk>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        let bytes = buffer.get(..length).unwrap();
        chunks.lock().unwrap().push((Instant::now(), bytes.to_vec()));
        screen.lock().unwrap().process(bytes);
    }
}

impl Terminal {
    /// Sets the time limit for [`Self::exit`].
    pub fn be_patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Waits until the text has appeared, on the screen or in the scrollback. Word wrap within it does not matter, unless it
    /// has line ends itself. Waiting for the same text again waits for one more occurrence.
    pub fn wait_for(&mut self, text: &str) {
        // A terminal screen does not distinguish a trailing blank that was written from an empty cell.
        let text = text.trim_end();
        let wanted = self.waited_for.get(text).copied().unwrap_or(0) + 1;
        let start = Instant::now();
        loop {
            let contents = self.contents();
            let is_one_line = !text.contains('\n');
            let shown = if is_one_line { words(&contents) } else { contents.clone() };
            if shown.matches(&*if is_one_line { words(text) } else { text.to_owned() }).count() >= wanted {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{text:?} does not appear {wanted} time(s) in:\n{contents}");
            std::thread::sleep(GLANCE);
        }
        self.waited_for.insert(text.to_owned(), wanted);
    }

    /// Changes the size of the window, as a user does.
    pub fn resize(&mut self, columns: u16, lines: u16) {
        let size = Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&self.keyboard, size).unwrap();
        let of = |cells| NonZeroU16::new(cells).unwrap();
        self.screen.lock().unwrap().screen_mut().set_size(of(lines), of(columns));
    }

    /// Notes in the recording that something happens elsewhere now.
    pub fn mark(&mut self, what: &str) {
        self.markers.push((Instant::now(), what.to_owned()));
    }

    /// The session until now.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let (lines, columns) = self.screen.lock().unwrap().screen().size();
        Recording::new(columns.get(), lines.get(), self.chunks.lock().unwrap().clone(), &self.markers)
    }

    /// Types a line and presses Enter.
    pub fn type_line(&mut self, line: &str) {
        self.type_text(&format!("{line}\r"));
    }

    /// Presses these keys.
    pub fn type_text(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Scrollback and screen. Wrapped lines are joined again, trailing blanks are removed.
    #[must_use]
    pub fn contents(&self) -> String {
        let mut parser = self.screen.lock().unwrap();
        let screen = parser.screen_mut();
        let columns = screen.size().1.get();
        let mut text = String::new();
        let mut add = |screen: &vt100::Screen, row: u16, line: &str| {
            let wrapped = screen.row_wrapped(row);
            text.push_str(if wrapped { line } else { line.trim_end() });
            text.push_str(if wrapped { "" } else { "\n" });
        };
        screen.set_scrollback(SCROLLBACK);
        for above in (1..=screen.scrollback()).rev() {
            screen.set_scrollback(above);
            add(screen, 0, &screen.rows(0, columns).next().unwrap());
        }
        screen.set_scrollback(0);
        for (row, line) in (0..).zip(screen.rows(0, columns)) {
            add(screen, row, &line);
        }
        text.trim_end().to_owned()
    }

    /// The current screen, line by line, without trailing blanks.
    #[must_use]
    pub fn screen(&self) -> String {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let lines: Vec<_> = screen.rows(0, screen.size().1.get()).map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// True if the terminal echoes input.
    #[must_use]
    pub fn shows_what_is_typed(&self) -> bool {
        rustix::termios::tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the program to exit; the contents are complete then. Returns its exit code, or -1 if a signal ended
    /// it.
    pub fn exit(&mut self) -> i32 {
        let start = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            assert!(start.elapsed() < self.patience, "the program does not end:\n{}", self.contents());
            std::thread::sleep(GLANCE);
        };
        // Processes that it started may keep the terminal open; they are not waited for.
        let last_words = Instant::now();
        while Arc::strong_count(&self.screen) > 1 && last_words.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(GLANCE);
        }
        code
    }

    /// Kills the program with SIGKILL.
    pub fn kill(&mut self) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            // It runs below `nsenter` and `timeout`, which end with it; right after the start it may not exist yet.
            if let Some(program) =
                only_child(self.child.id()).and_then(|timeout| only_child(timeout.as_raw_nonzero().get()))
            {
                let _ = rustix::process::kill_process(program, Signal::KILL);
            }
            if start.elapsed() > Duration::from_secs(30) {
                let _ = self.child.kill();
            }
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A text with one blank between its words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn only_child(process: impl TryInto<i32>) -> Option<Pid> {
    let process = process.try_into().ok()?;
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    Pid::from_raw(children.trim().parse().ok()?)
}
