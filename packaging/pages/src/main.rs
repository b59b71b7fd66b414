//! `pages DIRECTORY`: writes the manual pages and the completions there.
#![allow(clippy::print_stderr, reason = "this is a command")]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [directory] = arguments.as_slice() else {
        eprintln!("usage: pages DIRECTORY");
        return ExitCode::from(2);
    };
    match pages::write(Path::new(directory)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pages: {}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}
