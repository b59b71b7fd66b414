//! One reading of the friend list: the owner's account, and the list from the source that can be read.

use std::time::{Duration, Instant};

use directory::{Error, Reader};
use policy::{FriendList, PlexUser};

use super::FriendListCache;
use crate::clock;

/// Age at which the owner's own account is fetched again.
const OWNER_AGE: Duration = Duration::from_secs(3600);

/// The longest duration of one reading.
const READING: Duration = Duration::from_secs(12);

/// The longest time for the owner's account if it is known already, so that the list can still be read.
const KNOWN_OWNER: Duration = Duration::from_secs(4);

impl FriendListCache {
    pub(super) fn read(&self) -> Result<FriendList, Error> {
        let (fetched_at, now) = (clock::now(), Instant::now());
        let source = &self.source;
        let reader = Reader {
            client: &source.client,
            token: &source.token,
            owner_id: source.owner_id,
            has_identity: source.has_identity,
            machine_id: source.machine_id.as_deref(),
            strict: source.strict,
            // Per request: one that hangs must not keep the next login waiting when plex.tv is available again.
            timeout: source.timeout,
            deadline: Some(now + READING),
        };
        reader.list(self.owner(now, &reader)?, fetched_at)
    }

    /// The owner. The last list belongs to the same token, so its owner is used while plex.tv does not show the account, and
    /// its names while it does not show them (P7).
    fn owner(&self, now: Instant, reader: &Reader) -> Result<PlexUser, Error> {
        let recent = self.lock().owner.clone().filter(|(_, at)| now.saturating_duration_since(*at) < OWNER_AGE);
        if let Some((owner, _)) = recent {
            return Ok(owner);
        }
        let known = self.latest().map(|list| list.owner.clone());
        let reader =
            Reader { deadline: known.as_ref().map_or(reader.deadline, |_| Some(now + KNOWN_OWNER)), ..*reader };
        match (reader.owner(), known) {
            (Ok(owner), Some(known)) if is_nameless(&owner) && owner.id == known.id => Ok(known),
            // Not kept: plex.tv may show the names with the next list.
            (Ok(owner), _) if is_nameless(&owner) => Ok(owner),
            (Ok(owner), _) => {
                self.lock().owner = Some((owner.clone(), now));
                Ok(owner)
            }
            (Err(error), Some(known)) if says_nothing(&error) => Ok(known),
            (Err(error), _) => Err(error),
        }
    }
}

fn is_nameless(owner: &PlexUser) -> bool {
    let is_empty = |name: &Option<String>| name.as_ref().is_none_or(String::is_empty);
    is_empty(&owner.username) && is_empty(&owner.email)
}

/// True if an error is neither about the token nor a demand for a pause.
fn says_nothing(error: &Error) -> bool {
    use plex::Error::{AddressBlocked, RateLimited, Refused};
    !matches!(error, Error::WrongOwner { .. } | Error::Plex(Refused | RateLimited(_) | AddressBlocked))
}
