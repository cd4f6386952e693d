use std::collections::BTreeSet;

use serde_json::json;

use super::*;

/// What the schema of CycloneDX 1.6 demands of the parts that are written here.
fn violations(document: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    must(document["bomFormat"] == "CycloneDX", "bomFormat".to_owned());
    must(document["specVersion"] == "1.6", "specVersion".to_owned());
    must(document["version"].as_u64().is_some_and(|version| version >= 1), "version".to_owned());
    must(is_serial_number(document["serialNumber"].as_str().unwrap_or_default()), "serialNumber".to_owned());
    let main = &document["metadata"]["component"];
    let others = document["components"].as_array().unwrap();
    let mut references = BTreeSet::new();
    for component in std::iter::once(main).chain(others) {
        let reference = component["bom-ref"].as_str().unwrap_or_default();
        must(references.insert(reference.to_owned()), format!("{reference} twice"));
        must(!component["name"].as_str().unwrap_or_default().is_empty(), format!("name of {reference}"));
        must(
            ["application", "library"].contains(&component["type"].as_str().unwrap_or_default()),
            format!("type of {reference}"),
        );
        for licence in component["licenses"].as_array().into_iter().flatten() {
            must(licence["expression"].is_string(), format!("licence of {reference}"));
        }
        for hash in component["hashes"].as_array().into_iter().flatten() {
            let len = if hash["alg"] == "SHA-256" { 64 } else { 128 };
            let content = hash["content"].as_str().unwrap_or_default();
            let is_hex = content.bytes().all(|letter| letter.is_ascii_hexdigit());
            must(content.len() == len && is_hex, format!("hash of {reference}"));
        }
    }
    let mut described = BTreeSet::new();
    for dependency in document["dependencies"].as_array().unwrap() {
        let reference = dependency["ref"].as_str().unwrap_or_default();
        must(references.contains(reference), format!("{reference} is no component"));
        must(described.insert(reference), format!("{reference} is described twice"));
        for needed in dependency["dependsOn"].as_array().unwrap() {
            let needed = needed.as_str().unwrap_or_default();
            must(references.contains(needed), format!("{reference} depends on {needed}, which is none"));
        }
    }
    must(described.len() == references.len(), "every component has its dependencies".to_owned());
    wrong
}

/// `^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`
fn is_serial_number(text: &str) -> bool {
    let parts: Vec<&str> = text.strip_prefix("urn:uuid:").unwrap_or_default().split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'));
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hex)
}

#[test]
fn every_program_has_a_document_that_cyclonedx_accepts_and_that_does_not_change() {
    let documents = documents().unwrap();
    assert_eq!(documents.len(), 4);
    for (program, document) in &documents {
        assert_eq!(violations(document), Vec::<String>::new(), "{program}");
        assert_eq!(document["metadata"]["component"]["name"], *program);
        for component in document["components"].as_array().unwrap() {
            let own = component["purl"].as_str().unwrap().ends_with(concat!("@", env!("CARGO_PKG_VERSION")));
            assert!(component["hashes"].is_array() || own, "{component} comes without a hash");
            assert!(component["licenses"].is_array(), "{component} comes without a licence");
        }
    }
    let again = super::documents().unwrap();
    assert_eq!(documents, again);
    let serial_numbers: BTreeSet<String> =
        documents.iter().map(|(_, document)| document["serialNumber"].to_string()).collect();
    assert_eq!(serial_numbers.len(), 4, "each document has its own");
}

