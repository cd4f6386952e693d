//! How this back office reaches its agent: on the same computer by the loopback address and the API token, from
//! anywhere in the station by TLS with a certificate of its own.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use iced::Subscription;
use jiff::Timestamp;
use station_api::enrolment::{self, Applicant, EnrolError, Renewal};
use station_api::{Client, ClientError};
use sync_identity::exchange::Place;
use sync_identity::verify::{KnownTime, TimeSource};
use sync_identity::{Credentials, Identity, IdentityError, Kind, tls};
use tokio::sync::watch;

/// Why a link cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The address cannot be used.
    #[error(transparent)]
    Address(#[from] ClientError),
    /// The identity file is there, and cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The identity gives no way to check the agent.
    #[error(transparent)]
    Check(#[from] EnrolError),
    /// Key and certificate do not make a connection.
    #[error(transparent)]
    Credentials(#[from] tls::BadCredentials),
}

/// Why a code did not make this back office belong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// What the agent said, or that nobody did.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// The code was made for something else, and is used up.
    #[error("the code was made for another kind of device; make one with `station-agent code --office`")]
    OtherKind,
}

/// The way to the agent.
#[derive(Debug, Clone)]
pub struct Link {
    agent_url: String,
    /// On the loopback interface; the only way to set an agent up.
    local: Option<Client>,
    /// What is needed from another computer, or on this one beside `local`.
    own: Option<Own>,
}

/// This back office as a device.
#[derive(Debug, Clone)]
struct Own {
    file: PathBuf,
    session: Option<Session>,
}

/// What an identity opens.
#[derive(Debug, Clone)]
struct Session {
    client: Client,
    identity: Identity,
    credentials: Arc<Credentials>,
    known: Known,
    /// When the certificate ends; a renewal moves it on.
    ends_at_ms: Arc<AtomicI64>,
    up: watch::Sender<bool>,
}

/// The time as the agent told it last, for whether our certificate has ended; this computer's clock may be wrong.
#[derive(Debug, Clone)]
struct Known(Arc<AtomicI64>);

impl Link {
    /// To the agent on this computer.
    #[must_use]
    pub fn local(client: Client) -> Self {
        Self { agent_url: client.base_url().to_owned(), local: Some(client), own: None }
    }

    /// By TLS to the agent at `agent_url`, with the identity kept at `file` once there is one; `local` is the way to
    /// the agent on this computer, when it is here.
    ///
    /// # Errors
    /// [`LinkError`] when the address, or an identity that is there, cannot be used.
    pub fn secure(agent_url: &str, file: PathBuf, local: Option<Client>) -> Result<Self, LinkError> {
        let identity = match Identity::read(&file) {
            Ok(identity) => Some(identity),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(error.into()),
        };
        let session = identity.map(|identity| Session::open(agent_url, identity)).transpose()?;
        Ok(Self { agent_url: agent_url.to_owned(), local, own: Some(Own { file, session }) })
    }

    /// Where the agent is asked.
    #[must_use]
    pub fn agent_url(&self) -> &str {
        &self.agent_url
    }

    /// For everything but setting up; none before this back office has an identity.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        match &self.own {
            Some(own) => own.session.as_ref().map(|session| &session.client),
            None => self.local.as_ref(),
        }
    }

    /// For setting the agent up; none when it is on another computer.
    #[must_use]
    pub fn setup_client(&self) -> Option<&Client> {
        self.local.as_ref()
    }

    /// Where an identity is kept, when this back office needs one.
    #[must_use]
    pub fn identity_file(&self) -> Option<&Path> {
        self.own.as_ref().map(|own| own.file.as_path())
    }

    /// From now on as this device.
    ///
    /// # Errors
    /// [`LinkError`] when the identity cannot be used; then nothing changes.
    pub fn take(&mut self, identity: Identity) -> Result<(), LinkError> {
        let session = Session::open(&self.agent_url, identity)?;
        if let Some(own) = &mut self.own {
            own.session = Some(session);
        }
        Ok(())
    }

    /// This back office has a certificate that has not ended, as far as is known. One that has ended is renewed; one
    /// that holds and is refused all the same was revoked.
    #[must_use]
    pub fn holds(&self) -> bool {
        let session = self.own.as_ref().and_then(|own| own.session.as_ref());
        session.is_some_and(|session| {
            let known_ms = session.known.0.load(Ordering::Relaxed).max(Timestamp::now().as_millisecond());
            known_ms <= session.ends_at_ms.load(Ordering::Relaxed)
        })
    }

    /// The agent does not know this device any more: it is enrolled again, or not at all.
    pub fn drop_identity(&mut self) {
        if let Some(own) = &mut self.own {
            own.session = None;
        }
    }

    /// The agent answered, with its time; or it did not.
    pub fn heard(&self, now: Option<&str>) {
        let Some(session) = self.own.as_ref().and_then(|own| own.session.as_ref()) else {
            return;
        };
        session.up.send_replace(now.is_some());
        if let Some(now) = now.and_then(|now| now.parse::<Timestamp>().ok()) {
            session.known.0.store(now.as_millisecond(), Ordering::Relaxed);
        }
    }

    /// Keeps the certificate renewed while the program runs.
    pub fn renewal<Message: Send + 'static>(&self) -> Subscription<Message> {
        let Some((own, session)) =
            self.own.as_ref().and_then(|own| own.session.as_ref().map(|session| (own, session)))
        else {
            return Subscription::none();
        };
        let seed = Seed {
            base_url: self.agent_url.clone(),
            file: own.file.clone(),
            identity: session.identity.clone(),
            credentials: Arc::clone(&session.credentials),
            ends_at_ms: Arc::clone(&session.ends_at_ms),
            up: session.up.subscribe(),
        };
        Subscription::run_with(seed, |seed| {
            let (renewal, file, identity) = seed.renewal();
            iced::stream::channel(1, async move |_| renewal.keep(&file, identity).await)
        })
    }
}

