//! Page of a command: a frame written by hand, with the parts that clap generates inserted.

use std::fmt::Write as _;
use std::io;

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::page::Page;
use crate::text::tidy;

/// Name of the manual in the page header.
const MANUAL: &str = "System Manager's Manual";

/// Exit codes and their meanings.
const STATUS: &str = "\
.TP
.B 0
Done.
.TP
.B 1
Error; standard error says what is wrong and how to fix it.
.TP
.B 2
The command line was wrong.
";

/// Additional exit code of the interactive command.
const INTERRUPTED: &str = "\
.TP
.B 130
Interrupted; nothing was changed, or the configuration is written, as is said.
";

/// Exit codes of the only command with others.
const DOCTORS_STATUS: &str = "\
.TP
.B 0
All is well.
.TP
.B 1
Something is wrong.
.TP
.B 2
The command line was wrong.
.TP
.B 3
There are warnings and nothing worse.
";

/// Exit codes of the daemons, and what service managers do after each.
const SERVICES_STATUS: &str = "\
.TP
.B 0
It was told to end, or it is a service of root at a socket of systemd to which
nothing has connected for a minute.
.TP
.B 1
It could not go on, or it could not start and connections may still wait at
what was passed to it.
The log says why.
.TP
.B 2
The command line was wrong.
.TP
.B 78
It could not start, and no connection waits for it: for a second, it has
accepted and closed those at every socket that was passed to it.
The log says why.
.PP
The unit for systemd starts it again half a second after exit status 1 or 2,
and not after 78
.RB ( RestartPreventExitStatus=78 ):
then the next connection to its socket starts it.
OpenRC and runit start it again after a second, whatever the exit status.
";

/// Frames of the daemons' pages.
pub(crate) const AUTHD: &str = include_str!("../pages/plex-authd.8.in");
pub(crate) const SAMBA: &str = include_str!("../pages/plex-auth-samba.8.in");
pub(crate) const SHADOW: &str = include_str!("../pages/plex-auth-shadow.8.in");
const COMMAND: &str = include_str!("../pages/plex-auth.8.in");

/// A daemon's page.
pub(crate) fn daemon(command: &Command, frame: &str, date: &str) -> io::Result<Page> {
    page(command, date, frame, &[("@EXIT_STATUS@", SERVICES_STATUS)])
}

/// Page of `plex-auth` or of one of its subcommands.
pub(crate) fn command(command: &Command, root: &Command, date: &str) -> io::Result<Page> {
    let name = name(command);
    let status = match name.as_str() {
        "plex-auth-doctor" => DOCTORS_STATUS.to_owned(),
        "plex-auth-setup" => [STATUS, INTERRUPTED].concat(),
        _ => STATUS.to_owned(),
    };
    page(command, date, COMMAND, &[("@EXIT_STATUS@", &status), ("@SEE_ALSO@", &see_also(&name, root))])
}

fn page(command: &Command, date: &str, frame: &str, parts: &[(&str, &str)]) -> io::Result<Page> {
    let name = name(command);
    let source = format!("plex-auth {}", env!("CARGO_PKG_VERSION"));
    let man =
        Man::new(command.clone()).title(name.to_uppercase()).section("8").date(date).source(source).manual(MANUAL);
    let made = |render: fn(&Man, &mut dyn io::Write) -> io::Result<()>| {
        let mut roff = Vec::new();
        render(&man, &mut roff)?;
        // Each part has a preamble that defines a quote for old formatters.
        let roff = String::from_utf8(roff).map_err(io::Error::other)?;
        let lines = roff.lines().filter(|line| !line.contains(".ds Aq"));
        Ok::<_, io::Error>(lines.fold(String::new(), |all, line| all + line + "\n").replace("\\*(Aq", "\\(aq"))
    };
    let commands = if command.has_subcommands() { made(Man::render_subcommands_section)? } else { String::new() };
    let mut text = frame
        .replace("@TITLE@\n", &made(Man::render_title)?)
        .replace("@NAME@\n", &made(Man::render_name_section)?)
        .replace("@SYNOPSIS@\n", &synopsis(command))
        .replace("@DESCRIPTION@\n", &description(command))
        .replace("@OPTIONS@\n", &made(Man::render_options_section)?)
        .replace("@COMMANDS@\n", &commands.replace(".SH SUBCOMMANDS", ".SH COMMANDS"));
    for (mark, part) in parts {
        text = text.replace(&format!("{mark}\n"), part);
    }
    if text.contains("\n@") || text.starts_with('@') {
        return Err(io::Error::other(format!("{name}: a mark of its frame is not known")));
    }
    Ok(Page::new(&format!("{name}.8"), &tidy(&text)))
}

/// Name of the page: `plex-auth-user-add`.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// SYNOPSIS section.
fn synopsis(command: &Command) -> String {
    let mut line = vec![bold(command.get_bin_name().unwrap_or_else(|| command.get_name()))];
    let shown = |arg: &&Arg| !arg.is_hide_set() && !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version);
    let (places, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(shown).partition(|a| a.is_positional());
    for arg in options.into_iter().chain(places) {
        let (open, close) = if arg.is_required_set() { (" ", "") } else { (" [", "]") };
        line.push(roman(open));
        line.extend(argument(arg));
        line.push(roman(close));
        if matches!(arg.get_action(), ArgAction::Append) {
            line.push(roman(" ..."));
        }
    }
    if command.has_subcommands() {
        line.extend([roman(" "), italic("COMMAND")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]).text(line);
    roff.to_roff()
}

/// An option with its value, or a positional value, without clap's angle brackets.
fn argument(arg: &Arg) -> Vec<Inline> {
    let text = arg.to_string().replace(['<', '>'], "");
    if arg.is_positional() {
        return vec![italic(text.trim_matches(['[', ']']))];
    }
    let value = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let (option, value) = text.split_at(value);
    if value.is_empty() { vec![bold(option)] } else { vec![bold(option), italic(value)] }
}

/// DESCRIPTION section: the beginning of `--help`, as sentences.
fn description(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    for (at, paragraph) in about.split("\n\n").enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        let paragraph = paragraph.trim();
        let end = if paragraph.ends_with(['.', ':', '!', '?']) { "" } else { "." };
        roff.text([roman(format!("{paragraph}{end}"))]);
    }
    roff.to_roff()
}

/// SEE ALSO section: the pages of the parent commands, and those common to all.
fn see_also(of: &str, root: &Command) -> String {
    let mut pages = vec![("plex-auth.toml".to_owned(), 5), ("pam_plex".to_owned(), 8)];
    let above = crate::with_all_below(root)
        .into_iter()
        .map(name)
        .filter(|above| of.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('-')));
    pages.extend(above.map(|above| (above, 8)));
    pages.push(("plex-authd".into(), 8));
    let mut text = String::new();
    for (at, (page, section)) in pages.iter().enumerate() {
        let comma = if at + 1 == pages.len() { "" } else { "," };
        let page = page.replace('-', "\\-");
        // Writing to a string cannot fail.
        let _ = writeln!(text, ".BR {page} ({section}){comma}");
    }
    text
}
