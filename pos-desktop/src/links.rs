//! The drivers between this till and its agent. None of them is ever waited for by a sale.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sync::WriterGone;
use sync::driver::{self, DownlinkConfig};
use sync::link::{HttpLink, Link};
use sync_proto::fact::FeedScope;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::till::Till;

/// The clock is looked at this often, so that it is known what it last was when it is set.
const CLOCK_LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts all drivers. One that ends says that the till cannot go on.
///
/// # Errors
/// The HTTP client cannot be made.
pub fn start(till: &Till, config: &Config) -> anyhow::Result<JoinSet<Result<(), WriterGone>>> {
    let link = HttpLink::new(&config.agent_url, &config.device)
        .with_context(|| format!("the link to {} could not be made", config.agent_url))?;
    let link: Arc<dyn Link> = Arc::new(link);
    let mut drivers = JoinSet::new();
    let (writer, clock) = (till.writer(), till.clock());
    let up = (writer.clone(), Arc::clone(&link), clock.clone(), till.agent().clone());
    drivers.spawn(async move { driver::uplink(up.0, up.1, pos_core::recent::AGENT, up.2, up.3).await });
    let station = till.me().station.clone();
    for scope in [FeedScope::Chain, FeedScope::Station(station.clone()), FeedScope::Local(station)] {
        drivers.spawn(driver::downlink(
            writer.clone(),
            Arc::clone(&link),
            scope,
            DownlinkConfig::TILL,
            clock.clone(),
            till.agent().clone(),
        ));
    }
    drivers.spawn(driver::progress(writer, link, clock, till.hq().clone()));
    let till = till.clone();
    drivers.spawn(async move {
        loop {
            let _ = till.moment();
            tokio::time::sleep(CLOCK_LOOK_EVERY).await;
        }
    });
    Ok(drivers)
}
