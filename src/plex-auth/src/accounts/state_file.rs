//! Files of root's in `/var/lib/plex-auth-sync`. One that is damaged, or that another user could have changed, is an error:
//! taken for an empty one, it would be overwritten, and what it recorded would be lost.

use system::Problem;

use crate::error::Error;

/// Reads and parses a file of at most `max` bytes; `None` where there is none. `hint` says how to repair it.
///
/// # Errors
/// The file cannot be read, is not trusted, or `parse` returns `None`.
pub(super) fn read<T>(file: &str, max: u64, hint: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
    let wrong = |why: &str| Error::new(format!("{file}: {why}")).nothing_changed().hint(hint);
    match system::read(file.as_ref(), max) {
        Ok(text) => parse(&text).map(Some).ok_or_else(|| wrong("it is damaged")),
        Err(error) if error.is_not_found() => Ok(None),
        // A directory above the file.
        Err(error) if error.path.as_path() != std::path::Path::new(file) => Err(Error::from(error).nothing_changed()),
        Err(error) => Err(match error.problem {
            Problem::NotAFile => wrong("it is no regular file"),
            Problem::Owner(..) | Problem::Writable(_) => wrong("others can write to it"),
            Problem::TooLarge(_) | Problem::NotText => wrong("it is damaged"),
            _ => wrong(&error.to_string()),
        }),
    }
}
