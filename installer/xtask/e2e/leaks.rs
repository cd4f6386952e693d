//! Looking for what must not be there, in every byte below a folder.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes between two digits of a card number at most that still make it the same number.
const GAP_LEN_MAX: usize = 3;

/// A line of base64 shorter than this could stand anywhere by chance.
const KEY_LINE_LEN_MIN: usize = 24;

/// What only the files that are named may hold.
#[derive(Debug, Clone)]
pub struct Secret {
    pub name: String,
    pub text: String,
    pub allowed: Vec<PathBuf>,
}

/// A place where something is that must not be.
#[derive(Debug, PartialEq, Eq)]
pub struct Leak {
    pub what: String,
    pub file: PathBuf,
    pub offset: usize,
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

/// Where card numbers and secrets are; a file that goes away meanwhile holds nothing.
pub fn search(folder: &Path, cards: &[&str], secrets: &[Secret]) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for file in files(folder) {
        let Ok(bytes) = fs::read(&file) else { continue };
        let name = file.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        let mut note = |what: &str, offset: Option<usize>| {
            leaks.extend(offset.map(|offset| Leak { what: what.to_owned(), file: file.clone(), offset }));
        };
        for card in cards {
            note(card, card_in(&bytes, card));
            note(card, card_in(name.as_bytes(), card));
        }
        for secret in secrets.iter().filter(|secret| !secret.allowed.contains(&file)) {
            note(&secret.name, text_in(&bytes, &secret.text));
        }
    }
    leaks
}

/// The lines of every private key below a folder, each allowed in its own file only. A key stands in a file of its
/// own, or in a device's identity.
pub fn private_keys(folder: &Path) -> Vec<Secret> {
    let is_kept = |file: &PathBuf| {
        file.extension().is_some_and(|ending| ending == "key") || file.ends_with("identity.json")
    };
    let lines = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap().replace("\\n", "\n");
        let mut is_key = false;
        let mut secrets = Vec::new();
        for line in text.lines() {
            if line.contains("-----") {
                is_key = line.contains("BEGIN PRIVATE KEY");
            } else if is_key && line.len() >= KEY_LINE_LEN_MIN {
                let name = format!("a line of {}", file.display());
                secrets.push(Secret { name, text: line.to_owned(), allowed: vec![file.clone()] });
            }
        }
        secrets
    };
    files(folder).into_iter().filter(is_kept).flat_map(lines).collect()
}

/// Where a text stands.
pub fn text_in(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

/// Where a card number stands, with whatever separates its digits.
pub fn card_in(bytes: &[u8], digits: &str) -> Option<usize> {
    let first = digits.as_bytes()[0];
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(start, _)| start);
    starts.into_iter().find(|start| is_card(&bytes[*start..], digits.as_bytes()))
}

fn is_card(bytes: &[u8], digits: &[u8]) -> bool {
    let mut rest = bytes.iter().copied();
    digits.iter().all(|digit| {
        let next = rest.by_ref().take(GAP_LEN_MAX + 1).find(|byte| !b" -+._/\t".contains(byte));
        next == Some(*digit)
    })
}

#[test]
fn a_secret_outside_its_file_is_found_with_file_and_offset() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("own"), folder.path().join("deep/other"));
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(&own, "a-secret\n").unwrap();
    fs::write(&other, b"\0\xff..a-secret").unwrap();
    let secret = Secret { name: "it".to_owned(), text: "a-secret".to_owned(), allowed: vec![own] };
    let leaks = search(folder.path(), &[], &[secret]);
    assert_eq!(leaks, [Leak { what: "it".to_owned(), file: other, offset: 4 }]);
}

#[test]
fn a_card_number_is_found_whatever_separates_its_digits() {
    let card = "4111111111111111";
    for text in ["x4111111111111111", "x4111 1111 1111 1111", "x4111-1111-1111-1111,", "x4111+1111+1111+1111"]
    {
        assert_eq!(card_in(text.as_bytes(), card), Some(1), "{text}");
    }
    assert_eq!(card_in(b"4111 1111 1111 111", card), None);
    assert_eq!(card_in(b"4111 1111 1111     1111", card), None);
}

#[test]
fn a_line_of_a_private_key_is_a_secret_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let line = "Kx9/".repeat(12);
    let file = folder.path().join("authority.key");
    fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{line}\nabc\n-----END PRIVATE KEY-----\n"))
        .unwrap();
    let keys = private_keys(folder.path());
    assert_eq!(keys.len(), 1);
    assert!(search(folder.path(), &[], &keys).is_empty());
    let quoted = format!("{{\"key\":\"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END\"}}", "Zb8+".repeat(12));
    fs::write(folder.path().join("identity.json"), quoted).unwrap();
    assert_eq!(private_keys(folder.path()).len(), 2);
    fs::write(folder.path().join("log"), &line).unwrap();
    assert_eq!(search(folder.path(), &[], &keys).len(), 1);
}
