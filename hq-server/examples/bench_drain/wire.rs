//! J4: bytes on the wire for each sale, both directions, in batches of 100: what TCP carries, with TLS, MQTT, receipts,
//! acknowledgements and state reports.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use serde_json::{Value, json};
use sync::driver::{StatusBoard, uplink};
use sync::link::{Link as _, MqttLink};
use sync::{Clock, Reader, Writer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::held;
use crate::office::Office;
use crate::station::{enrol, journal, link_config, sell};

/// Sales of a batch: the agent was cut off for as long as they took.
const BATCH: u64 = 100;
const BATCHES: u64 = 50;

static UP_LEN: AtomicU64 = AtomicU64::new(0);
static DOWN_LEN: AtomicU64 = AtomicU64::new(0);

pub async fn measure() -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let clock = Clock::system();
    let office = Office::new(folder.path())?;
    let agents = enrol(&office.config, 1, &clock)?;
    let agent = &agents[0];
    let node = journal(&folder.path().join("agent.db"), agent, &clock)?;
    let writer = Writer::spawn(node)?;
    let mut running = office.start()?;
    running.ready()?;

    let counted = TcpListener::bind("127.0.0.1:0").await?;
    let addr = counted.local_addr()?.to_string();
    tokio::spawn(count(counted, office.mqtt_addr.clone()));
    let link = MqttLink::connect(link_config(addr, agent)?, clock.clone());
    let mut up = link.up();
    tokio::spawn(uplink(writer.clone(), Arc::new(link), "hq", clock.clone(), StatusBoard::default()));
    up.wait_for(|up| *up).await?;
    let reader = Reader::new(&office.database());
    held::wait(&reader, 1).await?;

    let (up_before, down_before) = (UP_LEN.load(Ordering::Relaxed), DOWN_LEN.load(Ordering::Relaxed));
    let mut sold = 0;
    for _ in 0..BATCHES {
        let clock = clock.clone();
        // On the writer's thread at once, so that the uplink finds all of them.
        let batch = writer.run(move |node| (1..=BATCH).try_for_each(|more| sell(node, sold + more, &clock)));
        batch.await??;
        sold += BATCH;
        held::wait(&reader, sold + 1).await?;
    }
    let up_len = UP_LEN.load(Ordering::Relaxed) - up_before;
    let down_len = DOWN_LEN.load(Ordering::Relaxed) - down_before;
    let entries: i64 = reader
        .query(|connection| {
            connection.query_row("SELECT sum(length(bytes)) FROM entries", [], |row| row.get(0))
        })
        .await?;
    let tenths = (up_len + down_len) * 10 / sold;
    Ok(json!({
        "job": "J4",
        "sales": sold,
        "batch": BATCH,
        "entry_bytes_per_sale": u64::try_from(entries)? / sold,
        "up_bytes_tenths_per_sale": up_len * 10 / sold,
        "down_bytes_tenths_per_sale": down_len * 10 / sold,
        "bytes_tenths_per_sale": tenths,
        "must": "bytes_tenths_per_sale <= 600",
        "met": tenths <= 600,
    }))
}

/// Carries connections to head office and counts what they say.
async fn count(listener: TcpListener, to: String) {
    while let Ok((station, _)) = listener.accept().await {
        let Ok(office) = TcpStream::connect(&to).await else { continue };
        let (station_read, station_write) = station.into_split();
        let (office_read, office_write) = office.into_split();
        tokio::spawn(carry(station_read, office_write, &UP_LEN));
        tokio::spawn(carry(office_read, station_write, &DOWN_LEN));
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, len: &AtomicU64) {
    let mut buffer = vec![0; 16 * 1_024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        len.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        if to.write_all(buffer.get(..read).unwrap_or_default()).await.is_err() {
            return;
        }
    }
}
