//! Belonging, from the device's side: using a code, and renewing what it brought. The same for an agent at head
//! office and for tills and back offices at their agent.

use std::io::{BufRead as _, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sync_identity::authority;
use sync_identity::exchange::{ENROL_PATH, Enrol, Issued, Place, RENEW_PATH, Renew};
use sync_identity::subject::{Kind, agent_name};
use sync_identity::verify::{KnownTime, ServerCheck, TimeSource};
use sync_identity::{CodeError, Credentials, EnrolmentCode, Identity, IdentityError, tls};
use sync_proto::DeviceId;
use tokio::sync::watch;

use crate::client::{secure_url, understand};
use crate::{ClientError, ErrorCode};

/// Longest wait for a connection: head office may be behind a mobile line.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the whole.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Longest line that is read for a code.
const CODE_LINE_LEN_MAX: u64 = 256;

/// Between two looks at a certificate's age: a twentieth of its life, within these.
const LOOK_MIN: Duration = Duration::from_millis(500);
const LOOK_MAX: Duration = Duration::from_secs(3_600);
/// While the link is down, whatever the certificate's age: it may be refused for a reason that only a renewal mends.
const LOOK_DOWN: Duration = Duration::from_secs(10);

/// Why a device does not belong.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// What was typed is no code.
    #[error("{0}; type it again")]
    Code(#[from] CodeError),
    /// The server is not of the authority that the code was made for.
    #[error(
        "the server at {0} is not the one that this code was made for: check the address, and that nobody stands in between"
    )]
    WrongAuthority(String),
    /// No answer, a refusal, or no sense in it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The answer cannot be used.
    #[error("the answer cannot be used: {0}; bring both programs to versions that fit together")]
    Answer(String),
    /// The code was made for another device; it is used up now.
    #[error("{0}; ask for a code of the right kind and place")]
    OtherPlace(String),
    /// The identity cannot be kept.
    #[error(transparent)]
    File(#[from] IdentityError),
    /// A key or a TLS setting could not be made.
    #[error("{0}")]
    Key(String),
}

impl EnrolError {
    /// What a screen matches on; an unreachable server is `NotReady`.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Code(_) => ErrorCode::CodeMistyped,
            Self::WrongAuthority(_) => ErrorCode::WrongAuthority,
            Self::Client(why) if why.is_unreachable() => ErrorCode::NotReady,
            Self::Client(why) => why.problem().map_or(ErrorCode::Internal, |problem| problem.code),
            Self::OtherPlace(_) => ErrorCode::OtherDevice,
            Self::Answer(_) | Self::Key(_) => ErrorCode::Internal,
            Self::File(_) => ErrorCode::StorageFailed,
        }
    }

    /// Nobody answered.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Client(ClientError::Unreachable(_)))
    }
}

/// The code of a command: as its argument, or, so that no list of processes shows it, typed as one line.
///
/// # Errors
/// There is no line to read.
pub fn code_of(argument: Option<String>) -> std::io::Result<String> {
    match argument.filter(|code| code != "-") {
        Some(code) => Ok(code),
        None => {
            let mut line = String::new();
            std::io::stdin().lock().take(CODE_LINE_LEN_MAX).read_line(&mut line)?;
            Ok(line.trim().to_owned())
        }
    }
}

/// Who enrols, and so whom it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicant {
    /// An agent, at head office; it gets its station's authority too.
    Agent,
    /// A till or a back office, at its station's agent.
    OfStation,
}

