//! HTTPS: a till to its agent, and the second way from an agent to HQ.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use rustls::ClientConfig;
use sync_proto::wire::MESSAGE_LEN_MAX;
use tokio::sync::watch;

use super::{Link, LinkError, LinkFuture, REPLY_WITHIN};

/// Path that answers messages.
pub const SYNC_PATH: &str = "/sync";

/// A link over HTTP; connections are kept open between requests.
#[derive(Clone)]
pub struct HttpLink {
    shared: Arc<Shared>,
}

struct Shared {
    client: reqwest::Client,
    base: String,
    up: watch::Sender<bool>,
    pokes: watch::Sender<u64>,
}

impl std::fmt::Debug for HttpLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpLink").field("base", &self.shared.base).finish_non_exhaustive()
    }
}

impl HttpLink {
    /// A link to the server at `base` (`https://host:port`); `tls` shows who we are and checks who they are.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(base: &str, tls: ClientConfig) -> Result<Self, LinkError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .https_only(true)
            .tls_backend_preconfigured(tls)
            .connect_timeout(Duration::from_secs(2))
            .build();
        let client =
            client.map_err(|why| LinkError::Down { upstream: base.to_owned(), why: why.to_string() })?;
        let shared = Shared {
            client,
            base: base.trim_end_matches('/').to_owned(),
            up: watch::Sender::new(false),
            pokes: watch::Sender::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Link for HttpLink {
    fn request(&self, message: Vec<u8>, wait_ms: u32) -> LinkFuture {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let reply = shared.ask(message, wait_ms).await;
            // A refusal came from somebody: the link is up, whatever it thinks of the message. Who does not let us in at
            // all might as well not be there; a screen must not call that connected.
            let up = matches!(reply, Ok(_) | Err(LinkError::Refused { .. }));
            shared.up.send_if_modified(|was| std::mem::replace(was, up) != up);
            reply
        })
    }

    fn up(&self) -> watch::Receiver<bool> {
        self.shared.up.subscribe()
    }

    fn pokes(&self) -> watch::Receiver<u64> {
        self.shared.pokes.subscribe()
    }
}

impl Shared {
    async fn ask(&self, message: Vec<u8>, wait_ms: u32) -> Result<Vec<u8>, LinkError> {
        let within = REPLY_WITHIN + Duration::from_millis(u64::from(wait_ms));
        let upstream = || self.base.clone();
        let failed = |why: reqwest::Error| {
            if why.is_timeout() {
                LinkError::Late { upstream: upstream(), within_ms: within.as_millis() }
            } else {
                LinkError::Down { upstream: upstream(), why: why.without_url().to_string() }
            }
        };
        let mut response = self
            .client
            .post(format!("{}{SYNC_PATH}?wait_ms={wait_ms}", self.base))
            .timeout(within)
            .body(message)
            .send()
            .await
            .map_err(failed)?;
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(LinkError::NotAdmitted { upstream: upstream(), status: response.status().as_u16() });
        }
        if response.status() != StatusCode::OK {
            return Err(LinkError::Refused { upstream: upstream(), why: response.status().to_string() });
        }
        let mut reply = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if reply.len() + chunk.len() > MESSAGE_LEN_MAX {
                return Err(LinkError::TooLong { upstream: upstream() });
            }
            reply.extend_from_slice(&chunk);
        }
        Ok(reply)
    }
}
