//! The character set of the output, as the C library finds it, and text in ASCII for all others than UTF-8.

use std::borrow::Cow;
use std::env;
use std::sync::OnceLock;

/// Signs of our own messages, and what replaces them. All other characters are names and content.
const SIGNS: [(char, &str); 8] =
    [('✓', "+"), ('✗', "x"), ('·', "*"), ('→', "->"), ('…', "..."), ('–', "-"), ('“', "\""), ('”', "\"")];

/// True if the locale's character set is UTF-8.
pub(crate) fn is_utf8() -> bool {
    static UTF8: OnceLock<bool> = OnceLock::new();
    *UTF8.get_or_init(|| {
        let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        has_utf8(["LC_ALL", "LC_CTYPE", "LANG"].map(variable))
    })
}

/// True if these values of `LC_ALL`, `LC_CTYPE` and `LANG` name a locale with UTF-8. The first that is set and not empty
/// counts (locale(7)); without any, the locale is C.
fn has_utf8(variables: [Option<String>; 3]) -> bool {
    let locale = variables.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default();
    let charset = locale.split_once('.').map(|(_, rest)| rest.split('@').next().unwrap_or_default());
    // glibc compares the names of character sets without punctuation.
    charset.is_some_and(|charset| {
        let name: String = charset.chars().filter(char::is_ascii_alphanumeric).collect();
        name.eq_ignore_ascii_case("utf8")
    })
}

/// A text in the locale's character set. Our signs have replacements in ASCII. Other characters are replaced by `?` on a
/// terminal, which would show something else for them; in a file they are content.
pub(crate) fn encoded(text: &str, is_terminal: bool) -> Cow<'_, str> {
    if is_utf8() { text.into() } else { ascii(text, is_terminal).into() }
}

fn ascii(text: &str, is_terminal: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match SIGNS.iter().find(|(sign, _)| *sign == character) {
            Some((_, replacement)) => shown.push_str(replacement),
            None if is_terminal && !character.is_ascii() => shown.push('?'),
            None => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_is_read_as_the_c_library_reads_it() {
        let has = |all: &str, ctype: &str, lang: &str| {
            let set = |value: &str| (value != "unset").then(|| value.to_owned());
            has_utf8([set(all), set(ctype), set(lang)])
        };
        for (all, ctype, lang) in [
            ("C.UTF-8", "C", "C"),
            ("unset", "en_US.utf8", "C"),
            ("", "", "de_DE.UTF-8@euro"),
            ("unset", "unset", "C.UTF-8"),
        ] {
            assert!(has(all, ctype, lang), "{all} {ctype} {lang}");
        }
        for (all, ctype, lang) in [
            ("unset", "unset", "unset"),
            ("C", "C.UTF-8", "C.UTF-8"),
            ("unset", "POSIX", "en_US.UTF-8"),
            ("unset", "unset", "de_DE"),
            ("unset", "unset", "de_DE.ISO-8859-1"),
        ] {
            assert!(!has(all, ctype, lang), "{all} {ctype} {lang}");
        }
    }

    #[test]
    fn signs_have_replacements_in_ascii_and_names_are_kept_in_files() {
        assert_eq!(ascii("✓ a → b … ✗ ·", true), "+ a -> b ... x *");
        assert_eq!(ascii("✓ Zoë", true), "+ Zo?");
        assert_eq!(ascii("✓ Zoë", false), "+ Zoë");
    }
}