/// Uses a code at `base_url` (`https://host:port`). `device` is the id of an existing database.
///
/// # Errors
/// See [`EnrolError`]. Nothing was written.
pub async fn enrol(
    base_url: &str,
    code: &str,
    applicant: Applicant,
    device: Option<DeviceId>,
) -> Result<(Identity, Place), EnrolError> {
    let code = EnrolmentCode::parse(code)?;
    let check = match applicant {
        Applicant::Agent => {
            ServerCheck::head_office_fitting(code.clone()).map_err(|why| EnrolError::Key(why.to_string()))?
        }
        Applicant::OfStation => ServerCheck::agent_fitting(code.clone()),
    };
    let keys = Keys::new(applicant == Applicant::Agent)?;
    let asked = Enrol {
        code_id: code.id(),
        secret: code.secret(),
        device,
        request: keys.request.clone(),
        authority_request: keys.authority.as_ref().map(|(_, request)| request.clone()),
    };
    let issued: Issued = post(base_url, ENROL_PATH, None, check, &asked).await?;
    let place = issued.station.clone();
    let identity = keys.identity(issued)?;
    let issuer = match applicant {
        Applicant::Agent => Ok(sync_identity::subject::HEAD_OFFICE.to_owned()),
        Applicant::OfStation => agent_name(&identity.certified().subject.station),
    };
    if !issuer.is_ok_and(|issuer| code.fits(&identity.roots().head_office, &issuer)) {
        return Err(EnrolError::WrongAuthority(base_url.to_owned()));
    }
    let is_agent = identity.certified().subject.kind == Kind::Agent;
    if is_agent != (applicant == Applicant::Agent) || identity.certified().subject.station != place.code {
        return Err(EnrolError::Answer("the certificate is of another kind of device".to_owned()));
    }
    Ok((identity, place))
}

/// The next identity of a device.
///
/// # Errors
/// See [`EnrolError`]; the present one stays as it is.
pub async fn renew(base_url: &str, identity: &Identity, time: TimeSource) -> Result<Identity, EnrolError> {
    let credentials = identity.credentials().map_err(|why| EnrolError::Key(why.to_string()))?;
    let check = server_of(identity, time)?;
    let keys = Keys::new(identity.authority().is_some())?;
    let asked = Renew {
        request: keys.request.clone(),
        authority_request: keys.authority.as_ref().map(|(_, request)| request.clone()),
    };
    let next = keys.identity(post(base_url, RENEW_PATH, Some(credentials), check, &asked).await?)?;
    let same = next.roots() == identity.roots() && next.certified().subject == identity.certified().subject;
    if same { Ok(next) } else { Err(EnrolError::Answer("the certificate is of another device".to_owned())) }
}

/// The check of the server that a device talks to: an agent's is head office, the others' is their agent.
///
/// # Errors
/// Never with an identity that was read.
pub fn server_of(identity: &Identity, time: TimeSource) -> Result<ServerCheck, EnrolError> {
    let subject = &identity.certified().subject;
    match subject.kind {
        Kind::Agent => head_office_of(identity, time),
        Kind::Till(_) | Kind::Office => {
            let name = agent_name(&subject.station).map_err(|why| EnrolError::Key(why.to_string()))?;
            server_named(identity, &name, time)
        }
    }
}

/// The check of head office, for a till that talks to it while its agent is away.
///
/// # Errors
/// Never with an identity that was read.
pub fn head_office_of(identity: &Identity, time: TimeSource) -> Result<ServerCheck, EnrolError> {
    server_named(identity, sync_identity::subject::HEAD_OFFICE, time)
}

fn server_named(identity: &Identity, name: &str, time: TimeSource) -> Result<ServerCheck, EnrolError> {
    let check = ServerCheck::known(&identity.roots().head_office, name, time);
    check.map_err(|why| EnrolError::Key(why.to_string()))
}

/// Keeps an identity renewed.
pub struct Renewal {
    /// Where to ask.
    pub base_url: String,
    /// What the links show now.
    pub credentials: Arc<Credentials>,
    /// What is known of the time.
    pub time: TimeSource,
    /// The system's clock, milliseconds since 1970 UTC.
    pub wall_ms: fn() -> i64,
    /// Whether the link that needs the certificate is up.
    pub up: watch::Receiver<bool>,
    /// Told of each new identity.
    pub renewed: Box<dyn Fn(&Identity) + Send + Sync>,
}

