//! Disks that are put back, cloned, damaged or replaced, or that lied: one of these in most worlds, and two in some.

use std::collections::BTreeSet;

use sync_proto::{DeviceId, Role};

use super::{STORM_STEPS, World};
use crate::disk::Image;
use crate::faults::Fault;
use crate::rng::Rng;
use crate::station::Process;

/// What happens to one disk of a world, and when.
#[derive(Debug)]
pub(super) struct Copies {
    pub(super) fault: Fault,
    victim: usize,
    role: Role,
    /// The copy is made, the disk begins to lie, or a bit is flipped, at this step.
    from_step: u32,
    /// It is put back, the process crashes, or the bit is found, at this one.
    to_step: u32,
    drawn: u64,
    image: Option<Image>,
}

impl Copies {
    /// What the seed has in store; nothing for a quarter of all worlds. Nothing else goes wrong with disks where two
    /// lives write under one name and nobody can tell, or where head office is put back.
    pub(super) fn drawn(rng: &mut Rng, processes: &[Process]) -> Vec<Self> {
        let (first, second) = (Self::one(rng, processes), Self::one(rng, processes));
        let wanted = rng.below(100) < 30;
        let second = second.filter(|second| {
            wanted
                && first.as_ref().is_some_and(|first| {
                    !first.stands_alone() && !second.stands_alone() && first.victim != second.victim
                })
        });
        first.into_iter().chain(second).collect()
    }

    fn one(rng: &mut Rng, processes: &[Process]) -> Option<Self> {
        const TILL: &[Role] = &[Role::Terminal];
        const AGENT: &[Role] = &[Role::Agent];
        let (which, drawn) = (rng.below(100), rng.bits());
        let from_step = u32::try_from(rng.below(u64::from(STORM_STEPS) / 2)).ok()? + 1;
        let to_step = from_step + 1 + u32::try_from(rng.below(u64::from(STORM_STEPS) / 2 - 2)).ok()?;
        let any_device = rng.below(100) < 30;
        let pick = rng.bits();
        let (fault, roles) = match which {
            0..12 => (Fault::UnsyncedLost, &[Role::Terminal, Role::Agent, Role::Hq][..]),
            12..21 => (Fault::Restored, if any_device { AGENT } else { TILL }),
            21..30 => (Fault::RestoredUnnoticed, if any_device { AGENT } else { TILL }),
            30..38 => (Fault::Cloned, TILL),
            38..47 => (Fault::CloneUnnoticed, TILL),
            47..56 => (Fault::HqRestored, &[Role::Hq][..]),
            56..62 => (Fault::AgentReplaced, AGENT),
            62..68 => (Fault::TillReplaced, TILL),
            68..75 => (Fault::EntryFlipped, if any_device { TILL } else { AGENT }),
            _ => return None,
        };
        let fitting: Vec<usize> =
            processes.iter().filter(|each| roles.contains(&each.me.role)).map(|each| each.index).collect();
        let count = u64::try_from(fitting.len()).ok()?.max(1);
        let victim = *fitting.get(usize::try_from(pick % count).ok()?)?;
        let role = processes.get(victim)?.me.role;
        Some(Self { fault, victim, role, from_step, to_step, drawn, image: None })
    }

    /// Whether only an upstream can find it: two lives write under one name until then, with the same receipt numbers.
    pub(super) fn is_unnoticed(&self) -> bool {
        match self.fault {
            Fault::RestoredUnnoticed | Fault::CloneUnnoticed => true,
            Fault::UnsyncedLost => self.marker_too(),
            _ => false,
        }
    }

    /// Whether other faults beside it would lead to what the product cannot mend yet, and says so. An agent cannot go
    /// on with a till's journal of which head office holds another branch, so where two lives write under one name
    /// nobody goes past an agent. And who passes a feed on can lead a till back into a life of head office that ended,
    /// when the till heard of the next one straight from there: nobody can tell which of two lives is the later.
    pub(super) fn stands_alone(&self) -> bool {
        self.is_unnoticed() || matches!(self.role, Role::Hq)
    }

    /// Whether an older state comes back, or goes on elsewhere, rather than an empty one.
    pub(super) const fn is_older(&self) -> bool {
        !matches!(self.fault, Fault::AgentReplaced | Fault::TillReplaced | Fault::EntryFlipped)
    }

    /// Whether an agent was, or begins anew.
    pub(super) const fn is_of_an_agent(&self) -> bool {
        matches!(self.role, Role::Agent)
    }

    /// Head office always notices: in a life that goes back unnoticed, tills that are ahead of their agent stay there
    /// until it has published as much again, which the product cannot mend yet.
    const fn marker_too(&self) -> bool {
        self.drawn.is_multiple_of(2) && !matches!(self.role, Role::Hq)
    }
}

