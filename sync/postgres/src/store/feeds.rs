//! Horizons of feeds, snapshots on their way, and tables read in the order of their keys.

use sync::StoreError;
use sync::store::{Commit, FeedHead, FeedStage, StageChange};
use sync_proto::fact::FeedScope;
use sync_proto::wire::SnapshotId;
use sync_proto::{FeedVersion, Incarnation};

use super::column::get;
use super::commit::version_cell;
use super::read::{bytes_at, version_of};
use super::session::Session;

/// After the items and heads of the commit.
pub(super) fn write(session: &mut Session, commit: &Commit) -> Result<(), StoreError> {
    for (scope, horizon) in &commit.feed_horizons {
        let (scope, horizon) = (scope.to_text(), version_cell(*horizon));
        session.execute("UPDATE feeds SET horizon = $2 WHERE scope = $1", &[&scope, &horizon])?;
        session.execute(
            "DELETE FROM feed_items WHERE scope = $1 AND version <= $2 AND octet_length(bytes) = 0",
            &[&scope, &horizon],
        )?;
    }
    for (scope, writer) in &commit.feed_writers_left {
        session.execute(
            "INSERT INTO feed_writers_left (scope, writer, at_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (scope, writer) DO UPDATE SET at_ms = excluded.at_ms",
            &[&scope.to_text(), &&writer.0[..], &commit.at_ms],
        )?;
    }
    for (scope, change) in &commit.feed_stages {
        write_stage(session, &scope.to_text(), change)?;
    }
    Ok(())
}

fn write_stage(session: &mut Session, scope: &str, change: &StageChange) -> Result<(), StoreError> {
    match change {
        StageChange::Begin(stage) => {
            session.execute("DELETE FROM feed_stages WHERE scope = $1", &[&scope])?;
            session.execute(
                "INSERT INTO feed_stages \
                 (scope, asked_writer, asked_version, writer, version, whole, snapshot, part_count) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &scope,
                    &&stage.asked.writer.0[..],
                    &version_cell(stage.asked.version),
                    &&stage.reached.writer.0[..],
                    &version_cell(stage.reached.version),
                    &i64::from(stage.whole),
                    &&stage.id.0[..],
                    &i64::from(stage.parts),
                ],
            )?;
        }
        StageChange::Part { part, bytes } => {
            // Only the next part of what is staged; a part that comes late finds its snapshot gone.
            session.execute(
                "INSERT INTO feed_stage_parts (scope, part, bytes) SELECT s.scope, $2, $3 \
                 FROM feed_stages s WHERE s.scope = $1 \
                 AND (SELECT count(*) FROM feed_stage_parts p WHERE p.scope = $1) = $2",
                &[&scope, &i64::from(*part), bytes],
            )?;
        }
        StageChange::End => {
            session.execute("DELETE FROM feed_stages WHERE scope = $1", &[&scope])?;
        }
    }
    Ok(())
}

pub(super) fn all(session: &mut Session) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
    let rows = session.query("SELECT scope, writer, version FROM feeds ORDER BY scope", &[])?;
    rows.iter()
        .map(|row| {
            let scope: &str = get(row, 0)?;
            let scope = FeedScope::parse(scope)
                .map_err(|_| StoreError::Damaged(format!("there is no feed with the name {scope}")))?;
            Ok((
                scope,
                FeedHead { writer: Incarnation(bytes_at(row, 1)?), version: version_of(get(row, 2)?)? },
            ))
        })
        .collect()
}

pub(super) fn horizon(session: &mut Session, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
    let row = session.query_opt("SELECT horizon FROM feeds WHERE scope = $1", &[&scope.to_text()])?;
    row.map_or(Ok(FeedVersion(0)), |row| version_of(get(&row, 0)?))
}

pub(super) fn version_at(
    session: &mut Session,
    scope: &FeedScope,
    at_ms: i64,
) -> Result<FeedVersion, StoreError> {
    let row = session.query_opt(
        "SELECT coalesce(max(version), 0) FROM feed_items WHERE scope = $1 AND at_ms <= $2",
        &[&scope.to_text(), &at_ms],
    )?;
    row.map_or(Ok(FeedVersion(0)), |row| version_of(get(&row, 0)?))
}

pub(super) fn writer_left(
    session: &mut Session,
    scope: &FeedScope,
    writer: Incarnation,
) -> Result<bool, StoreError> {
    let row = session.query_opt(
        "SELECT scope FROM feed_writers_left WHERE scope = $1 AND writer = $2",
        &[&scope.to_text(), &&writer.0[..]],
    )?;
    Ok(row.is_some())
}

pub(super) fn stage(session: &mut Session, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError> {
    let row = session.query_opt(
        "SELECT asked_writer, asked_version, writer, version, whole, snapshot, part_count, \
         (SELECT count(*) FROM feed_stage_parts p WHERE p.scope = s.scope) FROM feed_stages s WHERE scope = $1",
        &[&scope.to_text()],
    )?;
    row.map(|row| {
        let count = |place| -> Result<u32, StoreError> {
            u32::try_from(get::<i64>(&row, place)?)
                .map_err(|_| StoreError::Damaged("a snapshot has too many parts".to_owned()))
        };
        Ok(FeedStage {
            asked: FeedHead { writer: Incarnation(bytes_at(&row, 0)?), version: version_of(get(&row, 1)?)? },
            reached: FeedHead {
                writer: Incarnation(bytes_at(&row, 2)?),
                version: version_of(get(&row, 3)?)?,
            },
            whole: get::<i64>(&row, 4)? != 0,
            id: SnapshotId(bytes_at(&row, 5)?),
            parts: count(6)?,
            have: count(7)?,
        })
    })
    .transpose()
}

pub(super) fn stage_part(
    session: &mut Session,
    scope: &FeedScope,
    part: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = session.query_opt(
        "SELECT bytes FROM feed_stage_parts WHERE scope = $1 AND part = $2",
        &[&scope.to_text(), &i64::from(part)],
    )?;
    row.map(|row| get(&row, 0)).transpose()
}
