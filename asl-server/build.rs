//! Lets the linker put the functions side by side that run when a server starts: `link/README.md` tells why and how.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=link/start.ld");
    let is = |name, value| var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && !linker_is_chosen() {
        let folder = var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bin=asl=-T{folder}/link/start.ld");
    }
}

/// Has the user a linker of their own, or says so with `ASL_OWN_LINKER=1`? Not all of them know such scripts.
fn linker_is_chosen() -> bool {
    println!("cargo::rerun-if-env-changed=ASL_OWN_LINKER");
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    var("ASL_OWN_LINKER").is_ok() || var("RUSTC_LINKER").is_ok() || flags.contains("link")
}