impl World {
    /// Makes copies when it is time, and uses them when it is time.
    pub(super) fn copy_or_put_back(&mut self, step: u32) {
        for mut copies in std::mem::take(&mut self.copies) {
            if step == copies.from_step {
                self.copy(&mut copies);
            } else if step == copies.to_step {
                self.use_copy(&mut copies);
                // Two are drawn for different disks.
                self.faults.add_times(Fault::SecondDisk, u64::from(self.disks_wrong > 0));
                self.disks_wrong += 1;
            }
            self.copies.push(copies);
        }
    }

    fn copy(&mut self, copies: &mut Copies) {
        let Some(disk) = self.processes.get_mut(copies.victim).and_then(Process::disk) else { return };
        let what = match copies.fault {
            Fault::UnsyncedLost => {
                disk.ignore_sync();
                "begins to lie"
            }
            Fault::EntryFlipped => {
                let was = disk.flip_entry(copies.drawn);
                self.flipped.extend(was);
                "flips a bit of an entry"
            }
            Fault::AgentReplaced | Fault::TillReplaced => return,
            _ => {
                copies.image = Some(disk.image());
                "is copied"
            }
        };
        self.note(|| format!("the disk of {} {what}", copies.victim));
    }

    fn use_copy(&mut self, copies: &mut Copies) {
        let (victim, fault) = (copies.victim, copies.fault);
        match fault {
            Fault::Cloned | Fault::CloneUnnoticed => return self.run_clone(victim, fault),
            Fault::EntryFlipped => return self.set_aside_if_damaged(victim),
            _ => {}
        }
        self.end(victim);
        let before = self.held(victim);
        let marker_too = copies.is_unnoticed();
        let mut lost = 1;
        match fault {
            Fault::AgentReplaced | Fault::TillReplaced => {
                let mut device = DeviceId(self.chances.entropy.sixteen());
                // As in the cast: the number of the process in front.
                if let (Some(first), Ok(index)) = (device.0.first_mut(), u8::try_from(victim)) {
                    *first = index;
                }
                if let Some(process) = self.processes.get_mut(victim) {
                    process.begin_anew(Some(device));
                }
            }
            _ => {
                let Some(disk) = self.processes.get_mut(victim).and_then(Process::disk) else { return };
                if fault == Fault::UnsyncedLost {
                    lost = disk.lose_unsynced(copies.drawn >> 8, marker_too);
                } else {
                    disk.put_back(copies.image.take().unwrap_or_default(), marker_too);
                }
            }
        }
        self.faults.add_times(fault, u64::from(lost > 0));
        self.note(|| format!("the disk of {victim}: {}", fault.name()));
        self.mourn(&before);
    }

    /// What a check does that finds a damaged entry, at night or at start: the disk is set aside. What it alone held
    /// is in the file for review then, and not in the journal.
    pub(super) fn set_aside_if_damaged(&mut self, index: usize) {
        let Some(process) = self.processes.get_mut(index) else { return };
        if process.me.role == Role::Hq || !process.disk().is_some_and(|disk| disk.is_damaged()) {
            return;
        }
        self.end(index);
        let before = self.held(index);
        if let Some(process) = self.processes.get_mut(index) {
            process.begin_anew(None);
        }
        self.faults.hit(Fault::EntryFlipped);
        self.note(|| format!("the disk of {index} is damaged and set aside"));
        self.mourn(&before);
    }

    /// What stood on one disk alone is gone for ever, and nobody can be asked for it.
    fn mourn(&mut self, before: &BTreeSet<Vec<u8>>) {
        let after: BTreeSet<Vec<u8>> = (0..self.processes.len()).flat_map(|index| self.held(index)).collect();
        let before = before.iter().chain(&self.flipped);
        self.destroyed.extend(before.filter(|bytes| !after.contains(*bytes)).cloned());
    }

    fn run_clone(&mut self, victim: usize, fault: Fault) {
        let index = self.processes.len();
        let unnoticed = fault == Fault::CloneUnnoticed;
        let Some(clone) = self.processes.get_mut(victim).and_then(|each| each.cloned(index, unnoticed))
        else {
            return;
        };
        self.processes.push(clone);
        self.linked.push(0);
        self.faults.hit(fault);
        self.note(|| format!("the disk of {victim} runs on another computer too, as {index}"));
        self.start(index);
    }

    fn held(&mut self, index: usize) -> BTreeSet<Vec<u8>> {
        let disk = self.processes.get_mut(index).and_then(Process::disk);
        disk.map(|disk| disk.durable.all_entries().iter().map(|stored| stored.entry.bytes.clone()).collect())
            .unwrap_or_default()
    }
}
