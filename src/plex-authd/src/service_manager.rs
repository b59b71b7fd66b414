//! State notifications to systemd or another service manager (`sd_notify`). Without one, nothing is sent.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// Watchdog of the service manager.
pub(crate) struct ServiceManager(Option<Watchdog>);

struct Watchdog {
    /// Time between two notifications, a third of the time limit.
    interval: Duration,
    due: Instant,
}

impl ServiceManager {
    pub(crate) fn new() -> Self {
        Self(sd_notify::watchdog_enabled().map(|limit| Watchdog { interval: limit / 3, due: Instant::now() }))
    }

    /// Tells the watchdog that the main loop runs, if it is time: a message at each login would wake up the service manager too.
    pub(crate) fn alive(&mut self) {
        let now = Instant::now();
        if let Some(watchdog) = self.0.as_mut().filter(|watchdog| watchdog.due <= now) {
            watchdog.due = now + watchdog.interval;
            notify(&[NotifyState::Watchdog]);
        }
    }

    /// When the next notification is due; `None` without a watchdog.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.as_ref().map(|watchdog| watchdog.due)
    }
}

/// The daemon accepts logins.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The daemon reads its configuration again.
pub(crate) fn reloading() {
    notify(&[NotifyState::Reloading]);
}

/// The daemon is about to end.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// An error is ignored: the service manager notices a missing notification itself.
fn notify(state: &[NotifyState]) {
    let _ = sd_notify::notify(state);
}
