//! Locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock, also one whose last holder panicked: what this daemon guards is whole after every statement, and a panic in
/// one login must not end all others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
