//! Samba's settings, as its own `testparm` tells them.

use std::path::Path;

use system::command::{self, Command};

use super::checks::Findings;
use super::stacks::Service;

const FILE: &str = "/etc/samba/smb.conf";

/// Where testparm is.
const PATHS: [&str; 2] = ["/usr/bin/testparm", "/usr/local/samba/bin/testparm"];

/// Looks at them where Samba's stack asks `pam_plex`.
pub(super) fn check(services: &[Service], findings: &mut Findings) {
    if !Path::new(FILE).exists() || !services.iter().any(|service| service.name == "samba") {
        return;
    }
    let Some(testparm) = command::find(&PATHS) else {
        findings.warn(
            "Samba",
            "there is no testparm to read its settings with",
            "run: apt-get install samba-common-bin",
        );
        return;
    };
    match Command::tool(testparm, &["-s", "--parameter-name=obey pam restrictions", FILE]).run() {
        Ok(said) if said.is_ok() && said.stdout.trim().eq_ignore_ascii_case("yes") => {
            findings.good("Samba", "it asks PAM whether an account may still come in");
        }
        Ok(said) if said.is_ok() => {
            let mend = format!(
                "run: sed -i -e '/^[[:space:]]*obey pam restrictions/d' -e '/^[[:space:]]*\\[global\\]/a obey pam restrictions = yes' {FILE}"
            );
            let what = "obey pam restrictions is off: friends who were removed keep their shares";
            findings.bad("Samba", what, mend);
        }
        Ok(said) => {
            let why = said.stderr.lines().next_back().unwrap_or("it does not say why").to_owned();
            findings.warn("Samba", format!("its configuration is refused: {why}"), "run: testparm -s");
        }
        Err(why) => findings.warn("Samba", format!("its settings cannot be read: {why}"), "run: testparm -s"),
    }
}
