//! The same table with Mosquitto in the embedded broker's place, judged by what is delivered.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use hq_server::broker::external;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sync::Clock;
use sync_identity::{Credentials, Identity};

use crate::cast::{Party, cast};
use crate::support::{Office, eventually, tls_of, tls_with};
use crate::table::{BrokerKind, Cell, TOPICS, Verb, cells, judge, may_hear};
use crate::wire::{Sending, Will, Wire, dial};

/// A Mosquitto that ends with the test.
struct Mosquitto {
    process: Child,
    addr: SocketAddr,
    folder: PathBuf,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut all = std::env::split_paths(&folders).chain(usual);
    all.find_map(|folder| Some(folder.join("mosquitto")).filter(|path| path.is_file()))
}

impl Mosquitto {
    /// Starts one with the files that head office writes; `None` when it is not installed.
    async fn start(office: &Office) -> Option<Self> {
        let Some(program) = program() else {
            println!("skipped: needs mosquitto");
            return None;
        };
        let folder = office.path("mosquitto");
        // The port was free a moment ago, which is as good as it gets for a program that takes a number.
        let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        write_files(office, &folder, addr);
        let settings = folder.join("mosquitto.conf");
        as_this_user(&settings);
        let process = spawn(&program, &settings);
        let mosquitto = Self { process, addr, folder };
        mosquitto.answers().await;
        Some(mosquitto)
    }

    async fn answers(&self) {
        let addr = self.addr;
        eventually("the broker listens", async || tokio::net::TcpStream::connect(addr).await.ok()).await;
    }

    async fn restart(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.process = spawn(&program().unwrap(), &self.folder.join("mosquitto.conf"));
        self.answers().await;
    }

