//! One reading of the friend list: the owner's account, the list from the source that can be read, and the comparison with the
//! last one.

use std::time::{Duration, Instant};

use directory::{Error, Reader};
use policy::{FriendList, PlexUser};

use super::FriendListCache;
use super::suspicion::{Check, Suspicion};
use crate::clock;

/// Age at which the owner's own account is fetched again.
const OWNER_AGE: Duration = Duration::from_secs(3600);

/// The longest duration of one reading.
const READING: Duration = Duration::from_secs(12);

/// The longest time for the owner's account if its id is known already, so that the list can still be read. At most half the
/// time of a login, which may wait for the list.
const KNOWN_OWNER: Duration = Duration::from_secs(4);

/// A list that has been read.
pub(super) enum Reading {
    /// It shows the people of the last one, or is confirmed.
    Confirmed(FriendList),
    Suspect(Suspicion),
}

impl FriendListCache {
    pub(super) fn read(&self) -> Result<Reading, Error> {
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
        let list = reader.list(self.owner(now, &reader)?, fetched_at)?;
        Ok(self.compare(list, &reader))
    }

    /// Compares a list with the last one that is not in doubt. One that lacks most people is compared with the second source,
    /// which is used if it shows them.
    fn compare(&self, list: FriendList, reader: &Reader) -> Reading {
        let (earlier, suspicion) = {
            let state = self.lock();
            (state.confirmed.clone(), state.suspicion.clone())
        };
        let Some(earlier) = earlier else { return Reading::Confirmed(list) };
        let rules = &self.source.rules;
        let loss = rules.loss(&earlier, &list);
        if !loss.is_suspect() {
            return Reading::Confirmed(list);
        }
        let is_first = list.second_source.is_none();
        let why = format!("the list of shares no longer shows {loss}");
        let second = is_first.then(|| reader.second_list(list.owner.clone(), why, list.fetched_at)).flatten();
        let (list, loss, check) = match second {
            None => (list, loss, Check::Impossible),
            Some(Err(_)) => (list, loss, Check::Open),
            Some(Ok(second)) => {
                let second_loss = rules.loss(&earlier, &second);
                if !second_loss.is_suspect() {
                    return Reading::Confirmed(second);
                }
                if loss.missing.is_subset(&second_loss.missing) {
                    (list, loss, Check::Agrees)
                } else if second_loss.missing.is_subset(&loss.missing) {
                    // Both lack these people, and each sign-in of the others needs a confirmation.
                    (second, second_loss, Check::Agrees)
                } else {
                    (list, loss, Check::Open)
                }
            }
        };
        let suspicion = Suspicion::new(list, loss, check, suspicion.as_ref());
        if suspicion.is_confirmed(self.source.max_age) {
            Reading::Confirmed(FriendList::clone(&suspicion.list))
        } else {
            Reading::Suspect(suspicion)
        }
    }

    /// The owner. The last list belongs to the same token, so its owner is used while plex.tv does not show the account, and
    /// its names while it does not show them (P7).
    fn owner(&self, now: Instant, reader: &Reader) -> Result<PlexUser, Error> {
        let recent = self.lock().owner.clone().filter(|(_, at)| now.saturating_duration_since(*at) < OWNER_AGE);
        if let Some((owner, _)) = recent {
            return Ok(owner);
        }
        let known = self.latest().map(|list| list.owner.clone());
        let is_known = known.is_some() || self.source.owner_id.is_some();
        let reader = Reader {
            deadline: if is_known { Some(now + KNOWN_OWNER.min(self.source.timeout / 2)) } else { reader.deadline },
            ..*reader
        };
        match (reader.owner(), known) {
            (Ok(owner), Some(known)) if owner.is_nameless() && owner.id == known.id => Ok(known),
            // Not kept: plex.tv may show the names with the next list.
            (Ok(owner), _) if owner.is_nameless() => Ok(owner),
            (Ok(owner), _) => {
                self.lock().owner = Some((owner.clone(), now));
                Ok(owner)
            }
            (Err(error), Some(known)) if says_nothing(&error) => Ok(known),
            (Err(error), _) => Err(error),
        }
    }
}

/// True if an error is neither about the token nor a demand for a pause.
fn says_nothing(error: &Error) -> bool {
    use plex::Error::{AddressBlocked, RateLimited, Refused};
    !matches!(error, Error::WrongOwner { .. } | Error::Plex(Refused | RateLimited(_) | AddressBlocked))
}
