//! Writes the first inputs of every target into `FOLDER/TARGET/`: bytes as the product itself makes them.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sync_identity::standin::StandIn;
use sync_identity::{EnrolmentCode, Identity, Validity};
use sync_proto::fact::FeedScope;
use sync_proto::wire::{
    Credit, FeedCursor, FeedItem, Hello, HelloAnswer, Message, News, Outcome, Progress, ProgressAnswer, Pull,
    PullAnswer, Receipt, RefusalCode, Reply,
};
use sync_proto::{ChainHash, DeviceId, FeedVersion, Incarnation, Seq, StationCode, StreamId};

/// Entries as versions 1 writes them.
const ENTRIES: [&str; 4] = [
    r#"{"v":1,"at":{"w":1795500000000,"m":0,"b":0},"day":"2026-11-23","t":"Sold","d":{"sale":"ST0001-01-K7Q2M-000001","lines":[{"p":"CD1001","q":{"ml":20000},"u":1670,"a":33400,"x":"taxed","v":7}],"tenders":[{"cash":{"amount":33400}}],"total":33400,"vat":3036}}"#,
    r#"{"v":1,"at":{"w":1,"m":0,"b":0},"t":"Levitated","d":{"m":3}}"#,
    r#"{"v":9,"at":"later","t":"Sold","d":[]}"#,
    r#"{"v":1,"at":{"w":1,"m":2,"b":3},"t":"FeedApplied","d":{"scope":"station:ST0001","writer":"06060606060606060606060606060606","version":7}}"#,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("usage: seeds FOLDER")?;
    fs::create_dir_all(&folder)?;
    let mut seeds = links()?;
    seeds.extend(words());
    seeds.extend(papers(&folder)?);
    seeds.extend(web());
    for (no, (target, bytes)) in seeds.into_iter().enumerate() {
        write(&folder, target, no, &bytes)?;
    }
    Ok(())
}

fn write(folder: &Path, target: &str, no: usize, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("seed-{no:03}")), bytes)
}

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn links() -> Result<Seeds, Box<dyn std::error::Error>> {
    let stream = StreamId { device: DeviceId([1; 16]), incarnation: Incarnation([2; 16]) };
    let mut seeds = Seeds::new();
    let mut hash = ChainHash::genesis(&stream);
    let entries: Vec<sync_proto::Entry> = ENTRIES
        .iter()
        .zip(1..)
        .map(|(text, seq)| {
            hash = hash.chain(text.as_bytes());
            let key = sync_proto::EntryKey { stream, seq: Seq(seq) };
            sync_proto::Entry { key, bytes: text.as_bytes().to_vec(), hash }
        })
        .collect();
    let batch = sync::codec::pack(&entries, ChainHash::genesis(&stream), 1).ok_or("no batch")?;
    let count = u8::try_from(entries.len())?;
    seeds.push(("batch", [&[batch.codec, batch.dictionary, count][..], &batch.body].concat()));
    let plain = sync_proto::wire::frame_body(ENTRIES.iter().map(|text| text.as_bytes()));
    seeds.push(("batch", [&[sync_proto::wire::CODEC_PLAIN, 0, count][..], &plain].concat()));
    let scope = FeedScope::Station(StationCode::new("ST0001")?);
    let writer = Incarnation([6; 16]);
    let asked = FeedCursor { writer, version: FeedVersion(7) };
    for message in [
        Message::Hello(Hello { stream, last: Seq(9), last_hash: hash }),
        Message::Batch(batch),
        Message::Pull(Pull { scope: scope.clone(), cursor: asked, whole: false }),
        Message::Progress(Progress { stream }),
    ] {
        let bytes = message.encode();
        let step = [&[0, 1, 0, u8::try_from(bytes.len().min(255))?][..], &bytes].concat();
        seeds.push(("message", bytes));
        seeds.push(("receive", step));
    }
    let (through, oldest) = (Seq(6), Seq(100));
    let outcomes = [
        Outcome::Accepted { through },
        Outcome::Duplicate { through },
        Outcome::Gap { expected: Seq(3) },
        Outcome::StaleIncarnation { current: writer },
        Outcome::BelowRetention { oldest },
        Outcome::TooLarge { len_max: 65_536 },
        Outcome::SlowDown { wait_ms: 250 },
        Outcome::Refused { code: RefusalCode::Forked },
    ];
    let mut replies: Vec<Reply> = outcomes
        .into_iter()
        .map(|outcome| Reply::Receipt(Receipt { stream, outcome, credit: Credit::FULL }))
        .collect();
    let outcome = Outcome::Accepted { through };
    replies.push(Reply::Receipt(Receipt { stream, outcome, credit: Credit::Wait { ms: 250 } }));
    let (last, last_hash) = (Seq(8), Some(hash));
    for credit in [Credit::ONE, Credit::Wait { ms: 250 }] {
        replies.push(Reply::Hello(HelloAnswer { stream, through, hash, last, last_hash, credit }));
    }
    replies.push(Reply::Progress(ProgressAnswer { stream, through, upstream_through: Seq(2) }));
    let items =
        vec![FeedItem { key: "product/CD1001".into(), version: FeedVersion(8), bytes: b"{}".to_vec() }];
    let reached = FeedCursor { writer, version: FeedVersion(8) };
    let news = News::Items(items);
    let (whole, from_writer, now_ms) = (false, true, 5);
    replies.push(Reply::Pull(PullAnswer { scope, asked, reached, whole, from_writer, now_ms, news }));
    seeds.extend(replies.iter().map(|reply| ("reply", reply.encode())));
    seeds.extend(ENTRIES.iter().map(|text| ("envelope", text.as_bytes().to_vec())));
    Ok(seeds)
}

