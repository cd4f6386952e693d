//! Korean and English together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Finding, Source};

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut keys: BTreeMap<String, BTreeMap<&str, BTreeSet<String>>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.path.starts_with("assets/locales/")) {
        let mut parts = source.path.rsplitn(3, '.');
        let (Some("json"), Some(language), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            findings.push(Finding::new(&source.path, "is not NAME.LANGUAGE.json"));
            continue;
        };
        let Ok(texts) = serde_json::from_str::<Value>(&source.text) else {
            findings.push(Finding::new(&source.path, "is not JSON"));
            continue;
        };
        let mut found = BTreeSet::new();
        collect("", &texts, &mut found, &mut |key| {
            findings.push(Finding::new(&source.path, format!("{key} has no text")));
        });
        keys.entry(name.to_owned()).or_default().insert(language, found);
    }
    for (name, languages) in &keys {
        findings.extend(compare(name, languages));
    }
    findings
}

fn compare(name: &str, languages: &BTreeMap<&str, BTreeSet<String>>) -> Vec<Finding> {
    let nothing = BTreeSet::new();
    let (korean, english) =
        (languages.get("ko").unwrap_or(&nothing), languages.get("en").unwrap_or(&nothing));
    let missing = |language: &str, key: &String| {
        Finding::new(format!("{name}.{language}.json"), format!("lacks {key}"))
    };
    korean
        .difference(english)
        .map(|key| missing("en", key))
        .chain(english.difference(korean).map(|key| missing("ko", key)))
        .collect()
}

fn collect(prefix: &str, value: &Value, keys: &mut BTreeSet<String>, empty: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                collect(&key, member, keys, empty);
            }
        }
        Value::String(text) if text.trim().is_empty() => empty(prefix),
        _ => {
            keys.insert(prefix.to_owned());
        }
    }
}
