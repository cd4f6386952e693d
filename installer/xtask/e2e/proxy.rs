//! A TCP link that a test can cut and heal.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use xtask::demo::{Kind, Program, Report};

/// An address of a program, if it is the one that is meant.
type Destination = fn(Program) -> Option<String>;

/// Listens at once, so that its address can be configured before its target exists.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    target: OnceLock<(PathBuf, Destination)>,
    cut: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = shared.join(stream);
            }
        });
        Self { address, state }
    }

    /// Leads to the broker of the HQ whose fleet reports in this folder, once there is one.
    pub fn lead_to_hq_of(&self, data: &Path) {
        self.lead(data, |program| program.mqtt);
    }

    /// Leads to where that HQ's devices enrol and renew.
    pub fn lead_to_links_of(&self, data: &Path) {
        self.lead(data, |program| program.link.filter(|_| program.kind == Kind::Hq));
    }

    fn lead(&self, data: &Path, of: Destination) {
        assert!(self.state.target.set((data.join("demo.json"), of)).is_ok(), "a proxy leads to one place");
    }

    /// Ends every connection and takes no new one.
    pub fn cut(&self) {
        self.state.cut.store(true, Ordering::SeqCst);
        for stream in self.state.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub fn heal(&self) {
        self.state.cut.store(false, Ordering::SeqCst);
    }
}

impl State {
    fn target(&self) -> Option<String> {
        let (report, of) = self.target.get()?;
        let report = std::fs::read_to_string(report).ok()?;
        let report: Report = serde_json::from_str(&report).ok()?;
        report.programs.into_iter().find_map(of)
    }

    fn join(&self, near: TcpStream) -> io::Result<()> {
        let Some(target) = self.target() else {
            return Ok(());
        };
        if self.cut.load(Ordering::SeqCst) {
            return Ok(());
        }
        let far = TcpStream::connect(target)?;
        let mut streams = self.streams.lock().unwrap();
        streams.extend([near.try_clone()?, far.try_clone()?]);
        drop(streams);
        copy(near.try_clone()?, far.try_clone()?);
        copy(far, near);
        Ok(())
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
