//! Completions for bash, zsh and fish.

use std::fs::create_dir_all;
use std::io;
use std::path::Path;

use clap_complete::{Shell, generate_to};

/// Writes them, each to the directory of its shell and under the name by which that shell finds it.
pub(crate) fn write(directory: &Path) -> io::Result<()> {
    for (shell, name, file) in
        [(Shell::Bash, "bash", "plex-auth"), (Shell::Zsh, "zsh", "_plex-auth"), (Shell::Fish, "fish", "plex-auth.fish")]
    {
        let directory = directory.join(name);
        create_dir_all(&directory)?;
        let made = generate_to(shell, &mut crate::plex_auth(), "plex-auth", &directory)?;
        std::fs::rename(made, directory.join(file))?;
    }
    Ok(())
}
