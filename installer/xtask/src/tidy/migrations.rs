//! A migration that ran somewhere is never edited.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::{Finding, Source};
use crate::workspace;

/// One line per migration: hash, two spaces, path.
const LIST: &str = "installer/xtask/migrations.lock";

pub(super) fn check(sources: &[Source]) -> Result<Vec<Finding>> {
    let (listed, present) = (listed(), present(sources));
    let mut findings = Vec::new();
    for (path, hash) in &present {
        let message = match listed.get(path) {
            Some(known) if known == hash => continue,
            Some(_) => "a migration is never edited: put it back and add a new one",
            None => "is not listed: run `cargo xtask tidy --lock-migrations`",
        };
        findings.push(Finding::new(path, message));
    }
    for path in listed.keys().filter(|path| !present.contains_key(*path)) {
        findings.push(Finding::new(path, "a migration is never removed: put it back"));
    }
    Ok(findings)
}

/// Enters what is new.
///
/// # Errors
/// The list cannot be written.
pub(super) fn lock(sources: &[Source]) -> Result<()> {
    let mut all = present(sources);
    all.extend(listed());
    let text = all.iter().fold(String::new(), |mut text, (path, hash)| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{hash}  {path}");
        text
    });
    workspace::write(&workspace::path(LIST), &text)
}

fn listed() -> BTreeMap<String, String> {
    std::fs::read_to_string(workspace::path(LIST))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
        .collect()
}

fn present(sources: &[Source]) -> BTreeMap<String, String> {
    sources
        .iter()
        .filter(|source| source.ending() == "sql" && source.is_within("migrations"))
        .map(|source| {
            let hash = Sha256::digest(source.text.as_bytes());
            let hex = hash.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            (source.path.clone(), hex)
        })
        .collect()
}
