//! Order and Logistics as tasks of this process: each follows the journal with a cursor of its own, may be
//! stopped and started while the other goes on, and stays stopped over a restart (R7).

mod follow;

use sync::NodeError;

pub use follow::{Followed, Follower, Policy};

use crate::refusal::Refusal;
use crate::settings;
use crate::store::Hq;

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 주문.
    Order,
    /// 물류.
    Logistics,
}

impl Role {
    /// Both, in the order they are listed.
    pub const ALL: [Self; 2] = [Self::Order, Self::Logistics];

    /// The name in paths, commands and rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Logistics => "logistics",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Refusal::UnknownRole(text.chars().take(40).collect()))
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Order => "role/order",
            Self::Logistics => "role/logistics",
        }
    }

    fn cursor(self) -> &'static str {
        self.as_str()
    }
}

/// Whether a role runs. The stored state is the truth; it is read on the writer's thread.
pub fn is_running(node: &mut Hq, role: Role) -> Result<bool, NodeError> {
    settings::switch(node, role.setting(), true)
}

/// A command of a stopped role is refused.
pub fn check_running(node: &mut Hq, role: Role) -> Result<(), Refusal> {
    if is_running(node, role)? { Ok(()) } else { Err(Refusal::RoleStopped(role.as_str())) }
}

/// Stops or starts a role from the next entry on.
pub fn set_running(node: &mut Hq, role: Role, running: bool, at_ms: i64) -> Result<(), NodeError> {
    node.write(vec![settings::set_switch(role.setting(), running)], at_ms)
}
