//! What handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use sync::device::Devices;
use sync::enrolment::Issuer;
use sync::live::Live;
use sync::{Clock, Reader, StoreError};
use sync_identity::verify::PeerVerifier;
use sync_proto::Stamp;
use tokio::sync::Notify;

use crate::ingest::Ingest;
use crate::instant;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::stations::{Presence, StationSeed};
use crate::store::{Hq, HqWriter, ListResult, Lists};

/// Handle to everything a handler needs.
#[derive(Debug, Clone)]
pub struct App {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    writer: HqWriter,
    reader: Reader,
    clock: Clock,
    presence: Presence,
    devices: Devices,
    issuer: Arc<Issuer>,
    ingest: Ingest,
    links: Vec<(Live, PeerVerifier)>,
    wake: [Arc<Notify>; 2],
    token_sha256: [u8; 32],
    station: Option<StationSeed>,
    zone: TimeZone,
    incarnation: String,
    draining: AtomicBool,
}

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The journal.
    pub writer: HqWriter,
    /// Lists.
    pub reader: Reader,
    /// The clock.
    pub clock: Clock,
    /// Stations' links.
    pub presence: Presence,
    /// The register of devices.
    pub devices: Devices,
    /// Issues certificates.
    pub issuer: Arc<Issuer>,
    /// Takes what devices send.
    pub ingest: Ingest,
    /// Open connections of devices.
    pub links: Vec<(Live, PeerVerifier)>,
    /// Wakes role Order and role Logistics.
    pub wake: [Arc<Notify>; 2],
    /// The API's token.
    pub token: String,
    /// The station of `POST /orders/station`.
    pub station: Option<StationSeed>,
    /// Zone that "today" is meant in.
    pub zone: TimeZone,
    /// HQ's incarnation, hexadecimal.
    pub incarnation: String,
}

impl App {
    /// From its parts; of the token only a digest is kept.
    pub fn new(parts: Parts) -> Self {
        let shared = Shared {
            writer: parts.writer,
            reader: parts.reader,
            clock: parts.clock,
            presence: parts.presence,
            devices: parts.devices,
            issuer: parts.issuer,
            ingest: parts.ingest,
            links: parts.links,
            wake: parts.wake,
            token_sha256: Sha256::digest(parts.token.as_bytes()).into(),
            station: parts.station,
            zone: parts.zone,
            incarnation: parts.incarnation,
            draining: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs a command on the journal's writer, with the time it happens at.
    pub(super) async fn command<T, F>(&self, command: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&mut Hq, Stamp) -> Result<T, Refusal> + Send + 'static,
    {
        let now = self.shared.clock.now();
        self.shared.writer.run(move |node| command(node, now)).await?
    }

    /// Reads, beside the writer.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Lists) -> ListResult<T> + Send + 'static,
    {
        Ok(self.shared.reader.query(read).await?)
    }

    /// Reads, where the answer may be a refusal of its own.
    pub(super) async fn find<T, F>(&self, find: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&Lists) -> Result<T, Refusal> + Send + 'static,
    {
        self.read(move |connection| Ok(find(connection))).await?
    }

    /// The journal answers.
    pub(super) async fn answers(&self) -> bool {
        !self.shared.draining.load(Ordering::Relaxed) && self.shared.writer.run(|_| ()).await.is_ok()
    }

    /// Cuts the connections of devices that are revoked now, without waiting for the next look.
    pub(super) async fn sweep(&self) {
        for (live, verifier) in &self.shared.links {
            live.sweep(&self.shared.devices, verifier).await;
        }
    }

    /// From now on not ready: a balancer sends requests elsewhere.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Whether a token is the API's. Digests are compared, so that time tells nothing about the token.
    pub(super) fn accepts(&self, token: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        digest == self.shared.token_sha256
    }

    /// Makes a role look again, after it was started.
    pub(super) fn wake(&self, role: Role) {
        let [order, logistics] = &self.shared.wake;
        match role {
            Role::Order => order.notify_one(),
            Role::Logistics => logistics.notify_one(),
        }
    }

    pub(super) fn devices(&self) -> &Devices {
        &self.shared.devices
    }

    pub(super) fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(&self.shared.issuer)
    }

    pub(super) fn ingest(&self) -> &Ingest {
        &self.shared.ingest
    }

    pub(super) fn presence(&self) -> &Presence {
        &self.shared.presence
    }

    pub(super) fn station(&self) -> Result<&StationSeed, Refusal> {
        self.shared.station.as_ref().ok_or(Refusal::NoStation)
    }

    pub(super) fn incarnation(&self) -> String {
        self.shared.incarnation.clone()
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.shared.clock.wall_ms()
    }

    pub(super) fn today(&self) -> String {
        instant::date(self.now_ms(), &self.shared.zone)
    }
}

impl From<StoreError> for super::Problem {
    fn from(why: StoreError) -> Self {
        Self(why.into())
    }
}
