//! The pure heart of Juyu: facts, quantities, the journal's chain, the wire, the engine and the projections.
//!
//! Nothing here opens a socket, runs SQL, reads a clock or draws a random number: inputs come in with
//! their time, outputs go out, and a driver in crate `sync` does the rest. That is what lets the
//! simulator run the product's own code. See ARCHITECTURE.md, "One idea".

pub mod card;
pub mod catalogue;
pub mod decimal;
pub mod devices;
pub mod digest;
pub mod engine;
pub mod entry;
pub mod envelope;
pub mod fact;
pub mod hash;
pub mod ids;
pub mod ledger;
pub mod life;
pub mod origin;
pub mod project;
pub mod quantity;
pub mod quarantine;
pub mod rows;
pub mod tax;
pub mod time;
pub mod wire;

pub use entry::{Entry, EntryKey, StreamId};
pub use envelope::{Decoded, Envelope};
pub use fact::Fact;
pub use hash::ChainHash;
pub use ids::{
    AccountId, DeviceId, FeedVersion, Incarnation, OrderId, ProductId, RequestId, SaleId, Seq, ShipId,
    StationCode, TerminalNo,
};
pub use origin::{Origin, Role};
pub use quantity::{Money, Pieces, Quantity, Unit, Volume};
pub use time::{BusinessDay, Stamp};
