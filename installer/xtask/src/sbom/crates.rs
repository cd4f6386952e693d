//! The crates of a program, from Cargo's own resolution and lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Component;
use super::document::TARGET;
use crate::{shell, workspace};

/// Cargo's view of the workspace.
pub(super) struct Crates {
    packages: BTreeMap<String, Value>,
    /// What each package needs to run, by id.
    needs: BTreeMap<String, Vec<String>>,
    /// SHA-256 of each archive, by name and version.
    checksums: BTreeMap<(String, String), String>,
}

impl Crates {
    /// Asks Cargo.
    pub(super) fn read() -> Result<Self> {
        let arguments = ["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET];
        let mut command = shell::command("cargo", &arguments, &workspace::root());
        let output = command.stdout(Stdio::piped()).output().context("cannot run `cargo metadata`")?;
        anyhow::ensure!(output.status.success(), "`cargo metadata` failed: {}", output.status);
        let metadata = serde_json::from_slice(&output.stdout).context("`cargo metadata` wrote no JSON")?;
        Self::parse(&metadata, &workspace::read(&workspace::path("Cargo.lock"))?)
    }

    /// From `cargo metadata` and the text of the lock file.
    pub(super) fn parse(metadata: &Value, lock: &str) -> Result<Self> {
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let packages = list(metadata.get("packages")).into_iter();
        let nodes = list(metadata.pointer("/resolve/nodes"));
        let lock: toml::Table = lock.parse().context("Cargo.lock is no TOML")?;
        let locked = lock.get("package").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        Ok(Self {
            packages: packages.map(|package| (text(&package, "id"), package)).collect(),
            needs: nodes.iter().map(|node| (text(node, "id"), normal(node))).collect(),
            checksums: locked.iter().filter_map(checksum).collect(),
        })
    }

    /// The program itself, then everything that it needs to run, sorted.
    pub(super) fn of(&self, program: &str) -> Result<Vec<Component>> {
        let named = |package: &&Value| {
            text(package, "name") == program && package.get("source").is_none_or(Value::is_null)
        };
        let main =
            self.packages.values().find(named).with_context(|| format!("there is no crate {program}"))?;
        let main = text(main, "id");
        let mut reached = BTreeSet::from([main.clone()]);
        let mut waiting = vec![main.clone()];
        while let Some(id) = waiting.pop() {
            let needed = self.needs.get(&id).into_iter().flatten().cloned();
            waiting.extend(needed.filter(|id| reached.insert(id.clone())));
        }
        reached.remove(&main);
        let mut others: Vec<Component> =
            reached.iter().map(|id| self.component(id)).collect::<Result<_>>()?;
        others.sort();
        others.insert(0, self.component(&main)?);
        Ok(others)
    }

    fn component(&self, id: &str) -> Result<Component> {
        let package = self.packages.get(id).with_context(|| format!("Cargo does not describe {id}"))?;
        let (name, version) = (text(package, "name"), text(package, "version"));
        let needed = self.needs.get(id).into_iter().flatten().filter_map(|id| self.packages.get(id));
        let mut needs: Vec<String> =
            needed.map(|package| purl(&text(package, "name"), &text(package, "version"))).collect();
        needs.sort();
        needs.dedup();
        let key = (name.clone(), version.clone());
        Ok(Component {
            purl: purl(&name, &version),
            licence: package.get("license").and_then(Value::as_str).map(spdx),
            hash: self.checksums.get(&key).map(|digest| ("SHA-256", digest.clone())),
            name,
            version,
            needs,
        })
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Ids of what a package needs to run: neither to build nor to test it.
fn normal(node: &Value) -> Vec<String> {
    let is_normal = |dependency: &&Value| {
        let kinds = dependency.get("dep_kinds").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.get("kind").is_none_or(Value::is_null)))
    };
    let dependencies = node.get("deps").and_then(Value::as_array);
    dependencies.into_iter().flatten().filter(is_normal).map(|dependency| text(dependency, "pkg")).collect()
}

fn checksum(package: &toml::Value) -> Option<((String, String), String)> {
    let text = |name: &str| package.get(name)?.as_str().map(str::to_owned);
    Some(((text("name")?, text("version")?), text("checksum")?))
}

/// <https://github.com/package-url/purl-spec>, type `cargo`.
fn purl(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// Old manifests write `MIT/Apache-2.0`.
fn spdx(licence: &str) -> String {
    licence.replace(" / ", " OR ").replace('/', " OR ")
}
