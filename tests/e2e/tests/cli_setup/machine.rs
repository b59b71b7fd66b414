//! A machine on which nothing is set up yet.

use e2e::{DEN, MACHINE, Out, SERVER_TOKEN, Terminal, World, with_server_token};
use fakeplex::{Command, Endpoint, Seen};

/// Preferences of the Plex Media Server's package.
pub const PREFERENCES: &str = "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml";

/// The configuration that setup writes.
pub const FILE: &str = "/etc/plex-auth.toml";

/// A machine with a plex.tv and the local accounts of Alice, and of Olga, who can become root.
pub fn machine(world: &str) -> Option<World> {
    let machine = World::new()?;
    machine.add_user("alice", false, None);
    machine.add_user("olga", false, None);
    machine.sh("gpasswd -a olga sudo");
    machine.start_plex(world);
    Some(machine)
}

/// [`machine`] with Olga's Plex Media Server at its usual address, and its preferences.
pub fn machine_with_server() -> Option<World> {
    let machine = machine(&with_server_token(DEN))?;
    serve(&machine, "Den");
    preferences(&machine, MACHINE, SERVER_TOKEN);
    Some(machine)
}

/// Makes a media server available at the usual address.
pub fn serve(world: &World, name: &str) {
    let address = media_server(world, name);
    let port = address.rsplit(':').next().unwrap();
    world.start(&["socat", "TCP-LISTEN:32400,bind=127.0.0.1,fork,reuseaddr", &format!("TCP:127.0.0.1:{port}")]);
    world.sh("until ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
}

/// Address of a media server.
pub fn media_server(world: &World, name: &str) -> String {
    let address = std::fs::read_to_string(world.shared().join(format!("plex/address.pms.{name}"))).unwrap();
    address.trim_end().to_owned()
}

pub fn preferences(world: &World, machine_id: &str, token: &str) {
    world.sh(&format!("mkdir -p \"$(dirname '{PREFERENCES}')\""));
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Preferences MachineIdentifier=\"11111111-2222\" \
         ProcessedMachineIdentifier=\"{machine_id}\" FriendlyName=\"Den\" PlexOnlineToken=\"{token}\" \
         PlexOnlineUsername=\"olga\" PlexOnlineMail=\"olga@example.org\"/>\n"
    );
    world.write(PREFERENCES, 0o600, "root:root", &text);
}

/// The command line of setup for this machine's plex.tv.
pub fn command(world: &World, further: &[&str]) -> Vec<String> {
    let address = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let usual = ["plex-auth", "setup", "--plex-url", address.trim_end(), "--ca-file", "/mnt/plex/ca.pem"];
    usual.iter().chain(further).map(|&word| word.to_owned()).collect()
}

/// Setup on a terminal.
pub fn setup(world: &World, further: &[&str]) -> Terminal {
    let command = command(world, further);
    world.terminal(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Setup in a script.
pub fn script(world: &World, further: &[&str]) -> Out {
    script_with(world, further, "")
}

/// Setup in a script, with standard input.
pub fn script_with(world: &World, further: &[&str], input: &str) -> Out {
    let command = command(world, further);
    let out = world.run_with(&command.iter().map(String::as_str).collect::<Vec<_>>(), input);
    assert!(!out.stdout.contains("SECRET") && !out.stderr.contains("SECRET"), "{out:?}");
    out
}

/// Olga's token in a file, for scripts.
pub fn token_file(world: &World) -> &'static str {
    world.write("/run/token", 0o600, "root:root", "TOKEN-SECRET-olga\n");
    "/run/token"
}

/// The configuration's text.
pub fn file(world: &World) -> String {
    world.sh(&format!("cat {FILE}")).stdout
}

/// Everything that setup could change: every file of /etc, by name, owner, mode, time and content.
pub fn etc(world: &World) -> String {
    world.sh("find /etc -xdev -type f -printf '%p %U:%G %m %T@ ' -exec sha256sum {} \\; | sort").stdout
}

/// Chooses these people on a first run, for files, and applies.
pub fn choose(terminal: &mut Terminal, who: &str) {
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line(who);
    terminal.wait_for("What may friends do here? (files or shell) [files]");
    terminal.type_line("");
    apply(terminal);
}

/// Chooses these people where the file has a configuration, and applies.
pub fn choose_again(terminal: &mut Terminal, who: &str) {
    terminal.wait_for("Who should be able to sign in [none]");
    terminal.type_line(who);
    apply(terminal);
}

/// Agrees to the summary.
pub fn apply(terminal: &mut Terminal) {
    terminal.wait_for("Apply? (y, n, or a number to change an answer) [y]");
    terminal.type_line("");
}

/// Approves the code on the screen, signed in as `who`.
pub fn approve(world: &World, terminal: &mut Terminal, who: &str) {
    terminal.wait_for("and type ");
    let contents = terminal.contents();
    let code = contents.rsplit("and type ").next().unwrap().split_whitespace().next().unwrap().to_owned();
    world.plex().send(&Command::Approve(code, who.into())).unwrap();
}

/// Requests to plex.tv with this account's tokens.
pub fn with_tokens_of(world: &World, name: &str) -> Vec<Seen> {
    let seen = world.plex().seen().into_iter();
    seen.filter(|seen| seen.token_of.as_deref() == Some(name) && seen.endpoint != Endpoint::Pms).collect()
}

/// A value of the configuration.
pub fn value(world: &World, key: &str) -> String {
    let line = world.sh(&format!("grep '^{key} = ' {FILE}")).stdout;
    line.split('"').nth(1).unwrap().to_owned()
}

/// Number of requests to an endpoint of plex.tv.
pub fn asked(world: &World, endpoint: Endpoint) -> usize {
    world.plex().seen().iter().filter(|seen| seen.endpoint == endpoint).count()
}

/// Waits for the end of a run on a terminal; asserts its exit code and that no secret was shown, and returns the
/// contents.
pub fn end(world: &World, mut terminal: Terminal, code: i32) -> String {
    let ended = terminal.exit();
    let contents = terminal.contents();
    assert_eq!(ended, code, "{contents}");
    assert!(!contents.contains("SECRET"), "{contents}");
    world.assert_no_secret_leaked();
    contents
}
