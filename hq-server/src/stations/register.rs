//! `register_stations`: stations of the configuration join the register, as facts in the chain's feed.

use serde::{Deserialize, Serialize};
use sync::node::Beside;
use sync::{Draft, NodeError};
use sync_proto::catalogue::Station;
use sync_proto::fact::{Fact, FeedScope, StationAdded};
use sync_proto::{Stamp, StationCode};

use crate::store::Hq;

/// A station as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationSeed {
    /// The chain's code, `ST0001`.
    pub code: StationCode,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// The group it belongs to, for prices of a group; not used yet by any rule.
    #[serde(default)]
    pub group: Option<String>,
}

/// Adds the stations that are not in the register; returns how many were added.
pub fn register_stations(node: &mut Hq, now: Stamp, seeds: &[&StationSeed]) -> Result<usize, NodeError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut codes: Vec<&StationCode> = Vec::new();
    for seed in seeds {
        let known = node.get::<Station>(&Station::key(seed.code.as_str()))?.is_some();
        if known || codes.contains(&&seed.code) {
            continue;
        }
        codes.push(&seed.code);
        let fact = Fact::StationAdded(StationAdded {
            station: seed.code.clone(),
            name: seed.name.clone(),
            address: seed.address.clone(),
        });
        drafts.push(Draft::published(fact, FeedScope::Chain, format!("station/{}", seed.code)));
    }
    if !drafts.is_empty() {
        node.record(now, None, &drafts, Beside::default())?;
    }
    Ok(drafts.len())
}
