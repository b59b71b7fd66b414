//! State notifications to systemd or another service manager (`sd_notify`). Without one, nothing is sent.

use std::time::Duration;

use nix::poll::PollTimeout;
use sd_notify::NotifyState;

/// Watchdog of the service manager.
pub(crate) struct ServiceManager {
    /// Time limit between two notifications; `None` without a watchdog.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    pub(crate) fn new() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled() }
    }

    /// Tells the watchdog that the main loop runs.
    pub(crate) fn alive(&self) {
        if self.watchdog.is_some() {
            notify(&[NotifyState::Watchdog]);
        }
    }

    /// Interval between two notifications, a third of the time limit.
    pub(crate) fn interval(&self) -> PollTimeout {
        self.watchdog
            .map_or(PollTimeout::NONE, |span| PollTimeout::try_from((span / 3).as_millis()).unwrap_or(PollTimeout::MAX))
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
