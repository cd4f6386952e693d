//! MQTT 5: an agent to HQ.
//!
//! The client library's queue and the broker's are never relied on: a session is thrown away whole at the
//! first error, every waiting request fails with it, and the engine asks upstream where it stands.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rumqttc::mqttbytes::v5::{LastWill, Packet, PublishProperties, SubscribeReasonCode};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions, PublishOptions, QoS,
    TlsConfiguration, Transport,
};
use rustls::ClientConfig;

use sync_proto::{DeviceId, StationCode};
use tokio::sync::{oneshot, watch};

use super::{Link, LinkError, LinkFuture, REPLY_WITHIN, Report, StateReport};
use crate::clock::Clock;
use crate::device::random_16;

/// Largest packet either way: a message with its topic and properties.
pub const PACKET_LEN_MAX: u32 = 256 * 1024;

/// Without a packet for one and a half of this, either side calls the connection dead.
const KEEP_ALIVE_S: u16 = 15;

/// Requests handed to the client library and not yet written; small, so that a dead session holds little.
const CLIENT_QUEUE_LEN: usize = 16;

/// Requests waiting for their reply at most; the engine keeps far fewer in flight.
const WAITING_MAX: usize = 256;

/// Between the states that a station reports while it is connected.
const STATE_EVERY: Duration = Duration::from_secs(5);

const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The same while the machine answers that nobody listens: it restarts, which costs it nothing to say, and a backlog
/// should not wait for seconds after that.
const RETRY_REFUSED_MAX: Duration = Duration::from_secs(1);

/// The topics of a station. A broker lets it publish and read these and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    station: StationCode,
}

impl Topics {
    /// Of this station.
    pub const fn of(station: StationCode) -> Self {
        Self { station }
    }

    /// Batches and hellos, station to HQ.
    pub fn up(&self) -> String {
        format!("st/{}/up", self.station)
    }

    /// Their replies.
    pub fn ack(&self) -> String {
        format!("st/{}/ack", self.station)
    }

    /// Pulls, station to HQ.
    pub fn req(&self) -> String {
        format!("st/{}/req", self.station)
    }

    /// Their answers.
    pub fn res(&self) -> String {
        format!("st/{}/res", self.station)
    }

    /// "There is something to pull."
    pub fn poke(&self) -> String {
        format!("st/{}/poke", self.station)
    }

    /// Birth, heartbeat and will.
    pub fn state(&self) -> String {
        format!("st/{}/state", self.station)
    }
}

/// Where to connect, as whom.
#[derive(Clone)]
pub struct MqttLinkConfig {
    /// `host:port` of the broker.
    pub addr: String,
    /// The agent's station.
    pub station: StationCode,
    /// The agent's device, which is its client id; what it may do follows from its certificate alone.
    pub device: DeviceId,
    /// Shows the agent's certificate and checks head office's.
    pub tls: Arc<ClientConfig>,
    /// The agent's version, for the state report.
    pub version: String,
}

impl std::fmt::Debug for MqttLinkConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MqttLinkConfig")
            .field("addr", &self.addr)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

type Waiting = HashMap<u64, oneshot::Sender<Vec<u8>>>;

/// A link over MQTT 5. Connecting and reconnecting happen in a task of its own.
#[derive(Debug, Clone)]
pub struct MqttLink {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: MqttLinkConfig,
    topics: Topics,
    client: Mutex<Option<AsyncClient>>,
    waiting: Mutex<Waiting>,
    next: AtomicU64,
    up: watch::Sender<bool>,
    pokes: watch::Sender<u64>,
    report: watch::Sender<Report>,
}

impl MqttLink {
    /// Starts the link; it connects in the background and reconnects for ever.
    pub fn connect(config: MqttLinkConfig, clock: Clock) -> Self {
        let shared = Arc::new(Shared {
            topics: Topics::of(config.station.clone()),
            config,
            client: Mutex::new(None),
            waiting: Mutex::new(HashMap::new()),
            next: AtomicU64::new(1),
            up: watch::Sender::new(false),
            pokes: watch::Sender::new(0),
            report: watch::Sender::new(Report::default()),
        });
        tokio::spawn(run(Arc::downgrade(&shared), clock));
        Self { shared }
    }

    /// What the next state report says.
    pub fn report(&self, report: Report) {
        self.shared.report.send_replace(report);
    }
}

