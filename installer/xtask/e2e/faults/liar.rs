//! A man in the middle of the broker's link, with papers of both ends: it reads each MQTT packet and deals with messages as a bad broker does.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use xtask::demo::Report;

use crate::papers::Papers;

use super::recording::Chance;

/// Control packet types (MQTT 5.0, section 2.1.2).
const PUBLISH: u8 = 3;
const PUBACK: u8 = 0x40;

/// What it does with messages, in hundredths of them; in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Acknowledged and dropped.
    pub swallowed: usize,
    /// Delivered three times.
    pub tripled: usize,
    /// Held until another one has passed.
    pub overtaken: usize,
}

/// What it did.
#[derive(Debug, Default)]
pub struct Done {
    pub swallowed: AtomicU64,
    pub tripled: AtomicU64,
    pub overtaken: AtomicU64,
}

pub struct Liar {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    data: OnceLock<PathBuf>,
    manners: Mutex<Manners>,
    done: Done,
    chance: Mutex<Chance>,
    lives: watch::Sender<u64>,
}

impl Liar {
    /// Listens at once, so that its address can be configured before there is anybody to lie to.
    pub fn listen() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let shared = Arc::new(Shared {
            data: OnceLock::new(),
            manners: Mutex::default(),
            done: Done::default(),
            chance: Mutex::new(Chance::of(42)),
            lives: watch::channel(0).0,
        });
        let address = listener.local_addr().unwrap();
        let middle = Arc::clone(&shared);
        runtime.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let middle = Arc::clone(&middle);
                tokio::spawn(async move {
                    let mut life = middle.lives.subscribe();
                    tokio::select! {
                        ended = middle.join(near) => drop(ended),
                        _ = life.changed() => {}
                    }
                });
            }
        });
        Self { address, shared, _runtime: runtime }
    }

    /// The fleet whose papers it has.
    pub fn stand_before(&self, data: &Path) {
        self.shared.data.set(data.to_owned()).unwrap();
    }

    pub fn behave(&self, manners: Manners) {
        *self.shared.manners.lock().unwrap() = manners;
    }

    pub fn done(&self) -> &Done {
        &self.shared.done
    }

    /// As a broker that is killed and comes back empty: every connection ends, and what it had not delivered is gone.
    pub fn forget_everything(&self) {
        self.shared.lives.send_modify(|life| *life += 1);
    }
}

/// One direction of a connection.
struct Way {
    from: ReadHalf<Box<dyn Duplex>>,
    /// Packets for whom they are meant.
    to: mpsc::UnboundedSender<Vec<u8>>,
    /// Packets back to whom they came from.
    back: mpsc::UnboundedSender<Vec<u8>>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Shared {
    async fn join(&self, near: TcpStream) -> io::Result<()> {
        let (acceptor, connector, target) = self.papers().await.ok_or(io::ErrorKind::NotConnected)?;
        let name = ServerName::try_from("hq.juyu.internal").unwrap();
        let near = acceptor.accept(near).await?;
        let far = connector.connect(name, TcpStream::connect(target).await?).await?;
        let (near_in, near_out) = tokio::io::split(Box::new(near) as Box<dyn Duplex>);
        let (far_in, far_out) = tokio::io::split(Box::new(far) as Box<dyn Duplex>);
        let (to_near, for_near) = mpsc::unbounded_channel();
        let (to_far, for_far) = mpsc::unbounded_channel();
        tokio::select! {
            ended = self.carry(Way { from: near_in, to: to_far.clone(), back: to_near.clone() }) => ended,
            ended = self.carry(Way { from: far_in, to: to_near, back: to_far }) => ended,
            ended = write_all(near_out, for_near) => ended,
            ended = write_all(far_out, for_far) => ended,
        }
    }

    async fn carry(&self, mut way: Way) -> io::Result<()> {
        let mut held: Option<Vec<u8>> = None;
        loop {
            let packet = read_packet(&mut way.from).await?;
            let send = |packet| way.to.send(packet).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe));
            if packet[0] >> 4 != PUBLISH {
                send(packet)?;
                continue;
            }
            match self.judge() {
                Fate::Passes => send(packet)?,
                Fate::Swallowed => {
                    if let Some(id) = packet_id(&packet) {
                        let _ = way.back.send(vec![PUBACK, 2, id[0], id[1]]);
                    }
                }
                Fate::Tripled => {
                    // At most once: a copy is acknowledged by nobody.
                    let copy = without_id(&packet);
                    send(copy.clone())?;
                    send(packet)?;
                    send(copy)?;
                }
                Fate::Overtaken if held.is_none() => {
                    held = Some(packet);
                    continue;
                }
                Fate::Overtaken => send(packet)?,
            }
            held.take().map_or(Ok(()), send)?;
        }
    }

    fn judge(&self) -> Fate {
        let manners = *self.manners.lock().unwrap();
        let drawn = self.chance.lock().unwrap().below(100);
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::SeqCst);
        if drawn < manners.swallowed {
            count(&self.done.swallowed);
            Fate::Swallowed
        } else if drawn < manners.swallowed + manners.tripled {
            count(&self.done.tripled);
            Fate::Tripled
        } else if drawn < manners.swallowed + manners.tripled + manners.overtaken {
            count(&self.done.overtaken);
            Fate::Overtaken
        } else {
            Fate::Passes
        }
    }

    /// Head office's face for the agent, the agent's for head office, and where that is; nothing before both have papers.
    async fn papers(&self) -> Option<(TlsAcceptor, TlsConnector, String)> {
        let data = self.data.get()?.clone();
        tokio::task::spawn_blocking(move || {
            let report: Report =
                serde_json::from_str(&std::fs::read_to_string(data.join("demo.json")).ok()?).ok()?;
            let target = report.programs.into_iter().find_map(|program| program.mqtt)?;
            let identity = data.join("ST0001/agent/identity.json");
            let office = data.join("hq/ca/head-office.key");
            (identity.exists() && office.exists()).then_some(())?;
            Some((as_head_office(&data.join("hq/ca")), as_agent(&identity), target))
        })
        .await
        .ok()?
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    Swallowed,
    Tripled,
    Overtaken,
}

