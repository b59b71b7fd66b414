//! authd
fn main() {}
