//! The hooks: who may connect, publish and subscribe, and where messages go.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::hook::{Handler, HookResult, Parameter, Register, ReturnType, Type};
use rmqtt::session::Session;
use rmqtt::types::{AuthResult, ConnectInfo, Id, LastWill, Publish, PublishAclResult, SubscribeAclResult};
use sync::Peer;
use tokio::sync::Semaphore;

use super::access::{Lane, may_answer_to, may_leave_will, may_publish, may_subscribe};
use super::front::Callers;
use super::{Broker, SharedBroker};
use crate::ingest::{Ingest, IngestError};

/// Longest correlation data sent back; ours has 8 bytes.
const CORRELATION_LEN_MAX: usize = 64;

/// One connection: a device may open a second before its first is gone.
type ConnectionKey = (String, Option<SocketAddr>);

/// Bytes of messages of one connection that are being worked on. With the packet that its session holds while it waits
/// for room, that is what a station can pin (R31); four batches of 500 sales are less.
const IN_WORK_LEN_MAX: u32 = 128 * 1_024;

#[derive(Clone)]
struct Connection {
    peer: Peer,
    /// What is left of [`IN_WORK_LEN_MAX`].
    credit: Arc<Semaphore>,
}

struct Hooks {
    broker: SharedBroker,
    callers: Callers,
    ingest: Ingest,
    connections: Mutex<HashMap<ConnectionKey, Connection>>,
}

/// Registers the hooks of a broker; they are the only way in.
pub(super) async fn install(broker: &Broker, callers: Callers, ingest: Ingest) {
    let hooks = Arc::new(Hooks {
        broker: Arc::new(broker.clone()),
        callers,
        ingest,
        connections: Mutex::new(HashMap::new()),
    });
    let register: Box<dyn Register> = broker.context.extends.hook_mgr().register();
    for kind in [
        Type::ClientAuthenticate,
        Type::ClientConnected,
        Type::ClientDisconnected,
        Type::ClientSubscribeCheckAcl,
        Type::MessagePublishCheckAcl,
        Type::MessageDropped,
    ] {
        register.add(kind, Box::new(Hooked(Arc::clone(&hooks)))).await;
    }
    // Without this every hook is off.
    register.start().await;
}

struct Hooked(Arc<Hooks>);

#[async_trait]
impl Handler for Hooked {
    async fn hook(&self, parameter: &Parameter, before: Option<HookResult>) -> ReturnType {
        let hooks = &self.0;
        match parameter {
            Parameter::ClientAuthenticate(info) => {
                (false, Some(HookResult::AuthResult(hooks.authenticate(info))))
            }
            Parameter::ClientConnected(session) => {
                if let Some(peer) = hooks.peer(&session.id) {
                    tracing::info!(station = %peer.station, device = %peer.device, "a station is connected");
                    hooks.ingest.link(&peer, true);
                }
                (true, before)
            }
            Parameter::ClientDisconnected(session, reason) => {
                if let Some(peer) = hooks.forget(&session.id) {
                    tracing::info!(station = %peer.station, device = %peer.device, %reason, "a station is gone");
                    hooks.ingest.link(&peer, false);
                }
                (true, before)
            }
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                let allowed =
                    hooks.peer(&session.id).is_some_and(|peer| may_subscribe(&peer, &subscribe.topic_filter));
                let result = if allowed {
                    SubscribeAclResult::new_success(subscribe.opts.qos(), None)
                } else {
                    SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
                };
                (false, Some(HookResult::SubscribeAclResult(result)))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                let result = hooks.publish(session, publish).await;
                (false, Some(HookResult::PublishAclResult(result)))
            }
            Parameter::MessageDropped(Some(to), _, publish, reason) => {
                tracing::warn!(device = %to.client_id, topic = %publish.topic, %reason, "a message to a station was dropped; it asks again");
                (true, before)
            }
            _ => (true, before),
        }
    }
}

