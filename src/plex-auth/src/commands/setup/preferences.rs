//! The Plex Media Server's own settings file, with its name and its owner's token.

use std::path::Path;

use plex::Token;

use crate::error::Error;
use crate::ui::terminal;

/// Paths of the distributions' packages and of the snap.
const USUAL: [&str; 3] = [
    "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/snap/plexmediaserver/common/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/lib/plex/Plex Media Server/Preferences.xml",
];

/// Limit on the file's size, in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

/// The relevant settings. The server's user can write them, so the token counts only if plex.tv accepts it.
pub(crate) struct Preferences {
    /// Name of the server.
    pub name: Option<String>,
    /// Machine id that the server reports.
    pub machine_id: Option<String>,
    /// The owner's token.
    pub token: Option<Token>,
}

/// Reads the given file, or one of the usual ones. They belong to the server's user, so [`system::read`] reads them.
///
/// # Errors
/// The given file cannot be used. Of the usual ones, a missing file is no error, and an untrusted one a warning.
pub(crate) fn read(named: Option<&Path>) -> Result<Option<Preferences>, Error> {
    if let Some(file) = named {
        // A person names files from where they are.
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        return open(&absolute).map(Some);
    }
    Ok(USUAL.iter().find_map(|file| usual(Path::new(file))))
}

fn usual(file: &Path) -> Option<Preferences> {
    let text = match system::read(file, MAX_SIZE) {
        Ok(text) => text,
        Err(error) => {
            // Without root's rights, no file is expected to be readable.
            if !matches!(&error.problem, system::Problem::Io(_)) {
                terminal::warn(format!("not used: {}", Error::from(error)));
            }
            return None;
        }
    };
    understand(&text)
}

fn open(file: &Path) -> Result<Preferences, Error> {
    let text = system::read(file, MAX_SIZE).map_err(Error::from)?;
    let unknown = || Error::new(format!("{}: is no Preferences.xml of a Plex Media Server", file.display()));
    understand(&text).ok_or_else(unknown)
}

fn understand(text: &str) -> Option<Preferences> {
    let document = roxmltree::Document::parse(text).ok()?;
    let root = Some(document.root_element()).filter(|root| root.has_tag_name("Preferences"))?;
    let said = |name| root.attribute(name).filter(|text| !text.is_empty());
    Some(Preferences {
        name: said("FriendlyName").map(str::to_owned),
        // `MachineIdentifier` is the secret that this one is derived from.
        machine_id: said("ProcessedMachineIdentifier").map(str::to_owned),
        token: said("PlexOnlineToken").map(Token::from),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn the_machine_id_is_the_processed_one() {
        let text = r#"<?xml version="1.0" encoding="utf-8"?>
            <Preferences OldestPreviousVersion="legacy" MachineIdentifier="1-2-3" ProcessedMachineIdentifier="abc"
                FriendlyName="" PlexOnlineToken="t" PlexOnlineUsername="olga"/>"#;
        let read = understand(text).unwrap();
        assert_eq!((read.machine_id.as_deref(), read.name), (Some("abc"), None));
        assert_eq!(read.token.unwrap().expose(), "t");
        let unclaimed = understand(r#"<Preferences MachineIdentifier="1-2-3" PlexOnlineToken=""/>"#).unwrap();
        assert!(unclaimed.machine_id.is_none() && unclaimed.token.is_none());
        for other in ["", "<html/>", "token = \"t\"", "<Preferences"] {
            assert!(understand(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_directory_or_a_device_is_not_waited_for() {
        for file in ["/dev/zero", "/etc", "/no/such/file"] {
            assert!(read(Some(Path::new(file))).is_err_and(|why| why.to_string().starts_with(file)), "{file}");
        }
    }
}
