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

/// Has the user a linker of their own? Not all of them know such scripts.
fn linker_is_chosen() -> bool {
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    var("RUSTC_LINKER").is_ok() || var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"))
}
