//! What the components share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use sync::device::Devices;
use sync::driver::StatusBoard;
use sync::enrolment::Issuer;
use sync::live::Live;
use sync::{Clock, Reader};
use sync_identity::verify::PeerVerifier;
use sync_proto::{DeviceId, Seq, StationCode, StreamId};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::HQ;
use crate::calendar::{Calendar, Moment};
use crate::config::Config;
use crate::http::Token;
use crate::ledger::LedgerError;
use crate::ledger::unsent::{self, OfDevice};
use crate::store::{AgentNode, AgentWriter};

/// One station while its daemon runs.
#[derive(Debug)]
pub struct Station {
    /// The chain's code for it.
    pub code: StationCode,
    /// Its name.
    pub name: String,
    /// Its business day.
    pub calendar: Calendar,
    /// The clock.
    pub clock: Clock,
    /// The only way to write.
    pub writer: AgentWriter,
    /// For lists.
    pub reader: Reader,
    /// Who may connect.
    pub devices: Devices,
    /// Signs what the station enrols; replaced when the authority is renewed.
    pub issuer: Mutex<Arc<Issuer>>,
    /// Open connections of devices.
    pub live: Live,
    /// Checks what devices show.
    pub verifier: PeerVerifier,
    /// How the agent belongs, and where it enrols.
    pub setup: Setup,
    /// Token of the listener of this machine.
    pub token: Token,
    /// How the link to HQ stands.
    pub hq: HqView,
    /// When each till last called.
    pub seen: LastSeen,
    /// How far each till said that its journals go.
    pub said: Said,
    /// Cancelled when the daemon stops.
    pub stopping: CancellationToken,
}

/// How the agent belongs, and where it enrols.
#[derive(Debug)]
pub struct Setup {
    /// What the agent was started with.
    pub config: Config,
    /// Notified when the agent was enrolled again: the daemon then starts anew with what it got.
    pub again: Notify,
    /// Whether that was done; held while a code is used, so that of two at once one counts.
    pub done: tokio::sync::Mutex<bool>,
}

/// The link to HQ as screens see it.
#[derive(Debug)]
pub struct HqView {
    /// Written by the drivers.
    pub board: StatusBoard,
    /// Whether the broker answers.
    pub up: watch::Receiver<bool>,
}

impl Station {
    /// Now, with its business day.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.calendar.moment(self.clock.now())
    }

    /// Who signs now.
    #[must_use]
    pub fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(&self.issuer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs with another authority from now on.
    pub fn set_issuer(&self, issuer: Issuer) {
        *self.issuer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(issuer);
    }

    /// Runs a use case on the writer's thread, at the time when it runs.
    ///
    /// # Errors
    /// The use case's own, or the daemon is stopping.
    pub async fn write<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AgentNode, &Moment, &StationCode) -> Result<T, LedgerError> + Send + 'static,
    {
        let (clock, calendar, code) = (self.clock.clone(), self.calendar.clone(), self.code.clone());
        self.writer.run(move |node| job(node, &calendar.moment(clock.now()), &code)).await?
    }

    /// What has not reached HQ, by device.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unsent(&self) -> Result<HashMap<DeviceId, OfDevice>, LedgerError> {
        let said = self.said.all();
        self.read(move |connection, _| Ok(unsent::by_device(&unsent::held(connection, HQ)?, &said))).await
    }

    /// Runs a query beside the writer.
    ///
    /// # Errors
    /// The query's own, or the database does not answer.
    pub async fn read<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &StationCode) -> Result<T, LedgerError> + Send + 'static,
    {
        let code = self.code.clone();
        self.reader.query(move |connection| Ok(job(connection, &code))).await?
    }
}

/// When each device last called, kept in memory: a till that is alive calls every few seconds.
#[derive(Debug, Default)]
pub struct LastSeen(Mutex<HashMap<DeviceId, i64>>);

impl LastSeen {
    /// Notes a call. Only enrolled devices get here, so there are few.
    pub fn note(&self, device: DeviceId, at_ms: i64) {
        if let Ok(mut seen) = self.0.lock() {
            seen.insert(device, at_ms);
        }
    }

    /// The newest call of any of `devices` since the daemon started.
    pub fn newest(&self, devices: &[DeviceId]) -> Option<i64> {
        let seen = self.0.lock().ok()?;
        devices.iter().filter_map(|device| seen.get(device).copied()).max()
    }
}

/// How far tills said that their journals go, kept in memory: a till says it whenever its link comes up, and every ten
/// minutes.
#[derive(Debug, Default)]
pub struct Said(Mutex<HashMap<StreamId, Seq>>);

impl Said {
    /// A hello names the end of a journal, or for a moment a place before it while a fork is looked for.
    pub fn hello(&self, stream: StreamId, last: Seq) {
        if let Ok(mut said) = self.0.lock() {
            said.insert(stream, last);
        }
    }

    /// A batch goes as far as this at least.
    pub fn sent(&self, stream: StreamId, to: Seq) {
        if let Ok(mut said) = self.0.lock() {
            let last = said.entry(stream).or_default();
            *last = to.max(*last);
        }
    }

    /// Of every journal that a till spoke of since the daemon started.
    pub fn all(&self) -> HashMap<StreamId, Seq> {
        self.0.lock().map(|said| said.clone()).unwrap_or_default()
    }
}
