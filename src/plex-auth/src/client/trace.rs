//! The steps of plex-authd's decision as checks, each with a hint if the decision ends there.

use std::path::Path;

use config::Config;
use policy::{Reason, Relationship};
use protocol::{MappedTo, PlexAccount, Standing, TraceStep};

use crate::ui::check::Check;
use crate::ui::shell::argument;
use crate::ui::time;

/// Page at plex.tv for invitations and shares.
const SHARING: &str = "https://app.plex.tv/desktop/#!/settings/manage-library-access";

/// Name of the check of the rate limits.
const RATE_LIMIT: &str = "rate limit";

/// The checks for a trace. `config` adds details to hints.
pub(crate) fn checks(steps: &[TraceStep], user: &str, config: Option<&Config>, file: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut people = 0;
    let mut owner = None;
    for step in steps {
        if let TraceStep::List { owner: listed, people: count, .. } = step {
            (owner, people) = (Some(listed), *count);
        }
        checks.push(match step {
            TraceStep::LocalAccount(uid) => local_account(*uid, user, config),
            TraceStep::SystemAccount => Check::error("managed", Reason::SystemAccount.to_string()),
            TraceStep::NotManaged { group } => not_managed(user, group.as_deref(), file),
            TraceStep::MappedTo(mapped_to) => Check::ok("managed", managed(mapped_to)),
            TraceStep::NoToken => {
                Check::ok("token", "there is none: whether they reach the server is asked once they have signed in")
            }
            TraceStep::List { owner, second_source: None, .. } => {
                Check::ok("token", format!("plex.tv accepts it; the owner is {}", named(owner)))
            }
            TraceStep::List { owner, second_source: Some(why), .. } => Check::warning(
                "token",
                format!(
                    "plex.tv accepts it; the owner is {}. The friend list is from the second source, and each sign-in is \
                     confirmed by the user's own servers: {why}",
                    named(owner)
                ),
            ),
            TraceStep::OwnerWithoutList { plex_id, why } => {
                Check::warning("friend list", format!("the owner (Plex id {plex_id}) signs in without it: {why}"))
                    .hint("run: plex-auth doctor")
            }
            TraceStep::NoList(reason) => Check::error("friend list", reason).hint("run: plex-auth doctor"),
            TraceStep::Found(account) => Check::ok("friend list", named(account)),
            TraceStep::NotFound(reference) => {
                Check::error("friend list", format!("none of the {people} people on it is called '{reference}'"))
                    .hint(format!("see who there is: plex-auth friends; invite them: {SHARING}"))
            }
            TraceStep::Ambiguous => Check::error("friend list", Reason::Ambiguous.to_string()),
            TraceStep::Standing(standing) => access(standing, owner),
            TraceStep::FirstLogin(None) => {
                Check::ok("binding", "none yet; the first login decides whom the account belongs to")
            }
            TraceStep::FirstLogin(Some(binding)) if binding.applies => {
                Check::ok("binding", format!("{user} belongs to Plex id {}", binding.plex_id))
            }
            TraceStep::FirstLogin(Some(binding)) => {
                Check::ok("binding", format!("one as '{}', which is not what counts now", binding.reference))
            }
            TraceStep::Unbound { decided, now } => unbound(*decided, *now, user),
            TraceStep::Permitted(login) if login.is_empty() => Check::ok("decision", "may sign in"),
            TraceStep::Permitted(login) => {
                Check::ok("decision", format!("may sign in with the Plex password of {login}"))
            }
            TraceStep::Refused { reason, renamed: false } => Check::error("decision", reason),
            TraceStep::Refused { reason, renamed: true } => {
                Check::error("decision", reason).hint(format!("or forget who it was: plex-auth forget {user}"))
            }
            TraceStep::Held { origin, is_asked, reason, seconds } => held(origin, *is_asked, reason, *seconds, user),
        });
    }
    checks
}

