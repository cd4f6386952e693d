//! What can go wrong, how often it did, and what is left out of a run.

/// Every kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// A message is lost.
    Lost,
    /// A message is delivered twice.
    Repeated,
    /// A message is overtaken by a later one.
    Reordered,
    /// A message takes more than a second.
    Delayed,
    /// A message meets a link that is cut one way.
    CutOneWay,
    /// A message meets a link that is cut both ways.
    CutBothWays,
    /// A message meets a link that goes up and down several times a second.
    Flapping,
    /// A bit of a message is flipped on its way.
    BitFlipped,
    /// The broker takes a message and drops it.
    BrokerDropped,
    /// The broker delivers a message of long ago once more.
    BrokerRepeated,
    /// The broker loses everything that it holds.
    BrokerWiped,
    /// Nobody is told that the journal grew.
    WakeUpLost,
    /// A process is killed between two steps.
    Killed,
    /// A process is killed after a commit and before its reply.
    KilledAfterCommit,
    /// A process is killed in a commit, of which nothing is there.
    CommitTorn,
    /// A commit is refused by a full disk.
    DiskFull,
    /// A wall clock is set to another time.
    ClockJump,
    /// An entry is written by a newer version: fields, types and schema versions nobody else knows.
    NewerVersion,
    /// A crash takes commits away that a lying disk had said were durable.
    UnsyncedLost,
    /// A device is put back to an earlier copy of its disk; what stands beside the database tells.
    Restored,
    /// A device is put back to an earlier copy of everything: only its upstream can tell.
    RestoredUnnoticed,
    /// A till's disk is copied to another computer, and both sell.
    Cloned,
    /// The same with machine id, file identity and marker: only their upstream can tell them apart.
    CloneUnnoticed,
    /// Head office is put back to a backup.
    HqRestored,
    /// A till finds its agent away for so long that it speaks to head office itself (R36).
    AgentAway,
    /// An agent's computer is replaced by a new one, which begins with nothing (R38).
    AgentReplaced,
    /// A till is replaced by a new one with its number, which begins with nothing (R38).
    TillReplaced,
    /// A bit of an entry on a disk is flipped; a check finds it, and the disk is set aside.
    EntryFlipped,
    /// Head office loses an entry, or its bytes change, in a database that is whole otherwise (R29).
    EntryLost,
    /// A bit of a price on a disk is flipped (R20).
    PriceFlipped,
    /// An entry is deleted because head office has held it for long enough (R33).
    Purged,
    /// A second disk of the same world goes wrong.
    SecondDisk,
}

/// How many kinds there are.
const COUNT: usize = 32;

impl Fault {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; COUNT] = [
        Self::Lost,
        Self::Repeated,
        Self::Reordered,
        Self::Delayed,
        Self::CutOneWay,
        Self::CutBothWays,
        Self::Flapping,
        Self::BitFlipped,
        Self::BrokerDropped,
        Self::BrokerRepeated,
        Self::BrokerWiped,
        Self::WakeUpLost,
        Self::Killed,
        Self::KilledAfterCommit,
        Self::CommitTorn,
        Self::DiskFull,
        Self::ClockJump,
        Self::NewerVersion,
        Self::UnsyncedLost,
        Self::Restored,
        Self::RestoredUnnoticed,
        Self::Cloned,
        Self::CloneUnnoticed,
        Self::HqRestored,
        Self::AgentAway,
        Self::AgentReplaced,
        Self::TillReplaced,
        Self::EntryFlipped,
        Self::EntryLost,
        Self::PriceFlipped,
        Self::Purged,
        Self::SecondDisk,
    ];

    /// Its name on the command line and in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Repeated => "repeated",
            Self::Reordered => "reordered",
            Self::Delayed => "delayed",
            Self::CutOneWay => "cut-one-way",
            Self::CutBothWays => "cut-both-ways",
            Self::Flapping => "flapping",
            Self::BitFlipped => "bit-flipped",
            Self::BrokerDropped => "broker-dropped",
            Self::BrokerRepeated => "broker-repeated",
            Self::BrokerWiped => "broker-wiped",
            Self::WakeUpLost => "wake-up-lost",
            Self::Killed => "killed",
            Self::KilledAfterCommit => "killed-after-commit",
            Self::CommitTorn => "commit-torn",
            Self::DiskFull => "disk-full",
            Self::ClockJump => "clock-jump",
            Self::NewerVersion => "newer-version",
            Self::UnsyncedLost => "unsynced-lost",
            Self::Restored => "restored",
            Self::RestoredUnnoticed => "restored-unnoticed",
            Self::Cloned => "cloned",
            Self::CloneUnnoticed => "clone-unnoticed",
            Self::HqRestored => "hq-restored",
            Self::AgentAway => "agent-away",
            Self::AgentReplaced => "agent-replaced",
            Self::TillReplaced => "till-replaced",
            Self::EntryFlipped => "entry-flipped",
            Self::EntryLost => "entry-lost",
            Self::PriceFlipped => "price-flipped",
            Self::Purged => "purged",
            Self::SecondDisk => "second-disk",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    const fn bit(self) -> u64 {
        1 << self as u64
    }
}

/// How often each fault fired over a run; a fault that never fired proves nothing (I8).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Faults([u64; COUNT]);

impl Faults {
    /// One more of a kind.
    pub fn hit(&mut self, fault: Fault) {
        self.add_times(fault, 1);
    }

    /// Several more of a kind.
    pub fn add_times(&mut self, fault: Fault, times: u64) {
        if let Some(count) = self.0.get_mut(usize::from(fault as u8)) {
            *count = count.saturating_add(times);
        }
    }

    /// How often a kind fired.
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.get(usize::from(fault as u8)).copied().unwrap_or(0)
    }

    /// The kinds that never fired.
    pub fn silent(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(|fault| self.count(*fault) == 0)
    }

    /// Adds another run's counters.
    pub fn add(&mut self, other: &Self) {
        Fault::ALL.into_iter().for_each(|fault| self.add_times(fault, other.count(fault)));
    }
}

/// What a run may do: everything, or less of it when a violation is made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    without: u64,
    /// The storm ends after so many steps at the latest.
    pub steps_max: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self { without: 0, steps_max: u32::MAX }
    }
}

impl Plan {
    /// Whether a fault may fire.
    pub const fn allows(&self, fault: Fault) -> bool {
        self.without & fault.bit() == 0
    }

    /// The same without one fault.
    #[must_use]
    pub const fn without(self, fault: Fault) -> Self {
        Self { without: self.without | fault.bit(), ..self }
    }

    /// The same with a shorter storm.
    #[must_use]
    pub const fn of_steps(self, steps_max: u32) -> Self {
        Self { steps_max, ..self }
    }

    /// The faults that are left out.
    pub fn left_out(&self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(|fault| !self.allows(*fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_place_a_name_and_a_counter_of_its_own() {
        let mut faults = Faults::default();
        for (place, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(fault as u8), place);
            assert_eq!(Fault::parse(fault.name()), Some(fault));
            assert_eq!(faults.silent().count(), COUNT - place);
            faults.hit(fault);
            assert!(!Plan::default().without(fault).allows(fault));
        }
        assert_eq!(faults.silent().count(), 0);
    }
}