fn words() -> Seeds {
    let mut seeds = Seeds::new();
    // A journal is opened, continued, repeated, asked for, and written by others.
    let steps: [&[u8]; 5] = [
        b"\x01\x00\x00\x03a\0b",
        b"\x01\x00\x00\x01c\x03\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00",
        b"\x01\x01\x02\x02xy\x01\x02\x04\x02xy\x06\x01\x00\x05chain",
        b"\x09\x00\x00\x01z\x07\x00\x20\x04\x01\x02\x03\x04",
        b"\x01\x01\x00\x02hi\x01\x00\x00\x02ho\x8a\x00\x00\x02ho",
    ];
    seeds.extend(steps.map(|step| ("receive", step.to_vec())));
    let names: [&str; 9] = [
        "chain",
        "station:ST0001",
        "local:ST0001",
        "12.345",
        "-0.001",
        "2026-02-29",
        "0123456789abcdef0123456789abcdef",
        "terminal",
        "2026-11-23T00:00:00Z",
    ];
    seeds.extend(names.map(|name| ("names", name.as_bytes().to_vec())));
    seeds
}

fn papers(folder: &Path) -> Result<Seeds, Box<dyn std::error::Error>> {
    let mut seeds = Seeds::new();
    let hour = 3_600_000;
    let made = StandIn::make(Validity { from_ms: 1_795_478_400_000, until_ms: 1_795_478_400_000 + hour })?;
    let station = StationCode::new("ST0001")?;
    let agent = made.agent(&station, DeviceId([1; 16]))?;
    let till = made.of_station(&agent, sync_identity::Kind::Office, DeviceId([2; 16]))?;
    for identity in [&agent, &till] {
        seeds.push(("certificate", chain_of(identity, folder)?));
        seeds.push(("identity", identity.certified().subject.name()?.into_bytes()));
    }
    // An identity file without a key in it: none is ever committed.
    let file = r#"{"key":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n","chain":["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],"headOffice":"","stations":"","authority":null}"#;
    seeds.push(("identity", file.as_bytes().to_vec()));
    seeds.push(("identity", EnrolmentCode::make([7; 15], [9; 10]).text().into_bytes()));
    for text in [
        "4111 1111 1111 1111",
        "{\"a\":\"5500-0000-0000-0004\"}",
        "ST0001-01-K7Q2M-000001",
        "[\"\\u0034111\"]",
    ] {
        seeds.push(("card", text.as_bytes().to_vec()));
    }
    let agent = "data_dir = \"/a\"\nhttp_addr = \"127.0.0.1:7100\"\nlan_addr = \"0.0.0.0:7101\"\nhq_mqtt = \"hq.example:7001\"\nhq_link = \"hq.example:7002\"\n[station]\nname = \"a\"\naddress = \"b\"\ntime_zone = \"Asia/Seoul\"\nday_start = \"06:00\"\n[certificates]\ndevice = \"90d\"\n";
    let hq = "data_dir = \"/a\"\nhttp_addr = \"127.0.0.1:7000\"\napi_token_file = \"/t\"\nauto_dispatch = true\nvehicles = [\"12가3456\"]\ntime_zone = \"Asia/Seoul\"\n";
    seeds.push(("config", agent.as_bytes().to_vec()));
    seeds.push(("config", hq.as_bytes().to_vec()));
    Ok(seeds)
}

/// Its certificates, each after its length in two bytes. Only its file tells them; that is gone at once.
fn chain_of(identity: &Identity, folder: &Path) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let file = folder.join("identity.json");
    identity.write(&file)?;
    let text = fs::read_to_string(&file);
    fs::remove_file(&file)?;
    let file: serde_json::Value = serde_json::from_str(&text?)?;
    let mut bytes = Vec::new();
    for pem in file.get("chain").and_then(|chain| chain.as_array()).into_iter().flatten() {
        let der = CertificateDer::from_pem_slice(pem.as_str().unwrap_or_default().as_bytes())
            .map_err(|_| "a certificate does not read")?;
        bytes.extend(u16::try_from(der.len())?.to_be_bytes());
        bytes.extend_from_slice(&der);
    }
    Ok(bytes)
}

fn web() -> Seeds {
    let requests: [&[u8]; 6] = [
        b"\0{\"productId\":\"CD1001\",\"qty\":12.5,\"price\":null,\"limit\":\"3\"}",
        b"\x01productId=CD1001&qty=12.5&businessDay=2026-11-23&limit=10&after=x",
        b"\x02productId=CD1001&qty=%31%32&price=1670",
        b"\x03{\"productId\":\"CD1001\",\"quantityMilli\":1000}",
        b"\x03{\"code\":\"unknownProduct\",\"title\":\"a\",\"status\":404}",
        b"\x03{\"code\":\"AAAA\",\"request\":\"-----BEGIN\"}",
    ];
    requests.map(|request| ("request", request.to_vec())).to_vec()
}
