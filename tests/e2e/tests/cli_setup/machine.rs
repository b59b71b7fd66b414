//! A machine on which nothing is set up yet.

use e2e::{DEN, MACHINE, Out, Terminal, World};
use fakeplex::{Command, Endpoint};

/// Where the server's package keeps its preferences.
pub const PREFERENCES: &str = "/var/lib/plexmediaserver/Library/Application Support/Plex Media Server/Preferences.xml";

/// Where the answers go.
pub const FILE: &str = "/etc/plex-auth.toml";

/// A machine with a plex.tv, whose local accounts are Alice, and Olga, who may become root.
pub fn machine(world: &str) -> Option<World> {
    let machine = World::new()?;
    machine.add_user("alice", false, None);
    machine.add_user("olga", false, None);
    machine.sh("gpasswd -a olga sudo");
    machine.start_plex(world);
    Some(machine)
}

/// The same, with Olga's Plex server where Plex servers are, and its preferences.
pub fn machine_with_server() -> Option<World> {
    let machine = machine(DEN)?;
    serve(&machine, "Den");
    preferences(&machine, MACHINE, "TOKEN-SECRET-olga");
    Some(machine)
}

/// Lets a media server answer at the usual address.
pub fn serve(world: &World, name: &str) {
    let address = media_server(world, name);
    let port = address.rsplit(':').next().unwrap();
    world.start(&["socat", "TCP-LISTEN:32400,bind=127.0.0.1,fork,reuseaddr", &format!("TCP:127.0.0.1:{port}")]);
    world.sh("until ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
}

/// Where a media server answers.
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

/// The command, for this machine's plex.tv.
pub fn command(world: &World, further: &[&str]) -> Vec<String> {
    let address = std::fs::read_to_string(world.shared().join("plex/address")).unwrap();
    let usual = ["plex-auth", "setup", "--plex-url", address.trim_end(), "--ca-file", "/mnt/plex/ca.pem"];
    usual.iter().chain(further).map(|&word| word.to_owned()).collect()
}

/// The command on a terminal.
pub fn setup(world: &World, further: &[&str]) -> Terminal {
    let command = command(world, further);
    world.terminal(&command.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The command in a script.
pub fn script(world: &World, further: &[&str]) -> Out {
    script_with(world, further, "")
}

/// The command in a script that gives it something to read.
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

/// The file's text.
pub fn file(world: &World) -> String {
    world.sh(&format!("cat {FILE}")).stdout
}

/// All that could be changed: every file of /etc, by name, owner, mode, time and content.
pub fn etc(world: &World) -> String {
    world.sh("find /etc -xdev -type f -printf '%p %U:%G %m %T@ ' -exec sha256sum {} \\; | sort").stdout
}

/// Approves the code on the screen as somebody.
pub fn approve(world: &World, terminal: &mut Terminal, who: &str) {
    terminal.wait_for("and type ");
    let contents = terminal.contents();
    let code = contents.rsplit("and type ").next().unwrap().split_whitespace().next().unwrap().to_owned();
    world.plex().send(&Command::Approve(code, who.into())).unwrap();
}

/// How often plex.tv was asked for something.
pub fn asked(world: &World, endpoint: Endpoint) -> usize {
    world.plex().seen().iter().filter(|seen| seen.endpoint == endpoint).count()
}

/// The end of a run on a terminal, which never shows a secret, and what was shown.
pub fn end(world: &World, mut terminal: Terminal, code: i32) -> String {
    let ended = terminal.exit();
    let contents = terminal.contents();
    assert_eq!(ended, code, "{contents}");
    assert!(!contents.contains("SECRET"), "{contents}");
    world.assert_no_secret_leaked();
    contents
}
