//! How a world runs, and what it came to.

use std::time::Duration;

use sync_proto::fact::Sold;

use crate::breakage::Break;
use crate::faults::{Faults, Plan};

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Faults that fired.
    pub faults: Faults,
    /// Sales shown as done.
    pub sales: usize,
    /// Milliseconds from healing until everything had arrived.
    pub drained_in_ms: i64,
    /// Steps of the storm.
    pub steps: u32,
    /// A small world: head office and one station with one or two tills. The others have two stations.
    pub small: bool,
    /// Entries that somebody took back from upstream (R38).
    pub given_back: u64,
    /// Time of a core that it took, where the system tells; no part of the world.
    pub took: Option<Duration>,
    /// What was violated, in words; empty when all is well.
    pub violations: Vec<String>,
    /// The last things that happened, oldest first, if the world was traced.
    pub trace: Vec<String>,
}

impl Report {
    pub(crate) fn of_no_world(seed: u64) -> Self {
        Self {
            seed,
            faults: Faults::default(),
            sales: 0,
            drained_in_ms: 0,
            steps: 0,
            small: false,
            given_back: 0,
            took: None,
            violations: vec!["the world could not be built".to_owned()],
            trace: Vec::new(),
        }
    }
}

/// How a world runs, beside its seed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorldOptions {
    /// What may go wrong.
    pub plan: Plan,
    /// The product, broken on purpose.
    pub broken: Option<Break>,
    /// Keep a trace; costs time.
    pub traced: bool,
}

/// A sale that a till showed as done.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which till (index of the process).
    pub till: usize,
    /// The sale.
    pub sold: Sold,
    /// Its entry, byte for byte.
    pub entry: Vec<u8>,
    /// The entry of its cancellation, once that was shown as done too.
    pub cancellation: Option<Vec<u8>>,
    /// Written in a schema version that nobody else can project yet.
    pub future: bool,
}