fn as_head_office(authority: &Path) -> TlsAcceptor {
    let papers = Papers::signed_by(authority, "head-office", "hq.juyu.internal");
    let (chain, key) = chain_and_key(&papers);
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn as_agent(identity: &Path) -> TlsConnector {
    let (chain, key) = chain_and_key(&Papers::of(identity));
    let config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_client_auth_cert(chain, key)
        .unwrap();
    TlsConnector::from(Arc::new(config))
}

fn chain_and_key(papers: &Papers) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain =
        CertificateDer::pem_file_iter(papers.file("chain.pem")).unwrap().map(Result::unwrap).collect();
    (chain, PrivateKeyDer::from_pem_file(papers.file("key.pem")).unwrap())
}

/// It knows whom it calls.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn write_all(
    mut to: WriteHalf<Box<dyn Duplex>>,
    mut packets: mpsc::UnboundedReceiver<Vec<u8>>,
) -> io::Result<()> {
    while let Some(packet) = packets.recv().await {
        to.write_all(&packet).await?;
        to.flush().await?;
    }
    Ok(())
}

/// A whole packet with its header.
async fn read_packet(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut packet = vec![from.read_u8().await?];
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = from.read_u8().await?;
        packet.push(byte);
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let header = packet.len();
    packet.resize(header + length, 0);
    from.read_exact(&mut packet[header..]).await?;
    Ok(packet)
}

/// Where the body begins.
fn body_of(packet: &[u8]) -> usize {
    1 + packet[1..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1
}

/// The place after the topic.
fn after_topic(packet: &[u8]) -> usize {
    let body = body_of(packet);
    body + 2 + usize::from(u16::from_be_bytes([packet[body], packet[body + 1]]))
}

/// The id of a message that somebody waits to hear of.
fn packet_id(packet: &[u8]) -> Option<[u8; 2]> {
    let at = after_topic(packet);
    (packet[0] & 0b0110 != 0).then(|| [packet[at], packet[at + 1]])
}

/// The same message as one that nobody waits to hear of.
fn without_id(packet: &[u8]) -> Vec<u8> {
    if packet_id(packet).is_none() {
        return packet.to_vec();
    }
    let (body, at) = (body_of(packet), after_topic(packet));
    let rest = [&packet[body..at], &packet[at + 2..]].concat();
    let mut copy = vec![packet[0] & !0b1110];
    let mut length = rest.len();
    loop {
        let low = u8::try_from(length % 128).unwrap();
        length /= 128;
        copy.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    copy.extend(rest);
    copy
}