/// Refusal by a rate limit. It is a refusal only if the question was about this origin.
fn held(origin: &str, is_asked: bool, reason: &str, seconds: u64, user: &str) -> Check {
    let what = format!("sign-ins from {origin} are refused for {}: {reason}", time::span(seconds));
    let check = if is_asked { Check::error(RATE_LIMIT, what) } else { Check::warning(RATE_LIMIT, what) };
    check.hint(format!("run: plex-auth forget {user} --from {origin}"))
}

fn local_account(uid: Option<u32>, user: &str, config: Option<&Config>) -> Check {
    if let Some(uid) = uid {
        return Check::ok("local account", format!("{user}, uid {uid}"));
    }
    let check = Check::error("local account", format!("there is no '{user}' on this machine"));
    match config.and_then(|config| config.users.get(user)) {
        Some(reference) => {
            let [name, plex] = [user, &reference.to_string()].map(argument);
            check.hint(format!("run: plex-auth user add {name} --plex {plex}"))
        }
        // Only the owner can say whether it is for a friend.
        None => check.hint(format!("if it is for a friend: plex-auth user add {user} --plex WHO")),
    }
}

fn not_managed(user: &str, group: Option<&str>, file: &Path) -> Check {
    let hint = if let Some(group) = group {
        format!("run: gpasswd --add {user} {group}")
    } else {
        let line = format!("{user} = \"their Plex username, address or id\"");
        format!("write under [users] in {}: {line}", file.display())
    };
    Check::error("managed", Reason::NotManaged.to_string()).hint(hint)
}

fn managed(mapped_to: &MappedTo) -> String {
    match mapped_to {
        MappedTo::Id(id) => format!("[users] says Plex id {id}"),
        MappedTo::Name(name) => format!("[users] says '{name}'"),
        MappedTo::Member { local, group } => {
            format!("a member of the group {group}, so the Plex username '{local}'")
        }
    }
}

/// A member of the group that is bound to no Plex account. `now` is the account that has its name.
fn unbound(decided: bool, now: Option<u64>, user: &str) -> Check {
    if !decided {
        return Check::ok(
            "binding",
            "none yet; the next friend list decides whom this new member of the group belongs to",
        );
    }
    let what = format!(
        "no Plex account had the name {user} when it joined the group, or it had an entry in [users], or the group does not list it; \
         one that has the name now does not get the account"
    );
    let who = now.map_or_else(|| "WHO".to_owned(), |id| id.to_string());
    Check::error("binding", what).hint(format!("if you know whose it is: plex-auth user link {user} {who}"))
}

fn access(standing: &Standing, owner: Option<&PlexAccount>) -> Check {
    let ok = |what| Check::ok("access", what);
    match standing {
        Standing::Owner { is_admin: true } => ok("the owner, whom admin_account names"),
        Standing::Owner { is_admin: false } => {
            let name = owner
                .and_then(|owner| owner.username.as_deref().or(owner.email.as_deref()))
                .unwrap_or("their name at Plex");
            Check::error("access", Reason::OwnerNotAdmin.to_string()).hint(format!("write admin_account = \"{name}\""))
        }
        Standing::Accepted(word) => ok(match Relationship::named(word) {
            Some(Relationship::Shared) => "the server is shared with them, and they accepted",
            Some(Relationship::Home) => "a member of the owner's Home, which is enough here",
            _ => "a friend of the owner, which is enough here",
        }),
        Standing::Pending => Check::error("access", Reason::Pending.to_string())
            .hint("they accept the invitation in the mail from Plex, or at https://app.plex.tv"),
        Standing::NoAccess => {
            Check::error("access", Reason::NoAccess.to_string()).hint(format!("share it with them: {SHARING}"))
        }
    }
}

fn named(account: &PlexAccount) -> String {
    let names: Vec<_> = [&account.username, &account.email].into_iter().flatten().map(String::as_str).collect();
    let names = if names.is_empty() { "a person without a name".to_owned() } else { names.join(", ") };
    format!("{names} (Plex id {})", account.plex_id)
}