impl Session {
    fn open(agent_url: &str, identity: Identity) -> Result<Self, LinkError> {
        let known = Known(Arc::new(AtomicI64::new(identity.certified().window.from_ms)));
        let credentials = identity.credentials()?;
        let check = enrolment::server_of(&identity, later_than_issued(&identity))?;
        let client = Client::secure(agent_url, tls::client(Some(Arc::clone(&credentials)), check)?)?;
        let ends_at_ms = Arc::new(AtomicI64::new(identity.certified().window.until_ms));
        Ok(Self { client, identity, credentials, known, ends_at_ms, up: watch::Sender::new(false) })
    }
}

/// For checking the agent: an agent that has not reached head office may itself be wrong about the time by decades, so
/// that only what our own certificate says is certain.
fn later_than_issued(identity: &Identity) -> TimeSource {
    let issued_at_ms = identity.certified().issued_at_ms;
    Arc::new(move || KnownTime::AtLeast(issued_at_ms))
}

/// What a renewal starts from. It is the same one for as long as it is of the same device.
struct Seed {
    base_url: String,
    file: PathBuf,
    identity: Identity,
    credentials: Arc<Credentials>,
    ends_at_ms: Arc<AtomicI64>,
    up: watch::Receiver<bool>,
}

impl Hash for Seed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.file.hash(state);
        self.identity.certified().subject.common_name().hash(state);
        self.identity.certified().serial.hash(state);
    }
}

impl Seed {
    fn renewal(&self) -> (Renewal, PathBuf, Identity) {
        let ends_at_ms = Arc::clone(&self.ends_at_ms);
        let renewal = Renewal {
            base_url: self.base_url.clone(),
            credentials: Arc::clone(&self.credentials),
            time: later_than_issued(&self.identity),
            wall_ms: || Timestamp::now().as_millisecond(),
            up: self.up.clone(),
            renewed: Box::new(move |next| {
                ends_at_ms.store(next.certified().window.until_ms, Ordering::Relaxed);
            }),
        };
        (renewal, self.file.clone(), self.identity.clone())
    }
}

/// Uses a code of the station and keeps the identity that it brings.
///
/// # Errors
/// [`JoinError`]; nothing is kept then.
pub async fn enrol(agent_url: String, code: String, file: PathBuf) -> Result<(Identity, Place), JoinError> {
    let (identity, place) = enrolment::enrol(&agent_url, &code, Applicant::OfStation, None).await?;
    if identity.certified().subject.kind != Kind::Office {
        return Err(JoinError::OtherKind);
    }
    identity.write(&file).map_err(EnrolError::from)?;
    Ok((identity, place))
}
