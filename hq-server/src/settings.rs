//! Settings that staff change while head office runs; what the configuration file sets is only their start.

use sync::NodeError;
use sync_proto::rows::RowChange;

use crate::rows::put;
use crate::store::Hq;

sync_proto::table! {
    /// A setting under its name.
    pub struct Setting in "settings" { name: String } { value: String }
}

/// Whether a switch is on; `default` when it was never set.
pub fn switch(node: &mut Hq, name: &str, default: bool) -> Result<bool, NodeError> {
    Ok(node.get::<Setting>(&Setting::key(name))?.map_or(default, |row| row.value == "on"))
}

/// The change that sets a switch.
pub fn set_switch(name: &str, on: bool) -> RowChange {
    put(Setting { name: name.to_owned(), value: if on { "on" } else { "off" }.to_owned() })
}
