//! Manual pages and shell completions. Descriptions of command lines are generated from clap's definitions, like
//! `--help`, and never committed; texts written by hand are in `pages/`.

mod completions;
mod configuration;
mod daemons;
mod date;
mod page;
mod render;
mod text;

use std::fs::{create_dir_all, write as write_file};
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};

pub use configuration::configuration;
pub use page::Page;

/// Page of the PAM module.
pub const MODULE: &str = include_str!("../pages/pam_plex.8");

/// Command line of `plex-auth`, with all subcommands.
#[must_use]
pub fn plex_auth() -> Command {
    let mut command = plex_auth::Args::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Command line of plex-authd.
#[must_use]
pub fn plex_authd() -> Command {
    let mut command = daemons::authd();
    command.build();
    command
}

/// Command line of plex-auth-samba.
#[must_use]
pub fn plex_auth_samba() -> Command {
    let mut command = daemons::samba();
    command.build();
    command
}

/// Command line of plex-auth-shadow.
#[must_use]
pub fn plex_auth_shadow() -> Command {
    let mut command = daemons::shadow();
    command.build();
    command
}

/// All pages.
///
/// # Errors
/// If `SOURCE_DATE_EPOCH` or a part of a page is invalid.
pub fn all() -> io::Result<Vec<Page>> {
    let mut pages = vec![Page::new("pam_plex.8", MODULE), Page::new("plex-auth.toml.5", &configuration())];
    let date = date::of_the_pages()?;
    pages.push(render::daemon(&plex_authd(), render::AUTHD, &date)?);
    pages.push(render::daemon(&plex_auth_samba(), render::SAMBA, &date)?);
    pages.push(render::daemon(&plex_auth_shadow(), render::SHADOW, &date)?);
    let root = plex_auth();
    for command in with_all_below(&root) {
        pages.push(render::command(command, &root, &date)?);
    }
    Ok(pages)
}

/// Writes all pages to `man5` and `man8` of a directory, and completions to `completions`, each under its installed
/// file name.
///
/// # Errors
/// If a file cannot be created or written.
pub fn write(directory: &Path) -> io::Result<()> {
    for page in all()? {
        let section = directory.join(format!("man{}", page.section()));
        create_dir_all(&section)?;
        write_file(section.join(page.file()), page.text())?;
    }
    completions::write(&directory.join("completions"))
}

/// A command and its visible subcommands, recursively.
fn with_all_below(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).flat_map(with_all_below);
    std::iter::once(command).chain(below).collect()
}
