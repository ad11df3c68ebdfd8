//! Links the addon.

fn main() {
    napi_build::setup();
    // glibc unloads a module when the last environment that loaded it ends, under threads that may still be on
    // their way out of it. Pinned, the module stays until the process ends.
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
