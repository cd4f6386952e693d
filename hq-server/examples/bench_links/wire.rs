//! The stations' side, as lean as it gets: MQTT 5 written by hand over a TLS stream that nothing polls when idle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sync::link::Topics;
use sync_identity::subject::HEAD_OFFICE;
use sync_proto::StationCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::chain::Station;

/// Connections being made at once.
const AT_ONCE: usize = 32;
/// A connection that is not there by then never comes.
const WITHIN: Duration = Duration::from_secs(10);
/// An hour: nothing is said while memory is looked at.
const KEEP_ALIVE_S: u16 = 3_600;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const AT_LEAST_ONCE: u8 = 1;
/// Lengths from here on have more than one byte.
const LONG_FROM: u8 = 0x80;
const DISCONNECT: [u8; 2] = [0xE0, 0];
/// A reason code from here on is a refusal.
const REFUSED_FROM: u8 = 0x80;

/// What a connection is made for.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// Both ends have finished the handshake.
    Handshake,
    /// The broker has let the client in, under the id that this gives.
    Connected(fn(&Station) -> &str),
}

/// Connections that stay open and silent.
#[derive(Default)]
pub struct Held {
    streams: Vec<TlsStream<TcpStream>>,
}

impl Held {
    pub const fn count(&self) -> usize {
        self.streams.len()
    }

    /// Connects and subscribes each of `stations`.
    pub async fn connect(
        &mut self,
        addr: SocketAddr,
        stations: &[Station],
        client_id: fn(&Station) -> &str,
    ) -> Result<()> {
        for some in stations.chunks(AT_ONCE) {
            let mut joining = Vec::new();
            for station in some {
                joining.push(tokio::spawn(subscribed(
                    addr,
                    Arc::clone(&station.tls),
                    client_id(station).to_owned(),
                    station.code().to_owned(),
                )));
            }
            for joined in joining {
                self.streams.push(joined.await??);
            }
        }
        Ok(())
    }

    /// Memory of connections that the server ended would be no figure.
    pub fn still_open(&self) -> Result<()> {
        let silent = self.streams.iter().filter(|stream| {
            let looked = stream.get_ref().0.try_read(&mut [0]);
            matches!(looked, Err(why) if why.kind() == std::io::ErrorKind::WouldBlock)
        });
        let (silent, all) = (silent.count(), self.count());
        ensure!(silent == all, "{} of {all} connections were ended or spoken to while idle", all - silent);
        Ok(())
    }
}

/// Connections made and ended for as long as a turn takes, by one station after the other; how many.
pub async fn again_and_again(
    addr: SocketAddr,
    stations: &Arc<[Station]>,
    until: Until,
    turn: Duration,
) -> Result<u64> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut working = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (stations, next) = (Arc::clone(stations), Arc::clone(&next));
        working.spawn(async move {
            let (begun, mut done) = (Instant::now(), 0);
            while begun.elapsed() < turn {
                let place = next.fetch_add(1, Ordering::Relaxed) % stations.len().max(1);
                let station = stations.get(place).context("a station")?;
                tokio::time::timeout(WITHIN, once(addr, station, until)).await??;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let done = working.join_all().await;
    done.into_iter().sum()
}

async fn once(addr: SocketAddr, station: &Station, until: Until) -> Result<()> {
    let mut stream = handshake(addr, Arc::clone(&station.tls)).await?;
    if let Until::Connected(client_id) = until {
        connect(&mut stream, client_id(station)).await?;
        stream.write_all(&DISCONNECT).await?;
    }
    // In TLS 1.3 the client is done before the server has checked it; the server's end says that it has.
    stream.shutdown().await?;
    match stream.read(&mut [0]).await {
        Ok(0) => Ok(()),
        Ok(_) => bail!("the server spoke after the end"),
        // A broker may end a connection without a goodbye; the handshake was judged by its CONNACK.
        Err(_) if matches!(until, Until::Connected(_)) => Ok(()),
        Err(why) => Err(why).context("the handshake was refused"),
    }
}

async fn subscribed(
    addr: SocketAddr,
    tls: Arc<ClientConfig>,
    client_id: String,
    code: String,
) -> Result<TlsStream<TcpStream>> {
    let work = async {
        let mut stream = handshake(addr, tls).await?;
        connect(&mut stream, &client_id).await?;
        subscribe(&mut stream, &code).await?;
        Ok(stream)
    };
    tokio::time::timeout(WITHIN, work).await?
}

async fn handshake(addr: SocketAddr, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(addr).await?;
    socket.set_nodelay(true)?;
    Ok(TlsConnector::from(tls).connect(ServerName::try_from(HEAD_OFFICE)?, socket).await?)
}

async fn connect(stream: &mut TlsStream<TcpStream>, client_id: &str) -> Result<()> {
    // MQTT 5, clean start, no properties.
    let mut body = b"\x00\x04MQTT\x05\x02".to_vec();
    body.extend(KEEP_ALIVE_S.to_be_bytes());
    body.push(0);
    text(&mut body, client_id)?;
    send(stream, CONNECT, &body).await?;
    let answer = receive(stream, CONNACK).await?;
    ensure!(answer.get(1) == Some(&0), "the broker refused a connection: {answer:?}");
    Ok(())
}

async fn subscribe(stream: &mut TlsStream<TcpStream>, code: &str) -> Result<()> {
    let topics = Topics::of(StationCode::new(code)?);
    let mut body = vec![0, 1, 0];
    for topic in [topics.ack(), topics.res(), topics.poke()] {
        text(&mut body, &topic)?;
        body.push(AT_LEAST_ONCE);
    }
    send(stream, SUBSCRIBE, &body).await?;
    let answer = receive(stream, SUBACK).await?;
    let granted = answer.iter().rev().take(3).all(|reason| *reason < REFUSED_FROM);
    ensure!(granted, "the broker refused a subscription: {answer:?}");
    Ok(())
}

fn text(body: &mut Vec<u8>, text: &str) -> Result<()> {
    body.extend(u16::try_from(text.len())?.to_be_bytes());
    body.extend(text.bytes());
    Ok(())
}

/// What is said here is shorter than 128 bytes, whose length has one byte.
async fn send(stream: &mut TlsStream<TcpStream>, kind: u8, body: &[u8]) -> Result<()> {
    let len = u8::try_from(body.len()).ok().filter(|len| *len < LONG_FROM).context("a short packet")?;
    let mut packet = vec![kind, len];
    packet.extend(body);
    stream.write_all(&packet).await?;
    Ok(stream.flush().await?)
}

async fn receive(stream: &mut TlsStream<TcpStream>, kind: u8) -> Result<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    let [found, len] = head;
    ensure!(found == kind && len < LONG_FROM, "the broker answered {head:?}");
    let mut body = vec![0; usize::from(len)];
    stream.read_exact(&mut body).await?;
    Ok(body)
}
