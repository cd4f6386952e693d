//! In front of the broker: TLS 1.3 with both ends' certificates, then a connection to the broker's own listener.
//!
//! The broker library has a TLS of its own, with another crypto provider, no way to require TLS 1.3, none to replace a
//! certificate without dropping its listener, and none to end a connection that its session does not know of. Here
//! the connection is ours: who it is was proven before the broker hears its first byte, and revoking cuts it.
//! The broker listens on a loopback port; whoever connects there without coming through here has no peer.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use sync::Peer;
use sync::device::Devices;
use sync::listener::{Caller, Cuttable, LinkListener};
use sync_identity::Standing;
use sync_proto::Role;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::relay::relay;

/// Who is behind each connection of the broker's listener.
#[derive(Debug, Clone, Default)]
pub(super) struct Callers {
    peers: Arc<Mutex<HashMap<SocketAddr, Peer>>>,
}

impl Callers {
    /// The peer behind the broker's connection from `addr`.
    pub(super) fn peer(&self, addr: Option<SocketAddr>) -> Option<Peer> {
        self.peers.lock().ok()?.get(&addr?).cloned()
    }

    fn enter(&self, addr: SocketAddr, peer: Peer) -> Entered {
        if let Ok(mut peers) = self.peers.lock() {
            peers.insert(addr, peer);
        }
        Entered { callers: self.clone(), addr }
    }
}

struct Entered {
    callers: Callers,
    addr: SocketAddr,
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Ok(mut peers) = self.callers.peers.lock() {
            peers.remove(&self.addr);
        }
    }
}

/// Carries connections to the broker.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) listener: LinkListener,
    pub(super) broker: SocketAddr,
    pub(super) callers: Callers,
    pub(super) devices: Devices,
}

impl Front {
    /// Runs until dropped; then every connection ends with it.
    pub(super) async fn run(mut self) {
        let mut carried = JoinSet::new();
        while let Some((stream, caller)) = self.listener.accept_link().await {
            let (broker, callers, devices) = (self.broker, self.callers.clone(), self.devices.clone());
            // A task keeps room for what it was given beside what it made of it; in a box that is one pointer.
            let carrying = carry(Box::new(stream), caller, broker, callers, devices);
            carried.spawn(carrying);
            while carried.try_join_next().is_some() {}
        }
    }
}

async fn carry(
    mut stream: Box<Cuttable>,
    caller: Caller,
    broker: SocketAddr,
    callers: Callers,
    devices: Devices,
) {
    let Some(peer) = admitted(caller, &devices).await else { return };
    let (mut inner, addr) = match connect(broker).await {
        Ok(connected) => connected,
        Err(why) => {
            tracing::error!(%why, "the broker's own listener does not answer");
            return;
        }
    };
    let _entered = callers.enter(addr, peer);
    // An end without a goodbye is how most connections end.
    let _ = relay(&mut *stream, &mut inner).await;
}

/// Only agents speak MQTT, and only with a certificate that holds.
async fn admitted(caller: Caller, devices: &Devices) -> Option<Peer> {
    let shown = caller.shown?;
    if shown.standing != Standing::Valid {
        tracing::warn!(station = %shown.certified.subject.station, "a certificate has ended; its agent has to renew it first");
        return None;
    }
    let subject = shown.certified.subject.clone();
    match devices.look_up(shown.certified).await {
        Ok(Some(peer)) if peer.role == Role::Agent => Some(peer),
        Ok(_) => {
            tracing::warn!(station = %subject.station, device = %subject.device, "a device that may not connect to the broker was refused");
            None
        }
        Err(why) => {
            tracing::error!(%why, "devices could not be read");
            None
        }
    }
}

async fn connect(broker: SocketAddr) -> std::io::Result<(tokio::net::TcpStream, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let stream = socket.connect(broker).await?;
    stream.set_nodelay(true)?;
    let addr = stream.local_addr()?;
    Ok((stream, addr))
}
