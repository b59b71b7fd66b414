//! A process of an ordinary local user that listens in the media server's place, and records every byte that it gets.

use e2e::World;

/// Address at which it listens.
pub const ADDRESS: &str = "http://127.0.0.1:32400";

/// Lines of a configuration that accepts any listener there.
pub const INSECURE: &str = "server_url = \"http://127.0.0.1:32400\"\nserver_url_insecure = true\n";

/// Home of the user.
const HOME: &str = "/home/mallory";

/// Mallory's listener.
pub struct Listener<'a>(&'a World);

impl<'a> Listener<'a> {
    /// Starts it. `mode` is "accept" or "refuse".
    pub fn start(world: &'a World, mode: &str) -> Self {
        Self::start_with(world, &[mode])
    }

    /// Starts it with TLS, and with a certificate of Mallory's own making for this name.
    pub fn start_with_tls(world: &'a World, name: &str) -> Self {
        world.sh(&format!(
            "cd {HOME}; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
             -days 30 -subj /CN={name} -addext subjectAltName=DNS:{name} 2>/dev/null; \
             cat key.pem >>cert.pem; chown mallory cert.pem"
        ));
        Self::start_with(world, &["accept", "/home/mallory/cert.pem"])
    }

    fn start_with(world: &'a World, arguments: &[&str]) -> Self {
        world.write(&format!("{HOME}/listener.py"), 0o644, "mallory", include_str!("listener.py"));
        let command = ["setpriv", "--reuid", "mallory", "--regid", "mallory", "--clear-groups", "python3"];
        world.start(&[&command[..], &["/home/mallory/listener.py", "/home/mallory/heard"], arguments].concat());
        world.sh("until ss -lnt | grep -q '127.0.0.1:32400 '; do sleep 0.02; done");
        Self(world)
    }

    /// Everything that it has received so far.
    pub fn heard(&self) -> String {
        self.0.sh(&format!("cat -v {HOME}/heard")).stdout
    }

    /// The tokens that it has received so far.
    pub fn tokens(&self) -> Vec<String> {
        let heard = self.heard().replace("^M", "");
        let header =
            |line: &str| line.to_ascii_lowercase().starts_with("x-plex-token: ").then(|| line[14..].to_owned());
        heard.lines().filter_map(header).collect()
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        self.0.sh("pkill -f '[l]istener.py'; while ss -lnt | grep -q ':32400 '; do sleep 0.02; done");
    }
}
