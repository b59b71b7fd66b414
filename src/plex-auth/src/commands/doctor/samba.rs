//! Check of Samba's settings, as `testparm` reports them.

use std::path::Path;

use system::command::{self, Command};

use super::stacks::Service;
use crate::ui::check::Checks;

const FILE: &str = "/etc/samba/smb.conf";

/// Paths of testparm.
const PATHS: [&str; 2] = ["/usr/bin/testparm", "/usr/local/samba/bin/testparm"];

/// Checks the settings if Samba's stack uses `pam_plex`.
pub(super) fn check(services: &[Service], checks: &mut Checks) {
    if !Path::new(FILE).exists() || !services.iter().any(|service| service.name == "samba") {
        return;
    }
    let Some(testparm) = command::find(&PATHS) else {
        checks.warning(
            "Samba",
            "there is no testparm to read its settings with",
            "run: apt-get install samba-common-bin",
        );
        return;
    };
    match Command::tool(testparm, &["-s", "--parameter-name=obey pam restrictions", FILE]).run() {
        Ok(said) if said.is_ok() && said.stdout.trim().eq_ignore_ascii_case("yes") => {
            checks.ok("Samba", "it asks PAM whether an account may still sign in");
        }
        Ok(said) if said.is_ok() => {
            let hint = format!(
                "run: sed -i -e '/^[[:space:]]*obey pam restrictions/d' -e '/^[[:space:]]*\\[global\\]/a obey pam restrictions = yes' {FILE}"
            );
            let what = "obey pam restrictions is off: removed friends keep access to shares";
            checks.error("Samba", what, hint);
        }
        Ok(said) => {
            let why = said.stderr.lines().next_back().unwrap_or("it does not say why").to_owned();
            checks.warning("Samba", format!("its configuration is invalid: {why}"), "see: testparm -s");
        }
        Err(why) => checks.warning("Samba", format!("its settings cannot be read: {why}"), "see: testparm -s"),
    }
}
