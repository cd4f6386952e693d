use super::*;
use crate::digest::RowsDigest;
use crate::entry::StreamId;
use crate::fact::FeedScope;
use crate::hash::ChainHash;
use crate::ids::{DeviceId, FeedVersion, Incarnation, Seq, StationCode};

fn stream() -> StreamId {
    StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) }
}

fn batch() -> Batch {
    let body = frame_body([b"one".as_slice(), b"two".as_slice()]);
    Batch {
        stream: stream(),
        from: Seq(5),
        count: 2,
        prev_hash: ChainHash([3; 32]),
        last_hash: ChainHash([4; 32]),
        codec: CODEC_PLAIN,
        dictionary: 0,
        schema: 1,
        body,
    }
}

fn audit(from: u64, to: u64) -> Audit {
    let (prev_hash, last_hash) = (ChainHash([3; 32]), ChainHash([4; 32]));
    Audit { stream: stream(), from: Seq(from), to: Seq(to), prev_hash, last_hash }
}

fn station_scope() -> FeedScope {
    FeedScope::Station(StationCode::new("ST0001").unwrap())
}

fn cursor(version: u64) -> FeedCursor {
    FeedCursor { writer: Incarnation([6; 16]), version: FeedVersion(version) }
}

fn digest() -> RowsDigest {
    RowsDigest { set: 1, rows: 20_000, sum: [9; 32] }
}

fn part_ask(base: Option<FeedVersion>) -> PartAsk {
    PartAsk { scope: station_scope(), base, reached: cursor(9), id: SnapshotId([7; 32]), part: 2 }
}

fn answer(news: News) -> PullAnswer {
    PullAnswer {
        scope: FeedScope::Chain,
        asked: cursor(7),
        reached: cursor(9),
        whole: true,
        from_writer: true,
        now_ms: -5,
        news,
    }
}

fn messages() -> Vec<Message> {
    vec![
        Message::Hello(Hello { stream: stream(), last: Seq(9), last_hash: ChainHash([5; 32]) }),
        Message::Batch(batch()),
        Message::Pull(Pull { scope: station_scope(), cursor: cursor(7), whole: false }),
        Message::Pull(Pull { scope: FeedScope::Chain, cursor: cursor(7), whole: true }),
        Message::Part(part_ask(None)),
        Message::Part(part_ask(Some(FeedVersion(5)))),
        Message::Check(Check { scope: FeedScope::Chain, cursor: cursor(9), digest: digest() }),
        Message::Progress(Progress { stream: stream() }),
        Message::ListStreams(ListStreams { after: None }),
        Message::ListStreams(ListStreams { after: Some(stream()) }),
        Message::Fetch(Fetch { stream: stream(), from: Seq(3) }),
        Message::Audit(audit(4, 1_003)),
        Message::Mend(batch()),
    ]
}

fn receipt(outcome: Outcome, credit: Credit) -> Reply {
    Reply::Receipt(Receipt { stream: stream(), outcome, credit })
}

