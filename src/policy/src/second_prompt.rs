//! Programs that show one prompt only and answer every other themselves.

use crate::verification_code;

/// True if the reply to an echoed prompt is one that programs give by themselves: the user's name, under one of these names, or
/// the `password` that was typed before. Such a program shows no second prompt, and the reply is never sent as a code, not even
/// that of an account whose name is six digits.
#[must_use]
pub fn is_reply_of_program(reply: &str, names: &[&str], password: &str) -> bool {
    let code = verification_code(reply);
    let is_name = |name: &str| {
        name.to_lowercase() == reply.trim().to_lowercase() || code.is_some() && verification_code(name) == code
    };
    !reply.is_empty() && (reply == password || names.iter().any(|name| is_name(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_the_name_in_any_spelling_and_the_password_are_replies_of_the_program() {
        let names = ["dora", "DORA@example.org"];
        for reply in ["dora", "Dora", "DORA@example.org", "dora@example.org", " dora ", "hunter2", "dora\n"] {
            assert!(is_reply_of_program(reply, &names, "hunter2"), "{reply:?}");
        }
        for reply in ["", " ", "123456", "dor", "dora2", "Hunter2", "hunter2 ", "hunter2123456"] {
            assert!(!is_reply_of_program(reply, &names, "hunter2"), "{reply:?}");
        }
        assert!(!is_reply_of_program("", &names, ""), "Enter alone is the user's");
    }

    #[test]
    fn r22_six_digits_that_are_the_name_or_the_password_are_no_code() {
        for reply in ["314159", "314 159", "314-159"] {
            assert!(is_reply_of_program(reply, &["314159"], "hunter2"), "{reply:?}");
        }
        assert!(is_reply_of_program("314-159", &["dora"], "314-159"));
        assert!(!is_reply_of_program("271828", &["314159"], "161803"));
    }
}
