//! Context Stations 점포관리: the register of stations, their devices, and what each last reported.

mod behind;
mod devices;
mod find;
mod list;
mod presence;
mod register;
mod unsent;

pub use behind::{BehindRow, behind};
pub use devices::{DeviceRow, device, devices};
pub use find::{find_by_destination, find_station};
pub use list::{StationRow, TerminalRow, list};
pub use presence::{Presence, Seen, StationLink};
pub use register::{StationSeed, register_stations};
pub use unsent::{Unsent, overridden};