impl std::fmt::Debug for Renewal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renewal").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Renewal {
    /// Renews `identity`, kept at `path`, whenever it is due, for as long as it is awaited.
    pub async fn keep(self, path: &Path, mut identity: Identity) {
        let mut down_pause = LOOK_DOWN;
        loop {
            if *self.up.borrow() {
                down_pause = LOOK_DOWN;
            }
            tokio::time::sleep(self.pause(&identity, down_pause)).await;
            if !self.is_due(&identity) {
                continue;
            }
            // A link may be down for many reasons that no certificate mends: asking grows rarer.
            down_pause = jittered(down_pause.saturating_mul(2).min(LOOK_MAX), self.wall_ms);
            match renew(&self.base_url, &identity, Arc::clone(&self.time)).await {
                Ok(next) => match self.take(path, &next) {
                    Ok(()) => {
                        tracing::info!(
                            ends_at_ms = next.certified().window.until_ms,
                            "the certificate was renewed"
                        );
                        identity = next;
                    }
                    Err(why) => tracing::error!(why, "a renewed certificate could not be kept"),
                },
                Err(why) if why.code() == ErrorCode::NotDue || why.is_unreachable() => {
                    tracing::debug!(%why, "the certificate was not renewed now");
                }
                Err(why) => tracing::warn!(%why, "the certificate was not renewed; trying again"),
            }
        }
    }

    fn pause(&self, identity: &Identity, down_pause: Duration) -> Duration {
        let certified = identity.certified();
        let life_ms = certified.window.until_ms.saturating_sub(certified.issued_at_ms);
        let life_ms = u64::try_from(life_ms).unwrap_or(0);
        let pause = Duration::from_millis(life_ms / 20).clamp(LOOK_MIN, LOOK_MAX);
        if *self.up.borrow() { pause } else { pause.min(down_pause) }
    }

    /// By either clock, or because the link is down: whoever issues refuses what is not due.
    fn is_due(&self, identity: &Identity) -> bool {
        let half_ms = identity.certified().half_life_ms();
        let known_ms = match (self.time)() {
            KnownTime::Now(ms) | KnownTime::AtLeast(ms) => ms,
        };
        known_ms >= half_ms || (self.wall_ms)() >= half_ms || !*self.up.borrow()
    }

    fn take(&self, path: &Path, next: &Identity) -> Result<(), String> {
        let kept = Identity::read(path).map(|kept| kept.certified().subject.generation);
        if kept.is_ok_and(|kept| kept > next.certified().subject.generation) {
            return Err("the device was enrolled again meanwhile".to_owned());
        }
        next.write(path).map_err(|why| why.to_string())?;
        next.show_on(&self.credentials).map_err(|why| why.to_string())?;
        (self.renewed)(next);
        Ok(())
    }
}

/// Between three quarters and the whole of `pause`: devices that lost the same server do not ask at one moment.
fn jittered(pause: Duration, wall_ms: fn() -> i64) -> Duration {
    let spread =
        u32::try_from(wall_ms().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56).unwrap_or(0);
    pause - pause / 4 * spread / 256
}

/// New keys with their requests.
struct Keys {
    key: String,
    request: String,
    authority: Option<(String, String)>,
}

impl Keys {
    fn new(with_authority: bool) -> Result<Self, EnrolError> {
        let made = |why: sync_identity::IssueError| EnrolError::Key(why.to_string());
        let (key, request) = authority::new_key().map_err(made)?;
        let authority = with_authority.then(authority::new_key).transpose().map_err(made)?;
        Ok(Self { key, request, authority })
    }

    fn identity(self, issued: Issued) -> Result<Identity, EnrolError> {
        Identity::of(self.key, self.authority.map(|(key, _)| key), issued).map_err(EnrolError::Answer)
    }
}

async fn post<T: serde::de::DeserializeOwned>(
    base_url: &str,
    path: &str,
    credentials: Option<Arc<Credentials>>,
    check: ServerCheck,
    body: &impl serde::Serialize,
) -> Result<T, EnrolError> {
    let mut url = secure_url(base_url)?;
    url.set_path(path);
    let tls = tls::client(credentials, check).map_err(|why| EnrolError::Key(why.to_string()))?;
    let http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .timeout(TIME_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .https_only(true)
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(ClientError::Unreachable)?;
    let reply = http.post(url).json(body).send().await.map_err(|why| unreachable(base_url, why))?;
    Ok(understand(reply).await?)
}

/// A server of another authority ends the handshake on our side; that is not silence.
fn unreachable(base_url: &str, why: reqwest::Error) -> EnrolError {
    let mut cause: Option<&dyn std::error::Error> = Some(&why);
    while let Some(each) = cause {
        let text = format!("{each:?}");
        if text.contains("WrongAuthority") || text.contains("InvalidCertificate") {
            return EnrolError::WrongAuthority(base_url.to_owned());
        }
        cause = each.source();
    }
    EnrolError::Client(ClientError::Unreachable(why))
}
