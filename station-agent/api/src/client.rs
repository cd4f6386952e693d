//! The typed client of the LAN API. It keeps no state but its connections; asking again is the caller's decision.

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_identity::tls::ClientConfig;

use crate::problem::Problem;
use crate::{
    ConfirmDelivery, Delivery, Device, DeviceKind, EnrolmentCode, ImportedJournal, JournalRow, OpenCode,
    Overview, PlaceOrder, Product, QuarantineEntry, QuarantineRow, Replayed, RevokeDevice, SetUp, SetupState,
    StationOrder, paths,
};

mod error;
mod key;

pub use error::{ClientError, Refusal};
pub use key::IdempotencyKey;

/// Longest wait for a TCP connection: the agent is in the same building, so silence this long means it is gone.
const CONNECT_TIME_MAX: Duration = Duration::from_millis(1_500);
/// Longest wait for a whole reply; also the longest that a screen shows an old state as current.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest wait while the agent enrols itself at head office.
const SET_UP_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest wait while a journal is imported: each of its batches is a commit.
const IMPORT_TIME_MAX: Duration = Duration::from_secs(300);
/// Largest reply that is read, in bytes: 20,000 products of 300 bytes fit, a runaway reply does not fill the memory.
pub const REPLY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most of a reply's announced length that is reserved before bytes arrive.
const REPLY_BYTES_RESERVED_MAX: usize = 64 * 1024;

/// A station agent, reached over the station's LAN.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
    /// On the loopback interface; over TLS the certificate says who asks.
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Client {
    /// Leaves the token out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for the agent on this machine, at its loopback address (`http://127.0.0.1:7100`), with the API token.
    ///
    /// # Errors
    /// [`ClientError::Settings`] when the address is not an `http` one on the loopback interface, or the token cannot
    /// stand in a header.
    pub fn local(base_url: &str, token: &str) -> Result<Self, ClientError> {
        let base_url = Url::parse(base_url.trim())
            .ok()
            .filter(|url| url.scheme() == "http" && url.host_str().is_some_and(is_loopback))
            .ok_or(ClientError::Settings {
                what: "the agent's local address is not of the form http://127.0.0.1:port",
            })?;
        let token = token.trim();
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
            .ok()
            .filter(|_| !token.is_empty())
            .ok_or(ClientError::Settings {
                what: "the API token is empty or holds characters a header cannot carry",
            })?;
        authorization.set_sensitive(true);
        let http = builder().build().map_err(ClientError::Unreachable)?;
        Ok(Self { http, base_url, authorization: Some(authorization) })
    }

    /// A client for the agent at `base_url` (`https://10.0.0.2:7101`), over TLS with a back office's certificate.
    ///
    /// # Errors
    /// [`ClientError::Settings`] when the address is not an `https` one.
    pub fn secure(base_url: &str, tls: ClientConfig) -> Result<Self, ClientError> {
        let base_url = secure_url(base_url)?;
        let http = builder().https_only(true).tls_backend_preconfigured(tls).build();
        Ok(Self { http: http.map_err(ClientError::Unreachable)?, base_url, authorization: None })
    }

    /// The address this client talks to.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.base_url.as_str()
    }

    /// Stock, sales, terminals and links now.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn overview(&self) -> Result<Overview, ClientError> {
        self.get(self.url(paths::OVERVIEW)).await
    }

    /// Expected and confirmed deliveries.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn deliveries(&self) -> Result<Vec<Delivery>, ClientError> {
        self.get(self.url(paths::DELIVERIES)).await
    }

    /// Takes a delivery into stock with the measured quantity.
    ///
    /// # Errors
    /// Any [`ClientError`]; after [`ClientError::Unreachable`] it is unknown whether the agent recorded it: ask again
    /// with the same key.
    pub async fn confirm_delivery(
        &self,
        order_id: &str,
        confirm: ConfirmDelivery,
        key: &IdempotencyKey,
    ) -> Result<Delivery, ClientError> {
        self.post(self.url_of_order(paths::DELIVERY_CONFIRM, order_id), &confirm, key).await
    }

    /// Orders of this station.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn orders(&self) -> Result<Vec<StationOrder>, ClientError> {
        self.get(self.url(paths::ORDERS)).await
    }

    /// Asks HQ for a product; works while HQ is away.
    ///
    /// # Errors
    /// Any [`ClientError`]; after [`ClientError::Unreachable`] ask again with the same key.
    pub async fn place_order(
        &self,
        order: &PlaceOrder,
        key: &IdempotencyKey,
    ) -> Result<StationOrder, ClientError> {
        self.post(self.url(paths::ORDERS), order, key).await
    }

    /// The station's product master.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn products(&self) -> Result<Vec<Product>, ClientError> {
        self.get(self.url(paths::PRODUCTS)).await
    }

    /// The newest `limit` facts stored at the agent.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn journal(&self, limit: u32) -> Result<Vec<JournalRow>, ClientError> {
        let mut url = self.url(paths::JOURNAL);
        url.query_pairs_mut().append_pair("limit", &limit.to_string());
        self.get(url).await
    }

    /// Whether the agent is enrolled; on the loopback interface only.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn setup_state(&self) -> Result<SetupState, ClientError> {
        self.get(self.url(paths::SETUP)).await
    }

    /// Enrols the agent with head office's code; on the loopback interface only.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn set_up(&self, code: &str) -> Result<SetupState, ClientError> {
        let request = self.http.request(Method::POST, self.url(paths::SETUP));
        // Head office answers in between, over a line that may be slow.
        self.send(request.timeout(SET_UP_TIME_MAX).json(&SetUp { code: code.to_owned() })).await
    }

    /// Tills, back offices and the agent itself.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn devices(&self) -> Result<Vec<Device>, ClientError> {
        self.get(self.url(paths::DEVICES)).await
    }

    /// Entries set aside, those that wait first.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn quarantine(&self) -> Result<Vec<QuarantineRow>, ClientError> {
        self.get(self.url(paths::QUARANTINE)).await
    }

    /// One of them, with its bytes.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn quarantined(&self, key: &str) -> Result<QuarantineEntry, ClientError> {
        self.get(self.url_of(paths::QUARANTINE_ENTRY, "{key}", key)).await
    }

    /// Tries one of them again. That it still fails is an answer, with the new reason.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn replay(&self, key: &str) -> Result<QuarantineEntry, ClientError> {
        self.send(self.http.request(Method::POST, self.url_of(paths::QUARANTINE_ENTRY_REPLAY, "{key}", key)))
            .await
    }

    /// Tries everything again that waits.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn replay_all(&self) -> Result<Replayed, ClientError> {
        self.send(self.http.request(Method::POST, self.url(paths::QUARANTINE_REPLAY))).await
    }

    /// A code for a till (with its number) or a back office.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn enrolment_code(
        &self,
        kind: DeviceKind,
        terminal: Option<u16>,
    ) -> Result<EnrolmentCode, ClientError> {
        let request = self.http.request(Method::POST, self.url(paths::ENROLMENT_CODES));
        self.send(request.json(&OpenCode { kind, terminal })).await
    }

    /// Ends what a device may do; `override_pending` also when entries of it have not reached head office.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn revoke_device(
        &self,
        device_id: &str,
        reason: &str,
        override_pending: bool,
    ) -> Result<Device, ClientError> {
        let url = self.url_of(paths::DEVICE_REVOKE, "{device_id}", device_id);
        let body = RevokeDevice { reason: reason.to_owned(), override_pending };
        self.send(self.http.request(Method::POST, url).json(&body)).await
    }

    /// Imports a file of a journal; on the loopback interface only.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn import_journal(&self, file: Vec<u8>) -> Result<ImportedJournal, ClientError> {
        let request = self.http.request(Method::POST, self.url(paths::JOURNAL_IMPORT));
        self.send(request.timeout(IMPORT_TIME_MAX).body(file)).await
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(path);
        url
    }

    fn url_of_order(&self, path: &str, order_id: &str) -> Url {
        self.url_of(path, "{order_id}", order_id)
    }

    /// `path` with its one `place` filled in; the id is escaped, so it stays one segment.
    fn url_of(&self, path: &str, place: &str, id: &str) -> Url {
        let mut url = self.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear();
            for segment in path.split('/').skip(1) {
                segments.push(if segment == place { id } else { segment });
            }
        }
        url
    }

    async fn get<T: DeserializeOwned>(&self, url: Url) -> Result<T, ClientError> {
        self.send(self.http.request(Method::GET, url)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        url: Url,
        body: &impl Serialize,
        key: &IdempotencyKey,
    ) -> Result<T, ClientError> {
        self.send(
            self.http
                .request(Method::POST, url)
                .header(paths::IDEMPOTENCY_KEY_HEADER, key.as_str())
                .json(body),
        )
        .await
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let request = match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        };
        understand(request.send().await.map_err(ClientError::Unreachable)?).await
    }
}

