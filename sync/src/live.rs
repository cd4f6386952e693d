//! Connections that are open now, so that a revoked device is cut and not only refused next time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sync_identity::Certified;
use sync_identity::certificate::Standing;
use sync_identity::verify::PeerVerifier;
use tokio_util::sync::CancellationToken;

use crate::device::Devices;

/// Between two looks at the register; a revoked device's connection is cut within this.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Open connections that showed a certificate.
#[derive(Debug, Clone, Default)]
pub struct Live {
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, (Certified, Standing, CancellationToken)>,
}

/// Takes a connection off the list when it is gone.
#[derive(Debug)]
pub struct Registration {
    live: Live,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Ok(mut open) = self.live.open.lock() {
            open.connections.remove(&self.number);
        }
    }
}

impl Live {
    /// Notes a connection with how its certificate stood when it began; `cut` ends it.
    #[must_use]
    pub fn register(&self, certified: Certified, began: Standing, cut: CancellationToken) -> Registration {
        let mut number = 0;
        if let Ok(mut open) = self.open.lock() {
            number = open.next;
            open.next = open.next.wrapping_add(1);
            open.connections.insert(number, (certified, began, cut));
        }
        Registration { live: self.clone(), number }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.lock().map_or(0, |open| open.connections.len())
    }

    /// Ends the connections whose device is not let in any more, or whose certificate ended; returns how many.
    pub async fn sweep(&self, devices: &Devices, verifier: &PeerVerifier) -> usize {
        let connections: Vec<(Certified, Standing, CancellationToken)> =
            self.open.lock().map(|open| open.connections.values().cloned().collect()).unwrap_or_default();
        let shown = connections.iter().map(|(certified, ..)| certified.clone()).collect();
        let turned_out = match devices.turned_out(shown).await {
            Ok(turned_out) => turned_out,
            Err(why) => {
                tracing::error!(%why, "the register of devices could not be read; connections stay");
                return 0;
            }
        };
        let mut cut = 0;
        for ((certified, began, token), turned_out) in connections.into_iter().zip(turned_out) {
            // Who shows a certificate that ended may still be renewing it; each request is judged by itself.
            let holds =
                verifier.standing_of(&certified).is_some_and(|now| now == began || now == Standing::Valid);
            if turned_out || !holds {
                tracing::info!(station = %certified.subject.station, device = %certified.subject.device, "a connection is cut: its device is revoked, was enrolled again, or its certificate ended");
                token.cancel();
                cut += 1;
            }
        }
        cut
    }

    /// Sweeps from time to time, for as long as it is awaited.
    pub async fn keep_swept(self, devices: Devices, verifier: PeerVerifier) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.sweep(&devices, &verifier).await;
        }
    }
}
