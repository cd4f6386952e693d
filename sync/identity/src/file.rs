//! A device's identity on disk: one file of mode 0600, written whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};

use crate::authority::Authority;
use crate::certificate::{Certified, NotADevice};
use crate::exchange::Issued;
use crate::tls::{BadCredentials, Credentials};
use crate::verify::Roots;

/// Longest identity file that is read: two keys and six certificates have nine thousand bytes.
const FILE_LEN_MAX: u64 = 64 * 1024;

/// Why an identity was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
    /// Not an identity.
    #[error("{path} is not a device's identity: {why}; enrol the device again")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl IdentityError {
    /// The file is not there: the device was not enrolled yet.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pems {
    key: String,
    chain: Vec<String>,
    head_office: String,
    stations: String,
    authority: Option<AuthorityPems>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AuthorityPems {
    key: String,
    certificate: String,
}

/// Who a device is and how it proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pems: Pems,
    chain: Vec<CertificateDer<'static>>,
    roots: Roots,
    certified: Certified,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("subject", &self.certified.subject).finish_non_exhaustive()
    }
}

impl Identity {
    /// From what an issuer answered, with the keys that the requests were made of.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn of(key: String, authority_key: Option<String>, issued: Issued) -> Result<Self, String> {
        let authority = match (authority_key, issued.authority) {
            (Some(key), Some(certificate)) => Some(AuthorityPems { key, certificate }),
            (None, None) => None,
            _ => return Err("the issuer answered another request".to_owned()),
        };
        let Issued { chain, head_office, stations, .. } = issued;
        Self::check(Pems { key, chain, head_office, stations, authority })
    }

    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn read(path: &Path) -> Result<Self, IdentityError> {
        let name = path.display().to_string();
        let io = |source| IdentityError::Io { path: name.clone(), source };
        let malformed = |why: String| IdentityError::Malformed { path: name.clone(), why };
        let len = std::fs::metadata(path).map_err(io)?.len();
        if len > FILE_LEN_MAX {
            return Err(malformed(format!("it has {len} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        Self::parse(&text).map_err(malformed)
    }

    /// Reads and checks what stands in an identity file.
    ///
    /// # Errors
    /// What is wrong with it, quoting nothing of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The text holds a key: its errors name a place, never what stands there.
        let pems = serde_json::from_str(text)
            .map_err(|why| format!("line {} column {} does not read", why.line(), why.column()))?;
        Self::check(pems)
    }

    /// Writes it to `path`.
    ///
    /// # Errors
    /// [`IdentityError::Io`]; then what stood there before still stands.
    pub fn write(&self, path: &Path) -> Result<(), IdentityError> {
        let name = path.display().to_string();
        let text = serde_json::to_string_pretty(&self.pems)
            .map_err(|why| IdentityError::Malformed { path: name.clone(), why: why.to_string() })?;
        write_private(path, text.as_bytes()).map_err(|source| IdentityError::Io { path: name, source })
    }

    fn check(pems: Pems) -> Result<Self, String> {
        let read = |pem: &String| {
            CertificateDer::from_pem_slice(pem.as_bytes())
                .map_err(|_| "a certificate does not read".to_owned())
        };
        let chain = pems.chain.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let roots = Roots { head_office: read(&pems.head_office)?, stations: read(&pems.stations)? };
        let certified = Certified::read(&chain).map_err(|why: NotADevice| why.to_string())?;
        Credentials::new(&pems.key, chain.clone()).map_err(|why: BadCredentials| why.to_string())?;
        let identity = Self { pems, chain, roots, certified };
        identity.authority().transpose().map_err(|why| why.to_string())?;
        Ok(identity)
    }

    /// What its certificate says.
    #[must_use]
    pub const fn certified(&self) -> &Certified {
        &self.certified
    }

    /// The authorities that it trusts.
    #[must_use]
    pub const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// What it shows on links: its chain, and the head office authority behind an agent's, so that who enrols by a
    /// code finds the certificate that the code fits.
    ///
    /// # Errors
    /// Never after it was read.
    pub fn credentials(&self) -> Result<Arc<Credentials>, BadCredentials> {
        Ok(Arc::new(Credentials::new(&self.pems.key, self.shown())?))
    }

    /// Shows this identity on the links that use `credentials`.
    ///
    /// # Errors
    /// Never after it was read.
    pub fn show_on(&self, credentials: &Credentials) -> Result<(), BadCredentials> {
        credentials.replace(&self.pems.key, self.shown())
    }

    fn shown(&self) -> Vec<CertificateDer<'static>> {
        let mut shown = self.chain.clone();
        if self.certified.signed_by.is_none() {
            shown.push(self.roots.head_office.clone());
        }
        shown
    }

    /// The station's own authority, if this is an agent.
    #[must_use]
    pub fn authority(&self) -> Option<Result<Authority, crate::IssueError>> {
        let pems = self.pems.authority.as_ref()?;
        Some(Authority::read(&pems.key, &pems.certificate))
    }
}

/// Writes a file that only its owner reads: beside, flushed, renamed into place, and the folder flushed.
///
/// # Errors
/// What the system said; then what stood there before still stands.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder)?;
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    // A file left by a crash may have another mode; a new one has this.
    match std::fs::remove_file(beside) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(why),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, path)?;
    File::open(folder)?.sync_all()
}
