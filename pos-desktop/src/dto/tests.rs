use std::path::Path;

use ts_rs::Config;

use super::*;

/// Where the UI reads its types.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui/src/generated");

#[test]
fn the_bindings_of_the_ui_are_those_of_this_program() {
    let config = Config::new();
    let all = [
        ("SetupState", SetupState::export_to_string(&config)),
        ("StartTrouble", StartTrouble::export_to_string(&config)),
        ("Enrolled", Enrolled::export_to_string(&config)),
        ("TillStatus", TillStatus::export_to_string(&config)),
        ("MenuProduct", MenuProduct::export_to_string(&config)),
        ("CartLine", CartLine::export_to_string(&config)),
        ("Cart", Cart::export_to_string(&config)),
        ("Tender", Tender::export_to_string(&config)),
        ("CompletedSale", CompletedSale::export_to_string(&config)),
        ("SaleRow", SaleRow::export_to_string(&config)),
        ("SaleDetail", SaleDetail::export_to_string(&config)),
        ("Account", Account::export_to_string(&config)),
        ("TillError", Refusal::export_to_string(&config)),
    ];
    let mut stale = Vec::new();
    for (name, text) in all {
        let path = Path::new(FOLDER).join(format!("{name}.ts"));
        let text = without_notes(&text.unwrap());
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, &text).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?} in {FOLDER} differ from src/dto.rs: run UPDATE_BINDINGS=1 cargo test -p pos-desktop bindings"
    );
}

/// The types alone: their documentation is here.
fn without_notes(text: &str) -> String {
    let mut kept = String::new();
    for line in
        text.lines().filter(|line| !["//", "/**", " *", "*"].iter().any(|note| line.starts_with(note)))
    {
        kept.push_str(line);
        kept.push('\n');
    }
    // A documented field begins a line of its own; the notes are gone, so join them again.
    kept.trim_start().replace(", \n", ", ").replace("{ \n", "{ ")
}
