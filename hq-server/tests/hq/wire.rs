//! MQTT 5 by hand: sends what no client library would, and tells what came back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A broker that does not answer by then never does.
const WITHIN: Duration = Duration::from_secs(10);

const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBACK: u8 = 9;
const UNSUBACK: u8 = 11;
const PINGRESP: u8 = 13;

/// A message that is left behind for when the connection breaks.
#[derive(Clone, Copy)]
pub struct Will<'a> {
    pub topic: &'a str,
    pub payload: &'a str,
}

/// A session.
pub struct Wire {
    stream: TlsStream<TcpStream>,
    next_id: u16,
    heard: Vec<(String, String)>,
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
    bytes.extend(text.as_bytes());
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut whole = vec![kind];
    let mut left = body.len();
    loop {
        let low = u8::try_from(left % 128).unwrap();
        left /= 128;
        whole.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    whole.extend(body);
    whole
}

/// The first packet of a session.
pub fn hello(client_id: &str, will: Option<Will<'_>>) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, "MQTT");
    // Version 5, a clean start, the will with at least once.
    body.extend([5, if will.is_some() { 0x02 | 0x04 | 0x08 } else { 0x02 }, 0, 60, 0]);
    text(&mut body, client_id);
    if let Some(will) = will {
        body.push(0);
        text(&mut body, will.topic);
        text(&mut body, will.payload);
    }
    packet(0x10, &body)
}

/// A TLS connection, or why not.
pub async fn dial(addr: SocketAddr, tls: &Arc<ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(addr).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::from(addr.ip());
    TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await
}

impl Wire {
    /// Connects; `None` when the broker does not let in.
    pub async fn connect(
        addr: SocketAddr,
        tls: &Arc<ClientConfig>,
        client_id: &str,
        will: Option<Will<'_>>,
    ) -> Option<Self> {
        let opening = async {
            let stream = dial(addr, tls).await.ok()?;
            let mut wire = Self { stream, next_id: 1, heard: Vec::new() };
            wire.stream.write_all(&hello(client_id, will)).await.ok()?;
            let answer = wire.until(CONNACK).await?;
            (answer.get(1) == Some(&0)).then_some(wire)
        };
        tokio::time::timeout(WITHIN, opening).await.expect("the broker answers or hangs up")
    }

    /// Publishes with at least once; whether the broker took it. `None` when it hung up.
    pub async fn publish(&mut self, topic: &str, payload: &[u8], sending: Sending<'_>) -> Option<bool> {
        let id = self.id();
        let mut body = Vec::new();
        text(&mut body, topic);
        body.extend(id.to_be_bytes());
        let mut properties = Vec::new();
        if let Some(answer_to) = sending.answer_to {
            properties.push(8);
            text(&mut properties, answer_to);
        }
        body.push(u8::try_from(properties.len()).unwrap());
        body.extend(properties);
        body.extend(payload);
        let kind = if sending.retain { 0x33 } else { 0x32 };
        let answer = self.ask(&packet(kind, &body), PUBACK).await?;
        Some(answer.get(2).is_none_or(|reason| *reason < 0x80))
    }

    /// Subscribes; whether the broker said yes. `None` when it hung up.
    pub async fn subscribe(&mut self, filter: &str) -> Option<bool> {
        let mut body = self.id().to_be_bytes().to_vec();
        body.push(0);
        text(&mut body, filter);
        body.push(1);
        let answer = self.ask(&packet(0x82, &body), SUBACK).await?;
        answer.last().map(|reason| *reason < 0x80)
    }

    pub async fn unsubscribe(&mut self, filter: &str) -> Option<()> {
        let mut body = self.id().to_be_bytes().to_vec();
        body.push(0);
        text(&mut body, filter);
        self.ask(&packet(0xa2, &body), UNSUBACK).await.map(|_| ())
    }

    /// Everything that the broker sent before now has arrived when this returns; `None` when it hung up.
    pub async fn settle(&mut self) -> Option<()> {
        self.ask(&[0xc0, 0], PINGRESP).await.map(|_| ())
    }

    /// What came since the last time: topic and payload.
    pub fn take(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.heard)
    }

    /// The broker ends the session within the limit.
    pub async fn ends(&mut self) -> bool {
        let end = async { while self.read().await.is_some() {} };
        tokio::time::timeout(WITHIN, end).await.is_ok()
    }

    fn id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        id
    }

    async fn ask(&mut self, bytes: &[u8], answer: u8) -> Option<Vec<u8>> {
        let asked = async {
            self.stream.write_all(bytes).await.ok()?;
            self.until(answer).await
        };
        tokio::time::timeout(WITHIN, asked).await.expect("the broker answers or hangs up")
    }

    async fn until(&mut self, wanted: u8) -> Option<Vec<u8>> {
        loop {
            let (kind, body) = self.read().await?;
            if kind == wanted {
                return Some(body);
            }
        }
    }

    /// The next packet; messages are kept and acknowledged.
    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await.ok()?;
        let mut len = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.stream.read_u8().await.ok()?;
            len |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body).await.ok()?;
        if first >> 4 == PUBLISH {
            let topic_len = usize::from(u16::from_be_bytes([body[0], body[1]]));
            let topic = String::from_utf8_lossy(&body[2..2 + topic_len]).into_owned();
            let mut rest = &body[2 + topic_len..];
            if first & 0x06 != 0 {
                self.stream.write_all(&[0x40, 2, rest[0], rest[1]]).await.ok()?;
                rest = &rest[2..];
            }
            // Properties are short here: their length has one byte.
            let payload = rest.get(1 + usize::from(rest[0])..).unwrap_or_default();
            self.heard.push((topic, String::from_utf8_lossy(payload).into_owned()));
        }
        Some((first >> 4, body))
    }
}

/// How a message is sent.
#[derive(Clone, Copy, Default)]
pub struct Sending<'a> {
    pub retain: bool,
    pub answer_to: Option<&'a str>,
}
