//! Several accounts in one finding.

/// The most names that are listed.
const MOST: usize = 20;

/// The names in quotes: `'alice', 'bob'`.
pub(super) fn quoted(names: &[&str]) -> String {
    let mut shown: Vec<_> = names.iter().take(MOST).map(|name| format!("'{name}'")).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    shown.join(", ")
}

/// One word for one account, another for several.
pub(super) fn number<'a>(names: &[&str], one: &'a str, several: &'a str) -> &'a str {
    if names.len() == 1 { one } else { several }
}

/// A command for each account, as one line for the shell.
pub(super) fn each<T>(items: &[T], command: impl Fn(&T) -> String) -> String {
    format!("run: {}", items.iter().map(command).collect::<Vec<_>>().join(" && "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_with_one_cause_are_listed_and_their_commands_joined() {
        assert_eq!(quoted(&["alice"]), "'alice'");
        assert_eq!(quoted(&["alice", "bob"]), "'alice', 'bob'");
        let many: Vec<_> = (0..25).map(|n| format!("u{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(quoted(&many).ends_with("'u19', and 5 more"));
        assert_eq!(each(&["a", "b"], |name| format!("id {name}")), "run: id a && id b");
    }
}
