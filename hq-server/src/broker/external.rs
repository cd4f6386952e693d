//! What another broker needs in place of the embedded one: certificates, a list of the revoked ones, and who may
//! use which topic, in the form that Mosquitto reads.
//!
//! Such a broker trusts the head office authority only, below which nobody else can sign, and takes the common name
//! of an agent's certificate, the code of its station, for its user name.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use rusqlite::Connection;
use sync::{Reader, StoreError};
use sync_identity::subject::HEAD_OFFICE;
use sync_identity::{IssueError, Validity, authority, write_private};
use sync_proto::envelope::Decoded;
use sync_proto::fact::CertificateIssued;
use sync_proto::{DeviceId, Envelope, Fact, Role};

use super::{CONNECTIONS_MAX, INFLIGHT_MAX, PACKET_LEN_MAX, QUEUE_LEN_MAX};
use crate::authorities::{Authorities, AuthorityError, SERVER_LIFETIME_MS};
use crate::config::Config;
use crate::server::database;

/// Why the files were not written.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// The authorities.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A certificate or the list.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The register of devices.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Who writes and reads what. `%u` is the station's code.
const ACCESS: &str = "\
pattern write st/%u/up
pattern write st/%u/req
pattern write st/%u/state
pattern read st/%u/ack
pattern read st/%u/res
pattern read st/%u/poke
";

/// Writes everything to `out` and returns how many certificates are revoked.
pub fn write(config: &Config, out: &Path, listen: SocketAddr, now_ms: i64) -> Result<usize, ExternalError> {
    let authorities = Authorities::open(&config.ca_dir(), now_ms)?;
    let revoked = Reader::new(&database(&config.data_dir)).read(revoked)?;
    let put = |name: &str, text: &str| {
        let path = out.join(name);
        let io = |source| ExternalError::Io { path: path.display().to_string(), source };
        write_private(&path, text.as_bytes()).map_err(io)
    };
    put("ca.pem", &authority::pem(authorities.head_office.certificate()))?;
    for name in ["server", "hq"] {
        let pair = authorities.server(now_ms, SERVER_LIFETIME_MS)?;
        put(&format!("{name}.pem"), &authority::pem(&pair.certificate))?;
        put(&format!("{name}.key"), &pair.key)?;
    }
    let validity = Validity::of(now_ms, SERVER_LIFETIME_MS);
    put("crl.pem", &authorities.head_office.revocation_list(&revoked, validity)?)?;
    put("acl", &format!("{ACCESS}\nuser {HEAD_OFFICE}\ntopic readwrite st/#\n"))?;
    let whole = std::fs::canonicalize(out)
        .map_err(|source| ExternalError::Io { path: out.display().to_string(), source })?;
    put("mosquitto.conf", &settings(&whole, listen))?;
    Ok(revoked.len())
}

fn settings(folder: &Path, listen: SocketAddr) -> String {
    let folder = folder.display();
    let (port, ip) = (listen.port(), listen.ip());
    format!(
        "\
listener {port} {ip}
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
crlfile {folder}/crl.pem
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/acl
persistence false
retain_available false
sys_interval 0
max_qos 1
max_packet_size {PACKET_LEN_MAX}
max_connections {CONNECTIONS_MAX}
max_inflight_messages {INFLIGHT_MAX}
max_queued_messages {QUEUE_LEN_MAX}
"
    )
}

/// What head office issued to agents and lets in no more, with the time since when.
fn revoked(connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    let mut read = connection.prepare(
        "SELECT entries.bytes, entries.received_at_ms FROM entries JOIN streams USING (stream_id) \
         WHERE streams.own = 1 ORDER BY entries.pos",
    )?;
    let mut rows = read.query([])?;
    let mut issued: Vec<CertificateIssued> = Vec::new();
    let mut ended: HashMap<DeviceId, (u32, i64)> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (bytes, at_ms): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
        let Ok(Decoded::Known(envelope)) = Envelope::decode(&bytes) else { continue };
        let (device, generation) = match envelope.fact {
            // The next generation ends the one before it.
            Fact::CertificateIssued(fact) if fact.role == Role::Agent => {
                let before = (fact.device, fact.generation.saturating_sub(1));
                issued.push(fact);
                before
            }
            Fact::DeviceRevoked(fact) => (fact.device, fact.generation),
            _ => continue,
        };
        let known = ended.entry(device).or_insert((0, at_ms));
        if generation > known.0 {
            *known = (generation, at_ms);
        }
    }
    let ended_at = |fact: &CertificateIssued| {
        let (generation, at_ms) = ended.get(&fact.device).copied()?;
        (fact.generation <= generation).then_some(at_ms)
    };
    Ok(issued.iter().filter_map(|fact| Some((fact.serial.clone(), ended_at(fact)?))).collect())
}