#[test]
fn a_program_has_what_it_runs_with_and_not_what_tests_it() {
    let documents = documents().unwrap();
    let has = |program: &str, start: &str| {
        let (_, document) = documents.iter().find(|(name, _)| *name == program).unwrap();
        let components = document["components"].as_array().unwrap();
        components.iter().any(|component| component["purl"].as_str().unwrap().starts_with(start))
    };
    assert!(has("hq-server", "pkg:cargo/rusqlite@") && has("hq-server", "pkg:npm/%40lucide/svelte@"));
    assert!(has("pos-desktop", "pkg:cargo/tauri@") && has("pos-desktop", "pkg:npm/pretendard@"));
    assert!(has("back-office", "pkg:cargo/iced@") && !has("back-office", "pkg:cargo/rusqlite@"));
    assert!(has("station-agent", "pkg:cargo/sync-proto@") && !has("station-agent", "pkg:npm/"));
    assert!(!has("hq-server", "pkg:npm/vite@") && !has("back-office", "pkg:cargo/iced_test@"));
}

#[test]
fn only_what_is_needed_to_run_is_followed() {
    let normal = json!([{"kind": null, "target": null}]);
    let metadata = json!({
        "packages": [
            {"id": "a", "name": "a", "version": "0.1.0", "source": null, "license": "MIT"},
            {"id": "b", "name": "b", "version": "1.0.0+x", "source": "registry", "license": "MIT/Apache-2.0"},
            {"id": "c", "name": "c", "version": "2.0.0", "source": "registry", "license": null},
        ],
        "resolve": {"nodes": [
            {"id": "a", "deps": [{"pkg": "b", "dep_kinds": normal}, {"pkg": "c", "dep_kinds": [{"kind": "dev"}]}]},
            {"id": "b", "deps": [{"pkg": "c", "dep_kinds": [{"kind": "build"}]}]},
            {"id": "c", "deps": []},
        ]},
    });
    let lock = "[[package]]\nname = \"b\"\nversion = \"1.0.0+x\"\nchecksum = \"00ff\"\n";
    let components = Crates::parse(&metadata, lock).unwrap().of("a").unwrap();
    assert_eq!(components.iter().map(|each| each.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(components[0].needs, ["pkg:cargo/b@1.0.0%2Bx"]);
    assert_eq!(components[1].licence.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(components[1].hash, Some(("SHA-256", "00ff".to_owned())));
}

#[test]
fn a_package_is_found_where_node_finds_it() {
    let entry = |version: &str, needs: Value| json!({"version": version, "integrity": "sha512-AP8=", "license": "MIT", "dependencies": needs});
    let lock = json!({"packages": {
        "": {"dependencies": {"@a/b": "1", "c": "1"}, "devDependencies": {"d": "1"}},
        "node_modules/@a/b": entry("1.0.0", json!({"c": "2", "e": "1"})),
        "node_modules/@a/b/node_modules/c": entry("2.0.0", json!({"e": "1"})),
        "node_modules/c": entry("1.0.0", json!({})),
        "node_modules/d": {"version": "1.0.0", "dev": true},
        "node_modules/e": entry("1.0.0", json!({"d": "1"})),
    }});
    let (top, components) = packages::parse(&lock).unwrap();
    assert_eq!(top, ["pkg:npm/%40a/b@1.0.0", "pkg:npm/c@1.0.0"]);
    let needs = |purl: &str| components.iter().find(|each| each.purl == purl).unwrap().needs.clone();
    assert_eq!(needs("pkg:npm/%40a/b@1.0.0"), ["pkg:npm/c@2.0.0", "pkg:npm/e@1.0.0"]);
    assert_eq!(needs("pkg:npm/c@2.0.0"), ["pkg:npm/e@1.0.0"]);
    assert_eq!(needs("pkg:npm/e@1.0.0"), Vec::<String>::new());
    assert_eq!(components[0].hash, Some(("SHA-512", "00ff".to_owned())));
    assert_eq!(components.len(), 4);
}

#[test]
fn base64_reads_back() {
    assert_eq!(packages::base64("aGVsbG8=").as_deref(), Some(&b"hello"[..]));
    assert_eq!(packages::base64("+/8A").as_deref(), Some(&[0xfb, 0xff, 0x00][..]));
    assert_eq!(packages::base64("a?"), None);
}
