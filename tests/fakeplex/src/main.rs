//! `fakeplex`: serves a world, or controls a running server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fakeplex::{Command, Control, World, relay, serve};

/// A plex.tv to test against.
#[derive(Debug, Parser)]
#[command(name = "fakeplex", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve a world until killed
    Serve {
        /// The world
        #[arg(long)]
        state: PathBuf,
        /// Where to put the CA's certificate, the addresses and the control socket
        #[arg(long)]
        dir: PathBuf,
        /// Where to listen; a port of 0 takes any
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Relay connections to a running server as a network of this round trip would, until killed
    Relay {
        /// The directory of the server; the address of the relay is put there, as `address.after-40ms`
        #[arg(long)]
        dir: PathBuf,
        /// The round trip, in milliseconds
        #[arg(long)]
        round_trip: u64,
    },
    /// Send a command, such as '"counters"' or '{"fault":{"endpoint":"signin","fault":"silence","times":null}}'
    Ctl {
        /// The directory of the server
        #[arg(long)]
        dir: PathBuf,
        /// The command, as JSON
        command: String,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[allow(clippy::print_stderr, reason = "a command-line program")]
            {
                eprintln!("fakeplex: {why}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<(), String> {
    match verb {
        Verb::Serve { state, dir, listen } => {
            let text = std::fs::read_to_string(&state).map_err(|error| format!("{}: {error}", state.display()))?;
            let world = World::parse(&text).map_err(|why| format!("{}: {why}", state.display()))?;
            serve(world, &dir, listen).map_err(|error| error.to_string())
        }
        Verb::Relay { dir, round_trip } => relay(&dir, round_trip).map_err(|error| error.to_string()),
        Verb::Ctl { dir, command } => {
            let command: Command = serde_json::from_str(&command).map_err(|error| error.to_string())?;
            let answer = Control::new(&dir).send(&command).map_err(|error| error.to_string())?;
            #[allow(clippy::print_stdout, reason = "a command-line program")]
            {
                println!("{answer}");
            }
            Ok(())
        }
    }
}
