//! The door that devices come through: authorities, head office's own certificate, and the checks of both listeners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sync::Clock;
use sync::enrolment::Issuer;
use sync::listener::{ConnectionRate, LinkListener};
use sync::live::Live;
use sync_identity::verify::{KnownTime, PeerVerifier};
use sync_identity::{Credentials, tls};
use tokio::net::TcpListener;

use super::StartError;
use crate::authorities::{Authorities, SERVER_LIFETIME_MS};
use crate::config::Config;

/// Between two looks at the age of head office's own certificate.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Shared by the listeners of devices.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) issuer: Arc<Issuer>,
    pub(super) verifier: PeerVerifier,
    pub(super) live: Live,
    credentials: Arc<Credentials>,
    made_at_ms: i64,
}

impl Door {
    /// Opens or makes the authorities, and head office's own certificate.
    pub(super) fn open(config: &Config, clock: &Clock) -> Result<Self, StartError> {
        let now_ms = clock.wall_ms();
        let authorities = Authorities::open(&config.ca_dir(), now_ms)?;
        let roots = authorities.roots();
        let lifetimes = config.certificates.lifetimes();
        let of_clock = clock.clone();
        // Head office's clock is kept by its operators; devices set theirs by it.
        let time = Arc::new(move || KnownTime::Now(of_clock.wall_ms()));
        let refused = |why: String| StartError::Certificate(why);
        let verifier =
            PeerVerifier::new(&roots, time, lifetimes.grace_ms).map_err(|why| refused(why.to_string()))?;
        let pair = authorities.server(now_ms, SERVER_LIFETIME_MS).map_err(|why| refused(why.to_string()))?;
        let credentials = Credentials::new(&pair.key, vec![pair.certificate, roots.head_office])
            .map_err(|why| refused(why.to_string()))?;
        let Authorities { head_office, stations } = authorities;
        Ok(Self {
            issuer: Arc::new(Issuer::HeadOffice { head_office, stations, lifetimes }),
            verifier,
            live: Live::default(),
            credentials: Arc::new(credentials),
            made_at_ms: now_ms,
        })
    }

    /// Listens for devices at `addr`, the value of `key` in the configuration.
    pub(super) async fn listen(
        &self,
        key: &'static str,
        addr: SocketAddr,
        rate: Option<ConnectionRate>,
    ) -> Result<LinkListener, StartError> {
        let refused = |why: std::io::Error| StartError::Links { key, addr, why: why.to_string() };
        let tcp = TcpListener::bind(addr).await.map_err(refused)?;
        let tls = tls::server(Arc::clone(&self.credentials), self.verifier.clone())
            .map_err(|why| StartError::Certificate(why.to_string()))?;
        let (verifier, live) = (self.verifier.clone(), self.live.clone());
        LinkListener::start_at_rate(tcp, tls, verifier, live, rate).map_err(refused)
    }

    /// Replaces head office's own certificate at half of its life, for as long as it is awaited.
    pub(super) async fn keep_certified(mut self, clock: Clock) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now_ms = clock.wall_ms();
            if now_ms.saturating_sub(self.made_at_ms) < SERVER_LIFETIME_MS / 2 {
                continue;
            }
            match self.renew(now_ms) {
                Ok(()) => self.made_at_ms = now_ms,
                Err(why) => tracing::error!(why, "head office's own certificate was not renewed"),
            }
        }
    }

    fn renew(&self, now_ms: i64) -> Result<(), String> {
        let Issuer::HeadOffice { head_office, .. } = self.issuer.as_ref() else {
            return Err("head office has no authority".to_owned());
        };
        let pair = crate::authorities::server_pair(head_office, now_ms, SERVER_LIFETIME_MS)
            .map_err(|why| why.to_string())?;
        let chain = vec![pair.certificate, head_office.certificate().clone()];
        self.credentials.replace(&pair.key, chain).map_err(|why| why.to_string())
    }
}
