//! The link to HQ: the journal up, HQ's feeds down, and how much waits.

use std::sync::Arc;
use std::time::Duration;

use sync::driver::{DownlinkConfig, StatusBoard, audit, downlink, keep_feeds, rebuild, uplink};
use sync::link::{Backlog, Link, MqttLink, MqttLinkConfig};
use sync::{Clock, Node, SqliteStore, WriterGone};
use sync_identity::Subject;
use sync_identity::tls::ClientConfig;
use sync_proto::fact::FeedScope;

use crate::HQ;
use crate::ledger::{LedgerError, sales};
use crate::store::AgentWriter;
use crate::supervise::Supervisor;

/// Between two counts of what waits, while commits come faster than this.
const COUNT_EVERY: Duration = Duration::from_millis(500);

/// Connects to HQ's broker; reconnecting is the link's own affair.
pub(crate) fn connect(addr: &str, agent: &Subject, tls: ClientConfig, clock: &Clock) -> Arc<MqttLink> {
    let config = MqttLinkConfig {
        addr: addr.to_owned(),
        station: agent.station.clone(),
        device: agent.device,
        tls: Arc::new(tls),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Arc::new(MqttLink::connect(config, clock.clone()))
}

/// Starts the drivers, each supervised on its own: a feed never waits for the journal, nor the reverse (R25).
pub(crate) fn start(
    supervisor: &mut Supervisor,
    writer: &AgentWriter,
    link: &Arc<MqttLink>,
    scopes: [FeedScope; 2],
    clock: &Clock,
    board: &StatusBoard,
) {
    let up = (writer.clone(), Arc::clone(link), clock.clone(), board.clone());
    supervisor.start("hq_link.uplink", move || {
        let (writer, link, clock, board) = up.clone();
        async move { uplink(writer, link as Arc<dyn Link>, HQ, clock, board).await }
    });
    for scope in scopes {
        let down = (writer.clone(), Arc::clone(link), clock.clone(), board.clone());
        supervisor.start("hq_link.downlink", move || {
            let (writer, link, clock, board) = down.clone();
            let scope = scope.clone();
            async move {
                downlink(writer, link as Arc<dyn Link>, scope, DownlinkConfig::AGENT, clock, board).await
            }
        });
    }
    let back = (writer.clone(), Arc::clone(link), clock.clone());
    supervisor.start("hq_link.rebuild", move || {
        let (writer, link, clock) = back.clone();
        async move { rebuild(writer, link as Arc<dyn Link>, HQ, clock).await }
    });
    let ask = (writer.clone(), Arc::clone(link), clock.clone());
    supervisor.start("hq_link.audit", move || {
        let (writer, link, clock) = ask.clone();
        async move { audit(writer, link as Arc<dyn Link>, HQ, clock).await }
    });
    let keep = (writer.clone(), clock.clone());
    supervisor.start("hq_link.keep_feeds", move || {
        let (writer, clock) = keep.clone();
        async move { keep_feeds(writer, clock).await }
    });
    let count = (writer.clone(), Arc::clone(link));
    supervisor.start("hq_link.backlog", move || {
        let (writer, link) = count.clone();
        async move { count_backlog(writer, link).await }
    });
}

fn backlog(node: &mut Node<SqliteStore>) -> Result<Backlog, LedgerError> {
    let (pending, oldest_at_ms) = node.pending(HQ)?;
    let station = node.me().station.clone();
    let day = sales::newest_day(node.store().connection(), &station)?;
    Ok(Backlog { pending, oldest_at_ms, day })
}

/// Keeps what the link's heartbeat says current.
async fn count_backlog(writer: AgentWriter, link: Arc<MqttLink>) -> Result<(), WriterGone> {
    let mut changes = writer.changes();
    loop {
        changes.mark_unchanged();
        match writer.run(|node| backlog(node)).await? {
            Ok(backlog) => link.report_backlog(backlog),
            Err(why) => tracing::error!(%why, "what waits for HQ could not be counted"),
        }
        changes.changed().await.map_err(|_| WriterGone)?;
        tokio::time::sleep(COUNT_EVERY).await;
    }
}
