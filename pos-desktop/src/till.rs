//! One till at work: the writer that owns its journal, readers beside it, and its clock. Window and local
//! API share it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, anyhow};
use pos_core::cart::CartLine;
use pos_core::menu::{self, PricePoint};
use pos_core::receipt::{self, Paper};
use pos_core::sale::{self, CompletedSale, Payment};
use pos_core::settings::{self, Language};
use pos_core::store::{self, TillNode};
use pos_core::{Calendar, Moment, TillError, recent, status};
use rusqlite::Connection;
use sync::device::random_16;
use sync::driver::StatusBoard;
use sync::peer::origin_of;
use sync::store::sqlite::{Fault, told};
use sync::upkeep::Upkeep;
use sync::{Clock, Reader, SqliteStore, Writer};
use sync_identity::Identity;
use sync_proto::{Origin, SaleId};
use tokio::sync::watch;

use crate::config::Config;
use crate::dto::{StatusParts, TillStatus};

/// A till was not switched off for longer than this since it last agreed on the time: 400 days.
const AWAY_MS_MAX: i64 = 400 * 24 * 60 * 60 * 1000;

#[derive(Debug)]
struct Shared {
    writer: Writer<SqliteStore>,
    reader: Reader,
    faults: watch::Receiver<Option<Fault>>,
    database: PathBuf,
    clock: Clock,
    /// Corrected time when the clock was last trusted, milliseconds since 1970 UTC.
    trusted_ms: AtomicI64,
    /// It is certainly not earlier than this: HQ agreed on it in a life before, or issued the certificate then.
    not_before_ms: i64,
    calendar: Calendar,
    me: Origin,
    language: Language,
    agent: StatusBoard,
    hq: StatusBoard,
}

/// A handle to the till; clones share it.
#[derive(Debug, Clone)]
pub struct Till {
    shared: Arc<Shared>,
}

impl Till {
    /// Opens the till's database and starts its writer.
    ///
    /// # Errors
    /// The database is in use by another till, damaged, another device's, or its folder cannot be written.
    pub fn open(config: &Config, identity: &Identity) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let path = config.data_dir.join(store::FILE_NAME);
        let me = origin_of(&identity.certified().subject);
        let entropy = random_16().map_err(|why| anyhow!("the system gives no random bytes: {why}"))?;
        let store = store::open_at_work(&path, clock.wall_ms())?;
        let mut node = store::open_node(store, me.clone(), entropy, clock.now())?;
        let faults = node.store().faults();
        let agreed_ms = settings::agreed_at_ms(node.store().connection())?;
        let not_before_ms = agreed_ms.max(identity.certified().issued_at_ms);
        let shared = Shared {
            writer: Writer::spawn(node).context("the writer's thread could not be started")?,
            reader: Reader::new(&path),
            faults,
            database: path,
            trusted_ms: AtomicI64::new(plausible_ms(clock.now().corrected_ms(), not_before_ms)),
            not_before_ms,
            clock,
            calendar: config.calendar.clone(),
            me,
            language: config.language,
            agent: StatusBoard::default(),
            hq: StatusBoard::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Runs a use case that changes something, on the writer's thread, now.
    ///
    /// # Errors
    /// What the use case refuses, or the writer is gone.
    pub async fn write<T, F>(&self, job: F) -> Result<T, TillError>
    where
        T: Send + 'static,
        F: FnOnce(&mut TillNode, &Moment) -> Result<T, TillError> + Send + 'static,
    {
        let till = self.clone();
        self.shared.writer.run(move |node| job(node, &till.moment())).await?
    }

    /// Runs a use case that only reads, beside the writer.
    ///
    /// # Errors
    /// What the use case refuses, or the database does not answer.
    pub async fn read<T, F>(&self, job: F) -> Result<T, TillError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, TillError> + Send + 'static,
    {
        self.shared.reader.query(move |connection| Ok(job(connection))).await?
    }

    /// Now. While the clock is in doubt, prices stay as they last were (R19).
    pub fn moment(&self) -> Moment {
        let Shared { clock, trusted_ms, .. } = &*self.shared;
        let stamp = clock.now();
        if self.clock_in_doubt() {
            return Moment { stamp, price_at_ms: trusted_ms.load(Ordering::Relaxed) };
        }
        trusted_ms.store(stamp.corrected_ms(), Ordering::Relaxed);
        Moment::trusted(stamp)
    }

    /// Whether the clock disagrees with the time last agreed with the agent, or, before anything was agreed, with what
    /// is known from an earlier life: a computer whose battery is empty wakes in 1970 and sells all the same.
    pub fn clock_in_doubt(&self) -> bool {
        let Shared { clock, not_before_ms, .. } = &*self.shared;
        let now_ms = clock.now().corrected_ms();
        clock.in_doubt() || (clock.agreed_ms().is_none() && plausible_ms(now_ms, *not_before_ms) != now_ms)
    }

    /// The time that HQ and this till agree on now.
    pub fn agreed_ms(&self) -> Option<i64> {
        self.shared.clock.agreed_ms()
    }

    /// The journal's writer, for the drivers.
    pub fn writer(&self) -> Writer<SqliteStore> {
        self.shared.writer.clone()
    }

    /// Its database's care.
    pub fn upkeep(&self) -> Upkeep {
        let Shared { writer, database, clock, .. } = &*self.shared;
        Upkeep {
            writer: writer.clone(),
            database: database.clone(),
            clock: clock.clone(),
            retention: Some(store::retention()),
            books: None,
        }
    }

    /// Waits until the database cannot go on; the program ends then, and looks at it when it starts again.
    pub async fn broken(&self) -> Fault {
        told(&mut self.shared.faults.clone()).await
    }

    /// What it cannot go on for.
    pub fn fault(&self) -> Option<Fault> {
        self.shared.faults.borrow().clone()
    }

    /// The clock, for the drivers.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// The station's calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.shared.calendar
    }

