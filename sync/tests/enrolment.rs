//! Codes and certificates over time, which is an argument here.

#![expect(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::sync::Arc;

use sync::Node;
use sync::enrolment::{CODE_LIFETIME_MS, EnrolmentError, Invited, Issuer, Lifetimes};
use sync::store::memory::MemoryStore;
use sync_identity::exchange::{Enrol, Issued, Renew};
use sync_identity::standin::StandIn;
use sync_identity::{Certified, EnrolmentCode, Identity, Kind, Validity, authority};
use sync_proto::devices::DeviceBook;
use sync_proto::{DeviceId, Origin, Role, Stamp, StationCode};

const NOW_MS: i64 = 1_795_478_400_000;
const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1000;

struct HeadOffice {
    node: Node<MemoryStore>,
    issuer: Issuer,
}

fn station(code: &str) -> StationCode {
    StationCode::new(code).unwrap()
}

impl HeadOffice {
    fn open() -> Self {
        let me = Origin { station: station("HQ"), device: DeviceId([1; 16]), role: Role::Hq, terminal: None };
        let now = Stamp::at_wall_ms(NOW_MS);
        let node = Node::open(MemoryStore::default(), Arc::new(DeviceBook), me, [2; 16], now).unwrap();
        let StandIn { head_office, stations, .. } =
            StandIn::make(Validity::of(NOW_MS, 20 * YEAR_MS)).unwrap();
        Self { node, issuer: Issuer::HeadOffice { head_office, stations, lifetimes: Lifetimes::STANDARD } }
    }

    fn code(&mut self, at_ms: i64) -> EnrolmentCode {
        let invited = Invited { station: station("ST0001"), kind: Kind::Agent };
        self.node.open_code(&self.issuer, &invited, at_ms).unwrap().0
    }

    fn redeem(&mut self, code: &EnrolmentCode, at_ms: i64) -> Result<Identity, &'static str> {
        let (key, request) = authority::new_key().unwrap();
        let (authority_key, authority_request) = authority::new_key().unwrap();
        let asked = Enrol {
            code_id: code.id(),
            secret: code.secret(),
            device: None,
            request,
            authority_request: Some(authority_request),
        };
        let issued = self.node.redeem(&self.issuer, &asked, Stamp::at_wall_ms(at_ms));
        issued.map(|issued| Identity::of(key, Some(authority_key), issued).unwrap()).map_err(|why| why.code())
    }

    fn renew(&mut self, shown: &Certified, at_ms: i64) -> Result<Issued, EnrolmentError> {
        let asked = Renew {
            request: authority::new_key().unwrap().1,
            authority_request: Some(authority::new_key().unwrap().1),
        };
        self.node.renew(&self.issuer, shown, &asked, Stamp::at_wall_ms(at_ms))
    }
}

#[test]
fn a_code_lives_fifteen_minutes() {
    let mut office = HeadOffice::open();
    let (first, second) = (office.code(NOW_MS), office.code(NOW_MS));
    assert_eq!(office.redeem(&first, NOW_MS + CODE_LIFETIME_MS + 1).err(), Some("code_expired"));
    assert!(office.redeem(&second, NOW_MS + CODE_LIFETIME_MS).is_ok());
    assert_eq!(office.redeem(&second, NOW_MS + CODE_LIFETIME_MS).err(), Some("code_used"));
    assert_eq!(office.redeem(&first, NOW_MS).err(), None, "a clock that was put back is believed");
}

#[test]
fn a_certificate_is_renewed_from_its_half_life_on_and_by_the_same_device() {
    let mut office = HeadOffice::open();
    let code = office.code(NOW_MS);
    let agent = office.redeem(&code, NOW_MS).unwrap();
    let shown = agent.certified();
    let half_ms = shown.half_life_ms();
    assert!(matches!(office.renew(shown, half_ms - 1), Err(EnrolmentError::NotDue)));
    let next = office.renew(shown, half_ms).unwrap();
    assert_eq!(next.station.code, shown.subject.station);
    let chain: Vec<_> = next.chain.iter().map(|pem| parse(pem)).collect();
    let renewed = Certified::read(&chain).unwrap();
    assert_eq!(renewed.subject, shown.subject);
    assert_ne!(renewed.serial, shown.serial);
    assert!(renewed.window.until_ms > shown.window.until_ms);
}

fn parse(pem: &str) -> rustls::pki_types::CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject as _;
    rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}
