//! What is on disk, and what is printed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use sync_identity::exchange::Enrol;
use sync_identity::{Identity, write_private};
use sync_proto::DeviceId;

use crate::handshake::{stand_in, station};

fn agent() -> Identity {
    stand_in().agent(&station("ST0001"), DeviceId([7; 16])).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_its_owner_reads_it_whatever_stood_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub/identity.json");
    agent().write(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    for loose in [path.clone(), folder.path().join("sub/identity.json.new")] {
        std::fs::write(&loose, "left by a crash").unwrap();
        std::fs::set_permissions(&loose, std::fs::Permissions::from_mode(0o666)).unwrap();
        agent().write(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }
    let there: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(there.len(), 1, "nothing is left beside it");
}

#[test]
fn a_write_that_fails_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.json");
    let old = agent();
    old.write(&path).unwrap();
    std::fs::create_dir(folder.path().join("identity.json.new")).unwrap();
    assert!(agent().write(&path).is_err());
    assert_eq!(Identity::read(&path).unwrap(), old);
    assert!(write_private(&path, b"other").is_err());
    assert_eq!(Identity::read(&path).unwrap(), old);
}

/// Nothing of a private key's body, as it stands in a file.
fn tells_nothing_of(key_pem: &str, text: &str) {
    let body: String = key_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    for start in (0..body.len().saturating_sub(12)).step_by(4) {
        assert!(!text.contains(&body[start..start + 12]), "{text}");
    }
    let der = pem::parse(key_pem).unwrap().into_contents();
    // The private number: an octet string of 32 bytes (RFC 5915, section 3); what is around it is public.
    let begins = der.windows(2).position(|pair| pair == [0x04, 0x20]).unwrap() + 2;
    for window in der[begins..begins + 32].windows(6) {
        let decimal = format!("{window:?}");
        assert!(!text.contains(decimal.trim_matches(['[', ']'])), "{text}");
        let hex: String = window.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.to_lowercase().contains(&hex), "{text}");
    }
}

#[test]
fn what_is_no_identity_is_refused_and_its_error_tells_nothing_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.json");
    assert!(Identity::read(&path).unwrap_err().is_missing());
    agent().write(&path).unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    let parsed: Value = serde_json::from_str(&whole).unwrap();
    let key = parsed["key"].as_str().unwrap().to_owned();
    let authority_key = parsed["authority"]["key"].as_str().unwrap().to_owned();
    let with = |pointer: &str, value: Value| {
        let mut changed = parsed.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let cases = [
        whole[..whole.len() / 2].to_owned(),
        key.clone(),
        format!("\"{}\"", key.replace('\n', "\\n")),
        format!("{whole} and more"),
        with("/key", Value::String(authority_key.clone())),
        with("/key", Value::String(key.replace("PRIVATE", "PUBLIC"))),
        with("/key", Value::String(key.replace("KEY-----\n", "KEY-----\n!!!!"))),
        with("/chain/0", Value::String(key.clone())),
        with("/chain", Value::Array(Vec::new())),
        with("/chain", Value::String(key.clone())),
        with("/headOffice", Value::String(authority_key.clone())),
        with("/authority/key", Value::String(key.clone())),
        with("/authority/certificate", parsed["chain"][0].clone()),
        with("/stations", Value::Null),
        String::new(),
    ];
    for case in cases {
        std::fs::write(&path, &case).unwrap();
        let why = Identity::read(&path).expect_err(&case);
        assert!(!why.is_missing());
        for text in [why.to_string(), format!("{why:?}")] {
            assert!(!text.contains("PRIVATE"), "{text}");
            tells_nothing_of(&key, &text);
            tells_nothing_of(&authority_key, &text);
        }
    }
    std::fs::write(&path, "x".repeat(65 * 1024)).unwrap();
    assert!(Identity::read(&path).unwrap_err().to_string().contains("bytes"));
}

#[test]
fn nothing_that_is_printed_for_debugging_holds_a_key_or_a_secret() {
    let of = stand_in();
    let agent = of.agent(&station("ST0001"), DeviceId([7; 16])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.json");
    agent.write(&path).unwrap();
    let parsed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let asked = Enrol {
        code_id: "ABC".to_owned(),
        secret: "SECRETSECRET".to_owned(),
        device: None,
        request: "request".to_owned(),
        authority_request: None,
    };
    let printed = [
        format!("{agent:?} {agent:#?}"),
        format!("{:?}", agent.credentials().unwrap()),
        format!("{:?}", agent.authority()),
        format!("{of:?} {:?}", of.head_office),
        format!("{asked:?}"),
    ];
    for text in printed {
        assert!(!text.contains("SECRETSECRET") && !text.contains("PRIVATE"), "{text}");
        tells_nothing_of(parsed["key"].as_str().unwrap(), &text);
        tells_nothing_of(parsed["authority"]["key"].as_str().unwrap(), &text);
        tells_nothing_of(&of.head_office.key_pem(), &text);
    }
}
