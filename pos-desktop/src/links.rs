//! The drivers between this till and its agent. None of them is ever waited for by a sale.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use pos_core::settings;
use station_api::enrolment::{self, Renewal};
use sync::clock::time_after;
use sync::driver::{self, DownlinkConfig};
use sync::link::{HttpLink, Link, STANDBY_AFTER, Standby};
use sync::{Clock, WriterGone};
use sync_identity::{Identity, tls};
use sync_proto::fact::FeedScope;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::till::Till;

/// The clock is looked at this often, so that it is known what it last was when it is set.
const CLOCK_LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two writes of the time that was agreed on; prices that changed within it may be the older ones after a
/// start with a wrong clock and no network.
const KEEP_TIME_EVERY_MS: i64 = 60_000;

/// Starts all drivers. One that ends says that the till cannot go on.
///
/// # Errors
/// The HTTP client cannot be made.
pub fn start(
    till: &Till,
    config: &Config,
    identity: Identity,
) -> anyhow::Result<JoinSet<Result<(), WriterGone>>> {
    let time = time_after(identity.certified().issued_at_ms);
    let credentials = identity.credentials().context("the till's certificate cannot be used")?;
    let check = enrolment::server_of(&identity, Arc::clone(&time))?;
    let tls = tls::client(Some(Arc::clone(&credentials)), check)?;
    let direct = match &config.hq_url {
        Some(url) => {
            let check = enrolment::head_office_of(&identity, Arc::clone(&time))?;
            let tls = tls::client(Some(Arc::clone(&credentials)), check)?;
            Some(HttpLink::new(url, tls).with_context(|| format!("the link to {url} could not be made"))?)
        }
        None => None,
    };
    let link = HttpLink::new(&config.agent_url, tls)
        .with_context(|| format!("the link to {} could not be made", config.agent_url))?;
    let link: Arc<dyn Link> = Arc::new(link);
    let mut drivers = JoinSet::new();
    let renewal = Renewal {
        base_url: config.agent_url.clone(),
        credentials,
        time,
        wall_ms: || Clock::system().wall_ms(),
        up: link.up(),
        renewed: Box::new(|_| {}),
    };
    let path = config.identity_file.clone();
    drivers.spawn(async move {
        renewal.keep(&path, identity).await;
        Ok(())
    });
    let (writer, clock) = (till.writer(), till.clock());
    let up = (writer.clone(), Arc::clone(&link), clock.clone(), till.agent().clone());
    drivers.spawn(async move { driver::uplink(up.0, up.1, pos_core::recent::AGENT, up.2, up.3).await });
    let back = (writer.clone(), Arc::clone(&link), clock.clone());
    drivers.spawn(async move { driver::rebuild(back.0, back.1, pos_core::recent::AGENT, back.2).await });
    let ask = (writer.clone(), Arc::clone(&link), clock.clone());
    drivers.spawn(async move { driver::audit(ask.0, ask.1, pos_core::recent::AGENT, ask.2).await });
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
    if let Some(direct) = direct {
        let direct: Arc<dyn Link> = Arc::new(Standby::new(Arc::new(direct), link.up(), STANDBY_AFTER));
        start_direct(&mut drivers, till, &direct);
    }
    drivers.spawn(driver::progress(writer, link, clock, till.hq().clone()));
    drivers.spawn(keep_time(till.clone()));
    drivers.spawn(till.upkeep().keep());
    Ok(drivers)
}

/// While the agent is away the journal goes straight to head office and prices come straight from there (R36). The
/// agent's own cursor stays where it is: it gets every entry when it is back.
fn start_direct(drivers: &mut JoinSet<Result<(), WriterGone>>, till: &Till, direct: &Arc<dyn Link>) {
    let up = (till.writer(), Arc::clone(direct), till.clock(), till.hq().clone());
    drivers.spawn(async move { driver::uplink(up.0, up.1, pos_core::recent::HQ, up.2, up.3).await });
    for scope in [FeedScope::Chain, FeedScope::Station(till.me().station.clone())] {
        drivers.spawn(driver::downlink(
            till.writer(),
            Arc::clone(direct),
            scope,
            DownlinkConfig::DIRECT,
            till.clock(),
            till.hq().clone(),
        ));
    }
}

/// Looks at the clock, and from time to time keeps what was agreed on, so that a start in 1970 knows better.
async fn keep_time(till: Till) -> Result<(), WriterGone> {
    let mut kept_ms = 0;
    loop {
        let _ = till.moment();
        if let Some(agreement) = till.clock().agreement()
            && agreement.true_ms().saturating_sub(kept_ms).saturating_abs() >= KEEP_TIME_EVERY_MS
        {
            kept_ms = agreement.true_ms();
            let kept = till.write(move |node, now| settings::set_agreement(node, now, &agreement)).await;
            if let Err(why) = kept {
                tracing::warn!(%why, "the time that was agreed on was not kept");
            }
        }
        // Soon after a start the first agreement comes; it is worth keeping at once.
        let pause = if kept_ms == 0 { CLOCK_LOOK_EVERY / 10 } else { CLOCK_LOOK_EVERY };
        tokio::time::sleep(pause).await;
    }
}
