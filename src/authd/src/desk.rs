//! What all logins share, and what is known about accounts before anybody has typed anything.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use config::{Config, Source};
use policy::{Account, Moment, Pin, PlexId, Reason, Reference, Rules};

use crate::flights::Flights;
use crate::friends::Friends;
use crate::gate::Gate;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::link_codes::LinkCodes;
use crate::lock::lock;
use crate::log::Log;
use crate::media::Media;
use crate::memory::Memory;
use crate::pace::Pace;
use crate::reach::Reach;
use crate::samba::Samba;
use crate::shadow::Shadow;
use crate::signout::{Device, SignOut};
use crate::state::Store;
use crate::turns::{SLOTS, Turns};

/// Everything that a login needs and that all logins share.
pub(crate) struct Desk {
    pub config: Config,
    pub config_file: PathBuf,
    /// When the configuration was read.
    pub read: Instant,
    pub limits: Arc<Limits>,
    pub rules: Rules,
    pub uid_min: u32,
    /// What people sign in with.
    pub devices: [Device; SLOTS],
    /// The list, where there is a token to read it with.
    pub friends: Option<Arc<Friends>>,
    /// The media server, where it is asked too.
    pub media: Option<Media>,
    pub gate: Arc<Gate>,
    pub reach: Reach,
    pub memory: Arc<Memory>,
    pub flights: Flights,
    pub link_codes: LinkCodes,
    pub pace: Arc<Pace>,
    pub turns: Turns,
    pub sign_out: SignOut,
    /// Where SMB passwords go, if they are to follow.
    pub samba: Option<Samba>,
    /// Who knows which accounts have a local password.
    pub shadow: Shadow,
    pub ledger: Arc<Ledger>,
    pub store: Store,
    pub log: Log,
    /// Who each account belonged to at its first login.
    pub pins: Arc<Mutex<HashMap<String, Pin>>>,
    /// Without a list: who signed in lately, which is then all that the account phase can go by.
    pub recent: Arc<Mutex<HashMap<String, (PlexId, Moment)>>>,
}

impl Desk {
    /// Ends what works for nobody's login. Logins that are under way go on.
    pub(crate) fn retire(&self) {
        if let Some(friends) = &self.friends {
            friends.stop();
        }
        self.memory.stop();
    }

    /// The device that people in this slot sign in with.
    pub(crate) fn device(&self, slot: usize) -> &Device {
        let [first, ..] = &self.devices;
        self.devices.get(slot).unwrap_or(first)
    }

    /// Whom an account belongs to.
    ///
    /// # Errors
    /// Why this project has no say about it.
    pub(crate) fn managed(&self, account: Option<&Account>) -> Result<Reference, Reason> {
        policy::managed(account, self.uid_min, &self.config.users)
    }

    /// The Plex id that an account seems to belong to, for the log.
    pub(crate) fn id_of(&self, account: &str, whose: &Reference) -> Option<PlexId> {
        let pinned = || self.pin(account).map(|pin| pin.id);
        let circle = self.friends.as_ref().and_then(|friends| friends.known());
        circle.and_then(|circle| circle.id_of(whose)).or_else(pinned)
    }

    /// The server that counts and whose it is.
    pub(crate) fn server(&self) -> Option<(String, PlexId)> {
        match &self.config.source {
            Source::Resources { machine_id, owner_id } => Some((machine_id.clone(), *owner_id)),
            Source::Token(_) => {
                let circle = self.friends.as_ref()?.known()?;
                Some((self.config.machine_id.clone()?, circle.owner.id))
            }
        }
    }

    /// Who an account belonged to at its first login.
    pub(crate) fn pin(&self, account: &str) -> Option<Pin> {
        lock(&self.pins).get(account).cloned()
    }
}
