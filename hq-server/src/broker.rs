//! The embedded MQTT 5 broker that stations connect to, over TLS (see [`front`]).
//!
//! It carries no guarantee (see ARCHITECTURE.md): a message is taken in by the hook that is awaited before its PUBACK,
//! in the order of its connection, and the reply that moves a station's cursor is sent after the journal's commit.

pub mod access;
pub mod external;
mod front;
mod hooks;
mod pokes;
mod relay;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use rmqtt::codec::types::{Publish, QoS};
use rmqtt::codec::v5::PublishProperties;
use rmqtt::context::ServerContext;
use rmqtt::net::{Builder, Listener};
use rmqtt::server::MqttServer;
use rmqtt::session::SessionState;
use rmqtt::types::{From as Sender, Id};
use sync::device::Devices;
use sync::listener::LinkListener;

use crate::ingest::Ingest;
use front::{Callers, Front};

pub use pokes::poke_on_movement;

/// Largest packet: a wire message of 240 KiB with its topic and properties.
const PACKET_LEN_MAX: u32 = 256 * 1024;

/// Connections at most: ten thousand stations and as many that reconnect.
const CONNECTIONS_MAX: usize = 20_000;

/// Messages on their way to one station at most; with the packet limit this bounds what a slow reader pins.
const INFLIGHT_MAX: u16 = 16;

/// Messages waiting for one station at most; the oldest is dropped, and the station asks again.
const QUEUE_LEN_MAX: usize = 64;

/// A client that does not finish its handshake, or does not read, is let go after this.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
const SEND_WITHIN: Duration = Duration::from_secs(2);

/// Longest client id: a device has 32 digits.
const CLIENT_ID_LEN_MAX: usize = 64;

/// Six topics of three levels each; nothing else exists.
const TOPIC_LEVELS_MAX: usize = 3;
const SUBSCRIPTIONS_MAX: usize = 8;

/// Why the broker did not start.
#[derive(Debug, thiserror::Error)]
#[error("the broker cannot listen on the loopback interface: {0}")]
pub struct BrokerError(String);

/// A listening broker.
#[derive(Clone)]
pub struct Broker {
    context: ServerContext,
    addr: SocketAddr,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// Takes connections for as long as it is awaited.
pub struct Serving {
    server: MqttServer,
    front: Front,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Serving")
    }
}

impl Serving {
    /// Runs until dropped.
    pub async fn run(self) {
        tokio::select! {
            ended = self.server.run() => {
                if let Err(why) = ended {
                    tracing::error!(%why, "the broker has ended");
                }
            }
            () = self.front.run() => {}
        }
    }
}

impl Broker {
    /// Takes the connections of `links` and installs the hooks. Nothing is served before [`Serving::run`].
    pub async fn bind(
        links: LinkListener,
        devices: Devices,
        ingest: Ingest,
    ) -> Result<(Self, Serving), BrokerError> {
        let refused = |why: rmqtt::net::Error| BrokerError(why.to_string());
        let context = ServerContext::new().busy_check_enable(false).build().await;
        let listener = listener(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).map_err(refused)?;
        let inner = listener.local_addr().map_err(refused)?;
        let broker = Self { context: context.clone(), addr: links.addr() };
        let callers = Callers::default();
        hooks::install(&broker, callers.clone(), ingest).await;
        let server = MqttServer::new(context).listener_by_id(listener, inner.port()).build();
        let front = Front { listener: links, broker: inner, callers, devices };
        Ok((broker, Serving { server, front }))
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sends a message to whoever subscribes to `topic`, at least once as far as the connection holds.
    pub(crate) async fn send(&self, topic: &str, payload: Vec<u8>, correlation: Option<Vec<u8>>) {
        let properties = PublishProperties {
            correlation_data: correlation.map(Into::into),
            ..PublishProperties::default()
        };
        let publish = Publish {
            dup: false,
            retain: false,
            qos: QoS::AtLeastOnce,
            topic: topic.to_owned().into(),
            packet_id: None,
            payload: payload.into(),
            properties: Some(properties),
        };
        let sender = Sender::from_system(Id::from(self.context.node.id(), "hq".into()));
        if let Err(why) = SessionState::forwards(&self.context, sender, publish.into(), false, None).await {
            tracing::debug!(%why, topic, "a message could not be handed to its station");
        }
    }

    /// Ends every session, so that stations reconnect elsewhere at once.
    pub async fn disconnect_all(&self) {
        let shared = self.context.extends.shared().await;
        let ids: Vec<Id> =
            shared.iter().filter_map(|entry| entry.session().map(|session| session.id.clone())).collect();
        for id in ids {
            if let Err(why) = shared.entry(id).kick(true, true, true).await {
                tracing::debug!(%why, "a session was not ended");
            }
        }
    }
}

fn listener(addr: SocketAddr) -> rmqtt::Result<Listener> {
    Builder::new()
        .name("stations")
        .laddr(addr)
        .reuseaddr(Some(true))
        .nodelay(true)
        .allow_anonymous(false)
        .max_packet_size(PACKET_LEN_MAX)
        .max_connections(CONNECTIONS_MAX)
        .max_inflight(NonZeroU16::new(INFLIGHT_MAX).unwrap_or(NonZeroU16::MIN))
        .max_mqueue_len(QUEUE_LEN_MAX)
        .max_clientid_len(CLIENT_ID_LEN_MAX)
        .max_topic_levels(TOPIC_LEVELS_MAX)
        .max_subscriptions(SUBSCRIPTIONS_MAX)
        .max_qos_allowed(QoS::AtLeastOnce)
        .max_session_expiry_interval(Duration::from_secs(1))
        .handshake_timeout(HANDSHAKE_WITHIN)
        .send_timeout(SEND_WITHIN)
        .bind()?
        .tcp()
}

/// Shared by the hooks of one broker.
pub(crate) type SharedBroker = Arc<Broker>;
