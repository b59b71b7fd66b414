//! How the module is linked. It stays loaded, because a library with thread-local destructors must not be unmapped; every
//! symbol is resolved before the first call, so that none is looked up in the middle of a login.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,now");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro");
    println!("cargo::rerun-if-changed=build.rs");
}
