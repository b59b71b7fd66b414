//! The page of the module says what its own code does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod mdoc;

/// The module is a library for libpam and nobody else, so its source is taken.
#[allow(dead_code, reason = "only its words matter here")]
#[path = "../../../src/pam-plex/src/args.rs"]
mod args;

use std::collections::BTreeSet;

/// The arguments that there are, by the refusal of one that there is not.
fn known() -> BTreeSet<String> {
    let refusal = args::Args::parse(&[c"nullok"]).unwrap_err();
    let (_, known) = refusal.split_once("the arguments are ").expect(&refusal);
    known.replace(" and ", ", ").split(", ").map(str::to_owned).collect()
}

/// An argument as it is written in a stack.
fn written(macros: &str) -> String {
    macros.replace("Cm ", "").replace(" Ns = Ns Ar ", "=")
}

#[test]
fn the_page_has_every_argument_and_no_other() {
    let (_, list) = pages::MODULE.split_once("\nThe arguments,").unwrap();
    let described = mdoc::items(list.split("\n.Sh ").next().unwrap());
    let described: BTreeSet<String> = described.iter().map(|item| written(item.lines().next().unwrap())).collect();
    assert_eq!(described, known());
    let synopsis = mdoc::section(pages::MODULE, "SYNOPSIS");
    let short = synopsis.lines().filter_map(|line| line.strip_prefix(".Op ")).flat_map(|line| line.split(" | "));
    assert_eq!(short.map(written).collect::<BTreeSet<_>>(), known());
}

#[test]
fn the_page_has_every_code_that_the_module_returns_and_no_other() {
    let sources = [
        include_str!("../../../src/pam-plex/src/module.rs"),
        include_str!("../../../src/pam-plex/src/hooks.rs"),
        include_str!("../../../src/pam-plex/src/session.rs"),
        include_str!("../../../src/pam-plex/src/return_code.rs"),
    ];
    let name = |rest: &str| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap().to_owned();
    let returned = sources.iter().flat_map(|source| source.split("PamResultCode::").skip(1)).map(name);
    let items = mdoc::items(mdoc::section(pages::MODULE, "RETURN CODES"));
    let described = items.iter().map(|item| item.lines().next().unwrap().strip_prefix("Dv ").unwrap().to_owned());
    assert_eq!(described.collect::<BTreeSet<_>>(), returned.collect::<BTreeSet<_>>());
}

#[test]
fn the_stack_of_the_page_is_the_one_that_is_shipped() {
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