impl Link for MqttLink {
    fn request(&self, message: Vec<u8>, _wait_ms: u32) -> LinkFuture {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.ask(message).await })
    }

    fn up(&self) -> watch::Receiver<bool> {
        self.shared.up.subscribe()
    }

    fn pokes(&self) -> watch::Receiver<u64> {
        self.shared.pokes.subscribe()
    }
}

impl Shared {
    async fn ask(&self, message: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let upstream = || self.config.addr.clone();
        let down = |why: &str| LinkError::Down { upstream: upstream(), why: why.to_owned() };
        let client =
            self.client.lock().ok().and_then(|client| client.clone()).ok_or_else(|| down("not connected"))?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, reply) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().map_err(|_| down("the link failed"))?;
            if waiting.len() >= WAITING_MAX {
                return Err(down("too many requests wait for a reply"));
            }
            waiting.insert(number, answer);
        }
        let sent = self.publish(&client, number, message);
        let outcome = match tokio::time::timeout(REPLY_WITHIN, async { (sent.await, reply.await) }).await {
            Err(_) => Err(LinkError::Late { upstream: upstream(), within_ms: REPLY_WITHIN.as_millis() }),
            Ok((Ok(()), Ok(bytes))) => Ok(bytes),
            Ok((Err(why), _)) => Err(down(&why)),
            Ok((_, Err(_))) => Err(down("the connection was lost")),
        };
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.remove(&number);
        }
        outcome
    }

    async fn publish(&self, client: &AsyncClient, number: u64, message: Vec<u8>) -> Result<(), String> {
        // Hello and Batch go up, Pull and Progress are requests; the tag is the first byte.
        let upward = matches!(message.first(), Some(1 | 2));
        let (topic, answer_to) = if upward {
            (self.topics.up(), self.topics.ack())
        } else {
            (self.topics.req(), self.topics.res())
        };
        let properties = PublishProperties {
            response_topic: Some(answer_to),
            correlation_data: Some(number.to_be_bytes().to_vec().into()),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().properties(properties);
        client.publish(topic, message, options).await.map_err(|why| why.to_string())
    }

    fn on_packet(&self, packet: &Packet) {
        let Packet::Publish(publish) = packet else { return };
        if publish.topic == self.topics.poke().as_bytes() {
            self.pokes.send_modify(|count| *count = count.wrapping_add(1));
            return;
        }
        let correlation =
            publish.properties.as_ref().and_then(|properties| properties.correlation_data.as_ref());
        let number = correlation.and_then(|data| data.as_ref().try_into().ok()).map(u64::from_be_bytes);
        let waiter =
            number.and_then(|number| self.waiting.lock().ok().and_then(|mut all| all.remove(&number)));
        if let Some(waiter) = waiter {
            // The asker may have given up; then the reply has nowhere to go, and the engine asks again.
            let _ = waiter.send(publish.payload.to_vec());
        }
    }

    fn set_up(&self, client: Option<AsyncClient>) {
        let up = client.is_some();
        if let Ok(mut current) = self.client.lock() {
            *current = client;
        }
        if !up && let Ok(mut waiting) = self.waiting.lock() {
            waiting.clear();
        }
        self.up.send_if_modified(|was| std::mem::replace(was, up) != up);
    }

    fn options(&self) -> Option<MqttOptions> {
        let (host, port) = self.config.addr.rsplit_once(':')?;
        let mut options =
            MqttOptions::new(self.config.device.to_hex(), (host.to_owned(), port.parse::<u16>().ok()?));
        options.set_keep_alive(KEEP_ALIVE_S);
        let mut network = NetworkOptions::new();
        // Otherwise a message right behind an acknowledgement waits up to 40 ms for the other end's.
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        options.set_clean_start(true);
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::clone(
            &self.config.tls,
        ))));
        options.set_max_packet_size(Some(PACKET_LEN_MAX));
        options.set_outgoing_inflight_upper_limit(u16::try_from(WAITING_MAX).unwrap_or(u16::MAX));
        options.set_connect_timeout(Duration::from_secs(5));
        // A question must not wait until the broker has acknowledged, on the TCP level, that its last answer was taken:
        // that is 40 ms for each part of a snapshot and for each batch after a pause.
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        let will = self.state("offline").ok()?;
        options.set_last_will(LastWill::new(self.topics.state(), will, QoS::AtLeastOnce, false, None));
        Some(options)
    }

    fn state(&self, state: &str) -> Result<Vec<u8>, serde_json::Error> {
        let report = self.report.borrow().clone();
        let version = self.config.version.clone();
        serde_json::to_vec(&StateReport { state: state.to_owned(), version, report })
    }

    async fn subscribe(&self, client: &AsyncClient) -> Result<(), rumqttc::ClientError> {
        for topic in self.heard() {
            client.subscribe(topic, QoS::AtLeastOnce).await?;
        }
        Ok(())
    }

    /// The topics that this end reads.
    fn heard(&self) -> [String; 3] {
        [self.topics.ack(), self.topics.res(), self.topics.poke()]
    }

    async fn report_state(&self, client: &AsyncClient) -> Result<(), rumqttc::ClientError> {
        match self.state("online") {
            Ok(state) => client.publish(self.topics.state(), state, PublishOptions::at_most_once()).await,
            Err(_) => Ok(()),
        }
    }
}

