//! Whole worlds of tills, agents and HQ on one seed: virtual time, a network that loses, repeats and
//! reorders, disks that refuse, processes that die between any two steps.
//!
//! The engine, the nodes and the projections are the product's own code; the [`oracle`] that judges them
//! shares none of it. A run is a pure function of its seed, so every violation replays.

pub mod disk;
pub mod network;
pub mod oracle;
pub mod rng;
pub mod station;
pub mod workload;
pub mod world;

pub use world::{Report, World};

/// How often each fault fired over a run; a fault that never fired proves nothing (I8).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Messages lost.
    pub lost: u64,
    /// Messages delivered twice.
    pub repeated: u64,
    /// Messages overtaken by a later one.
    pub reordered: u64,
    /// Messages that met a cut link, either way alone or both.
    pub cut: u64,
    /// Processes killed.
    pub killed: u64,
    /// Processes killed after a commit and before its reply.
    pub killed_after_commit: u64,
    /// Commits refused by a full disk.
    pub disk_full: u64,
    /// Wall clocks set to another time.
    pub clock_jumps: u64,
}

impl Faults {
    /// The counters with their names.
    pub const fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("lost", self.lost),
            ("repeated", self.repeated),
            ("reordered", self.reordered),
            ("cut", self.cut),
            ("killed", self.killed),
            ("killed after commit", self.killed_after_commit),
            ("disk full", self.disk_full),
            ("clock jumps", self.clock_jumps),
        ]
    }

    /// Adds another run's counters.
    pub const fn add(&mut self, other: &Self) {
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.reordered += other.reordered;
        self.cut += other.cut;
        self.killed += other.killed;
        self.killed_after_commit += other.killed_after_commit;
        self.disk_full += other.disk_full;
        self.clock_jumps += other.clock_jumps;
    }
}
