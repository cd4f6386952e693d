//! A whole chain of authorities in one hand, for tests and benchmarks that stand in for head office or for an agent.

use rustls::pki_types::CertificateDer;
use sync_proto::{DeviceId, StationCode};

use crate::authority::{self, Authority, CertificateRequest, IssueError, Rank, Validity};
use crate::exchange::{Issued, Place};
use crate::file::Identity;
use crate::subject::{Kind, Subject};
use crate::verify::Roots;

/// Both authorities.
#[derive(Debug)]
pub struct StandIn {
    /// Signs agents.
    pub head_office: Authority,
    /// Signs stations' authorities.
    pub stations: Authority,
    validity: Validity,
}

impl StandIn {
    /// New authorities; what they issue holds as long as they do.
    ///
    /// # Errors
    /// No randomness, or a time outside the calendar.
    pub fn make(validity: Validity) -> Result<Self, IssueError> {
        Ok(Self {
            head_office: Authority::make(&Rank::HeadOffice, validity)?,
            stations: Authority::make(&Rank::Stations, validity)?,
            validity,
        })
    }

    /// Their certificates.
    #[must_use]
    pub fn roots(&self) -> Roots {
        Roots {
            head_office: self.head_office.certificate().clone(),
            stations: self.stations.certificate().clone(),
        }
    }

    /// An agent with its station's authority.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn agent(&self, station: &StationCode, device: DeviceId) -> Result<Identity, IssueError> {
        let subject = Subject { station: station.clone(), device, kind: Kind::Agent, generation: 1 };
        let (key, request) = authority::new_key()?;
        let (authority_key, authority_request) = authority::new_key()?;
        let own = self.head_office.issue(&CertificateRequest::read(&request)?, &subject, self.validity)?;
        let wanted = CertificateRequest::read(&authority_request)?;
        let authority = self.stations.issue_station_authority(&wanted, &subject, self.validity)?;
        self.identity(&subject, key, &[own], Some((authority_key, authority)))
    }

    /// A till or a back office, signed by the authority of `agent`.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn of_station(&self, agent: &Identity, kind: Kind, device: DeviceId) -> Result<Identity, IssueError> {
        let station = agent.certified().subject.station.clone();
        self.of(agent, &Subject { station, device, kind, generation: 1 })
    }

    /// Whoever is named, signed by the authority of `agent`, whether or not it may.
    ///
    /// # Errors
    /// See [`IssueError`].
    pub fn of(&self, agent: &Identity, subject: &Subject) -> Result<Identity, IssueError> {
        let none = || IssueError::Authority("the agent has no authority".to_owned());
        let signer = agent.authority().ok_or_else(none)??;
        let (key, request) = authority::new_key()?;
        let own = signer.issue(&CertificateRequest::read(&request)?, subject, self.validity)?;
        self.identity(subject, key, &[own, signer.certificate().clone()], None)
    }

    fn identity(
        &self,
        subject: &Subject,
        key: String,
        chain: &[CertificateDer<'static>],
        authority: Option<(String, CertificateDer<'static>)>,
    ) -> Result<Identity, IssueError> {
        let (authority_key, authority) = authority.unzip();
        let issued = Issued {
            chain: chain.iter().map(authority::pem).collect(),
            head_office: authority::pem(self.head_office.certificate()),
            stations: authority::pem(self.stations.certificate()),
            authority: authority.as_ref().map(authority::pem),
            station: Place { code: subject.station.clone(), name: String::new() },
        };
        Identity::of(key, authority_key, issued).map_err(IssueError::Authority)
    }
}
