//! Whole worlds of tills, agents, a broker and HQ on one seed: virtual time, a network that loses, repeats and
//! reorders, disks that refuse, processes that die between any two steps.
//!
//! The engine, the nodes and the projections are the product's own code; the [`oracle`] that judges them
//! shares none of it. A run is a pure function of its seed, so every violation replays.

pub mod breakage;
pub mod disk;
pub mod faults;
pub mod network;
pub mod oracle;
pub mod rng;
pub mod run;
pub mod smaller;
pub mod station;
pub mod workload;
pub mod world;

pub use breakage::Break;
pub use faults::{Fault, Faults, Plan};
pub use world::{Report, World, WorldOptions};
