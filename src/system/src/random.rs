//! Random bytes and identifiers, from the kernel.

use std::fmt::Write;

use rustix::io::retry_on_intr;
use rustix::rand::{GetRandomFlags, getrandom};

/// Random bytes that nobody can predict. Waits while the kernel is still collecting them, shortly after the boot.
///
/// # Panics
/// The kernel has no `getrandom` (Linux before 3.17), or a filter forbids it. Nothing is safe to do without it.
#[must_use]
#[expect(clippy::expect_used, reason = "predictable bytes would be worse than no process")]
pub fn bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= 256, "the kernel gives up to 256 bytes at once, and fewer of more") };
    let mut bytes = [0; N];
    retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty())).expect("the kernel gives no random bytes");
    bytes
}

/// A new identifier: 128 random bits in 32 hexadecimal digits.
///
/// # Panics
/// As [`bytes`].
#[must_use]
pub fn identifier() -> String {
    bytes::<16>().iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_32_hexadecimal_digits_and_no_two_are_the_same() {
        let identifiers: std::collections::BTreeSet<String> = (0..1000).map(|_| identifier()).collect();
        assert_eq!(identifiers.len(), 1000);
        for id in &identifiers {
            assert!(id.len() == 32 && id.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{id}");
        }
    }

    #[test]
    fn every_byte_is_random() {
        let mut seen = [0; 32];
        for _ in 0..100 {
            seen.iter_mut().zip(bytes::<32>()).for_each(|(seen, byte)| *seen |= byte);
        }
        assert_eq!(seen, [0xff; 32]);
    }
}