    /// Who this till is.
    pub fn me(&self) -> &Origin {
        &self.shared.me
    }

    /// How the link to the agent stands.
    pub fn agent(&self) -> &StatusBoard {
        &self.shared.agent
    }

    /// What is known of HQ.
    pub fn hq(&self) -> &StatusBoard {
        &self.shared.hq
    }
}

/// The clock's time if it can be right, or else the latest that is certain.
const fn plausible_ms(now_ms: i64, not_before_ms: i64) -> i64 {
    if now_ms < not_before_ms || now_ms > not_before_ms.saturating_add(AWAY_MS_MAX) {
        not_before_ms
    } else {
        now_ms
    }
}

/// Use cases that the window and the local API both ask for.
impl Till {
    /// What the status bar shows.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn status(&self) -> Result<TillStatus, TillError> {
        let (till, now) = (self.clone(), self.moment());
        let parts = self.read(move |connection| {
            Ok(StatusParts {
                reach: status::reach(connection)?,
                station_name: status::station(connection, &till.me().station)?.0,
                language: settings::language(connection, till.shared.language)?,
                theme: settings::theme(connection)?,
                till,
                now,
            })
        });
        Ok(parts.await?.into())
    }

    /// Products whose code, name or barcode contains `query`, at their prices now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn menu(&self, query: String) -> Result<Vec<menu::MenuProduct>, TillError> {
        let (station, at_ms) = (self.me().station.clone(), self.moment().price_at_ms);
        let point = move |connection: &Connection| {
            menu::search(connection, PricePoint { station: &station, at_ms }, &query)
        };
        self.read(point).await
    }

    /// Sells the cart. The receipt is read after the commit: should that fail, the sale stands all the same.
    ///
    /// # Errors
    /// The payments do not fit, or the database does not take it.
    pub async fn complete_sale(&self, payments: Vec<Payment>) -> Result<(CompletedSale, String), TillError> {
        let till = self.clone();
        self.write(move |node, now| {
            let done = sale::complete_sale(node, till.calendar(), now, &payments)?;
            let receipt = till.receipt(node.store().connection(), &done.sale).unwrap_or_else(|why| {
                tracing::error!(%why, sale = %done.sale, "the receipt of a recorded sale could not be read");
                String::new()
            });
            Ok((done, receipt))
        })
        .await
    }

    /// One sale with its lines and receipt.
    ///
    /// # Errors
    /// This till has no such sale.
    pub async fn sale_detail(
        &self,
        sale: SaleId,
    ) -> Result<(recent::SaleRow, Vec<CartLine>, String), TillError> {
        let till = self.clone();
        self.read(move |connection| {
            let row = recent::sale(connection, &sale)?;
            Ok((row, recent::lines(connection, &sale)?, till.receipt(connection, &sale)?))
        })
        .await
    }

    fn receipt(&self, connection: &Connection, sale: &SaleId) -> Result<String, TillError> {
        let language = settings::language(connection, self.shared.language)?;
        let receipt = receipt::read(connection, self.me(), sale)?;
        Ok(receipt::text(&receipt, Paper::Wide, language, self.calendar()))
    }
}
