//! What this machine says about a person: the configuration, the local account, and whom it belongs to.

use std::path::Path;

use config::Config;
use policy::{PlexRef, Reason};
use system::accounts;

use super::steps::{Step, Steps};

/// The configuration, if it can be read.
pub(super) fn configuration(file: &Path, steps: &mut Steps) -> Option<Config> {
    match config::load(file) {
        Ok(config) => {
            steps.add(Step::good("configuration", format!("{} can be read", file.display())));
            Some(config)
        }
        Err(problem) => {
            let position = problem.position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let found = format!("{}{position}: {}", problem.file.display(), problem.what());
            steps.add(Step::bad("configuration", found).mend(problem.hint()));
            None
        }
    }
}

/// Whom a local account belongs to, if it is managed at all.
pub(super) fn account(user: &str, config: Option<&Config>, file: &Path, steps: &mut Steps) -> Option<PlexRef> {
    // As the daemon looks: whoever stands in [users] is managed whatever the group says.
    let group = config.and_then(|config| config.group.as_deref().filter(|_| !config.users.contains_key(user)));
    let uid_min = accounts::uid_min();
    let account = match accounts::look_up(user, group, uid_min) {
        Ok(account) => account,
        Err(why) => {
            steps.add(Step::bad("local account", format!("the account database: {why}")));
            return None;
        }
    };
    let Some(account) = account else {
        let groups = group.map(|group| format!("--groups {group} ")).unwrap_or_default();
        let step = Step::bad("local account", format!("there is none by the name of '{user}'"));
        steps.add(step.mend(format!("useradd --create-home {groups}{user}")));
        return None;
    };
    steps.add(Step::good("local account", format!("{user}, uid {}", account.uid)));
    let config = config?;
    match policy::resolve_account(Some(&account), uid_min, &config.users) {
        Ok(reference) => {
            steps.add(Step::good("managed", whose(&reference, config.group.as_deref().unwrap_or_default())));
            Some(reference)
        }
        Err(why) => {
            let step = Step::bad("managed", why.to_string());
            steps.add(match (why, &config.group) {
                (Reason::NotManaged, Some(group)) => step.mend(format!("gpasswd --add {user} {group}")),
                (Reason::NotManaged, None) => {
                    let line = format!("{user} = \"their Plex username, address or id\"");
                    step.mend(format!("write under [users] in {}: {line}", file.display()))
                }
                _ => step,
            });
            None
        }
    }
}

fn whose(reference: &PlexRef, group: &str) -> String {
    match reference {
        PlexRef::Id(id) => format!("[users] says Plex id {id}"),
        PlexRef::Name(name) => format!("[users] says '{name}'"),
        PlexRef::Member(name) => format!("a member of the group {group}, so the Plex username '{name}'"),
    }
}
