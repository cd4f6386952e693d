//! Who takes part in a world.

use sync::Peer;
use sync_proto::fact::FeedScope;
use sync_proto::{DeviceId, Origin, Role, StationCode, TerminalNo};

use super::HQ;
use crate::breakage::Break;
use crate::rng::Rng;
use crate::station::Process;

/// HQ, one or two stations, one or two tills each.
pub(super) fn processes(rng: &mut Rng, broken: Option<Break>) -> Option<Vec<Process>> {
    let hq = origin("HQ", 0, Role::Hq, None, rng)?;
    let mut processes = vec![Process::new(HQ, None, hq, Vec::new(), broken)];
    for station in 1..=1 + rng.below(2) {
        let code = format!("ST{station:04}");
        let scopes = vec![FeedScope::Chain, FeedScope::Station(StationCode::new(code.clone()).ok()?)];
        let agent = processes.len();
        let me = origin(&code, agent, Role::Agent, None, rng)?;
        processes.push(Process::new(agent, Some(HQ), me, scopes.clone(), broken));
        for terminal in 1..=1 + rng.below(2) {
            let no = Some(TerminalNo(u16::try_from(terminal).ok()?));
            let index = processes.len();
            let me = origin(&code, index, Role::Terminal, no, rng)?;
            processes.push(Process::new(index, Some(agent), me, scopes.clone(), broken));
        }
    }
    Some(processes)
}

fn origin(
    station: &str,
    index: usize,
    role: Role,
    terminal: Option<TerminalNo>,
    rng: &mut Rng,
) -> Option<Origin> {
    let mut device = rng.sixteen();
    // The index in front makes traces readable and ids certainly different.
    if let (Some(first), Ok(index)) = (device.first_mut(), u8::try_from(index)) {
        *first = index;
    }
    Some(Origin { station: StationCode::new(station).ok()?, device: DeviceId(device), role, terminal })
}

pub(super) fn peer_of(me: &Origin) -> Peer {
    Peer { station: me.station.clone(), device: me.device, role: me.role, terminal: me.terminal }
}