/// Reads a reply: what was promised, or the problem.
pub(crate) async fn understand<T: DeserializeOwned>(reply: reqwest::Response) -> Result<T, ClientError> {
    let status = reply.status().as_u16();
    let success = reply.status().is_success();
    let is_json = reply
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/") && value.contains("json"));
    let body = read_limited(reply).await?;
    if success {
        return serde_json::from_slice(&body).map_err(ClientError::NotJson);
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) if is_json => Err(ClientError::Refused(Box::new(Refusal { status, problem }))),
        Ok(_) | Err(_) => Err(ClientError::UnexpectedStatus { status }),
    }
}

/// Short waits, no proxy, no redirect: the agent is in the same building.
fn builder() -> reqwest::ClientBuilder {
    sync_identity::tls::use_one_provider();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .timeout(REQUEST_TIME_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An `https` address of an agent or of head office.
pub(crate) fn secure_url(text: &str) -> Result<Url, ClientError> {
    let url = Url::parse(text.trim()).ok().filter(|url| url.scheme() == "https" && url.has_host());
    url.ok_or(ClientError::Settings { what: "the address is not of the form https://host:port" })
}

/// Reads the body to its end, or stops at [`REPLY_BYTES_MAX`] whatever length was announced.
async fn read_limited(mut reply: reqwest::Response) -> Result<Vec<u8>, ClientError> {
    let announced = reply.content_length().unwrap_or(0);
    if announced > u64::try_from(REPLY_BYTES_MAX).unwrap_or(u64::MAX) {
        return Err(ClientError::TooLarge { limit_bytes: REPLY_BYTES_MAX });
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(REPLY_BYTES_RESERVED_MAX));
    while let Some(chunk) = reply.chunk().await.map_err(ClientError::Unreachable)? {
        if body.len().saturating_add(chunk.len()) > REPLY_BYTES_MAX {
            return Err(ClientError::TooLarge { limit_bytes: REPLY_BYTES_MAX });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
