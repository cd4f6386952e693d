//! Making devices belong: one-time codes, certificates, revocation. Head office does it for agents, an agent for
//! the tills and back offices of its station; both run this code on the journal's writer, so that a code is used
//! once and what was issued is a fact in the same commit.

use rustls::pki_types::CertificateDer;
use sync_identity::authority::{self, IssueError};
use sync_identity::exchange::{Enrol, Issued, Place, Renew};
use sync_identity::subject::{HEAD_OFFICE, Subject, agent_name};
use sync_identity::verify::Roots;
use sync_identity::{Authority, CertificateRequest, Certified, EnrolmentCode, Kind, Validity, code};
use sync_proto::catalogue::Station;
use sync_proto::devices::{Device, revocation_feed_key};
use sync_proto::fact::{CertificateIssued, DeviceRevoked, Fact, FeedScope, IssuedFor};
use sync_proto::rows::{RowChange, Table as _};
use sync_proto::{DeviceId, Role, Stamp, StationCode, TerminalNo};

mod error;

use crate::device::random_16;
use crate::node::{Beside, Draft, Node};
use crate::store::Store;

pub use error::EnrolmentError;

/// A code lives this long: a walk from one room to another, not a working day.
pub const CODE_LIFETIME_MS: i64 = 15 * 60 * 1000;

/// Wrong secrets that close a code.
const TRIES: i64 = 5;

/// Draws before giving up on a free name for a code: 32,768 names, of which few are open.
const DRAWS_MAX: usize = 64;

const HOUR_MS: i64 = 60 * 60 * 1000;

sync_proto::table! {
    /// An open or used code.
    pub struct CodeRow in "enrolment_codes" { code_id: String } {
        secret_sha256: Vec<u8>,
        station: String,
        role: String,
        terminal: Option<i64>,
        expires_at_ms: i64,
        tries_left: i64,
        used_at_ms: Option<i64>,
    }
}

/// How long certificates hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A device's own.
    pub device_ms: i64,
    /// A station's authority, which what it signed must not outlive by much.
    pub authority_ms: i64,
    /// After its end a certificate may still be renewed for this long.
    pub grace_ms: i64,
}

impl Lifetimes {
    /// A quarter of a year, renewed at its half; a year for a station's authority; half a year of grace, for a
    /// station that was closed for a season.
    pub const STANDARD: Self =
        Self { device_ms: 90 * 24 * HOUR_MS, authority_ms: 365 * 24 * HOUR_MS, grace_ms: 180 * 24 * HOUR_MS };
}

/// Who issues.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a program has one, and it never moves")]
pub enum Issuer {
    /// Head office, with both authorities.
    HeadOffice {
        /// Signs agents.
        head_office: Authority,
        /// Signs stations' authorities.
        stations: Authority,
        /// How long.
        lifetimes: Lifetimes,
    },
    /// A station's agent.
    Station {
        /// The station's own authority.
        authority: Authority,
        /// What devices of the station trust.
        roots: Roots,
        /// How long.
        lifetimes: Lifetimes,
    },
}

/// Who a code is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// At which station.
    pub station: StationCode,
    /// As what.
    pub kind: Kind,
}

struct Granted {
    chain: Vec<CertificateDer<'static>>,
    authority: Option<CertificateDer<'static>>,
}

impl Issuer {
    /// The name of the server that takes its codes.
    fn name(&self, station: &StationCode) -> Result<String, EnrolmentError> {
        match self {
            Self::HeadOffice { .. } => Ok(HEAD_OFFICE.to_owned()),
            Self::Station { .. } => Ok(agent_name(station).map_err(IssueError::from)?),
        }
    }

    const fn lifetimes(&self) -> Lifetimes {
        match self {
            Self::HeadOffice { lifetimes, .. } | Self::Station { lifetimes, .. } => *lifetimes,
        }
    }

    fn roots(&self) -> Roots {
        match self {
            Self::HeadOffice { head_office, stations, .. } => Roots {
                head_office: head_office.certificate().clone(),
                stations: stations.certificate().clone(),
            },
            Self::Station { roots, .. } => roots.clone(),
        }
    }

