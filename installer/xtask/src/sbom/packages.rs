//! The npm packages that a user interface takes into its bundle, from its lock file.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::Component;
use super::document::hex;
use crate::workspace;

/// Marks of entries that never get into a bundle: for development, for another platform, left over.
const NOT_SHIPPED: [&str; 4] = ["dev", "devOptional", "optional", "extraneous"];
/// What an entry may need.
const PARTS: [&str; 2] = ["dependencies", "peerDependencies"];

/// What the interface itself needs, and every package that is shipped, sorted.
pub(super) fn of(folder: &str) -> Result<(Vec<String>, Vec<Component>)> {
    let place = format!("{folder}/package-lock.json");
    let lock = serde_json::from_str(&workspace::read(&workspace::path(&place))?);
    parse(&lock.with_context(|| format!("{place} is no JSON"))?).with_context(|| place)
}

/// The same from a lock file's content.
pub(super) fn parse(lock: &Value) -> Result<(Vec<String>, Vec<Component>)> {
    let entries = lock.get("packages").and_then(Value::as_object).context("it has no `packages`")?;
    let mut components = BTreeMap::new();
    for (path, entry) in entries.iter().filter(|(path, entry)| !path.is_empty() && is_shipped(entry)) {
        let component = component(entries, path, entry)?;
        components.insert(component.purl.clone(), component);
    }
    let top = entries.get("").map(|itself| needs(entries, "", itself)).unwrap_or_default();
    Ok((top, components.into_values().collect()))
}

fn is_shipped(entry: &Value) -> bool {
    NOT_SHIPPED.iter().all(|mark| entry.get(mark).is_none())
}

fn component(entries: &Map<String, Value>, path: &str, entry: &Value) -> Result<Component> {
    let integrity = entry.get("integrity").and_then(Value::as_str);
    let digest = integrity.and_then(|hash| hash.strip_prefix("sha512-")).and_then(base64);
    Ok(Component {
        purl: purl(path, entry),
        name: name(path).to_owned(),
        version: version(entry).to_owned(),
        licence: entry.get("license").and_then(Value::as_str).map(str::to_owned),
        hash: Some(("SHA-512", hex(&digest.with_context(|| format!("{path} has no sha512"))?))),
        needs: needs(entries, path, entry),
    })
}

/// What an entry needs, found as Node finds it: in its own folder, then in each one above.
fn needs(entries: &Map<String, Value>, path: &str, entry: &Value) -> Vec<String> {
    let names = PARTS.iter().filter_map(|part| entry.get(part)?.as_object()).flat_map(Map::keys);
    let found = names.filter_map(|name| resolved(entries, path, name));
    let mut needs: Vec<String> =
        found.filter(|(_, entry)| is_shipped(entry)).map(|(path, entry)| purl(path, entry)).collect();
    needs.sort();
    needs.dedup();
    needs
}

fn resolved<'lock>(
    entries: &'lock Map<String, Value>,
    path: &str,
    name: &str,
) -> Option<(&'lock str, &'lock Value)> {
    let mut folder = Some(path);
    while let Some(above) = folder {
        let place =
            if above.is_empty() { String::new() } else { format!("{above}/") } + "node_modules/" + name;
        if let Some((path, entry)) = entries.get_key_value(&place) {
            return Some((path, entry));
        }
        let outer = above.rsplit_once("/node_modules/").map(|(outer, _)| outer);
        folder = outer.or((!above.is_empty()).then_some(""));
    }
    None
}

fn name(path: &str) -> &str {
    path.rsplit_once("node_modules/").map_or(path, |(_, name)| name)
}

fn version(entry: &Value) -> &str {
    entry.get("version").and_then(Value::as_str).unwrap_or_default()
}

/// <https://github.com/package-url/purl-spec>, type `npm`: a scope keeps its `@`, encoded.
fn purl(path: &str, entry: &Value) -> String {
    format!("pkg:npm/{}@{}", name(path).replace('@', "%40"), version(entry).replace('+', "%2B"))
}

/// RFC 4648, section 4.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}
