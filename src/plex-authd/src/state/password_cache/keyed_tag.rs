//! Keyed tags of passwords: they show whether two passwords are equal, and are of no use without the key.

use blake2::Blake2bMac;
use blake2::digest::consts::U32;
use blake2::digest::{KeyInit, Mac};
use policy::PlexId;
use protocol::Secret;
use subtle::ConstantTimeEq;
use system::random;
use zeroize::{Zeroizing, zeroize_stack};

/// Size of a key in bytes, the largest that `BLAKE2b` has.
const KEY: usize = 64;

/// More stack than `BLAKE2b` uses.
const STACK: usize = 4096;

/// Secret key of the tags. It has no `Clone`, `Debug` or `Serialize`, so that it stays in this process.
pub(super) struct Key(Box<Zeroizing<[u8; KEY]>>);

/// Keyed `BLAKE2b` of an account, its Plex account and a password.
pub(super) struct Tag([u8; 32]);

impl Key {
    /// A new key.
    pub(super) fn random() -> Self {
        let key = Self::generate();
        zeroize_stack::<STACK>();
        key
    }

    #[inline(never)]
    fn generate() -> Self {
        Self(Box::new(Zeroizing::new(random::bytes())))
    }

    /// The tag of a password. It is another one for each local account and each Plex account.
    pub(super) fn tag(&self, account: &str, id: PlexId, password: &Secret) -> Tag {
        let tag = self.compute(account, id, password);
        // BLAKE2b leaves a copy of its input there.
        zeroize_stack::<STACK>();
        tag
    }

    #[inline(never)]
    fn compute(&self, account: &str, id: PlexId, password: &Secret) -> Tag {
        // Only the password has no fixed or written length, so no two inputs are encoded alike.
        let tag = Blake2bMac::<U32>::new((&**self.0).into())
            .chain_update((account.len() as u64).to_le_bytes())
            .chain_update(account)
            .chain_update(id.0.to_le_bytes())
            .chain_update(password.expose());
        Tag(tag.finalize().into_bytes().into())
    }
}

impl Tag {
    /// Compares in constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_equal(key: &Key, one: (&str, u64, &str), other: (&str, u64, &str)) -> bool {
        let tag = |(account, id, password): (&str, u64, &str)| key.tag(account, PlexId(id), &Secret::from(password));
        tag(one).matches(&tag(other))
    }

    #[test]
    fn r45_tag_of_a_password_matches_for_no_other_account_plex_account_or_password() {
        let key = Key::random();
        let alice = ("alice", 2, "a password");
        assert!(is_equal(&key, alice, alice));
        for other in [
            ("frank", 2, "a password"),
            ("alice", 3, "a password"),
            ("alice", 2, "another password"),
            ("alice", 2, "a passwor"),
            ("alice", 2, ""),
            ("", 2, "a password"),
        ] {
            assert!(!is_equal(&key, alice, other), "{other:?}");
        }
    }

    #[test]
    fn r45_text_moved_between_account_and_password_changes_the_tag() {
        let key = Key::random();
        // Without lengths, all of these would be the same bytes.
        let id = u64::from_le_bytes(*b"AAAAAAAA");
        for (one, other) in
            [(("a", id, "AAAAAAAAb"), ("aAAAAAAAA", id, "b")), (("alice", id, "AAAAAAAA"), ("aliceAAAAAAAA", id, ""))]
        {
            assert!(!is_equal(&key, one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn r45_each_key_is_a_new_one() {
        let tag = || Key::random().tag("alice", PlexId(2), &Secret::from("a password"));
        let (one, other) = (tag(), tag());
        assert!(!one.matches(&other));
        assert!(one.matches(&Tag(one.0)));
    }

    /// The result for fixed inputs, as Python's `hashlib.blake2b(key=…, digest_size=32)` computes it.
    #[test]
    fn r45_tag_is_keyed_blake2b_of_the_encoded_input() {
        let key = Key(Box::new(Zeroizing::new([7; KEY])));
        let Tag(tag) = key.tag("alice", PlexId(2), &Secret::from("a password"));
        let hex = "4f6d249d2f0d3ec79294972c86f154cce54550140f48307641f2bc975febf52c";
        assert_eq!(tag.map(|byte| format!("{byte:02x}")).concat(), hex);
    }
}
