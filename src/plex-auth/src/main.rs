//! `plex-auth`: the owner's command.

fn main() -> std::process::ExitCode {
    plex_auth::run()
}