    fn grant(
        &self,
        subject: &Subject,
        request: &str,
        authority_request: Option<&str>,
        now: Stamp,
    ) -> Result<Granted, EnrolmentError> {
        let request = CertificateRequest::read(request)?;
        let lifetimes = self.lifetimes();
        let now_ms = now.corrected_ms();
        match self {
            Self::HeadOffice { head_office, stations, .. } => {
                let wanted = authority_request.ok_or_else(|| {
                    EnrolmentError::BadRequest("an agent asks for an authority too".to_owned())
                })?;
                let wanted = CertificateRequest::read(wanted)?;
                let own = Validity::of(now_ms, lifetimes.authority_ms);
                let validity = Validity::of(now_ms, lifetimes.device_ms);
                Ok(Granted {
                    chain: vec![head_office.issue(&request, subject, validity)?],
                    authority: Some(stations.issue_station_authority(&wanted, subject, own)?),
                })
            }
            Self::Station { authority, .. } => {
                let agreed = now.offset_ms.is_some();
                let validity = Validity::within(authority.window()?, now_ms, agreed, lifetimes.device_ms);
                let own = authority.certificate().clone();
                Ok(Granted {
                    chain: vec![authority.issue(&request, subject, validity)?, own],
                    authority: None,
                })
            }
        }
    }
}

impl<S: Store> Node<S> {
    /// Opens a code for a device; returns it, its only copy, with the time at which it ends.
    pub fn open_code(
        &mut self,
        issuer: &Issuer,
        invited: &Invited,
        now_ms: i64,
    ) -> Result<(EnrolmentCode, i64), EnrolmentError> {
        let print = code::fingerprint(&issuer.roots().head_office, &issuer.name(&invited.station)?);
        for _ in 0..DRAWS_MAX {
            let mut random = [0u8; 15];
            getrandom::fill(&mut random)?;
            let code = EnrolmentCode::make(random, print);
            let known: Option<CodeRow> = self.get(&CodeRow::key(code.id()))?;
            if known.is_some_and(|row| row.used_at_ms.is_none() && row.expires_at_ms > now_ms) {
                continue;
            }
            let expires_at_ms = now_ms.saturating_add(CODE_LIFETIME_MS);
            let row = CodeRow {
                code_id: code.id(),
                secret_sha256: code::digest(&code.id(), &code.secret()).to_vec(),
                station: invited.station.to_string(),
                role: invited.kind.role().as_str().to_owned(),
                terminal: invited.kind.terminal().map(|number| i64::from(number.0)),
                expires_at_ms,
                tries_left: TRIES,
                used_at_ms: None,
            };
            self.write(vec![put(row)], now_ms)?;
            return Ok((code, expires_at_ms));
        }
        Err(EnrolmentError::BadRequest("too many enrolment codes are open at once".to_owned()))
    }

    /// Uses a code: the device gets its certificate, once.
    pub fn redeem(&mut self, issuer: &Issuer, asked: &Enrol, now: Stamp) -> Result<Issued, EnrolmentError> {
        let mut row = self.open_row(asked, now.wall_ms)?;
        let invited = invited(&row)?;
        let device = match asked.device {
            Some(device) => device,
            None => DeviceId(random_16()?),
        };
        let known: Option<Device> = self.get(&Device::key(device.to_hex()))?;
        let same_place = known.as_ref().is_none_or(|known| {
            known.station == row.station && known.role == row.role && known.terminal == row.terminal
        });
        if !same_place {
            return Err(EnrolmentError::OtherDevice);
        }
        let generation =
            known.map_or(0, |known| known.generation.max(known.revoked_generation)).saturating_add(1);
        let generation = u32::try_from(generation).map_err(|_| EnrolmentError::OtherDevice)?;
        let subject = Subject { station: invited.station, device, kind: invited.kind, generation };
        row.used_at_ms = Some(now.wall_ms);
        let beside = Beside { rows: vec![put(row)], ..Beside::default() };
        let requests = (asked.request.as_str(), asked.authority_request.as_deref());
        self.issue(issuer, &subject, requests, IssuedFor::Enrolment, beside, now)
    }

    /// The next certificate of a device that shows its present one.
    pub fn renew(
        &mut self,
        issuer: &Issuer,
        shown: &Certified,
        asked: &Renew,
        now: Stamp,
    ) -> Result<Issued, EnrolmentError> {
        if now.corrected_ms() < shown.half_life_ms() {
            return Err(EnrolmentError::NotDue);
        }
        let requests = (asked.request.as_str(), asked.authority_request.as_deref());
        self.issue(issuer, &shown.subject, requests, IssuedFor::Renewal, Beside::default(), now)
    }

