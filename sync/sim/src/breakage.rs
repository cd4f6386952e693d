//! The product broken on purpose, one rule at a time: a simulator that stays green then proves nothing.
//!
//! A breakage stands where the simulated world stands, around the product's own code: in the disk under a node and
//! in the driver around an engine. No program of the product has these types, so none can be switched.

/// The rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The counter of a journal is behind after a crash: a number is used twice.
    R3,
    /// Whoever receives compares places and not hashes: a fork passes for a duplicate and is dropped.
    R5,
    /// A batch is acknowledged before it is committed.
    R10,
    /// A driver forgets its timer after a failure.
    R13,
    /// A feed version is given before the commit, and an earlier one may commit later.
    R18,
}

/// Said by every run of a broken world; no program of the product has these words in it.
pub const BROKEN: &str = "juyu simulator: broken on purpose";

impl Break {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::R3, Self::R5, Self::R10, Self::R13, Self::R18];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::R3 => "r3",
            Self::R5 => "r5",
            Self::R10 => "r10",
            Self::R13 => "r13",
            Self::R18 => "r18",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }
}
