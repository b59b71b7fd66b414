//! What the Plex Media Server has written down about itself and its owner, where this machine lets us read it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use plex::Token;

/// Where distributions' packages, and the snap keep it.
const USUAL: [&str; 3] = [
    "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/snap/plexmediaserver/common/Library/Application Support/Plex Media Server/Preferences.xml",
    "/var/lib/plex/Plex Media Server/Preferences.xml",
];

/// Far more than any has.
const MAX_SIZE: u64 = 1024 * 1024;

/// What matters here. It is the word of whoever runs the server: the token counts when plex.tv takes it.
pub(crate) struct Preferences {
    /// What the server is called.
    pub name: Option<String>,
    /// The machine id that the server answers with.
    pub machine_id: Option<String>,
    /// The owner's token.
    pub token: Option<Token>,
}

/// The preferences in this file, or in one of the usual places.
///
/// # Errors
/// When a file that was named cannot be used: which, and why. In the usual places, none is no error.
pub(crate) fn read(named: Option<&Path>) -> Result<Option<Preferences>, String> {
    match named {
        Some(file) => open(file).map(Some).map_err(|why| format!("{}: {why}", file.display())),
        None => Ok(USUAL.iter().find_map(|file| open(&PathBuf::from(file)).ok())),
    }
}

fn open(file: &Path) -> Result<Preferences, String> {
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() || about.len() > MAX_SIZE {
        return Err("is no Preferences.xml".into());
    }
    let mut text = String::new();
    let opened = File::open(file).map_err(|error| error.to_string())?;
    opened.take(MAX_SIZE).read_to_string(&mut text).map_err(|error| error.to_string())?;
    understand(&text).ok_or_else(|| "is no Preferences.xml of a Plex Media Server".into())
}

fn understand(text: &str) -> Option<Preferences> {
    let document = roxmltree::Document::parse(text).ok()?;
    let root = Some(document.root_element()).filter(|root| root.has_tag_name("Preferences"))?;
    let said = |name| root.attribute(name).filter(|text| !text.is_empty());
    Some(Preferences {
        name: said("FriendlyName").map(str::to_owned),
        // `MachineIdentifier` is what this one is made from, and nobody else knows that one.
        machine_id: said("ProcessedMachineIdentifier").map(str::to_owned),
        token: said("PlexOnlineToken").map(Token::from),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn the_machine_id_that_counts_is_the_processed_one() {
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
            assert!(read(Some(Path::new(file))).is_err_and(|why| why.starts_with(file)), "{file}");
        }
    }
}
