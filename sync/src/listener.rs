//! Taking TLS connections: a handshake that hangs delays nobody, and a connection can be cut from outside.

mod rate;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use sync_identity::certificate::{Certified, Standing};
use sync_identity::verify::PeerVerifier;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::live::{Live, Registration};
use rate::Gate;

pub use rate::ConnectionRate;

/// A handshake is two round trips; who takes longer than this is not on a network that could sell.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

/// Handshakes under way at most. Each costs some kilobytes for [`HANDSHAKE_WITHIN`] at the longest, so that a flood of
/// silent clients takes memory and never a place that another waits for.
const HANDSHAKES_MAX: usize = 8_192;

/// Whoever shows no certificate can only enrol, which takes a second or two: few at once, and none for long.
const STRANGERS_MAX: usize = 256;
const STRANGER_WITHIN: Duration = Duration::from_secs(30);

/// Connections that finished their handshake and were not taken yet.
const WAITING_MAX: usize = 256;

/// After the system refuses to accept (no file handles left), before the next try.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What the other end showed, checked by the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What its certificate says.
    pub certified: Certified,
    /// Whether it still held.
    pub standing: Standing,
}

/// The other end of a connection.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Where from.
    pub addr: SocketAddr,
    /// Its certificate, if it showed one.
    pub shown: Option<Shown>,
}

/// A listener whose connections are TLS; serve HTTP on it with axum, or [`LinkListener::accept_link`].
#[derive(Debug)]
pub struct LinkListener {
    accepted: mpsc::Receiver<(Cuttable, Caller)>,
    addr: SocketAddr,
    stop: CancellationToken,
}

impl Drop for LinkListener {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl LinkListener {
    /// Listens on `tcp` from now on. `verifier` is the one that `tls` checks with.
    ///
    /// # Errors
    /// The socket has no address.
    pub fn start(
        tcp: TcpListener,
        tls: rustls::ServerConfig,
        verifier: PeerVerifier,
        live: Live,
    ) -> io::Result<Self> {
        Self::start_at_rate(tcp, tls, verifier, live, None)
    }

    /// The same, and lets in no more connections than `rate` says, before their handshakes (R30).
    ///
    /// # Errors
    /// The socket has no address.
    pub fn start_at_rate(
        tcp: TcpListener,
        tls: rustls::ServerConfig,
        verifier: PeerVerifier,
        live: Live,
        rate: Option<ConnectionRate>,
    ) -> io::Result<Self> {
        let addr = tcp.local_addr()?;
        let (sender, accepted) = mpsc::channel(WAITING_MAX);
        let stop = CancellationToken::new();
        let door = Arc::new(Door {
            acceptor: TlsAcceptor::from(Arc::new(tls)),
            verifier,
            live,
            sender,
            handshakes: AtomicUsize::new(0),
            strangers: Arc::default(),
        });
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = take_all(&tcp, &door, rate.map(|rate| Gate::new(rate, Instant::now()))) => {}
                () = stopped.cancelled() => {}
            }
        });
        Ok(Self { accepted, addr, stop })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next connection; `None` when the listener has ended.
    pub async fn accept_link(&mut self) -> Option<(Cuttable, Caller)> {
        self.accepted.recv().await
    }
}

struct Door {
    acceptor: TlsAcceptor,
    verifier: PeerVerifier,
    live: Live,
    sender: mpsc::Sender<(Cuttable, Caller)>,
    handshakes: AtomicUsize,
    strangers: Arc<AtomicUsize>,
}

/// A connection that showed no certificate, counted until it is gone.
#[derive(Debug)]
struct Stranger(Arc<AtomicUsize>);

impl Stranger {
    /// `None` when there are too many. A stranger that stays is cut.
    fn admit(strangers: &Arc<AtomicUsize>, cut: &CancellationToken) -> Option<Self> {
        let before = strangers.fetch_add(1, Ordering::Relaxed);
        let stranger = Self(Arc::clone(strangers));
        let cut = cut.clone();
        (before < STRANGERS_MAX).then(|| {
            tokio::spawn(async move {
                tokio::time::sleep(STRANGER_WITHIN).await;
                cut.cancel();
            });
            stranger
        })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A handshake under way, counted until this is dropped, however the handshake ends.
struct Handshake {
    door: Arc<Door>,
}

impl Handshake {
    /// `None` when there are too many.
    fn begin(door: &Arc<Door>) -> Option<Self> {
        let before = door.handshakes.fetch_add(1, Ordering::Relaxed);
        let begun = Self { door: Arc::clone(door) };
        (before < HANDSHAKES_MAX).then_some(begun)
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.door.handshakes.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn take_all(tcp: &TcpListener, door: &Arc<Door>, mut gate: Option<Gate>) {
    loop {
        match tcp.accept().await {
            Ok((socket, addr)) => {
                if gate.as_mut().is_some_and(|gate| !gate.admits(Instant::now())) {
                    continue;
                }
                let Some(handshake) = Handshake::begin(door) else { continue };
                tokio::spawn(async move {
                    let greeted = handshake.door.greet(socket, addr).await;
                    let sender = handshake.door.sender.clone();
                    drop(handshake);
                    if let Some(connection) = greeted {
                        // Nobody takes connections any more when the program ends.
                        let _ = sender.send(connection).await;
                    }
                });
            }
            Err(why) => {
                tracing::warn!(%why, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

impl Door {
    async fn greet(&self, socket: TcpStream, addr: SocketAddr) -> Option<(Cuttable, Caller)> {
        // Small messages both ways: waiting to fill a packet would cost more than it saves.
        let _ = socket.set_nodelay(true);
        let stream = match tokio::time::timeout(HANDSHAKE_WITHIN, self.acceptor.accept(socket)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(why)) => {
                tracing::debug!(%addr, %why, "a handshake failed");
                return None;
            }
            Err(_) => return None,
        };
        let chain = stream.get_ref().1.peer_certificates();
        let shown = match chain {
            None => None,
            // The handshake checked it; should it not read now, nobody is let in by it.
            Some(chain) => {
                let (certified, standing) = self.verifier.peer(chain)?;
                Some(Shown { certified, standing })
            }
        };
        let cut = CancellationToken::new();
        let registration = shown
            .as_ref()
            .map(|shown| self.live.register(shown.certified.clone(), shown.standing, cut.clone()));
        let stranger = match &shown {
            Some(_) => None,
            None => Some(Stranger::admit(&self.strangers, &cut)?),
        };
        let connection = Cuttable {
            stream,
            cut: Box::pin(cut.cancelled_owned()),
            is_cut: false,
            _registration: registration,
            _stranger: stranger,
        };
        Some((connection, Caller { addr, shown }))
    }
}

/// A TLS connection that ends when its device is revoked.
#[derive(Debug)]
pub struct Cuttable {
    stream: TlsStream<TcpStream>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    is_cut: bool,
    _registration: Option<Registration>,
    _stranger: Option<Stranger>,
}

impl Cuttable {
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.is_cut && self.cut.as_mut().poll(context).is_ready() {
            self.is_cut = true;
        }
        if self.is_cut { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever holds a connection reads it, so a cut is noticed here even when nothing arrives.
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl axum::serve::Listener for LinkListener {
    type Io = Cuttable;
    type Addr = Caller;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Caller { addr: self.addr, shown: None })
    }
}

impl Connected<IncomingStream<'_, LinkListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, LinkListener>) -> Self {
        stream.remote_addr().clone()
    }
}
