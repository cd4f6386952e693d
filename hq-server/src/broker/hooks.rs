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
use sync::device::Devices;

use super::access::{Lane, may_answer_to, may_leave_will, may_publish, may_subscribe};
use super::{Broker, SharedBroker};
use crate::ingest::{Ingest, IngestError};

/// Longest secret looked at; a real one has 64 digits.
const SECRET_LEN_MAX: usize = 128;

/// Longest correlation data sent back; ours has 8 bytes.
const CORRELATION_LEN_MAX: usize = 64;

/// One connection: a device may open a second before its first is gone.
type ConnectionKey = (String, Option<SocketAddr>);

struct Hooks {
    broker: SharedBroker,
    devices: Devices,
    ingest: Ingest,
    peers: Mutex<HashMap<ConnectionKey, Peer>>,
}

/// Registers the hooks of a broker; they are the only way in.
pub(super) async fn install(broker: &Broker, devices: Devices, ingest: Ingest) {
    let hooks = Arc::new(Hooks {
        broker: Arc::new(broker.clone()),
        devices,
        ingest,
        peers: Mutex::new(HashMap::new()),
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
                (false, Some(HookResult::AuthResult(hooks.authenticate(info).await)))
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
    /// Username = device, password = secret, client id = device, and a will on the own state topic only.
    async fn authenticate(&self, info: &ConnectInfo) -> AuthResult {
        let (Some(device), Some(secret)) = (info.username(), info.password()) else {
            return AuthResult::BadUsernameOrPassword;
        };
        if secret.len() > SECRET_LEN_MAX || info.client_id() != device {
            return AuthResult::NotAuthorized;
        }
        let Ok(secret) = std::str::from_utf8(secret).map(str::to_owned) else {
            return AuthResult::BadUsernameOrPassword;
        };
        let (devices, name) = (self.devices.clone(), device.to_string());
        let found = tokio::task::spawn_blocking(move || devices.peer(&name, &secret)).await;
        let peer = match found {
            Ok(Ok(Some(peer))) => peer,
            Ok(Ok(None)) => {
                tracing::warn!(device = %device.chars().take(40).collect::<String>(), "an unknown device or secret was refused");
                return AuthResult::BadUsernameOrPassword;
            }
            Ok(Err(why)) => {
                tracing::error!(%why, "devices could not be read");
                return AuthResult::NotAuthorized;
            }
            Err(why) => {
                tracing::error!(%why, "a device could not be checked");
                return AuthResult::NotAuthorized;
            }
        };
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
        if let Ok(mut peers) = self.peers.lock() {
            peers.insert(key(info.id()), peer);
        }
        AuthResult::Allow(false, None)
    }

    /// Handles a message before its PUBACK.
    async fn publish(&self, session: &Session, publish: &Publish) -> PublishAclResult {
        let refused = || PublishAclResult::rejected(false, None);
        let Some(peer) = self.peer(&session.id) else { return PublishAclResult::rejected(true, None) };
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
        match self.ingest.receive(&peer, publish.payload.clone()).await {
            Ok(reply) => {
                let correlation = correlation.map(|data| data.to_vec());
                self.broker.send(answer_to, reply, correlation).await;
                PublishAclResult::allow()
            }
            // Counted and told there; the session goes on.
            Err(IngestError::Garbage) => PublishAclResult::allow(),
            Err(IngestError::Closed) => PublishAclResult::rejected(true, None),
        }
    }

    fn peer(&self, id: &Id) -> Option<Peer> {
        self.peers.lock().ok()?.get(&key(id)).cloned()
    }

    fn forget(&self, id: &Id) -> Option<Peer> {
        self.peers.lock().ok()?.remove(&key(id))
    }
}

fn key(id: &Id) -> ConnectionKey {
    (id.client_id.to_string(), id.remote_addr)
}
