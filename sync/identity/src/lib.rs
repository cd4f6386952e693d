//! Who may speak on a link: keys, certificates, one-time codes, and the TLS that both ends of every link use.
//!
//! Head office holds two authorities. The *head office authority* signs head office's own servers and each
//! station's agent, and nothing below it may sign (path length 0), so that whoever trusts only it, as an external
//! broker does, can never meet a certificate that a station made. The *stations authority* signs one intermediate
//! for each station (path length 0, a name constraint for that station alone), with which the station's agent
//! enrols its tills and back offices while head office is away.
//!
//! Nothing here opens a socket or reads a clock; times come in as milliseconds since 1970 UTC.

pub mod authority;
pub mod certificate;
pub mod code;
pub mod exchange;
pub mod file;
pub mod standin;
pub mod subject;
pub mod tls;
pub mod verify;

pub use authority::{Authority, CertificateRequest, IssueError, Validity};
pub use certificate::{Certified, Standing};
pub use code::{CodeError, EnrolmentCode};
pub use file::{Identity, IdentityError, write_private};
pub use subject::{Kind, Subject};
pub use tls::Credentials;
pub use verify::KnownTime;
