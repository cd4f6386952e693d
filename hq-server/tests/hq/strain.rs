//! Who hangs, floods, or comes by another way.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use serde_json::json;
use sync::link::{DaySold, Report, StateReport};
use sync_proto::fact::{Fact, FeedApplied, FeedScope};
use sync_proto::{FeedVersion, Incarnation};
use tokio::task::JoinSet;

use crate::support::{Agent, Office, eventually, https, tls_of};
use crate::wire::{Sending, Wire, hello};

/// The first bytes of a handshake whose rest never comes.
const HALF_A_HELLO: [u8; 9] = [0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc];

/// Connections of which each end is a file of this process.
const HALF_OPEN: usize = 1_000;

/// A good agent is through by then, whoever else hangs; the half open ones are let go after five seconds.
const GOOD_WITHIN: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_and_a_thousand_half_open_handshakes_delay_no_good_agent() {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    let (mqtt, link) = (office.running.mqtt_addr, office.running.link_addr);
    let mut hanging = Vec::new();
    for number in 0..HALF_OPEN {
        let to = if number % 2 == 0 { mqtt } else { link };
        // Where the system gives no more files, those that are open have to do.
        let Ok(mut stream) = TcpStream::connect(to).await else { break };
        if number >= 10 {
            stream.write_all(&HALF_A_HELLO).await.unwrap();
        }
        hanging.push(stream);
        if hanging.len() * 2 + 200 > files_max() {
            break;
        }
    }
    let begun = Instant::now();
    let client_id = agent.certified().subject.device.to_hex();
    let good = async {
        let answer = https(tls_of(&agent)).post(office.link_url("/sync")).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        Wire::connect(mqtt, &Arc::new(tls_of(&agent)), &client_id, None)
            .await
            .expect("a good agent is let in")
    };
    let mut session = tokio::time::timeout(GOOD_WITHIN, good).await.expect("a good agent waits for nobody");
    println!("{} hang, a good agent took {} ms", hanging.len(), begun.elapsed().as_millis());
    let ends = async {
        for stream in &mut hanging {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ends).await.expect("those that hang are let go");
    assert_eq!(session.settle().await, Some(()));
}

/// How many files this process may have open.
fn files_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX / 4)
}

/// What answers an MQTT hello in clear, in full.
async fn in_clear(addr: SocketAddr, client_id: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut stream) = TcpStream::connect(addr).await else { return answer };
    let _ = stream.write_all(&hello(client_id, None)).await;
    let reading = stream.read_to_end(&mut answer);
    // A broker that takes the session keeps it open, with its answer sent.
    let _ = tokio::time::timeout(Duration::from_secs(6), reading).await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn mqtt_without_tls_is_refused_at_the_door_and_behind_it() {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    let client_id = agent.certified().subject.device.to_hex();
    let at_the_door = in_clear(office.running.mqtt_addr, &client_id).await;
    assert_ne!(at_the_door.first(), Some(&0x20), "{at_the_door:?}");
    let doors = [office.running.mqtt_addr, office.running.link_addr, office.running.http_addr];
    let behind: Vec<u16> =
        own_listeners().into_iter().filter(|port| doors.iter().all(|door| door.port() != *port)).collect();
    assert!(!behind.is_empty(), "the broker's own listener is not found");
    for port in behind {
        let answer = in_clear(SocketAddr::from(([127, 0, 0, 1], port)), &client_id).await;
        // A CONNACK says not authorized (135); an end without one is as good.
        let let_in = answer.first() == Some(&0x20) && answer.get(3).is_none_or(|reason| *reason < 0x80);
        assert!(!let_in, "port {port}: {answer:?}");
    }
}

/// Ports that this very process listens on.
fn own_listeners() -> HashSet<u16> {
    let files = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(Result::ok);
    let targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let own: HashSet<String> = targets.map(|path| path.display().to_string()).collect();
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let listening = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_own = columns.get(3) == Some(&"0A") && own.contains(&format!("socket:[{}]", columns.get(9)?));
        let (_, port) = columns.get(1)?.split_once(':')?;
        is_own.then(|| u16::from_str_radix(port, 16).ok())?
    });
    listening.collect()
}

/// Agents that come back together, each with more than fits in one batch of fresh sales.
const BACK_AT_ONCE: u32 = 64;
const BACKLOG: usize = 120;

fn something() -> Fact {
    let (scope, writer, version) = (FeedScope::Chain, Incarnation([3; 16]), FeedVersion(1));
    Fact::FeedApplied(FeedApplied { scope, writer, version })
}

async fn pending(agent: &Agent) -> u64 {
    agent.writer.run(|node| node.pending("hq").unwrap().0).await.unwrap()
}