/// Connects, serves the session, and again, until the last handle is gone.
async fn run(link: std::sync::Weak<Shared>, clock: Clock) {
    let mut retry = RETRY_MIN;
    while let Some(shared) = link.upgrade() {
        let Some(options) = shared.options() else {
            tracing::error!(addr = shared.config.addr, "hq_mqtt is not host:port; the link to HQ stays down");
            return;
        };
        let connected_at_ms = clock.mono_ms();
        let (client, events) = AsyncClient::builder(options).capacity(CLIENT_QUEUE_LEN).build();
        let Ended { why, refused } = session(&shared, client, events).await;
        shared.set_up(None);
        // A session that held for a while starts the back-off anew.
        if clock.mono_ms() - connected_at_ms > 10_000 {
            retry = RETRY_MIN;
        }
        tracing::info!(addr = shared.config.addr, why, "the link to HQ is down; trying again");
        drop(shared);
        let wait = if refused { retry.min(RETRY_REFUSED_MAX) } else { retry };
        tokio::time::sleep(jittered(wait)).await;
        retry = (retry * 2).min(RETRY_MAX);
    }
}

/// How a session ended.
struct Ended {
    why: String,
    /// Nobody listened.
    refused: bool,
}

/// One connection, until it fails. The link is up once the broker confirmed every subscription: a reply to a
/// request sent before that could go nowhere.
async fn session(shared: &Arc<Shared>, client: AsyncClient, mut events: EventLoop) -> Ended {
    let mut report = tokio::time::interval(STATE_EVERY);
    let mut confirmed = 0;
    loop {
        tokio::select! {
            event = events.poll() => match event {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    // Never await the client inside the loop that drains it.
                    let (shared, client) = (Arc::clone(shared), client.clone());
                    tokio::spawn(async move {
                        if let Err(why) = shared.subscribe(&client).await {
                            tracing::debug!(%why, "the subscriptions were not sent");
                        }
                    });
                }
                Ok(Event::Incoming(Packet::SubAck(ack))) => {
                    if !ack.return_codes.iter().all(|code| matches!(code, SubscribeReasonCode::Success(_))) {
                        let why = format!("the broker refused a subscription: {:?}", ack.return_codes);
                        return Ended { why, refused: false };
                    }
                    confirmed += 1;
                    if confirmed == shared.heard().len() {
                        shared.set_up(Some(client.clone()));
                        report.reset_immediately();
                    }
                }
                Ok(Event::Incoming(packet)) => shared.on_packet(&packet),
                Ok(_) => {}
                Err(why) => {
                    let refused = matches!(&why, ConnectionError::Io(io) if io.kind() == ErrorKind::ConnectionRefused);
                    return Ended { why: why.to_string(), refused };
                }
            },
            _ = report.tick() => {
                if *shared.up.borrow() {
                    let (shared, client) = (Arc::clone(shared), client.clone());
                    tokio::spawn(async move {
                        if let Err(why) = shared.report_state(&client).await {
                            tracing::debug!(%why, "a state report was not sent");
                        }
                    });
                }
            }
        }
    }
}

/// Anything up to `wait`, by chance: stations that lost head office together do not come back together (R30).
fn jittered(wait: Duration) -> Duration {
    // Where the system gives no random number the wait is whole.
    let chance = random_16().map_or(u8::MAX, |bytes| bytes[0]);
    wait * (u32::from(chance) + 1) / 256
}
