//! Disks that are put back, cloned, or that lied: at most one of these in a world, since two of them can destroy
//! every copy of an entry, and then there is nothing to find out.

use std::collections::BTreeSet;

use sync_proto::Role;

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
    /// The copy is made, or the disk begins to lie, at this step.
    from_step: u32,
    /// It is put back, or the process crashes, at this one.
    to_step: u32,
    drawn: u64,
    image: Option<Image>,
}

impl Copies {
    /// What the seed has in store; nothing for two worlds of five.
    pub(super) fn drawn(rng: &mut Rng, processes: &[Process]) -> Option<Self> {
        let (which, drawn) = (rng.below(100), rng.bits());
        let from_step = u32::try_from(rng.below(u64::from(STORM_STEPS) / 2)).ok()? + 1;
        let to_step = from_step + 1 + u32::try_from(rng.below(u64::from(STORM_STEPS) / 2 - 2)).ok()?;
        let any_device = rng.below(100) < 30;
        let pick = rng.bits();
        let (fault, roles): (Fault, &[Role]) = match which {
            0..12 => (Fault::UnsyncedLost, &[Role::Terminal, Role::Agent, Role::Hq]),
            12..22 => (Fault::Restored, if any_device { &[Role::Agent] } else { &[Role::Terminal] }),
            22..32 => (Fault::RestoredUnnoticed, if any_device { &[Role::Agent] } else { &[Role::Terminal] }),
            32..40 => (Fault::Cloned, &[Role::Terminal]),
            40..50 => (Fault::CloneUnnoticed, &[Role::Terminal]),
            50..60 => (Fault::HqRestored, &[Role::Hq]),
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

    /// Whether head office was put back.
    pub(super) const fn is_of_hq(&self) -> bool {
        matches!(self.role, Role::Hq)
    }

    /// Whether an agent was.
    pub(super) const fn is_of_an_agent(&self) -> bool {
        matches!(self.role, Role::Agent)
    }

    const fn marker_too(&self) -> bool {
        self.drawn.is_multiple_of(2)
    }
}

impl World {
    /// Makes the copy when it is time, and uses it when it is time.
    pub(super) fn copy_or_put_back(&mut self, step: u32) {
        let Some(mut copies) = self.copies.take() else { return };
        if step == copies.from_step {
            self.copy(&mut copies);
        } else if step == copies.to_step {
            self.use_copy(&mut copies);
        }
        self.copies = Some(copies);
    }

    fn copy(&mut self, copies: &mut Copies) {
        let Some(disk) = self.processes.get_mut(copies.victim).and_then(Process::disk) else { return };
        if copies.fault == Fault::UnsyncedLost {
            disk.ignore_sync();
            self.note(|| format!("the disk of {} begins to lie", copies.victim));
        } else {
            copies.image = Some(disk.image());
            self.note(|| format!("the disk of {} is copied", copies.victim));
        }
    }

    fn use_copy(&mut self, copies: &mut Copies) {
        let victim = copies.victim;
        if matches!(copies.fault, Fault::Cloned | Fault::CloneUnnoticed) {
            self.run_clone(victim, copies.fault);
            return;
        }
        self.end(victim);
        let before = self.held(victim);
        let marker_too = copies.is_unnoticed();
        let Some(disk) = self.processes.get_mut(victim).and_then(Process::disk) else { return };
        let lost = if copies.fault == Fault::UnsyncedLost {
            disk.lose_unsynced(copies.drawn >> 8, marker_too)
        } else {
            disk.put_back(copies.image.take().unwrap_or_default(), marker_too);
            1
        };
        self.faults.add_times(copies.fault, u64::from(lost > 0));
        self.note(|| format!("the disk of {victim}: {}", copies.fault.name()));
        let after: BTreeSet<Vec<u8>> = (0..self.processes.len()).flat_map(|index| self.held(index)).collect();
        // What stood on this disk alone is gone for ever, and nobody can be asked for it.
        self.destroyed.extend(before.difference(&after).cloned());
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
