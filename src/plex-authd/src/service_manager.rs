//! systemd, or whatever else started the daemon and wants to hear how it is (`sd_notify`). Without one nothing is said.

use std::time::Duration;

use nix::poll::PollTimeout;
use sd_notify::NotifyState;

/// Who started the daemon.
pub(crate) struct ServiceManager {
    /// How often it wants to hear that the daemon is alive, if it does.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    pub(crate) fn new() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled() }
    }

    /// It is not stuck.
    pub(crate) fn alive(&self) {
        if self.watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// How long to wait at most before saying so again.
    pub(crate) fn interval(&self) -> PollTimeout {
        self.watchdog
            .map_or(PollTimeout::NONE, |span| PollTimeout::try_from((span / 3).as_millis()).unwrap_or(PollTimeout::MAX))
    }
}

/// The daemon answers logins.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It reads its configuration again.
pub(crate) fn reloading() {
    tell(&[NotifyState::Reloading]);
}

/// It is about to end.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// A supervisor that cannot be told has other ways to find out.
fn tell(state: &[NotifyState]) {
    let _ = sd_notify::notify(state);
}
