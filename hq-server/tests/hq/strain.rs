//! Who hangs, floods, or comes by another way.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Office, https, tls_of};
use crate::wire::{Wire, hello};

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
