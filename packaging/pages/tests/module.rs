//! The manual page `pam_plex.8` agrees with the module's code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod mdoc;

/// The module is not usable as a Rust library, so its source is included.
#[allow(dead_code, reason = "only its words matter here")]
#[path = "../../../src/pam-plex/src/args.rs"]
mod args;

use std::collections::BTreeSet;

/// The known arguments, from the error about an unknown one.
fn known() -> BTreeSet<String> {
    let refusal = args::Args::parse(&[c"nullok"]).unwrap_err().to_string();
    let (_, known) = refusal.split_once("the arguments are ").expect(&refusal);
    known.replace(" and ", ", ").split(", ").map(str::to_owned).collect()
}

/// An argument as written in a stack.
fn written(macros: &str) -> String {
    macros.replace("Cm ", "").replace(" Ns = Ns Ar ", "=")
}

#[test]
fn module_page_lists_exactly_the_known_arguments() {
    let (_, list) = pages::MODULE.split_once("\nThe arguments,").unwrap();
    let described = mdoc::items(list.split("\n.Sh ").next().unwrap());
    let described: BTreeSet<String> = described.iter().map(|item| written(item.lines().next().unwrap())).collect();
    assert_eq!(described, known());
    let synopsis = mdoc::section(pages::MODULE, "SYNOPSIS");
    let short = synopsis.lines().filter_map(|line| line.strip_prefix(".Op ")).flat_map(|line| line.split(" | "));
    assert_eq!(short.map(written).collect::<BTreeSet<_>>(), known());
}

#[test]
fn module_page_lists_exactly_the_return_codes_of_the_module() {
    let sources = [
        include_str!("../../../src/pam-plex/src/module.rs"),
        include_str!("../../../src/pam-plex/src/client.rs"),
        include_str!("../../../src/pam-plex/src/return_code.rs"),
    ];
    let name = |rest: &str| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap().to_owned();
    let returned = sources.iter().flat_map(|source| source.split("PamResultCode::").skip(1)).map(name);
    let items = mdoc::items(mdoc::section(pages::MODULE, "RETURN CODES"));
    let described = items.iter().map(|item| item.lines().next().unwrap().strip_prefix("Dv ").unwrap().to_owned());
    assert_eq!(described.collect::<BTreeSet<_>>(), returned.collect::<BTreeSet<_>>());
}

#[test]
fn stack_in_the_module_page_is_the_shipped_one() {
    let shipped = include_str!("../../../pam.d/plex-auth");
    let words = |text: &str| -> Vec<Vec<String>> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let examples = mdoc::section(pages::MODULE, "EXAMPLES");
    let (_, stack) = examples.split_once("What is included, written out:\n").unwrap();
    let stack = stack.split_once('\n').unwrap().1.split("\n.Ed").next().unwrap().replace("\\e\n", "");
    assert_eq!(words(&stack), words(shipped));
}
