//! R17: what has not reached upstream can be carried in a file, and the file is imported like what any link brings.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;

use sync::carry::{Carried, CarryError, Imported, Unsent};
use sync::node::{Beside, GoOn};
use sync::store::memory::MemoryStore;
use sync::{Draft, Node, Peer, Store as _};
use sync_proto::devices::DeviceBook;
use sync_proto::fact::{CertificateIssued, FeedApplied, FeedScope, IssuedFor, PendingAct, PendingOverridden};
use sync_proto::project::All;
use sync_proto::quarantine::SettlementBook;
use sync_proto::wire::{Hello, Message};
use sync_proto::{
    ChainHash, Decoded, DeviceId, Envelope, Fact, FeedVersion, Incarnation, Origin, Role, Seq, Stamp,
    StationCode, TerminalNo,
};

const NOW: Stamp = Stamp::at_wall_ms(1_795_478_400_000);

fn origin(n: u8, role: Role) -> Origin {
    let station = if role == Role::Hq { "HQ" } else { "ST0001" };
    let terminal = (role == Role::Terminal).then_some(TerminalNo(u16::from(n)));
    Origin { station: StationCode::new(station).unwrap(), device: DeviceId([n; 16]), role, terminal }
}

fn node_in(me: Origin, life: u8) -> Node<MemoryStore> {
    let books = All(vec![Box::new(DeviceBook), Box::new(SettlementBook)]);
    Node::open(MemoryStore::default(), Arc::new(books), me, [life; 16], NOW).unwrap()
}

fn till() -> Node<MemoryStore> {
    node_in(origin(1, Role::Terminal), 101)
}

fn write(node: &mut Node<MemoryStore>, version: u64) {
    let applied =
        FeedApplied { scope: FeedScope::Chain, writer: Incarnation([9; 16]), version: FeedVersion(version) };
    node.record(NOW, None, &[Draft::new(Fact::FeedApplied(applied))], Beside::default()).unwrap();
}

/// `node` knows the device as enrolled in ST0001.
fn enrol(node: &mut Node<MemoryStore>, n: u8, role: Role) {
    let issued = CertificateIssued {
        device: DeviceId([n; 16]),
        station: StationCode::new("ST0001").unwrap(),
        role,
        terminal: (role == Role::Terminal).then_some(TerminalNo(u16::from(n))),
        generation: 1,
        serial: "01".to_owned(),
        ends_at_ms: NOW.wall_ms,
        why: IssuedFor::Enrolment,
    };
    node.record(NOW, None, &[Draft::new(Fact::CertificateIssued(issued))], Beside::default()).unwrap();
}

fn head_office() -> Node<MemoryStore> {
    let mut hq = node_in(origin(9, Role::Hq), 109);
    enrol(&mut hq, 1, Role::Terminal);
    enrol(&mut hq, 2, Role::Agent);
    hq
}

fn agent() -> Node<MemoryStore> {
    let mut agent = node_in(origin(2, Role::Agent), 102);
    enrol(&mut agent, 1, Role::Terminal);
    agent
}

fn entries(node: &mut Node<MemoryStore>, of: &Node<MemoryStore>) -> usize {
    node.store().entries(&of.own_stream(), Seq(1), 10_000, usize::MAX).unwrap().len()
}

fn carried(node: &mut Node<MemoryStore>) -> Carried {
    node.export_unsent("hq", None, NOW.wall_ms).unwrap()
}

