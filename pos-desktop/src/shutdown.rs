//! Being asked to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Comes back when the system asks the program to stop (SIGTERM, SIGINT).
///
/// # Errors
/// The system does not let the program listen for signals.
pub async fn requested() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
