//! R34: the bytes of version 1, of every fact, as they are on disks and on the wire; and bytes as a build after this one
//! may write them. Lines are added to these files and never changed.
//!
//! There is one version of the schema so far, so nothing is read through an upcaster yet: the first change of a fact's
//! shape brings version 2, its corpus beside these, and the upcaster that this file then holds to them.

use std::collections::BTreeSet;

use sync_proto::envelope::SCHEMA_VERSION;
use sync_proto::{Decoded, Envelope};

const VERSION_1: &str = include_str!("golden/v1.jsonl");
const NEXT: &str = include_str!("golden/next.jsonl");

/// Facts of schema version 1.
const TYPES: usize = 24;

fn known(line: &str) -> Envelope {
    match Envelope::decode(line.as_bytes()).unwrap_or_else(|why| unreachable!("{why}: {line}")) {
        Decoded::Known(envelope) => *envelope,
        Decoded::Unknown { type_name, version } => unreachable!("{type_name} {version} is known: {line}"),
    }
}

#[test]
fn r34_every_fact_of_version_1_reads_and_is_written_as_the_same_bytes() {
    let mut types = BTreeSet::new();
    for line in VERSION_1.lines() {
        let envelope = known(line);
        assert_eq!(envelope.version, 1);
        types.insert(envelope.fact.type_name());
        // The version that is written today: this half goes with the day that version 2 is written.
        assert_eq!(SCHEMA_VERSION, 1);
        assert_eq!(String::from_utf8(envelope.encode().unwrap()).unwrap(), line);
    }
    assert_eq!(types.len(), TYPES, "a fact without a golden line: {types:?}");
}

#[test]
fn r34_fields_that_a_later_build_added_do_not_stop_this_one() {
    let mut read = 0;
    for line in NEXT.lines().filter(|line| line.contains(r#""later":true"#)) {
        let without = line.replace(r#","later":true"#, "").replace(r#""trace":"00-4bf9","#, "");
        let day = VERSION_1.lines().find(|golden| golden.replace(r#""day":"2026-11-23","#, "") == without);
        let (mut golden, found) = (known(day.unwrap()), known(line));
        golden.business_day = None;
        assert_eq!(found, golden);
        read += 1;
    }
    assert!(read >= 6, "{read}");
}

#[test]
fn r34_versions_and_types_of_a_later_build_are_unknown_and_not_refused() {
    let mut unknown = Vec::new();
    for line in NEXT.lines().filter(|line| !line.contains(r#""later":true"#)) {
        match Envelope::decode(line.as_bytes()).unwrap() {
            Decoded::Unknown { type_name, version } => unknown.push((type_name, version)),
            Decoded::Known(envelope) => unreachable!("{envelope:?} cannot be known"),
        }
    }
    let expected = [("Sold", 2), ("Charged", 2), ("Charged", 1)];
    assert_eq!(unknown, expected.map(|(name, version)| (name.to_owned(), version)));
}
