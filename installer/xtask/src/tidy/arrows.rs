//! Who may depend on whom.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use super::{Finding, Source};

/// Each crate with the crates of ours that it may use, tests included.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("sync-proto", &[]),
    ("sync-identity", &["sync-proto"]),
    // Its conformance suite runs on PostgreSQL too; the programs of a station link none of it.
    ("sync", &["sync-proto", "sync-identity", "sync-postgres"]),
    ("sync-postgres", &["sync-proto", "sync"]),
    // Decoders of every program, fed with anything.
    ("sync-fuzz", &["sync-proto", "sync-identity", "sync", "station-api", "station-agent", "hq-server"]),
    ("sync-sim", &["sync-proto", "sync", "pos-core", "station-agent", "hq-server", "station-api"]),
    ("pos-core", &["sync-proto", "sync"]),
    ("pos-desktop", &["sync-proto", "sync-identity", "sync", "pos-core", "station-api"]),
    ("station-api", &["sync-proto", "sync-identity"]),
    ("station-agent", &["sync-proto", "sync-identity", "sync", "station-api"]),
    ("back-office", &["sync-proto", "sync-identity", "station-api"]),
    ("hq-server", &["sync-proto", "sync-identity", "sync"]),
    ("xtask", &["sync-sim"]),
];
const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
/// Parts of one crate that may only meet through facts.
const STRANGERS: [(&str, &str); 2] = [("order", "logistics"), ("logistics", "order")];

pub(super) fn check(sources: &[Source]) -> Result<Vec<Finding>> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with("/Cargo.toml")) {
        let manifest: Table = source.text.parse().with_context(|| format!("{} is malformed", source.path))?;
        findings.extend(arrows_of(source, &manifest, &allowed));
    }
    for (part, stranger) in STRANGERS {
        findings.extend(meetings(sources, part, stranger));
    }
    Ok(findings)
}

fn arrows_of(source: &Source, manifest: &Table, allowed: &BTreeMap<&str, &[&str]>) -> Vec<Finding> {
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(may_use) = allowed.get(name) else {
        return vec![Finding::new(&source.path, format!("crate {name} has no place in the arrows of tidy"))];
    };
    dependencies(manifest)
        .filter(|dependency| {
            allowed.contains_key(dependency.as_str()) && !may_use.contains(&dependency.as_str())
        })
        .map(|dependency| Finding::new(&source.path, format!("{name} must not depend on {dependency}")))
        .collect()
}

fn dependencies(manifest: &Table) -> impl Iterator<Item = String> {
    let per_system = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(|systems| systems.values().filter_map(Value::as_table));
    std::iter::once(manifest)
        .chain(per_system)
        .flat_map(|table| SECTIONS.iter().filter_map(|section| table.get(*section)))
        .filter_map(Value::as_table)
        .flat_map(|section| section.keys().cloned())
}

fn meetings(sources: &[Source], part: &str, stranger: &str) -> Vec<Finding> {
    let (file, folder) = (format!("hq-server/src/{part}.rs"), format!("hq-server/src/{part}/"));
    let call = format!("{stranger}::");
    sources
        .iter()
        .filter(|source| source.path == file || source.path.starts_with(&folder))
        .flat_map(|source| {
            source
                .code()
                .filter(|(_, line)| {
                    line.contains(&format!("crate::{call}")) || line.contains(&format!("super::{call}"))
                })
                .map(|(line, _)| {
                    Finding::new(source.at(line), format!("{part} and {stranger} meet through facts only"))
                })
        })
        .collect()
}