fn replies() -> Vec<Reply> {
    let outcomes = [
        Outcome::Accepted { through: Seq(6) },
        Outcome::Duplicate { through: Seq(6) },
        Outcome::Gap { expected: Seq(3) },
        Outcome::StaleIncarnation { current: Incarnation([9; 16]) },
        Outcome::BelowRetention { oldest: Seq(100) },
        Outcome::TooLarge { len_max: 65_536 },
        Outcome::SlowDown { wait_ms: 250 },
        Outcome::Refused { code: RefusalCode::Forbidden },
        Outcome::Refused { code: RefusalCode::Malformed },
        Outcome::Refused { code: RefusalCode::Forked },
        Outcome::Refused { code: RefusalCode::Storage },
    ];
    let items = vec![
        FeedItem { key: "product/CD1001".into(), version: FeedVersion(8), bytes: b"{}".to_vec() },
        FeedItem { key: "subject/a".into(), version: FeedVersion(9), bytes: Vec::new() },
    ];
    let mut replies: Vec<Reply> =
        outcomes.into_iter().map(|outcome| receipt(outcome, Credit::FULL)).collect();
    let credits = [Credit::ONE, Credit::Wait { ms: 0 }, Credit::Wait { ms: u32::MAX }];
    replies.extend(credits.map(|credit| receipt(Outcome::Accepted { through: Seq(6) }, credit)));
    for (last_hash, credit) in [(None, Credit::FULL), (Some(ChainHash([7; 32])), Credit::Wait { ms: 250 })] {
        let (through, hash, last) = (Seq(4), ChainHash([8; 32]), Seq(9));
        replies.push(Reply::Hello(HelloAnswer { stream: stream(), through, hash, last, last_hash, credit }));
    }
    let (role, through) = (crate::Role::Terminal, Seq(9));
    let till = HeldStream { stream: stream(), role, terminal: Some(crate::TerminalNo(2)), through };
    let agent = HeldStream { role: crate::Role::Agent, terminal: None, ..till };
    replies.push(Reply::Streams(StreamList { streams: vec![till, agent], more: true }));
    replies.push(Reply::Fetched(Fetched { batch: None }));
    replies.push(Reply::Fetched(Fetched { batch: Some(batch()) }));
    for news in [News::Items(items), News::Offer { id: SnapshotId([7; 32]), parts: 3 }] {
        replies.push(Reply::Pull(answer(news)));
    }
    for body in [None, Some((CODEC_ZSTD, b"packed".to_vec()))] {
        replies.push(Reply::Part(PartAnswer {
            scope: FeedScope::Chain,
            id: SnapshotId([7; 32]),
            part: 2,
            body,
        }));
    }
    for digest in [None, Some(digest())] {
        replies.push(Reply::Check(CheckAnswer { scope: station_scope(), cursor: cursor(9), digest }));
    }
    let findings =
        [Finding::Whole, Finding::OutOfReach, Finding::Parted, Finding::Bad { from: Seq(3), to: Seq(9) }];
    replies.extend(findings.map(|finding| Reply::Audit(AuditAnswer { stream: stream(), finding })));
    replies.push(Reply::Mended(Receipt {
        stream: stream(),
        outcome: Outcome::Accepted { through: Seq(9) },
        credit: Credit::FULL,
    }));
    replies.push(Reply::Progress(ProgressAnswer {
        stream: stream(),
        through: Seq(6),
        upstream_through: Seq(2),
    }));
    replies
}

#[test]
fn every_message_and_reply_reads_back_as_it_was_written() {
    for message in messages() {
        assert_eq!(Message::decode(&message.encode()), Ok(message));
    }
    for reply in replies() {
        assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
    }
}

fn sealed(message: &[u8]) -> Vec<u8> {
    let mut w = Writer::default();
    w.raw(message);
    w.into_sealed()
}

#[test]
fn r27_a_message_with_any_flipped_bit_is_refused() {
    for bytes in messages().iter().map(Message::encode).chain(replies().iter().map(Reply::encode)) {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Message::decode(&flipped), Err(WireError::Altered));
            assert_eq!(Reply::decode(&flipped), Err(WireError::Altered));
        }
    }
}

#[test]
fn what_goes_on_after_the_last_field_is_refused() {
    for message in messages() {
        let mut longer = message.encode();
        longer.truncate(longer.len() - 8);
        longer.push(0);
        assert!(Message::decode(&sealed(&longer)).is_err(), "{message:?}");
    }
}

