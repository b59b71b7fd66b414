//! Argon2id hashes of cached passwords, computed a few at a time.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use protocol::Secret;
use subtle::ConstantTimeEq;

use crate::lock::lock;
use crate::state::store::StoredHash;

/// First recommendation of OWASP for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The most concurrent computations. Each needs a core and 19 MiB; a flood of logins must use up neither.
const CONCURRENT: usize = 2;

/// Computes hashes; further callers wait.
pub(super) struct Hasher {
    /// Memory of the hash function, reused between computations.
    workspaces: Mutex<Vec<Vec<Block>>>,
    returned: Condvar,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { workspaces: Mutex::new(vec![Vec::new(); CONCURRENT]), returned: Condvar::new() }
    }
}

impl Hasher {
    /// Hash of a password; `None` if it cannot be computed.
    pub(super) fn hash(&self, password: &Secret, salt: [u8; 16]) -> Option<[u8; 32]> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
        let mut workspace = self.workspace();
        workspace.resize(params.block_count(), Block::new());
        let mut hash = [0; 32];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let done =
            argon2.hash_password_into_with_memory(password.expose().as_bytes(), &salt, &mut hash, &mut workspace);
        // The blocks derive from a hash of the password, not from itself, and the next computation overwrites them.
        lock(&self.workspaces).push(workspace);
        self.returned.notify_one();
        done.ok().map(|()| hash)
    }

    /// Compares a password with a hash, in constant time apart from the computation.
    pub(super) fn matches(&self, stored: &StoredHash, password: &Secret) -> bool {
        self.hash(password, stored.salt).is_some_and(|hash| hash.ct_eq(&stored.hash).into())
    }

    fn workspace(&self) -> Vec<Block> {
        let mut workspaces = lock(&self.workspaces);
        loop {
            if let Some(workspace) = workspaces.pop() {
                return workspace;
            }
            workspaces = self.returned.wait(workspaces).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
