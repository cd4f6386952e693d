//! npm's lock files: every package has the hash of its archive and comes from npm's registry.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Finding;
use crate::setup::web::FOLDERS;
use crate::workspace;

/// The only place that packages come from; a lock file may leave it out.
const REGISTRY: &str = "https://registry.npmjs.org/";
/// The parts of a `package.json` that name packages.
const PARTS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

pub(super) fn check() -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for folder in FOLDERS {
        let read = |name: &str| -> Result<(String, Value)> {
            let place = format!("{folder}/{name}");
            let text = workspace::read(&workspace::path(&place))?;
            let json = serde_json::from_str(&text).with_context(|| format!("{place} is no JSON"))?;
            Ok((place, json))
        };
        let (place, wanted) = read("package.json")?;
        findings.extend(check_wanted(&place, &wanted));
        let (place, lock) = read("package-lock.json")?;
        findings.extend(check_lock(&place, &lock));
    }
    Ok(findings)
}

fn check_wanted(place: &str, wanted: &Value) -> Vec<Finding> {
    let packages = PARTS.iter().filter_map(|part| wanted.get(part)?.as_object()).flatten();
    let refused = packages.filter(|(_, range)| !range.as_str().is_some_and(is_exact_or_caret));
    let finding = |(name, range): (&String, &Value)| {
        Finding::new(place, format!("{name} {range}: an exact version, or a caret before it"))
    };
    refused.map(finding).collect()
}

fn is_exact_or_caret(range: &str) -> bool {
    let version = range.strip_prefix('^').unwrap_or(range);
    let release = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = release.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn check_lock(place: &str, lock: &Value) -> Vec<Finding> {
    let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
        return vec![Finding::new(place, "has no `packages`: write it with npm 7 or newer")];
    };
    // The entry without a name is the package itself.
    let others = packages.iter().filter(|(path, _)| !path.is_empty());
    others
        .filter_map(|(path, package)| {
            why_refused(package).map(|why| Finding::new(place, format!("{path}: {why}")))
        })
        .collect()
}

fn why_refused(package: &Value) -> Option<&'static str> {
    let text = |name: &str| package.get(name).and_then(Value::as_str);
    if !text("integrity").is_some_and(|hash| hash.starts_with("sha512-")) {
        return Some("has no sha512 of its archive");
    }
    if package.get("link").is_some() {
        return Some("is a link");
    }
    if text("resolved").is_some_and(|address| !address.starts_with(REGISTRY)) {
        return Some("does not come from npm's registry");
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_range_is_exact_or_has_a_caret() {
        for range in ["1.2.3", "^1.2.3", "2.0.0-beta.2"] {
            assert!(is_exact_or_caret(range), "{range}");
        }
        for range in ["*", "latest", "1.2", "~1.2.3", ">=1.2.3", "git+https://a/b", "file:../x", ""] {
            assert!(!is_exact_or_caret(range), "{range}");
        }
    }

    #[test]
    fn a_package_without_hash_or_from_elsewhere_is_found() {
        let hash = "sha512-abc";
        let lock = json!({"packages": {
            "": {"name": "us"},
            "node_modules/good": {"version": "1.0.0", "integrity": hash},
            "node_modules/named": {"integrity": hash, "resolved": "https://registry.npmjs.org/named/-/named-1.0.0.tgz"},
            "node_modules/bare": {"version": "1.0.0"},
            "node_modules/weak": {"integrity": "sha1-abc"},
            "node_modules/git": {"integrity": hash, "resolved": "git+ssh://git@host/git.git"},
            "node_modules/link": {"integrity": hash, "link": true},
        }});
        let found = check_lock("lock", &lock);
        let names: Vec<&str> =
            found.iter().map(|finding| finding.message.split(':').next().unwrap()).collect();
        assert_eq!(
            names,
            ["node_modules/bare", "node_modules/git", "node_modules/link", "node_modules/weak"]
        );
    }
}
