//! `plex-auth report`: one file to attach to an issue, without secrets, names and addresses.

mod configuration;
mod doctor;
mod log;
mod private;
mod redactor;
mod stacks;
mod versions;
mod vocabulary;
mod words;

use std::fs::remove_file;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use system::Problem;

use self::redactor::Redactor;
use crate::context::Context;
use crate::error::Error;
use crate::ui::terminal::{self, Status, say};
use crate::ui::time;

/// First lines of the file.
const HEAD: &str = "\
plex-auth report

Secrets, names of people, accounts, hosts and servers, e-mail and network addresses and Plex ids are replaced: user-1 is the
same user everywhere in this file. Every word that plex-auth does not know is replaced too, even harmless ones. Please read
the file before you show it to others.
";

/// Options of `plex-auth report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The file to write; it must not exist yet [default: plex-auth-report-DATE.txt in the current directory]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Add the shapes of plex.tv's answers: sends the requests of `plex-auth doctor --plex`
    #[arg(long)]
    pub plex: bool,
}

pub(crate) fn run(context: &Context, args: &ReportArgs) -> Result<ExitCode, Error> {
    Context::require_root("plex-auth report")?;
    let path = absolute(args.output.as_deref())?;
    // Before the work, which is long: a file that cannot be written is known at once. It is removed, so that an interrupted
    // run does not block the next one.
    system::create_in(&path).map_err(|error| refused(&path, error))?;
    remove_file(&path).map_err(|error| unwritten(&path, &error))?;
    if args.plex {
        terminal::note(doctor::ANNOUNCEMENT);
    }
    let text = {
        let _spinner = terminal::spinner("Collecting information");
        text(context, args.plex)
    };
    let mut file = system::create_in(&path).map_err(|error| refused(&path, error))?;
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        let _ = remove_file(&path);
        return Err(unwritten(&path, &error));
    }
    say(format!("{} {} is written; only its owner can read it", Status::Ok.shown(), path.display()));
    say(
        "  It contains versions, doctor's output, the configuration, PAM stacks and the last lines of the log, with every \
         secret, name and address replaced. Please read it before you attach it to an issue.",
    );
    Ok(ExitCode::SUCCESS)
}

/// The path of the file, from the root.
fn absolute(output: Option<&Path>) -> Result<PathBuf, Error> {
    let name = || PathBuf::from(format!("plex-auth-report-{}.txt", time::file_name()));
    let output = output.map_or_else(name, Path::to_owned);
    std::path::absolute(&output).map_err(|error| unwritten(&output, &error))
}

/// Error for a file that cannot be written.
fn unwritten(path: &Path, error: &std::io::Error) -> Error {
    Error::new(format!("{}: {error}", path.display()))
        .hint("name a file in another directory: plex-auth report --output FILE")
}

/// Error for a place where the file cannot be created.
fn refused(path: &Path, error: system::Error) -> Error {
    match &error.problem {
        Problem::Io(why) if why.kind() == ErrorKind::AlreadyExists => {
            Error::new(format!("{}: already exists", path.display()))
                .hint("name another file: plex-auth report --output FILE")
        }
        Problem::NotAFile => Error::new(format!("{}: is not a regular file", path.display()))
            .hint("name a new file: plex-auth report --output FILE"),
        Problem::Io(why) => unwritten(&error.path, why),
        _ => Error::from(error),
    }
}

/// The content of the file.
fn text(context: &Context, plex: bool) -> String {
    let config = config::load(&context.config).ok();
    let words = vocabulary::words();
    let mut redactor = Redactor::new(&words);
    private::collect(context, config.as_ref(), &mut redactor);
    let sections = [
        ("Versions", versions::section(context)),
        ("Doctor", doctor::section(context, false, &mut redactor)),
        ("Shapes of plex.tv's answers", shapes(context, plex, &mut redactor)),
        ("Configuration", configuration::section(config.as_ref(), &mut redactor)),
        ("PAM stacks that use pam_plex.so, and what they include", stacks::section(&mut redactor)),
        ("Log", log::section(&mut redactor)),
    ];
    let body = sections.map(|(title, text)| format!("\n## {title}\n\n{}\n", text.trim_end())).concat();
    format!("{HEAD}{}", redactor.replace_known(&body))
}

fn shapes(context: &Context, plex: bool, redactor: &mut Redactor) -> String {
    if plex {
        doctor::section(context, true, redactor)
    } else {
        "not requested; plex-auth report --plex adds them".to_owned()
    }
}
