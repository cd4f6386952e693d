//! Checks the window's configuration, and makes a page for a clone whose UI is not built yet.

use std::error::Error;
use std::fs;
use std::path::Path;

use tauri_build::{AppManifest, Attributes};

/// Every command of the bridge. The capability names each one it allows; a command that is not here is
/// reachable by no page.
const COMMANDS: &[&str] = &[
    "setup_state",
    "enrol",
    "restart",
    "till_status",
    "product_menu",
    "cart",
    "cart_add_line",
    "cart_set_quantity",
    "cart_remove_line",
    "cart_clear",
    "cart_set_account",
    "complete_sale",
    "recent_sales",
    "sale_detail",
    "cancel_sale",
    "accounts",
    "set_language",
    "set_theme",
];

const PAGE: &str = "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><title>주유 POS</title>\
    <p>화면이 아직 만들어지지 않았습니다. <code>npm ci &amp;&amp; npm run build</code> (pos-desktop/ui)</p>\
    <p>The screen has not been built yet.</p></html>\n";

fn main() -> Result<(), Box<dyn Error>> {
    let page = Path::new("ui/dist/index.html");
    if !page.exists() {
        fs::create_dir_all("ui/dist")?;
        fs::write(page, PAGE)?;
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=ui/dist");
    // The program exports no symbols: WebKit loads the system's SQLite, which must not bind to ours.
    println!("cargo:rustc-link-arg-bins=-Wl,--exclude-libs,ALL");
    tauri_build::try_build(Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS)))?;
    Ok(())
}