impl Hooks {
    /// The certificate said who it is; the client id has to be the device's, and a will its own state's.
    fn authenticate(&self, info: &ConnectInfo) -> AuthResult {
        let Some(peer) = self.callers.peer(info.id().remote_addr) else {
            tracing::warn!("a connection that did not come through TLS was refused");
            return AuthResult::NotAuthorized;
        };
        if info.client_id().as_bytes() != peer.device.to_hex().as_bytes() {
            tracing::warn!(station = %peer.station, "a client id that is not the certificate's device was refused");
            return AuthResult::NotAuthorized;
        }
        // The broker publishes wills past every access check, so they are checked here.
        let will_allowed = match info.last_will() {
            None => true,
            Some(LastWill::V3(will)) => may_leave_will(&peer, &will.topic) && !will.retain,
            Some(LastWill::V5(will)) => may_leave_will(&peer, &will.topic) && !will.retain,
        };
        if !will_allowed {
            tracing::warn!(station = %peer.station, "a will on another topic than the station's own was refused");
            return AuthResult::NotAuthorized;
        }
        if let Ok(mut connections) = self.connections.lock() {
            let credit = Arc::new(Semaphore::new(usize::try_from(IN_WORK_LEN_MAX).unwrap_or(usize::MAX)));
            connections.insert(key(info.id()), Connection { peer, credit });
        }
        AuthResult::Allow(false, None)
    }

    /// Takes a message in before its PUBACK, which carries no guarantee; the reply follows what becomes of it.
    /// The session waits here, so that messages are taken in the order in which they were sent.
    async fn publish(&self, session: &Session, publish: &Publish) -> PublishAclResult {
        let refused = || PublishAclResult::rejected(false, None);
        let Some(connection) = self.connection(&session.id) else {
            return PublishAclResult::rejected(true, None);
        };
        let peer = connection.peer;
        let lane = match may_publish(&peer, &publish.topic) {
            Some(lane) if !publish.retain => lane,
            _ => {
                tracing::warn!(station = %peer.station, topic = %publish.topic, "a message on a topic that is not the station's was refused");
                return refused();
            }
        };
        if lane == Lane::State {
            self.ingest.state(&peer, &publish.payload);
            return PublishAclResult::allow();
        }
        let properties = publish.properties.as_ref();
        let answer_to = properties.and_then(|p| p.response_topic.as_ref());
        let correlation = properties.and_then(|p| p.correlation_data.as_ref());
        let Some(answer_to) = answer_to.filter(|topic| may_answer_to(&peer, lane, topic)) else {
            return refused();
        };
        if correlation.is_some_and(|data| data.len() > CORRELATION_LEN_MAX) {
            return refused();
        }
        let len = u32::try_from(publish.payload.len()).unwrap_or(u32::MAX).min(IN_WORK_LEN_MAX);
        let Ok(in_work) = connection.credit.acquire_many_owned(len).await else { return refused() };
        match self.ingest.accept(&peer, publish.payload.clone()).await {
            Ok(accepted) => {
                let (broker, answer_to) = (Arc::clone(&self.broker), answer_to.to_string());
                let correlation = correlation.map(|data| data.to_vec());
                tokio::spawn(async move {
                    // No reply means that the journal is closing: the station asks whoever comes next.
                    if let Ok(reply) = accepted.reply().await {
                        broker.send(&answer_to, reply, correlation).await;
                    }
                    drop(in_work);
                });
                PublishAclResult::allow()
            }
            // Counted and told there; the session goes on.
            Err(IngestError::Garbage) => PublishAclResult::allow(),
            Err(IngestError::Closed) => PublishAclResult::rejected(true, None),
        }
    }

    fn connection(&self, id: &Id) -> Option<Connection> {
        self.connections.lock().ok()?.get(&key(id)).cloned()
    }

    fn peer(&self, id: &Id) -> Option<Peer> {
        self.connection(id).map(|connection| connection.peer)
    }

    fn forget(&self, id: &Id) -> Option<Peer> {
        self.connections.lock().ok()?.remove(&key(id)).map(|connection| connection.peer)
    }
}

fn key(id: &Id) -> ConnectionKey {
    (id.client_id.to_string(), id.remote_addr)
}
