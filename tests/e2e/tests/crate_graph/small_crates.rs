//! The finder itself, on crates of a few lines.

use crate::imports::{cycles, imports};
use crate::source::Files;

fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let files: Files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    cycles(&imports(&files))
}

#[test]
fn a_cycle_through_a_re_export_is_found() {
    let cycle = found(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b/mod.rs", "mod inner; pub use inner::B;"),
        ("b/inner.rs", "pub struct B; fn f() { println!(\"{}\", crate::a::A::NAME) }"),
    ]);
    assert_eq!(cycle, [["a.rs → b/inner.rs via B", "b/inner.rs → a.rs via A"]]);
}

#[test]
fn a_cycle_through_super_is_found() {
    let cycle = found(&[
        ("main.rs", "mod parent; fn main() { parent::f() }"),
        ("parent.rs", "mod child; pub struct Item; pub fn f() { child::g(Item) }"),
        ("parent/child.rs", "use super::Item; pub fn g(_: Item) {}"),
    ]);
    assert_eq!(cycle, [["parent.rs → parent/child.rs via g", "parent/child.rs → parent.rs via Item"]]);
}

#[test]
fn a_cycle_through_globs_attributes_and_module_aliases_is_found() {
    let cycle = found(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b as other; pub fn f() { other::g() }"),
        ("b.rs", "use crate::c::*; pub fn g(c: C) -> C { c }"),
        (
            "c.rs",
            "#[derive(Deserialize)] pub struct C { #[serde(with = \"crate::a\")] d: D, #[serde(with = \"crate::a::f\")] e: D }",
        ),
    ]);
    assert_eq!(cycle, [["a.rs → b.rs via g", "b.rs → c.rs via C", "c.rs → a.rs via f"]]);
}

#[test]
fn two_separate_cycles_are_two() {
    let cycle = found(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::{b::B, c::C}; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
        ("c.rs", "use crate::d::D; pub struct C;"),
        ("d.rs", "use crate::c::C; pub struct D;"),
    ]);
    assert_eq!(cycle.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn declarations_shared_children_other_crates_and_tests_make_no_cycle() {
    let cycle = found(&[
        ("lib.rs", "mod a; mod b; pub use a::f;"),
        ("a/mod.rs", "mod one; mod two; pub use one::{One, f}; pub use two::Two;"),
        (
            "a/one.rs",
            "pub struct One; pub fn f() {} #[cfg(test)] mod tests { use crate::b::B; use super::super::Two; }",
        ),
        ("a/two.rs", "use super::One; use b::Other; pub struct Two(One, pam::b::B); #[cfg(test)] mod tests;"),
        ("a/two/tests.rs", "use crate::b::B;"),
        ("b.rs", "use crate::a::{self, Two}; pub struct B(Two, a::One); pub(in crate::a) fn f() { let a = 1; a.b() }"),
    ]);
    assert_eq!(cycle, [[""; 0]; 0]);
}