/// The short form of `cargo xtask bench outage --full`.
#[tokio::test(flavor = "multi_thread")]
async fn r30_agents_that_come_back_together_drain_in_turn_and_fresh_entries_go_past_them() {
    let office = Office::open().await;
    let addr = office.running.mqtt_addr.to_string();
    let live = Agent::connect(&office.enrol("ST0002").await, &addr);
    eventually("the first entries of the live agent", async || (pending(&live).await == 0).then_some(()))
        .await;
    let mut identities = Vec::new();
    for _ in 0..BACK_AT_ONCE {
        identities.push(office.enrol("ST0001").await);
    }
    // Nobody listens where they connect first, so that the backlogs are whole when all of them come.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let front = Front::of(nobody, office.running.mqtt_addr);
    let mut agents = Vec::new();
    for identity in &identities {
        let agent = Agent::connect(identity, &nobody.to_string());
        agent.record_all(vec![something(); BACKLOG]).await;
        agents.push(agent);
    }
    let _open = front.open().await;
    let mut waited = 0;
    let mut slowest_ms = 0;
    let begun = Instant::now();
    loop {
        waited = waited.max(office.running.backlogs().1);
        let sold = Instant::now();
        live.record(something()).await;
        eventually("a fresh entry", async || (pending(&live).await == 0).then_some(())).await;
        slowest_ms = slowest_ms.max(sold.elapsed().as_millis());
        let mut left = 0;
        for agent in &agents {
            left += u64::from(pending(agent).await > 0);
        }
        if left == 0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{left} agents never came to their turn");
    }
    println!("{waited} waited, a fresh entry took {slowest_ms} ms at most, all after {:?}", begun.elapsed());
    assert!(waited > 0, "nobody waited: the backlogs were not together");
    assert!(slowest_ms <= 5_000, "{slowest_ms} ms");
    eventually("every place is free", async || (office.running.backlogs() == (0, 0)).then_some(())).await;
}

/// A door that is shut at first: connections to it are carried to head office once it is open.
struct Front {
    at: SocketAddr,
    to: SocketAddr,
}

impl Front {
    const fn of(at: SocketAddr, to: SocketAddr) -> Self {
        Self { at, to }
    }

    async fn open(self) -> JoinSet<()> {
        let listener = tokio::net::TcpListener::bind(self.at).await.unwrap();
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut each = JoinSet::new();
            while let Ok((mut one, _)) = listener.accept().await {
                each.spawn(async move {
                    if let Ok(mut other) = TcpStream::connect(self.to).await {
                        let _ = tokio::io::copy_bidirectional(&mut one, &mut other).await;
                    }
                });
            }
        });
        carrying
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_connections_beyond_the_rate_are_turned_away_and_come_back_by_themselves() {
    let office = Office::open_with(|config| {
        config.mqtt_connections.per_second = 4;
        config.mqtt_connections.burst = 2;
    })
    .await;
    let addr = office.running.mqtt_addr;
    let mut agents = Vec::new();
    for _ in 0..8 {
        let agent = office.agent("ST0001").await;
        agent.record(something()).await;
        agents.push(agent);
    }
    // With the bucket empty a connection ends before its handshake.
    let mut ended = 0;
    for _ in 0..20 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let read = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut [0; 1])).await;
        ended += u32::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    assert!(ended >= 10, "{ended} of 20 were turned away");
    for agent in &agents {
        for _ in 0..4 {
            let arrived = async || (pending(agent).await == 0).then_some(());
            if tokio::time::timeout(Duration::from_secs(9), eventually("its entries", arrived)).await.is_ok()
            {
                break;
            }
        }
        assert_eq!(pending(agent).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r15_what_a_station_sold_is_known_though_its_sales_are_behind_a_backlog() {
    let office = Office::open().await;
    let identity = office.enrol("ST0001").await;
    let client_id = identity.certified().subject.device.to_hex();
    let tls = Arc::new(tls_of(&identity));
    let mut session = Wire::connect(office.running.mqtt_addr, &tls, &client_id, None).await.unwrap();
    let day = DaySold { business_day: "2026-11-24".to_owned(), sales: 321, amount: 12_345_678 };
    let oldest_at_ms = Some(1_795_478_400_000);
    let report = Report { pending: 4_321, oldest_at_ms, day: Some(day), ..Report::default() };
    let report = StateReport { state: "online".to_owned(), version: "0.1.0".to_owned(), report };
    let report = serde_json::to_vec(&report).unwrap();
    session.publish("st/ST0001/state", &report, Sending::default()).await.unwrap();
    let station = eventually("the report", async || {
        let stations = office.get("/api/v1/stations").await;
        let station = stations.as_array()?.iter().find(|each| each["stationCode"] == "ST0001")?.clone();
        (station["pendingCount"] == 4_321).then_some(station)
    })
    .await;
    let told =
        ["toldDay", "toldSalesCount", "toldSalesAmount", "todaySalesCount"].map(|key| station[key].clone());
    assert_eq!(told, [json!("2026-11-24"), json!(321), json!(12_345_678), json!(0)]);
}
