//! What a certificate says of its holder, as names: `DEVICE-GENERATION.KIND.STATION.juyu.internal`.
//!
//! Names stand in the subject alternative name as DNS names, because a name constraint holds for those in every
//! library that checks chains; the common name is for people and for brokers that read nothing else.

use sync_proto::{DeviceId, Role, StationCode, TerminalNo};

/// Under it stand all names; `internal` is reserved for private use (ICANN, 2024).
pub const SUFFIX: &str = "juyu.internal";

/// The name that head office's servers prove.
pub const HEAD_OFFICE: &str = "hq.juyu.internal";

/// Longest label of a DNS name (RFC 1035, section 2.3.4).
const LABEL_LEN_MAX: usize = 63;

/// What a device is, on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A station's agent.
    Agent,
    /// A till with its number.
    Till(TerminalNo),
    /// A back office.
    Office,
}

impl Kind {
    /// The label in names, `agent`, `till-07` or `office`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Agent => "agent".to_owned(),
            Self::Till(number) => format!("till-{:02}", number.0),
            Self::Office => "office".to_owned(),
        }
    }

    fn parse(label: &str) -> Option<Self> {
        match label {
            "agent" => Some(Self::Agent),
            "office" => Some(Self::Office),
            till => {
                let number = till.strip_prefix("till-").filter(|digits| digits.len() >= 2)?;
                let number = number.parse().ok().filter(|number| (1..=99).contains(number))?;
                Some(Self::Till(TerminalNo(number)))
            }
        }
    }

    /// The role that goes with it.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Agent => Role::Agent,
            Self::Till(_) => Role::Terminal,
            Self::Office => Role::Office,
        }
    }

    /// Its number, if it is a till.
    #[must_use]
    pub const fn terminal(self) -> Option<TerminalNo> {
        match self {
            Self::Till(number) => Some(number),
            Self::Agent | Self::Office => None,
        }
    }

    /// From a role and a number.
    #[must_use]
    pub fn of(role: Role, terminal: Option<TerminalNo>) -> Option<Self> {
        match (role, terminal) {
            (Role::Agent, None) => Some(Self::Agent),
            (Role::Terminal, Some(number)) => Some(Self::Till(number)),
            (Role::Office, None) => Some(Self::Office),
            _ => None,
        }
    }
}

/// Who holds a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Where it stands.
    pub station: StationCode,
    /// Which device it is.
    pub device: DeviceId,
    /// What it is.
    pub kind: Kind,
    /// How often it was enrolled: a revocation ends a generation, and enrolling again begins the next one.
    pub generation: u32,
}

/// A station whose code does not fit a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the station code {0} is too long to stand in a certificate; use at most 30 characters")]
pub struct CodeTooLong(pub String);

impl Subject {
    /// The one name that says all.
    ///
    /// # Errors
    /// The station's code does not fit.
    pub fn name(&self) -> Result<String, CodeTooLong> {
        let domain = station_domain(&self.station)?;
        Ok(format!("{}-{}.{}.{domain}", self.device, self.generation, self.kind.label()))
    }

    /// Reads the name back; `None` for every other name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let labels: Vec<&str> = name.strip_suffix(SUFFIX)?.strip_suffix('.')?.split('.').collect();
        let [device, kind, station] = labels.as_slice() else { return None };
        let (device, generation) = device.split_once('-')?;
        let subject = Self {
            device: DeviceId::from_hex(device).ok()?,
            generation: generation.parse().ok()?,
            kind: Kind::parse(kind)?,
            station: parse_station(station)?,
        };
        // One spelling only: what would be written otherwise is no name of ours.
        (subject.name().ok()? == name).then_some(subject)
    }

    /// The common name: the station's code for an agent, with the kind behind a dot for what the station enrolled.
    /// No station's code has a dot, so that the two never meet.
    #[must_use]
    pub fn common_name(&self) -> String {
        match self.kind {
            Kind::Agent => self.station.to_string(),
            Kind::Till(_) | Kind::Office => format!("{}.{}", self.station, self.kind.label()),
        }
    }
}

/// The domain that all names of a station stand under, and that its own authority is constrained to.
///
/// # Errors
/// The station's code does not fit a label.
pub fn station_domain(station: &StationCode) -> Result<String, CodeTooLong> {
    let code = station.as_str();
    let plain = code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    let plain = plain && !code.ends_with('-');
    // DNS names know no case and no underscore; such codes are spelt in hexadecimal digits.
    let label = if plain {
        format!("c-{}", code.to_ascii_lowercase())
    } else {
        format!("x-{}", sync_proto::ids::hex(code.as_bytes()))
    };
    if label.len() > LABEL_LEN_MAX {
        return Err(CodeTooLong(code.to_owned()));
    }
    Ok(format!("{label}.{SUFFIX}"))
}

/// The name that a station's agent proves to its tills and back offices.
///
/// # Errors
/// The station's code does not fit.
pub fn agent_name(station: &StationCode) -> Result<String, CodeTooLong> {
    Ok(format!("agent.{}", station_domain(station)?))
}

fn parse_station(label: &str) -> Option<StationCode> {
    if let Some(plain) = label.strip_prefix("c-") {
        return StationCode::new(plain.to_ascii_uppercase()).ok();
    }
    let bytes = sync_proto::ids::unhex(label.strip_prefix("x-")?)?;
    StationCode::new(String::from_utf8(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(station: &str, kind: Kind) -> Subject {
        Subject {
            station: StationCode::new(station).unwrap(),
            device: DeviceId([0xab; 16]),
            kind,
            generation: 3,
        }
    }

    #[test]
    fn a_name_reads_back_whatever_the_code_is() {
        for station in ["ST0001", "st0001", "S_1", "A-", "-", "x-41"] {
            for kind in [Kind::Agent, Kind::Till(TerminalNo(7)), Kind::Till(TerminalNo(99)), Kind::Office] {
                let subject = subject(station, kind);
                assert_eq!(Subject::parse(&subject.name().unwrap()), Some(subject), "{station}");
            }
        }
    }

    #[test]
    fn two_stations_never_share_a_domain() {
        let domain = |code| station_domain(&StationCode::new(code).unwrap()).unwrap();
        assert_ne!(domain("ST0001"), domain("st0001"));
        assert_ne!(domain("ST-1"), domain("ST_1"));
    }

    #[test]
    fn every_other_name_is_nobody() {
        let device = format!("{}-1", "ab".repeat(16));
        for name in [
            "hq.juyu.internal".to_owned(),
            "juyu.internal".to_owned(),
            format!("{device}.agent.c-st0001.juyu.internal.example"),
            format!("{device}.agent.c-ST0001.juyu.internal"),
            format!("{}-1.agent.c-st0001.juyu.internal", "AB".repeat(16)),
            format!("{}.agent.c-st0001.juyu.internal", "ab".repeat(16)),
            format!("{}-01.agent.c-st0001.juyu.internal", "ab".repeat(16)),
            format!("{device}.till-7.c-st0001.juyu.internal"),
            format!("{device}.till-00.c-st0001.juyu.internal"),
            format!("{device}.till-100.c-st0001.juyu.internal"),
            format!("{device}.hq.c-st0001.juyu.internal"),
            format!("{device}.agent.x-535430303031.juyu.internal"),
            format!("{device}.agent.st0001.juyu.internal"),
            format!("a.{device}.agent.c-st0001.juyu.internal"),
        ] {
            assert_eq!(Subject::parse(&name), None, "{name}");
        }
    }

    #[test]
    fn a_code_that_does_not_fit_is_refused() {
        assert!(subject(&"x".repeat(40), Kind::Agent).name().is_err());
    }
}
