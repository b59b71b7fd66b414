//! Loads a configuration from its file, whose owner and permissions are checked first.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use protocol::Secret;

use crate::keys::{Config, Source};
use crate::mistake::Mistake;
use crate::problem::Problem;
use crate::{encoding, validate, values};

/// Largest file that is read, in bytes: a wrong path, such as a device, must not fill the memory.
const MAX_SIZE: u64 = 256 * 1024;

/// Loads a configuration that belongs to root, with the token from `token_file` if that is set.
///
/// # Errors
/// [`Problem`]
pub fn load(file: &Path) -> Result<Config, Problem> {
    load_owned_by(file, 0)
}

/// Loads a configuration that belongs to a uid other than root's, such as one in a user's home directory.
///
/// # Errors
/// [`Problem`]
pub fn load_owned_by(file: &Path, owner: u32) -> Result<Config, Problem> {
    let text = read_private(file, owner)?;
    let mut config = validate::parse(text.expose(), file)?;
    if let Some(token_file) = &config.token_file {
        let token = read_private(token_file, owner)?;
        // Some editors begin a file with the mark of UTF-8.
        let token = values::token(token.expose().trim_start_matches('\u{feff}').trim_end());
        config.source = Source::Token(token.map_err(|mistake| Problem::of_file(token_file, mistake))?);
    }
    Ok(config)
}

/// Reads a file that holds a secret. Owner and permissions are those of the open file, which cannot be exchanged.
fn read_private(file: &Path, owner: u32) -> Result<Secret, Problem> {
    let refused = |mistake| Err(Problem::of_file(file, mistake));
    let unreadable = |error: io::Error| Problem::of_file(file, Mistake::Unreadable(file.into(), error.to_string()));
    // A pipe would block the daemon at its start.
    let opened = system::open_without_waiting(file).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return refused(Mistake::NotAFile);
    }
    if metadata.uid() != owner {
        return refused(Mistake::Owner { file: file.into(), found: metadata.uid(), expected: owner });
    }
    if metadata.mode() & 0o037 != 0 {
        return refused(Mistake::Mode(file.into(), metadata.mode() & 0o7777));
    }
    let mut bytes = Vec::new();
    opened.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_SIZE {
        return refused(Mistake::TooLarge(MAX_SIZE));
    }
    encoding::decode(file, bytes)
}
