//! Completions for bash, zsh and fish.

use std::fs::{create_dir_all, write as write_file};
use std::io;
use std::path::Path;

use clap_complete::{Shell, generate};

/// Writes the completions, each to the directory of its shell and under the file name that the shell expects.
pub(crate) fn write(directory: &Path) -> io::Result<()> {
    for (shell, name, file) in
        [(Shell::Bash, "bash", "plex-auth"), (Shell::Zsh, "zsh", "_plex-auth"), (Shell::Fish, "fish", "plex-auth.fish")]
    {
        let directory = directory.join(name);
        create_dir_all(&directory)?;
        write_file(directory.join(file), completion(shell)?)?;
    }
    Ok(())
}

fn completion(shell: Shell) -> io::Result<String> {
    let mut made = Vec::new();
    generate(shell, &mut crate::plex_auth(), "plex-auth", &mut made);
    let made = String::from_utf8(made).map_err(io::Error::other)?;
    // clap writes a program name with a hyphen in two ways for bash, so nothing after the first word would be
    // completed: https://github.com/clap-rs/clap/issues/6421
    Ok(made.replace("plex__subcmd__auth", "plex__auth"))
}
