//! How the module is linked. It stays loaded, because a library with thread-local destructors must not be unmapped; every
//! symbol is resolved before the first call, so that none is looked up in the middle of a login; and it brings the code that
//! unwinds a panic along, since programs that log people in have no other use for the library that it comes from, and to
//! load one more takes longer than all of this module's own work.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,now");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu") {
        // The static half of libgcc; it comes before libgcc_s, which the linker then has no need of.
        println!("cargo::rustc-link-lib=gcc_eh");
        // Before libpthread: where that is a library of its own, it has much of this one's too, and would be loaded for it.
        println!("cargo::rustc-link-lib=c");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
