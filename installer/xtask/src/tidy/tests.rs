use super::*;

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

fn messages(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| finding.to_string()).collect()
}

#[test]
fn the_workspace_is_tidy() {
    let findings = messages(findings().unwrap());
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn an_arrow_against_the_structure_is_found() {
    let manifest =
        "[package]\nname = \"sync-proto\"\n[dev-dependencies]\nhq-server.workspace = true\nserde = \"1\"\n";
    let found = messages(arrows::check(&[source("sync/proto/Cargo.toml", manifest)]).unwrap());
    assert_eq!(found, ["sync/proto/Cargo.toml: sync-proto must not depend on hq-server"]);
}

#[test]
fn order_that_calls_logistics_is_found() {
    let file = source("hq-server/src/order/place.rs", "use crate::logistics::plan;\n");
    assert_eq!(arrows::check(&[file]).unwrap().len(), 1);
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    let line = "let x = 1;\n";
    let tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(300), line.repeat(300));
    let sources = [source("sync/src/a.rs", &line.repeat(401)), source("sync/src/b.rs", &tests)];
    let found = messages(size::check(&sources));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("sync/src/a.rs: 401 lines"));
}

#[test]
fn a_clock_in_the_engine_is_found_and_one_in_its_tests_or_comments_is_not() {
    let text =
        "// never Instant here\nfn f() { Instant::now(); }\n#[cfg(test)]\nmod tests { use std::fs; }\n";
    let found = messages(purity::check(&[source("sync/proto/src/engine.rs", text)]));
    assert_eq!(found, ["sync/proto/src/engine.rs:2: `Instant`: sync-proto is pure: take it as an argument"]);
}

#[test]
fn sql_in_a_handler_is_found() {
    let file = source("hq-server/src/api/orders.rs", "let sql = \"SELECT 1\";\n");
    assert_eq!(purity::check(&[file]).len(), 1);
}

#[test]
fn a_text_in_one_language_only_is_found() {
    let sources = [
        source("assets/locales/till.ko.json", r#"{"a": {"b": "가"}, "c": "나"}"#),
        source("assets/locales/till.en.json", r#"{"a": {"b": "a"}, "d": ""}"#),
    ];
    assert_eq!(
        messages(languages::check(&sources)),
        ["assets/locales/till.en.json: d has no text", "assets/locales/till.en.json: lacks c"]
    );
}

#[test]
fn an_empty_name_is_found() {
    let sources = [
        source("sync/src/price_manager.rs", "pub(crate) struct PriceBook;\n"),
        source("sync/src/prices.rs", "pub struct PriceHelper;\n"),
    ];
    assert_eq!(names::check(&sources).len(), 2);
}
