//! `plex-auth`: the owner's command.

fn main() -> std::process::ExitCode {
    cli::run()
}
