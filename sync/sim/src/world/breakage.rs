//! What goes wrong.

use super::World;
use crate::station::Process;

impl World {
    /// At most one thing a step, by chance.
    pub(super) fn break_something(&mut self) {
        let count = u64::try_from(self.processes.len()).unwrap_or(1);
        let index = usize::try_from(self.rng.below(count)).unwrap_or(0);
        match self.rng.below(1_000) {
            0..15 => self.kill(index, false),
            15..30 => {
                if let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) {
                    disk.faults.die_after_commit = true;
                }
            }
            30..40 => {
                if let Some(disk) = self.processes.get_mut(index).and_then(Process::disk) {
                    disk.faults.full = !disk.faults.full;
                }
            }
            40..60 => self.cut_link(index),
            60..70 => {
                let skew_ms = self.rng.between(-3 * 86_400_000, 5 * 365 * 86_400_000);
                if let Some(process) = self.processes.get_mut(index) {
                    process.clock_skew_ms = skew_ms;
                    self.faults.clock_jumps += 1;
                }
            }
            _ => {}
        }
    }

    fn cut_link(&mut self, index: usize) {
        let until_ms = self.now_ms + self.rng.between(100, 6_000);
        let Some(to) = self.processes.get(index).and_then(|process| process.upstream) else { return };
        let way = self.rng.below(3);
        if way != 1 {
            self.network.cut(index, to, until_ms);
        }
        if way != 0 {
            self.network.cut(to, index, until_ms);
        }
        self.note(|| format!("the link {index} - {to} is cut, way {way}"));
    }
}
