//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for the system asking the program to stop (SIGTERM, SIGINT).
#[derive(Debug)]
pub struct Asked {
    terminate: Signal,
    interrupt: Signal,
}

impl Asked {
    /// Listens from now on: a signal that comes earlier ends the program on the spot.
    ///
    /// # Errors
    /// The system does not let the program listen for signals.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Comes back when the program is asked.
    pub async fn to_stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Comes back when the system asks the program to stop.
///
/// # Errors
/// The system does not let the program listen for signals.
pub async fn requested() -> std::io::Result<()> {
    Asked::listen()?.to_stop().await;
    Ok(())
}
