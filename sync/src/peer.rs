//! Who is at the other end of a link.

use sync_identity::Subject;
use sync_proto::{DeviceId, Origin, Role, StationCode, StreamId, TerminalNo};

use sync_proto::fact::FeedScope;

/// What a link proved about its other end. Made in one place only, [`crate::device::Devices::peer`], and
/// never from a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Where it stands.
    pub station: StationCode,
    /// Which device it is.
    pub device: DeviceId,
    /// What it is.
    pub role: Role,
    /// Its number, if it is a till.
    pub terminal: Option<TerminalNo>,
}

impl Peer {
    /// Of what a certificate says, once [`crate::device::Devices::peer`] has let it through.
    pub(crate) fn of(subject: &Subject) -> Self {
        Self {
            station: subject.station.clone(),
            device: subject.device,
            role: subject.kind.role(),
            terminal: subject.kind.terminal(),
        }
    }

    /// A till sends its own stream; an agent those of its station (whose first entry says so, see
    /// [`crate::Node::receive`]).
    pub fn may_send(&self, stream: &StreamId) -> bool {
        match self.role {
            Role::Terminal => stream.device == self.device,
            Role::Agent => true,
            Role::Hq | Role::Office => false,
        }
    }

    /// An agent may have every journal of its station back; a till its own, and those of the till whose number it has
    /// (R38). Whether the station is the peer's own is for the caller to look at.
    pub fn may_have_back(&self, origin: &Origin) -> bool {
        match self.role {
            Role::Agent => matches!(origin.role, Role::Agent | Role::Terminal),
            Role::Terminal => {
                origin.device == self.device
                    || (origin.role == Role::Terminal && origin.terminal == self.terminal)
            }
            Role::Hq | Role::Office => false,
        }
    }

    /// Everyone reads the chain's feed; a station's feeds are its own.
    pub fn may_pull(&self, scope: &FeedScope) -> bool {
        if matches!(self.role, Role::Hq | Role::Office) {
            return false;
        }
        match scope {
            FeedScope::Chain => true,
            FeedScope::Station(code) | FeedScope::Local(code) => *code == self.station,
        }
    }
}

/// Who a device is in its own journal.
pub fn origin_of(subject: &Subject) -> Origin {
    Origin {
        station: subject.station.clone(),
        device: subject.device,
        role: subject.kind.role(),
        terminal: subject.kind.terminal(),
    }
}
