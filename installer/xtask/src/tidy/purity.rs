//! Where clocks, chance, sockets and SQL have no place.

use super::{Finding, Source};

/// The engine gets its time and its chance as arguments.
const IMPURE: [&str; 9] = [
    "SystemTime",
    "Instant",
    "getrandom",
    "rand::",
    "::now()",
    "std::net",
    "std::fs",
    "std::thread",
    "tokio",
];
/// What a handler, screen or command leaves to the aggregate that owns the statement.
const SQL: [&str; 5] = ["SELECT ", "INSERT ", "DELETE FROM ", "UPDATE ", "rusqlite"];
const EDGES: [&str; 4] = ["api", "http", "screen", "commands"];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let rust = || sources.iter().filter(|source| source.ending() == "rs" && !source.is_test());
    let engine = rust()
        .filter(|source| source.path.starts_with("sync/proto/src/"))
        .flat_map(|source| found(source, &IMPURE, "sync-proto is pure: take it as an argument"));
    let edges = rust()
        .filter(|source| EDGES.iter().any(|edge| source.is_within(edge)))
        .filter(|source| !source.path.starts_with("installer/"))
        .flat_map(|source| found(source, &SQL, "no SQL at the edge: put it beside its aggregate"));
    engine.chain(edges).collect()
}

fn found(source: &Source, words: &[&str], message: &str) -> Vec<Finding> {
    source
        .code()
        .filter_map(|(line, text)| {
            let word = words.iter().find(|word| text.contains(**word))?;
            Some(Finding::new(source.at(line), format!("`{}`: {message}", word.trim())))
        })
        .collect()
}