#[test]
fn r17_what_is_unsent_is_carried_in_a_file_and_taken_once() {
    let (mut till, mut hq) = (till(), head_office());
    for version in 1..=2_500 {
        write(&mut till, version);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unsent.juyu-journal");
    carried(&mut till).write(&path).unwrap();
    let file = Carried::read(&path).unwrap();
    assert_eq!((file.entry_count(), file.station().as_str()), (2_501, "ST0001"));
    let first = hq.take_carried(&file, NOW.wall_ms).unwrap();
    assert_eq!(first, Imported { stored: 2_501, ..Imported::default() });
    assert_eq!(entries(&mut hq, &till), 2_501);
    let again = hq.take_carried(&file, NOW.wall_ms).unwrap();
    assert_eq!(again, Imported { known: 2_501, ..Imported::default() });
    assert_eq!(entries(&mut hq, &till), 2_501, "none twice");
}

#[test]
fn r17_what_upstream_holds_is_not_carried_and_one_device_can_be_carried_alone() {
    let (mut till, mut agent) = (till(), agent());
    for version in 1..=9 {
        write(&mut till, version);
    }
    let file = carried(&mut till);
    agent.take_carried(&file, NOW.wall_ms).unwrap();
    let stream = till.own_stream();
    agent.keep_ack("hq", stream, Seq(4), NOW.wall_ms).unwrap();
    let of_till = agent.unsent("hq", Some(stream.device)).unwrap();
    assert_eq!(of_till, Unsent { count: 6, oldest_at_ms: Some(NOW.wall_ms) });
    let own = agent.own_head().unwrap().seq.0;
    assert_eq!(agent.unsent("hq", None).unwrap().count, 6 + own);
    let alone = agent.export_unsent("hq", Some(stream.device), NOW.wall_ms).unwrap();
    assert_eq!(alone.entry_count(), 6);
    let whole = carried(&mut agent);
    assert_eq!(whole.entry_count(), 6 + own);

    let mut hq = head_office();
    assert_eq!(hq.take_carried(&alone, NOW.wall_ms).unwrap().refused, 1, "the first four are missing there");
    hq.take_carried(&file, NOW.wall_ms).unwrap();
    let taken = hq.take_carried(&whole, NOW.wall_ms).unwrap();
    assert_eq!((taken.stored, taken.known, taken.refused), (own, 6, 0));
}

#[test]
fn r17_a_file_of_another_origin_is_refused_whole() {
    let mut till = till();
    write(&mut till, 1);
    let file = carried(&mut till);
    let mut elsewhere =
        node_in(Origin { station: StationCode::new("ST0002").unwrap(), ..origin(7, Role::Agent) }, 107);
    let why = elsewhere.take_carried(&file, NOW.wall_ms).unwrap_err();
    assert!(matches!(why, CarryError::OtherStation(_)), "{why}");
    let mut stranger = node_in(origin(9, Role::Hq), 109);
    let why = stranger.take_carried(&file, NOW.wall_ms).unwrap_err();
    assert!(matches!(why, CarryError::UnknownDevice(_)), "{why}");
    assert_eq!(entries(&mut stranger, &till), 0);
}

#[test]
fn r17_a_file_with_any_byte_changed_or_cut_off_is_refused() {
    let mut till = till();
    write(&mut till, 1);
    let good = carried(&mut till).encode().unwrap();
    assert!(Carried::decode(&good).is_ok());
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x10;
        let why = Carried::decode(&bad).unwrap_err();
        assert!(matches!(why, CarryError::NotAJournal | CarryError::Damaged), "{place}: {why}");
        assert!(Carried::decode(&good[..place]).is_err(), "cut at {place}");
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(Carried::decode(&longer).unwrap_err(), CarryError::Damaged));
    for garbage in [&b""[..], b"JUYUJRN1", b"PK\x03\x04", &[0; 100]] {
        assert!(Carried::decode(garbage).is_err());
    }
    let huge = vec![0; sync::carry::CARRIED_LEN_MAX + 1];
    assert!(matches!(Carried::decode(&huge).unwrap_err(), CarryError::TooLong));
}

/// A file whose digest fits, of whatever pieces.
fn forged(pieces: &[&[u8]]) -> Vec<u8> {
    let mut file = b"JUYUJRN1".to_vec();
    for piece in pieces {
        file.extend_from_slice(&u32::try_from(piece.len()).unwrap().to_be_bytes());
        file.extend_from_slice(piece);
    }
    file.extend_from_slice(&[0; 4]);
    let digest = ChainHash([0; 32]).chain(&file).0;
    file.extend_from_slice(&digest);
    file
}

