//! Linker options of the module. It stays loaded, because a library with thread-local destructors must not be unmapped; every
//! symbol is resolved before the first call, so that none is looked up during a login; and the code that unwinds a panic is
//! linked statically: login programs do not have its library loaded, and loading it would take longer than all of the module's
//! own work.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,now");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu") {
        // The static half of libgcc, before libgcc_s, which the linker then does not need.
        println!("cargo::rustc-link-lib=gcc_eh");
        // Before libpthread: where that is a separate library, it repeats much of libc and would be loaded for it.
        println!("cargo::rustc-link-lib=c");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
