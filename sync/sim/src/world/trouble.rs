//! What goes wrong.

use sync_proto::Role;

use super::{HQ, World};
use crate::disk::Dies;
use crate::faults::Fault;
use crate::network::Cut;
use crate::station::Process;

impl World {
    /// At most one thing a step, by chance.
    pub(super) fn break_something(&mut self) {
        let count = u64::try_from(self.processes.len()).unwrap_or(1);
        let index = usize::try_from(self.chances.trouble.below(count)).unwrap_or(0);
        let (which, drawn) = (self.chances.trouble.below(1_000), self.chances.trouble.bits());
        let fault = match which {
            0..12 => Fault::Killed,
            12..22 => Fault::KilledAfterCommit,
            22..32 => Fault::CommitTorn,
            32..42 => Fault::DiskFull,
            42..50 => Fault::CutOneWay,
            50..56 => Fault::CutBothWays,
            56..62 => Fault::Flapping,
            62..70 => Fault::ClockJump,
            70..78 => Fault::NewerVersion,
            78..81 => Fault::BrokerWiped,
            81..86 => Fault::AgentAway,
            86..90 => Fault::PriceFlipped,
            90..95 => Fault::EntryLost,
            _ => return,
        };
        if self.options.plan.allows(fault) {
            self.cause(fault, index, drawn);
        }
    }

    fn cause(&mut self, fault: Fault, index: usize, drawn: u64) {
        match fault {
            Fault::Killed => self.kill(index, fault),
            Fault::KilledAfterCommit | Fault::CommitTorn => {
                let dies = if fault == Fault::CommitTorn { Dies::Within } else { Dies::After };
                if let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) {
                    disk.faults.dies = Some(dies);
                }
            }
            Fault::DiskFull => {
                if let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) {
                    disk.faults.full = !disk.faults.full;
                }
                self.note(|| format!("the disk of {index} fills up, or has room again"));
            }
            Fault::ClockJump => {
                let skew_ms = ranged(drawn, -3 * 86_400_000, 5 * 365 * 86_400_000);
                if let Some(process) = self.processes.get_mut(index) {
                    process.clock_skew_ms = skew_ms;
                    self.faults.hit(fault);
                }
                self.note(|| format!("the clock of {index} jumps by {skew_ms} ms"));
            }
            Fault::NewerVersion => {
                if let Some(process) = self.processes.get_mut(index) {
                    process.newer = !process.newer;
                }
            }
            Fault::BrokerWiped => {
                self.network.wipe_broker(&mut self.faults);
                self.note(|| "the broker starts anew with nothing".to_owned());
            }
            Fault::AgentAway => self.send_away(index, drawn),
            Fault::PriceFlipped => self.flip_price(index, drawn),
            Fault::EntryLost => self.lose_entry(drawn),
            _ => self.cut_link(fault, index, drawn),
        }
    }

    /// An agent is away for longer than a till waits; counted when a till does something about it.
    fn send_away(&mut self, index: usize, drawn: u64) {
        let until_ms = self.now_ms + ranged(drawn, 2_000, 6_000);
        let agent =
            self.processes.get_mut(index).filter(|each| each.is_alive() && each.me.role == Role::Agent);
        if let Some(agent) = agent {
            agent.kill(until_ms);
            self.note(|| format!("{index} is away"));
        }
    }

    /// Head office's own prices are looked after by a nightly check, which no storm is long enough for.
    fn flip_price(&mut self, index: usize, drawn: u64) {
        let disk =
            self.processes.get_mut(index).filter(|each| each.upstream.is_some()).and_then(Process::disk);
        if disk.is_some_and(|disk| disk.flip_price(drawn)) {
            self.faults.hit(Fault::PriceFlipped);
            self.note(|| format!("the disk of {index} flips a bit of a price"));
        }
    }

    /// The stations hold it still, and their audits find that head office does not.
    fn lose_entry(&mut self, drawn: u64) {
        if !self.loses_entries {
            return;
        }
        let disk = self.processes.get_mut(HQ).and_then(Process::disk);
        if disk.is_some_and(|disk| disk.lose_entry(drawn)) {
            self.faults.hit(Fault::EntryLost);
            self.note(|| "head office loses an entry, or its bytes change".to_owned());
        }
    }

    fn cut_link(&mut self, kind: Fault, index: usize, drawn: u64) {
        let Some(to) = self.processes.get(index).and_then(|process| process.upstream) else { return };
        let until_ms = self.now_ms + ranged(drawn, 100, 6_000);
        let period_ms = if kind == Fault::Flapping { ranged(drawn >> 16, 50, 400) } else { 0 };
        let cut = Cut { kind, until_ms, period_ms };
        let up = kind != Fault::CutOneWay || drawn.is_multiple_of(2);
        if up {
            self.network.cut(index, to, cut);
        }
        if kind != Fault::CutOneWay || !up {
            self.network.cut(to, index, cut);
        }
        let what = if to == HQ { "head office" } else { "its agent" };
        let for_ms = until_ms - self.now_ms;
        self.note(|| format!("the link of {index} to {what}: {}, {for_ms} ms", kind.name()));
    }
}

fn ranged(drawn: u64, from: i64, to: i64) -> i64 {
    let span = to.saturating_sub(from).unsigned_abs().saturating_add(1);
    from.saturating_add(i64::try_from(drawn % span).unwrap_or(0))
}
