//! One till at work: the writer that owns its journal, readers beside it, and its clock. Window and local
//! API share it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use pos_core::cart::CartLine;
use pos_core::menu::{self, PricePoint};
use pos_core::receipt::{self, Paper};
use pos_core::sale::{self, CompletedSale, Payment};
use pos_core::settings::{self, Language};
use pos_core::store::{self, TillNode};
use pos_core::{Calendar, Moment, TillError, recent, status};
use rusqlite::Connection;
use sync::clock::Agreement;
use sync::device::random_16;
use sync::driver::StatusBoard;
use sync::peer::origin_of;
use sync::retention::KeepDays;
use sync::store::sqlite::{Fault, told};
use sync::upkeep::Upkeep;
use sync::{Clock, Reader, SqliteStore, Writer};
use sync_identity::Identity;
use sync_proto::{Origin, SaleId};
use tokio::sync::watch;

use crate::config::Config;
use crate::dto::{StatusParts, TillStatus};

#[derive(Debug)]
struct Shared {
    writer: Writer<SqliteStore>,
    reader: Reader,
    faults: watch::Receiver<Option<Fault>>,
    database: PathBuf,
    clock: Clock,
    calendar: Calendar,
    keep_days: KeepDays,
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
        let store = store::open_at_work(&path, config.keep_days, clock.wall_ms())?;
        let mut node = store::open_node(store, me.clone(), entropy, clock.now())?;
        let faults = node.store().faults();
        // A computer whose battery is empty wakes in 1970 and sells all the same, at the prices that it had.
        let issued = Agreement::not_before(identity.certified().issued_at_ms);
        let kept = settings::agreement(node.store().connection())?;
        clock.resume(kept.filter(|kept| kept.true_ms() >= issued.true_ms()).unwrap_or(issued));
        let shared = Shared {
            writer: Writer::spawn(node).context("the writer's thread could not be started")?,
            reader: Reader::new(&path),
            faults,
            database: path,
            clock,
            calendar: config.calendar.clone(),
            keep_days: config.keep_days,
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
        let clock = &self.shared.clock;
        Moment { stamp: clock.now(), price_at_ms: clock.price_ms() }
    }

    /// Whether the clock disagrees with the time last agreed with the agent, in this life of the program or before.
    pub fn clock_in_doubt(&self) -> bool {
        self.shared.clock.in_doubt()
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
            books: None,
            retention: Some(store::retention(self.shared.keep_days)),
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
