//! Known defects of dependencies, from a copy of RustSec's database: a test asks no network for it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use super::Count;
use crate::setup::Turn;
use crate::{shell, workspace};

/// Names a copy of <https://github.com/RustSec/advisory-db>.
const VARIABLE: &str = "JUYU_ADVISORY_DB";
/// Where a copy lies beside the workspace if the variable is not set.
const BESIDE: &str = "../shared/advisory-db";
/// What of the copy counts.
const PARTS: [&str; 2] = ["crates", "rust"];
/// `cargo deny` keeps the clone of RustSec's database under this name: the address's last part and its hash.
const CLONE: &str = "advisory-db-3157b0e258782691";

/// Checks the lock file against the copy; without one it says so and counts nothing.
///
/// # Errors
/// A dependency has an advisory that `.deny.toml` does not ignore with a reason.
pub(super) fn check() -> Result<Count> {
    let Some(copy) = copy() else {
        eprintln!("advisories were not checked: {VARIABLE} names no copy of RustSec's advisory-db");
        return Ok(Count::default());
    };
    if shell::find("git").is_none() {
        eprintln!(
            "advisories were not checked: cargo deny reads their database from a git repository, and there is no git"
        );
        return Ok(Count::default());
    }
    let _turn = Turn::take()?;
    let databases = workspace::target().join("advisories");
    clone(&copy, &databases.join(CLONE))?;
    let config = databases.join("deny.toml");
    workspace::write(
        &config,
        &with_databases(&workspace::read(&workspace::path(".deny.toml"))?, &databases)?,
    )?;
    let config = config.to_string_lossy();
    // The crates themselves are here already: the check of their licences fetched them.
    let arguments = ["deny", "--workspace", "--locked", "--offline", "--config", &config, "check"];
    let what = ["--hide-inclusion-graph", "advisories"];
    shell::run("cargo", &[&arguments[..], &what].concat(), &workspace::root())?;
    Ok(Count::ONE)
}

fn copy() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| workspace::path(BESIDE));
    PARTS.iter().all(|part| folder.join(part).is_dir()).then_some(folder)
}

/// Makes the plain folder the git repository that `cargo deny` opens.
fn clone(copy: &Path, repository: &Path) -> Result<()> {
    if repository.exists() {
        fs::remove_dir_all(repository).with_context(|| format!("cannot empty {}", repository.display()))?;
    }
    for part in PARTS {
        copy_folder(&copy.join(part), &repository.join(part))?;
    }
    let git = |arguments: &[&str]| shell::run("git", arguments, repository);
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    let author = ["-c", "user.name=xtask", "-c", "user.email=xtask@localhost", "-c", "commit.gpgsign=false"];
    git(&[&author[..], &["commit", "--quiet", "--message", "a copy of RustSec's advisory-db"]].concat())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", from.display()))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

/// The rules with the folder that the databases are in.
fn with_databases(rules: &str, databases: &Path) -> Result<String> {
    let mut rules: Table = rules.parse().context(".deny.toml is no TOML")?;
    let advisories = rules.get_mut("advisories").and_then(Value::as_table_mut);
    let advisories = advisories.context(".deny.toml has no [advisories]")?;
    let folder = databases.to_string_lossy().into_owned();
    advisories.insert("db-path".to_owned(), Value::String(folder));
    toml::to_string(&rules).context("the rules cannot be written as TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ignored_advisory_has_its_reason() {
        let rules: Table = workspace::read(&workspace::path(".deny.toml")).unwrap().parse().unwrap();
        for ignored in rules["advisories"]["ignore"].as_array().unwrap() {
            let reason = ignored.get("reason").and_then(Value::as_str).unwrap_or_default();
            assert!(reason.len() > 30, "{ignored}");
        }
    }

    #[test]
    fn the_rules_stay_and_get_the_folder_of_the_databases() {
        let text = "[advisories]\nyanked = \"deny\"\n[bans]\nwildcards = \"deny\"\n";
        let rules: Table = with_databases(text, Path::new("/databases")).unwrap().parse().unwrap();
        assert_eq!(rules["advisories"]["db-path"].as_str(), Some("/databases"));
        assert_eq!(rules["advisories"]["yanked"].as_str(), Some("deny"));
        assert_eq!(rules["bans"]["wildcards"].as_str(), Some("deny"));
        assert!(with_databases("[bans]\n", Path::new("/databases")).is_err());
    }
}
