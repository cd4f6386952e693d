//! The link to HQ: the journal up, HQ's feeds down, and how much waits.

use std::sync::Arc;
use std::time::Duration;

use sync::driver::{DownlinkConfig, StatusBoard, audit, downlink, keep_feeds, rebuild, uplink};
use sync::link::{AlarmReport, Link, MqttLink, MqttLinkConfig, Report, TillReport};
use sync::{Clock, WriterGone};
use sync_identity::Subject;
use sync_identity::tls::ClientConfig;
use sync_proto::fact::FeedScope;

use crate::HQ;
use crate::ledger::{LedgerError, sales};
use crate::standing::{Kind, alarms, tills};
use crate::station::Station;
use crate::store::AgentWriter;
use crate::supervise::Supervisor;

/// At least this often, however quiet the station is.
const REPORT_EVERY: Duration = Duration::from_secs(10);

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
}

/// Starts telling HQ how the station stands.
pub(crate) fn start_reporting(supervisor: &mut Supervisor, station: &Arc<Station>, link: &Arc<MqttLink>) {
    let report = (Arc::clone(station), Arc::clone(link));
    supervisor.start("hq_link.report", move || {
        let (station, link) = report.clone();
        async move { keep_report(&station, &link).await }
    });
}

/// Keeps what the link's heartbeat says current.
async fn keep_report(station: &Station, link: &MqttLink) -> Result<(), WriterGone> {
    let mut changes = station.writer.changes();
    loop {
        changes.mark_unchanged();
        match report(station).await {
            Ok(report) => link.report(report.within_limits()),
            Err(LedgerError::Stopping) => return Err(WriterGone),
            Err(why) => tracing::error!(%why, "how the station stands could not be told"),
        }
        // A till that falls silent changes nothing in the journal.
        match tokio::time::timeout(REPORT_EVERY, changes.changed()).await {
            Ok(changed) => changed.map_err(|_| WriterGone)?,
            Err(_) => continue,
        }
        tokio::time::sleep(COUNT_EVERY).await;
    }
}

async fn report(station: &Station) -> Result<Report, LedgerError> {
    let (pending, oldest_at_ms) = station.write(|node, _, _| Ok(node.pending(HQ)?)).await?;
    let code = station.code.clone();
    let day = station.read(move |connection, _| Ok(sales::newest_day(connection, &code)?)).await?;
    let status = station.hq.board.now();
    let tills = tills(station).await?;
    let alarms =
        station.read(move |connection, _| Ok(alarms(connection, status.feed_differed_at_ms)?)).await?;
    let alarms = alarms.into_iter().filter(|alarm| alarm.kind != Kind::CheckPassed);
    Ok(Report {
        pending,
        oldest_at_ms,
        last_ack_at_ms: status.last_ack_at_ms,
        day,
        tills: tills
            .iter()
            .flat_map(|till| {
                till.devices.iter().map(|&(device, pending)| TillReport {
                    device,
                    pending,
                    stale_since_ms: till.stale_since_ms,
                })
            })
            .collect(),
        alarms: alarms
            .map(|alarm| AlarmReport {
                kind: alarm.kind.as_str().to_owned(),
                at_ms: alarm.at_ms,
                detail: alarm.detail,
            })
            .collect(),
    })
}
