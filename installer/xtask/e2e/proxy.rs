//! A TCP link that a test can cut and heal.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use xtask::demo::Report;

/// Listens at once, so that its address can be configured before its target exists.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    report: OnceLock<PathBuf>,
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
        self.state.report.set(data.join("demo.json")).unwrap();
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
    fn broker(&self) -> Option<String> {
        let report = std::fs::read_to_string(self.report.get()?).ok()?;
        let report: Report = serde_json::from_str(&report).ok()?;
        report.programs.into_iter().find_map(|program| program.mqtt)
    }

    fn join(&self, near: TcpStream) -> io::Result<()> {
        let Some(target) = self.broker() else {
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