    /// Ends a device's generation. `published` sends the word down to its station too.
    pub fn revoke_device(
        &mut self,
        device: DeviceId,
        why: &str,
        published: bool,
        now: Stamp,
    ) -> Result<Device, EnrolmentError> {
        let why = why.trim();
        if why.is_empty()
            || why.chars().count() > error::REASON_CHARS_MAX
            || why.chars().any(char::is_control)
        {
            return Err(EnrolmentError::BadReason);
        }
        let unknown = || EnrolmentError::UnknownDevice(device.to_hex());
        let key = Device::key(device.to_hex());
        let row: Device = self.get(&key)?.ok_or_else(unknown)?;
        if row.is_revoked() {
            return Ok(row);
        }
        let station = StationCode::new(row.station.as_str()).map_err(|_| unknown())?;
        let generation = u32::try_from(row.generation).map_err(|_| unknown())?;
        let fact = DeviceRevoked { device, station: station.clone(), generation, why: why.to_owned() };
        let draft = if published {
            Draft::published(
                Fact::DeviceRevoked(fact),
                FeedScope::Station(station),
                revocation_feed_key(device),
            )
        } else {
            Draft::new(Fact::DeviceRevoked(fact))
        };
        self.record(now, None, &[draft], Beside::default())?;
        self.get(&key)?.ok_or_else(unknown)
    }

    /// The row of a code whose secret was given; a wrong one costs a try.
    fn open_row(&mut self, asked: &Enrol, now_ms: i64) -> Result<CodeRow, EnrolmentError> {
        let found: Option<CodeRow> = self.get(&CodeRow::key(asked.code_id.as_str()))?;
        let mut row = found.ok_or(EnrolmentError::CodeUnknown)?;
        if row.tries_left <= 0 {
            return Err(EnrolmentError::CodeUsedUp);
        }
        if row.used_at_ms.is_some() {
            return Err(EnrolmentError::CodeUsed);
        }
        if row.expires_at_ms < now_ms {
            return Err(EnrolmentError::CodeExpired);
        }
        if row.secret_sha256 != code::digest(&asked.code_id, &asked.secret) {
            row.tries_left -= 1;
            let left = row.tries_left;
            self.write(vec![put(row)], now_ms)?;
            return Err(if left > 0 { EnrolmentError::CodeUnknown } else { EnrolmentError::CodeUsedUp });
        }
        Ok(row)
    }

    fn issue(
        &mut self,
        issuer: &Issuer,
        subject: &Subject,
        requests: (&str, Option<&str>),
        why: IssuedFor,
        beside: Beside,
        now: Stamp,
    ) -> Result<Issued, EnrolmentError> {
        let granted = issuer.grant(subject, requests.0, requests.1, now)?;
        let certified =
            Certified::read(&granted.chain).map_err(|why| EnrolmentError::BadRequest(why.to_string()))?;
        let fact = Fact::CertificateIssued(CertificateIssued {
            device: subject.device,
            station: subject.station.clone(),
            role: subject.kind.role(),
            terminal: subject.kind.terminal(),
            generation: subject.generation,
            serial: certified.serial,
            ends_at_ms: certified.window.until_ms,
            why,
        });
        self.record(now, None, &[Draft::new(fact)], beside)?;
        let station: Option<Station> = self.get(&Station::key(subject.station.as_str()))?;
        let roots = issuer.roots();
        Ok(Issued {
            chain: granted.chain.iter().map(authority::pem).collect(),
            head_office: authority::pem(&roots.head_office),
            stations: authority::pem(&roots.stations),
            authority: granted.authority.as_ref().map(authority::pem),
            station: Place {
                code: subject.station.clone(),
                name: station.map(|row| row.name).unwrap_or_default(),
            },
        })
    }
}

fn invited(row: &CodeRow) -> Result<Invited, EnrolmentError> {
    let role = Role::parse(&row.role);
    let terminal = row.terminal.and_then(|number| u16::try_from(number).ok()).map(TerminalNo);
    let station = StationCode::new(row.station.as_str()).ok();
    match (station, role.and_then(|role| Kind::of(role, terminal))) {
        (Some(station), Some(kind)) => Ok(Invited { station, kind }),
        _ => Err(EnrolmentError::CodeUnknown),
    }
}

fn put(row: CodeRow) -> RowChange {
    RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
}