#[test]
fn r17_a_forged_file_whose_digest_fits_is_refused_with_its_reason() {
    let device = "01".repeat(16);
    let head =
        |entries: u64| format!(r#"{{"station":"ST0001","device":"{device}","at_ms":1,"entries":{entries}}}"#);
    let mut till = till();
    let stream = till.own_stream();
    let batch = till.batch(stream, Seq(1), &sync_proto::engine::SenderConfig::STANDARD).unwrap().unwrap();
    let batch = Message::Batch(batch).encode();
    let hello = Message::Hello(Hello { stream, last: Seq(1), last_hash: ChainHash([0; 32]) }).encode();
    assert!(Carried::decode(&forged(&[head(1).as_bytes(), &batch])).is_ok(), "the honest one");
    let long = vec![b' '; 5_000];
    let (two, none) = (head(2), head(0));
    for pieces in [
        &[][..],
        &[&b"{}"[..]],
        &[b"not json"],
        &[&long],
        &[two.as_bytes(), &batch],
        &[none.as_bytes(), &hello],
        &[none.as_bytes(), b"no message"],
        &[none.as_bytes(), &vec![2; 300_000]],
    ] {
        let why = Carried::decode(&forged(pieces)).unwrap_err();
        assert!(matches!(why, CarryError::Malformed(_)), "{why}");
    }
    let mut unended = forged(&[none.as_bytes()]);
    unended.truncate(unended.len() - 36);
    unended.extend_from_slice(&[0xff; 4]);
    let digest = ChainHash([0; 32]).chain(&unended).0;
    unended.extend_from_slice(&digest);
    assert!(matches!(Carried::decode(&unended).unwrap_err(), CarryError::Malformed(_)));
}

#[test]
fn r17_an_agents_file_brings_the_till_that_only_it_enrolled_and_no_stranger() {
    let (mut till, mut stranger, mut agent) = (till(), node_in(origin(3, Role::Terminal), 103), agent());
    write(&mut till, 1);
    agent.take_carried(&carried(&mut till), NOW.wall_ms).unwrap();
    let mut file = carried(&mut agent);
    let mut hq = node_in(origin(9, Role::Hq), 109);
    enrol(&mut hq, 2, Role::Agent);
    let done = hq.take_carried(&file, NOW.wall_ms).unwrap();
    assert_eq!(
        (done.stored, done.refused),
        (file.entry_count(), 0),
        "the till is in the agent's own journal"
    );
    assert_eq!(entries(&mut hq, &till), 2);

    enrol(&mut agent, 3, Role::Terminal);
    agent.take_carried(&carried(&mut stranger), NOW.wall_ms).unwrap();
    file = agent.export_unsent("hq", Some(DeviceId([3; 16])), NOW.wall_ms).unwrap();
    assert!(hq.take_carried(&file, NOW.wall_ms).is_err(), "nobody told head office of it");
    assert_eq!(entries(&mut hq, &stranger), 0);
}

#[test]
fn r17_a_carried_fork_is_kept_beside_what_is_there() {
    let (mut one, mut other, mut hq) = (till(), till(), head_office());
    write(&mut one, 1);
    write(&mut other, 2);
    hq.take_carried(&carried(&mut one), NOW.wall_ms).unwrap();
    let taken = hq.take_carried(&carried(&mut other), NOW.wall_ms).unwrap();
    assert_eq!((taken.stored, taken.forked), (0, 1));
    let aside = hq.store().quarantined().unwrap();
    assert_eq!((aside.len(), aside[0].cause.as_str()), (1, "fork"));
}

#[test]
fn r17_a_file_never_takes_the_place_of_another() {
    let mut till = till();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, "something else").unwrap();
    assert!(matches!(carried(&mut till).write(&path).unwrap_err(), CarryError::File { .. }));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "something else");
    let nowhere = folder.path().join("no/such/folder/x");
    assert!(matches!(carried(&mut till).write(&nowhere).unwrap_err(), CarryError::File { .. }));
    assert!(matches!(Carried::read(&nowhere).unwrap_err(), CarryError::File { .. }));
}

#[test]
fn r17_who_goes_on_with_entries_pending_is_noted_in_the_journal_and_in_the_file() {
    let (mut till, mut hq) = (till(), head_office());
    write(&mut till, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for reason in ["", "  ", "a\u{7}b", &"x".repeat(201)] {
        let why = till.may_leave("hq", Some(GoOn { why: reason, file: &path }), NOW).unwrap_err();
        assert!(matches!(why, CarryError::BadReason), "{why}");
    }
    assert!(!path.exists());
    let why = till.may_leave("hq", None, NOW).unwrap_err();
    assert!(matches!(why, CarryError::Pending(2)), "{why}");
    let go_on = GoOn { why: "  디스크 교체 ", file: &path };
    assert_eq!(till.may_leave("hq", Some(go_on), NOW).unwrap(), Some(3));
    let stream = till.own_stream();
    till.keep_ack("hq", stream, Seq(3), NOW.wall_ms).unwrap();
    assert_eq!(till.may_leave("hq", None, NOW).unwrap(), None, "nothing is pending any more");
    hq.take_carried(&Carried::read(&path).unwrap(), NOW.wall_ms).unwrap();
    let stored = hq.store().entries(&till.own_stream(), Seq(3), 1, usize::MAX).unwrap();
    let Decoded::Known(envelope) = Envelope::decode(&stored[0].bytes).unwrap() else { panic!("known") };
    let said = PendingOverridden {
        device: DeviceId([1; 16]),
        station: StationCode::new("ST0001").unwrap(),
        act: PendingAct::Leave,
        pending: 2,
        by: "command".to_owned(),
        why: "디스크 교체".to_owned(),
    };
    assert_eq!(envelope.fact, Fact::PendingOverridden(said));
}

#[test]
fn r17_a_tills_file_imported_at_its_agent_reaches_head_office_by_the_usual_way() {
    let (mut till, mut agent, mut hq) = (till(), agent(), head_office());
    write(&mut till, 1);
    agent.take_carried(&carried(&mut till), NOW.wall_ms).unwrap();
    let stream = till.own_stream();
    let batch = agent.batch(stream, Seq(1), &sync_proto::engine::SenderConfig::STANDARD).unwrap().unwrap();
    let me = origin(2, Role::Agent);
    let peer = Peer { station: me.station, device: me.device, role: me.role, terminal: None };
    hq.receive(&peer, &Message::Batch(batch).encode(), "", NOW.wall_ms).unwrap();
    assert_eq!(entries(&mut hq, &till), 2);
}
