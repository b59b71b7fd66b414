//! Argon2id hashes of passwords, computed a few at a time.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use protocol::Secret;
use subtle::ConstantTimeEq;

use crate::lock::lock;
use crate::state::store::StoredHash;

/// OWASP's recommendation for Argon2id with the least memory that two passes allow: 19 MiB, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The most concurrent computations. Each needs a core and 19 MiB; a flood of logins must use up neither.
const CONCURRENT: usize = 2;

/// Reserved blocks (of 1 KiB) of a work area. The C library returns an allocation of more than 32 MiB to the system when it is
/// freed; a smaller one it may keep after the second time. Those beyond [`MEMORY_KIB`] are touched only when they are wiped.
const RESERVED: usize = 32 * 1024 + 64;

/// Computes hashes; further callers wait.
#[derive(Default)]
pub(super) struct Hasher {
    running: Mutex<usize>,
    ended: Condvar,
}

/// A computation in progress.
struct Computation<'a>(&'a Hasher);

impl Hasher {
    /// Hash of a password; `None` if it cannot be computed.
    pub(super) fn hash(&self, password: &Secret, salt: [u8; 16]) -> Option<[u8; 32]> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
        let _computation = self.start();
        let mut workspace = Vec::new();
        workspace.try_reserve_exact(RESERVED).ok()?;
        workspace.resize(params.block_count(), Block::new());
        let mut hash = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // The allocator wipes the work area when it is freed.
        argon2.hash_password_into_with_memory(password.expose().as_bytes(), &salt, &mut hash, &mut workspace).ok()?;
        Some(hash)
    }

    /// Compares a password with a hash, in constant time apart from the computation; `None` if it cannot be computed.
    pub(super) fn matches(&self, stored: &StoredHash, password: &Secret) -> Option<bool> {
        self.hash(password, stored.salt).map(|hash| hash.ct_eq(&stored.hash).into())
    }

    fn start(&self) -> Computation<'_> {
        let mut running = lock(&self.running);
        while *running >= CONCURRENT {
            running = self.ended.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running += 1;
        Computation(self)
    }
}

impl Drop for Computation<'_> {
    fn drop(&mut self) {
        *lock(&self.0.running) -= 1;
        self.0.ended.notify_one();
    }
}
