//! A TCP link whose bytes are counted, and which can be cut in the middle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A counted link.
pub struct Wire {
    pub addr: SocketAddr,
    state: Arc<State>,
}

struct State {
    up_len: AtomicU64,
    down_len: AtomicU64,
    /// When so many bytes came down, the link breaks and stays broken.
    cut_at_len: AtomicU64,
    broken: AtomicBool,
    cut: watch::Sender<bool>,
}

impl Wire {
    /// A link to `to` that breaks after `cut_at_len` bytes down.
    pub async fn to(to: String, cut_at_len: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State {
            up_len: AtomicU64::new(0),
            down_len: AtomicU64::new(0),
            cut_at_len: AtomicU64::new(cut_at_len),
            broken: AtomicBool::new(false),
            cut: watch::Sender::new(false),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if shared.broken.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&to).await else { continue };
                // Held back for company, as the system would, each answer would wait for an acknowledgement of 40 ms.
                if near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).is_err() {
                    continue;
                }
                tokio::spawn(carry_both(near, far, Arc::clone(&shared)));
            }
        });
        Ok(Self { addr, state })
    }

    /// Bytes up and down so far.
    pub fn lens(&self) -> (u64, u64) {
        (self.state.up_len.load(Ordering::SeqCst), self.state.down_len.load(Ordering::SeqCst))
    }

    pub fn is_broken(&self) -> bool {
        self.state.broken.load(Ordering::SeqCst)
    }

    /// Takes connections again, for ever.
    pub fn heal(&self) {
        self.state.cut_at_len.store(u64::MAX, Ordering::SeqCst);
        self.state.cut.send_replace(false);
        self.state.broken.store(false, Ordering::SeqCst);
    }
}

async fn carry_both(near: TcpStream, far: TcpStream, state: Arc<State>) {
    let mut cut = state.cut.subscribe();
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = carry(near_read, far_write, |len| { state.up_len.fetch_add(len, Ordering::SeqCst); }) => {}
        () = carry(far_read, near_write, |len| {
            let down_len = state.down_len.fetch_add(len, Ordering::SeqCst) + len;
            if down_len >= state.cut_at_len.load(Ordering::SeqCst) {
                state.broken.store(true, Ordering::SeqCst);
                state.cut.send_replace(true);
            }
        }) => {}
        _ = cut.wait_for(|cut| *cut) => {}
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, count: impl Fn(u64)) {
    let mut buffer = vec![0; 16 * 1_024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        count(u64::try_from(read).unwrap_or(0));
        if to.write_all(buffer.get(..read).unwrap_or_default()).await.is_err() {
            return;
        }
    }
}
