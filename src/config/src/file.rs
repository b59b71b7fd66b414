//! Reads the file, after making sure that only those who should could have read or written it.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use protocol::Secret;

use crate::{Config, Problem, Source, validate, values};

/// A configuration is a page of text. This keeps a wrong path, such as a device, from filling the memory.
const MAX_SIZE: u64 = 256 * 1024;

/// Reads, checks and understands a configuration that belongs to root.
///
/// # Errors
/// [`Problem`], which says where and how to mend it.
pub fn load(file: &Path) -> Result<Config, Problem> {
    load_owned_by(file, 0)
}

/// The same for a configuration that belongs to somebody else than root, such as a user who tries things out.
///
/// # Errors
/// [`Problem`]
pub fn load_owned_by(file: &Path, owner: u32) -> Result<Config, Problem> {
    let text = read_private(file, owner)?;
    let (mut config, token_file) = validate::understand(text.expose(), file)?;
    if let Some(token_file) = token_file {
        let token = read_private(&token_file, owner)?;
        let token = values::token(token.expose().trim_end())
            .map_err(|(what, mend)| Problem::of_file(&token_file, what, mend))?;
        config.source = Source::Token(token);
    }
    Ok(config)
}

/// The text of a file that holds a secret. Ownership and mode are those of the file that is then read, not of a name.
fn read_private(file: &Path, owner: u32) -> Result<Secret, Problem> {
    let wrong = |what: String, mend: String| Problem::of_file(file, what, mend);
    let unreadable = |error: std::io::Error| {
        let mend = format!("it must exist and be readable by plex-auth: chown root:plex-auth {}", file.display());
        wrong(format!("cannot be read: {error}"), mend)
    };
    // A pipe would keep the daemon waiting at its start.
    let opened = system::open_without_waiting(file).map_err(unreadable)?;
    let about = opened.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(wrong("is not a regular file".into(), "name the file itself".into()));
    }
    if about.uid() != owner {
        let what = format!("belongs to uid {}, who could change who may log in", about.uid());
        let owner = if owner == 0 { "root".to_owned() } else { owner.to_string() };
        return Err(wrong(what, format!("run: chown {owner}:plex-auth {}", file.display())));
    }
    if about.mode() & 0o037 != 0 {
        let what = format!("has mode {:04o}, but it holds a token", about.mode() & 0o7777);
        return Err(wrong(what, format!("run: chmod 0640 {}", file.display())));
    }
    let mut text = String::new();
    opened.take(MAX_SIZE + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_SIZE {
        return Err(wrong(format!("is larger than {MAX_SIZE} bytes"), "name the configuration file".into()));
    }
    Ok(Secret::from(text))
}