    /// Reads its settings again.
    fn hang_up(&self) {
        let done = Command::new("kill").args(["-HUP", &self.process.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Head office as its client, hearing all that stations say.
    async fn head_office(&self, trusting: &Identity) -> Wire {
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap();
        let certificate = CertificateDer::from_pem_slice(read("hq.pem").as_bytes()).unwrap();
        let shown = Arc::new(Credentials::new(&read("hq.key"), vec![certificate]).unwrap());
        let tls = Arc::new(tls_with(Some(shown), trusting));
        let mut wire =
            Wire::connect(self.addr, &tls, "head-office", None).await.expect("head office is let in");
        assert_eq!(wire.subscribe("st/#").await, Some(true));
        wire
    }

    async fn connect(&self, party: &Party, will: Option<Will<'_>>) -> Option<Wire> {
        Wire::connect(self.addr, &party.tls, &party.client_id, will).await
    }
}

fn write_files(office: &Office, folder: &Path, addr: SocketAddr) -> usize {
    external::write(&office.config, folder, addr, Clock::system().wall_ms()).unwrap()
}

/// The files are of the user that runs the test, often root, whom Mosquitto leaves for another.
fn as_this_user(settings: &Path) {
    let mut text = std::fs::read_to_string(settings).unwrap();
    text.push_str("user root\n");
    std::fs::write(settings, text).unwrap();
}

fn spawn(program: &Path, settings: &Path) -> Child {
    let mut command = Command::new(program);
    command.arg("-c").arg(settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// A payload that tells which question it belongs to.
fn mark(cell: &Cell) -> String {
    format!("{:?} {} {}", cell.verb, cell.party, cell.topic)
}

/// Asks to send, in every way; what was delivered is seen at head office.
async fn send_all(broker: &Mosquitto, party: &Party, asked: &mut BTreeSet<Cell>) {
    let mut session = None;
    for cell in cells(party) {
        let mark = mark(&cell);
        match cell.verb {
            Verb::Subscribe | Verb::Share => continue,
            Verb::Will => {
                session = None;
                // It breaks off at once.
                drop(broker.connect(party, Some(Will { topic: cell.topic, payload: &mark })).await);
            }
            Verb::Publish | Verb::Retain => {
                if session.is_none() {
                    session = broker.connect(party, None).await;
                }
                let sending = Sending { retain: cell.verb == Verb::Retain, answer_to: None };
                if let Some(wire) = &mut session
                    && wire.publish(cell.topic, mark.as_bytes(), sending).await.is_none()
                {
                    session = None;
                }
            }
        }
        asked.insert(cell);
    }
}

/// Subscribes to one filter after the other while head office speaks to everyone; what arrives was allowed.
async fn hear_all(
    broker: &Mosquitto,
    party: &Party,
    hq: &mut Wire,
    asked: &mut BTreeSet<Cell>,
) -> BTreeSet<Cell> {
    let mut done = BTreeSet::new();
    let mut session = None;
    for cell in cells(party) {
        let filter = match cell.verb {
            Verb::Subscribe => cell.topic.to_owned(),
            Verb::Share => format!("$share/g/{}", cell.topic),
            Verb::Publish | Verb::Retain | Verb::Will => continue,
        };
        asked.insert(cell);
        if session.is_none() {
            session = broker.connect(party, None).await;
        }
        let Some(wire) = &mut session else { continue };
        if wire.subscribe(&filter).await.is_none() {
            session = None;
            continue;
        }
        for topic in TOPICS.iter().filter(|topic| topic.starts_with("st/") && !topic.contains(['+', '#'])) {
            assert_eq!(hq.publish(topic, mark(&cell).as_bytes(), Sending::default()).await, Some(true));
        }
        if wire.settle().await.is_none() || wire.unsubscribe(&filter).await.is_none() {
            session = None;
            continue;
        }
        let heard = wire.take();
        assert!(heard.iter().all(|(topic, _)| may_hear(party, topic)), "{cell:?} brought {heard:?}");
        if !heard.is_empty() {
            done.insert(cell);
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_with_the_files_of_head_office_delivers_what_the_table_allows() {
    let office = Office::open().await;
    let first = office.enrol("ST0001").await;
    let parties = cast(&office, &first).await;
    let Some(broker) = Mosquitto::start(&office).await else { return };
    let mut hq = broker.head_office(&first).await;
    let mut asked = BTreeSet::new();
    for party in &parties {
        send_all(&broker, party, &mut asked).await;
    }
    // The last will of all: when it is here, those before it are.
    let last = Will { topic: "st/ST0001/state", payload: "the last" };
    drop(broker.connect(&parties[1], Some(last)).await.unwrap());
    let mut heard = Vec::new();
    eventually("the last will", async || {
        hq.settle().await.unwrap();
        heard.extend(hq.take());
        heard.iter().any(|(_, payload)| payload == "the last").then_some(())
    })
    .await;
    let delivered = |cell: &&Cell| {
        let times = heard.iter().filter(|(_, payload)| *payload == mark(cell)).count();
        assert!(times <= 1, "{cell:?} was delivered {times} times");
        times == 1
    };
    let mut done: BTreeSet<Cell> = asked.iter().filter(delivered).copied().collect();
    assert_eq!(heard.len(), done.len() + 1, "nothing came that nobody asked for");
    for party in &parties {
        done.extend(hear_all(&broker, party, &mut hq, &mut asked).await);
    }
    judge(BrokerKind::Mosquitto, &asked, &done);
}

#[tokio::test(flavor = "multi_thread")]
async fn mosquitto_refuses_a_revoked_agent_once_its_list_was_written_anew() {
    let office = Office::open().await;
    let agent = office.enrol("ST0001").await;
    let Some(mut broker) = Mosquitto::start(&office).await else { return };
    let tls: Arc<ClientConfig> = Arc::new(tls_of(&agent));
    let comes_in = async |broker: &Mosquitto| Wire::connect(broker.addr, &tls, "any", None).await;
    office.revoke(agent.certified().subject.device).await;
    let mut session = comes_in(&broker).await.expect("the broker does not know yet");
    assert_eq!(write_files(&office, &broker.folder, broker.addr), 1);
    as_this_user(&broker.folder.join("mosquitto.conf"));
    broker.hang_up();
    // Who comes in after the signal was handled tells that it was.
    let other = Arc::new(tls_of(&office.enrol("ST0002").await));
    assert!(Wire::connect(broker.addr, &other, "any", None).await.is_some());
    assert_eq!(session.settle().await, Some(()), "a session that is open is not looked at again");
    assert!(comes_in(&broker).await.is_none(), "the list was read anew");
    assert_eq!(session.settle().await, Some(()), "nor when it comes again");
    broker.restart().await;
    assert!(comes_in(&broker).await.is_none(), "after a restart");
    let again = office.enrol("ST0001").await;
    assert!(Wire::connect(broker.addr, &Arc::new(tls_of(&again)), "any", None).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_of_one_station_does_not_end_the_session_of_another_at_mosquitto() {
    let office = Office::open().await;
    let (first, second) = (office.enrol("ST0001").await, office.enrol("ST0002").await);
    let Some(broker) = Mosquitto::start(&office).await else { return };
    let (of_first, of_second) = (Arc::new(tls_of(&first)), Arc::new(tls_of(&second)));
    let client_id = first.certified().subject.device.to_hex();
    let mut honest = Wire::connect(broker.addr, &of_first, &client_id, None).await.unwrap();
    assert!(Wire::connect(broker.addr, &of_second, &client_id, None).await.is_some());
    assert_eq!(honest.settle().await, Some(()), "its client id does not count");
    assert!(dial(broker.addr, &of_first).await.is_ok());
}
