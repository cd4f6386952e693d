//! Head office's two authorities: found in their folder, or made at the first start.

use std::path::{Path, PathBuf};

use sync_identity::authority::{self, IssueError, Rank};
use sync_identity::verify::Roots;
use sync_identity::{Authority, CertificateRequest, Validity, write_private};

/// An authority holds for twenty years: replacing it means a visit to every device.
const AUTHORITY_LIFETIME_MS: i64 = 20 * 365 * 24 * 60 * 60 * 1000;

/// Head office's own server certificate; a new one is made at every start and at half of this.
pub const SERVER_LIFETIME_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// Largest key or certificate file that is read.
const FILE_LEN_MAX: u64 = 64 * 1024;

/// Why there is no authority. One line.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("ca_dir: {path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// One of two files is missing.
    #[error(
        "ca_dir: {0} is missing, its other half is there; put it back from the backup, devices trust no other"
    )]
    Half(String),
    /// What is there cannot be used.
    #[error("ca_dir: {path}: {source}")]
    Unusable {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: IssueError,
    },
}

/// Both authorities.
#[derive(Debug)]
pub struct Authorities {
    /// Signs head office's servers and agents.
    pub head_office: Authority,
    /// Signs stations' authorities.
    pub stations: Authority,
}

impl Authorities {
    /// Reads them from `folder`; makes those that are not there.
    pub fn open(folder: &Path, now_ms: i64) -> Result<Self, AuthorityError> {
        Ok(Self {
            head_office: open(folder, "head-office", &Rank::HeadOffice, now_ms)?,
            stations: open(folder, "stations", &Rank::Stations, now_ms)?,
        })
    }

    /// Their certificates.
    pub fn roots(&self) -> Roots {
        Roots {
            head_office: self.head_office.certificate().clone(),
            stations: self.stations.certificate().clone(),
        }
    }

    /// A new key with a certificate of head office's servers.
    pub fn server(&self, now_ms: i64, lifetime_ms: i64) -> Result<ServerPair, IssueError> {
        server_pair(&self.head_office, now_ms, lifetime_ms)
    }
}

/// A new key with a certificate of head office's servers.
pub fn server_pair(authority: &Authority, now_ms: i64, lifetime_ms: i64) -> Result<ServerPair, IssueError> {
    let (key, request) = authority::new_key()?;
    let request = CertificateRequest::read(&request)?;
    let certificate = authority.issue_server(&request, Validity::of(now_ms, lifetime_ms))?;
    Ok(ServerPair { key, certificate })
}

/// What a server shows.
pub struct ServerPair {
    /// Private key, PEM.
    pub key: String,
    /// Its certificate.
    pub certificate: rustls::pki_types::CertificateDer<'static>,
}

impl std::fmt::Debug for ServerPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerPair(…)")
    }
}

fn open(folder: &Path, name: &str, rank: &Rank, now_ms: i64) -> Result<Authority, AuthorityError> {
    let (key_path, certificate_path) = paths(folder, name);
    match (read(&key_path)?, read(&certificate_path)?) {
        (Some(key), Some(certificate)) => Authority::read(&key, &certificate).map_err(|source| {
            AuthorityError::Unusable { path: certificate_path.display().to_string(), source }
        }),
        (None, None) => make(folder, name, rank, now_ms),
        (Some(_), None) => Err(AuthorityError::Half(certificate_path.display().to_string())),
        (None, Some(_)) => Err(AuthorityError::Half(key_path.display().to_string())),
    }
}

fn make(folder: &Path, name: &str, rank: &Rank, now_ms: i64) -> Result<Authority, AuthorityError> {
    let (key_path, certificate_path) = paths(folder, name);
    let unusable = |source| AuthorityError::Unusable { path: certificate_path.display().to_string(), source };
    let made = Authority::make(rank, Validity::of(now_ms, AUTHORITY_LIFETIME_MS)).map_err(unusable)?;
    // Both are written beside and renamed one after the other; a start that was cut off between the two says so,
    // and nothing trusts the half yet.
    write(&key_path, made.key_pem().as_bytes())?;
    write(&certificate_path, authority::pem(made.certificate()).as_bytes())?;
    tracing::info!(folder = %folder.display(), name, "a new authority was made; keep a copy of this folder in a safe");
    Ok(made)
}

fn paths(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("{name}.key")), folder.join(format!("{name}.pem")))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    write_private(path, bytes)
        .map_err(|source| AuthorityError::Io { path: path.display().to_string(), source })
}

fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    let io = |source| AuthorityError::Io { path: path.display().to_string(), source };
    match std::fs::metadata(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(io(why)),
        Ok(found) if found.len() > FILE_LEN_MAX => Err(io(std::io::ErrorKind::FileTooLarge.into())),
        Ok(_) => std::fs::read_to_string(path).map(Some).map_err(io),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn authorities_are_made_once_and_found_again_with_keys_that_only_the_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let made = Authorities::open(folder.path(), 0).unwrap().roots();
        assert_eq!(Authorities::open(folder.path(), 1_000_000).unwrap().roots(), made);
        for name in ["head-office.key", "stations.key"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_lost_half_is_not_replaced_by_a_new_authority() {
        let folder = tempfile::tempdir().unwrap();
        Authorities::open(folder.path(), 0).unwrap();
        std::fs::remove_file(folder.path().join("stations.key")).unwrap();
        assert!(matches!(Authorities::open(folder.path(), 0), Err(AuthorityError::Half(_))));
    }

    #[test]
    fn keys_of_another_authority_and_garbage_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        Authorities::open(folder.path(), 0).unwrap();
        let key = folder.path().join("stations.key");
        std::fs::copy(folder.path().join("head-office.key"), &key).unwrap();
        assert!(matches!(Authorities::open(folder.path(), 0), Err(AuthorityError::Unusable { .. })));
        std::fs::write(&key, "no key").unwrap();
        let why = Authorities::open(folder.path(), 0).unwrap_err().to_string();
        assert!(!why.contains("no key") && !why.contains('\n'), "{why}");
    }
}