#[test]
fn a_message_cut_anywhere_or_with_a_tail_is_refused() {
    for message in messages() {
        let bytes = message.encode();
        for len in 0..bytes.len() {
            assert!(Message::decode(&bytes[..len]).is_err(), "{message:?} cut at {len}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert_eq!(Message::decode(&longer), Err(WireError::Altered));
    }
}

#[test]
fn absurd_sizes_are_refused_before_anything_is_allocated() {
    assert_eq!(Message::decode(&vec![2; MESSAGE_LEN_MAX + 1]), Err(WireError::TooLong(MESSAGE_LEN_MAX + 1)));
    assert_eq!(Message::decode(&sealed(&[77])), Err(WireError::Tag(77)));
    let mut huge = batch();
    huge.count = u32::MAX;
    assert_eq!(Message::decode(&Message::Batch(huge).encode()), Err(WireError::Value("count")));
    let mut zero = batch();
    zero.from = Seq(0);
    assert_eq!(Message::decode(&Message::Batch(zero).encode()), Err(WireError::Value("from")));
}

#[test]
fn r15_more_credit_than_there_is_is_refused() {
    for batches in [5, u8::MAX] {
        let reply = receipt(Outcome::Accepted { through: Seq(6) }, Credit::Batches(batches));
        assert_eq!(Reply::decode(&reply.encode()), Err(WireError::Value("credit")));
    }
    assert!(usize::from(Credit::BATCHES_MAX) * MESSAGE_LEN_MAX <= 1024 * 1024);
}

#[test]
fn a_batch_can_be_told_from_its_first_bytes() {
    for message in messages() {
        let heading = match &message {
            Message::Batch(batch) => {
                Some(Heading { stream: batch.stream, to: batch.to(), count: batch.count })
            }
            _ => None,
        };
        let bytes = message.encode();
        assert_eq!(Heading::peek(&bytes), heading);
        assert_eq!(Heading::peek(&bytes[..bytes.len().min(40)]), None);
    }
}

#[test]
fn a_body_must_hold_exactly_what_its_header_says() {
    let body = frame_body([b"one".as_slice(), b"two".as_slice()]);
    assert_eq!(unframe_body(&body, 2).unwrap(), vec![b"one", b"two"]);
    assert_eq!(unframe_body(&body, 3), Err(BatchError::Count { said: 3 }));
    assert!(unframe_body(&body[..body.len() - 1], 2).is_err());
    assert_eq!(unframe_body(&[0xff, 0xff, 0xff, 0xff], 1), Err(BatchError::EntryTooLong));
}

#[test]
fn the_bytes_of_a_feeds_messages_never_change() {
    let items =
        vec![FeedItem { key: "product/CD1001".into(), version: FeedVersion(8), bytes: b"{}".to_vec() }];
    let sent = [
        Message::Pull(Pull { scope: station_scope(), cursor: cursor(7), whole: false }).encode(),
        Message::Part(part_ask(Some(FeedVersion(5)))).encode(),
        Message::Check(Check { scope: FeedScope::Chain, cursor: cursor(9), digest: digest() }).encode(),
        Reply::Pull(answer(News::Items(items))).encode(),
        Reply::Pull(answer(News::Offer { id: SnapshotId([7; 32]), parts: 3 })).encode(),
    ];
    let sent: Vec<String> = sent.iter().map(|bytes| crate::ids::hex(bytes)).collect();
    let golden: Vec<&str> = include_str!("golden_feed.txt").lines().collect();
    assert_eq!(sent, golden);
}

#[test]
fn hostile_feeds_are_refused() {
    let hostile = |news| Reply::decode(&Reply::Pull(answer(news)).encode());
    for parts in [0, PARTS_MAX + 1, u32::MAX] {
        let offer = News::Offer { id: SnapshotId([7; 32]), parts };
        assert_eq!(hostile(offer), Err(WireError::Value("parts")));
    }
    for key in [String::new(), "k".repeat(FEED_KEY_LEN_MAX + 1)] {
        let item = FeedItem { key, version: FeedVersion(1), bytes: Vec::new() };
        assert_eq!(hostile(News::Items(vec![item])), Err(WireError::Value("key")));
    }
    let long = vec![0; crate::entry::ENTRY_LEN_MAX + 1];
    let item = FeedItem { key: "k".into(), version: FeedVersion(1), bytes: long };
    assert_eq!(hostile(News::Items(vec![item])), Err(WireError::Value("item")));
    let far = PartAsk { part: PARTS_MAX, ..part_ask(None) };
    assert_eq!(Message::decode(&Message::Part(far).encode()), Err(WireError::Value("part")));
    assert!(unframe_items(&vec![0; PART_RAW_LEN_MAX + 1]).is_err());
    assert!(unframe_items(&[0xff; 64]).is_err());
    let items = [FeedItem { key: "k".into(), version: FeedVersion(1), bytes: b"{}".to_vec() }];
    let framed = frame_items(&items);
    assert_eq!(unframe_items(&framed).unwrap(), items);
    for len in 1..framed.len() {
        assert!(unframe_items(&framed[..len]).is_err(), "cut at {len}");
    }
}

#[test]
fn r22_a_snapshots_id_binds_scope_cursor_base_and_the_cut_between_parts() {
    let id = |scope: &FeedScope, base, version, parts: &[&[u8]]| {
        let mut hasher = SnapshotHasher::new(scope, base, cursor(version));
        parts.iter().for_each(|part| hasher.part(part));
        hasher.finish()
    };
    let chain = FeedScope::Chain;
    let ids = [
        id(&chain, None, 9, &[b"one", b"two"]),
        id(&chain, None, 9, &[b"onet", b"wo"]),
        id(&chain, None, 8, &[b"one", b"two"]),
        id(&chain, Some(FeedVersion(0)), 9, &[b"one", b"two"]),
        id(&station_scope(), None, 9, &[b"one", b"two"]),
    ];
    for (at, one) in ids.iter().enumerate() {
        assert!(ids.iter().skip(at + 1).all(|other| other != one), "{at}");
    }
}

#[test]
fn r29_an_audit_of_no_place_of_too_many_or_backwards_is_refused() {
    for (from, to) in [(0, 5), (5, 4), (1, AUDIT_ENTRIES_MAX + 1), (0, u64::MAX), (1, u64::MAX)] {
        let bytes = Message::Audit(audit(from, to)).encode();
        assert_eq!(Message::decode(&bytes), Err(WireError::Value("range")), "{from} to {to}");
    }
}
