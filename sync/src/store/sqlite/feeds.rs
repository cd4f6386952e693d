//! Statements of feeds: items, heads, horizons, and snapshots on their way.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use sync_proto::fact::FeedScope;
use sync_proto::wire::{FeedItem, SnapshotId};
use sync_proto::{FeedVersion, Incarnation};

use super::super::{Commit, FeedHead, FeedStage, StageChange, StoreError, memory, sql};

/// Items read at once.
const ITEMS_MAX: u32 = 1_000;

pub(super) fn write(transaction: &Transaction<'_>, commit: &Commit) -> Result<(), StoreError> {
    for scope in &commit.feed_resets {
        transaction.prepare_cached("DELETE FROM feed_items WHERE scope = $1")?.execute([scope.to_text()])?;
    }
    for (scope, item) in &commit.feed_items {
        transaction
            .prepare_cached(
                "INSERT INTO feed_items (scope, key, version, bytes, at_ms) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (scope, key) DO UPDATE \
                 SET version = excluded.version, bytes = excluded.bytes, at_ms = excluded.at_ms",
            )?
            .execute(params![scope.to_text(), item.key, cell(item.version), item.bytes, commit.at_ms])?;
    }
    for (scope, head) in &commit.feed_heads {
        transaction
            .prepare_cached(
                "INSERT INTO feeds (scope, writer, version) VALUES ($1, $2, $3) \
                 ON CONFLICT (scope) DO UPDATE SET writer = excluded.writer, version = excluded.version",
            )?
            .execute(params![scope.to_text(), head.writer.0, cell(head.version)])?;
    }
    for (scope, horizon) in &commit.feed_horizons {
        transaction
            .prepare_cached("UPDATE feeds SET horizon = $1 WHERE scope = $2")?
            .execute(params![cell(*horizon), scope.to_text()])?;
        transaction
            .prepare_cached(
                "DELETE FROM feed_items WHERE scope = $1 AND version <= $2 AND length(bytes) = 0",
            )?
            .execute(params![scope.to_text(), cell(*horizon)])?;
    }
    for (scope, writer) in &commit.feed_writers_left {
        transaction
            .prepare_cached(
                "INSERT INTO feed_writers_left (scope, writer, at_ms) VALUES ($1, $2, $3) \
                 ON CONFLICT (scope, writer) DO UPDATE SET at_ms = excluded.at_ms",
            )?
            .execute(params![scope.to_text(), writer.0, commit.at_ms])?;
    }
    for (scope, change) in &commit.feed_stages {
        write_stage(transaction, &scope.to_text(), change)?;
    }
    Ok(())
}

fn write_stage(transaction: &Transaction<'_>, scope: &str, change: &StageChange) -> Result<(), StoreError> {
    let forget = || -> Result<(), StoreError> {
        // Its parts go with it.
        transaction.prepare_cached("DELETE FROM feed_stages WHERE scope = $1")?.execute([scope])?;
        Ok(())
    };
    match change {
        StageChange::Begin(stage) => {
            forget()?;
            transaction
                .prepare_cached(
                    "INSERT INTO feed_stages \
                     (scope, asked_writer, asked_version, writer, version, whole, snapshot, part_count) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )?
                .execute(params![
                    scope,
                    stage.asked.writer.0,
                    cell(stage.asked.version),
                    stage.reached.writer.0,
                    cell(stage.reached.version),
                    stage.whole,
                    stage.id.0,
                    stage.parts
                ])?;
        }
        StageChange::Part { part, bytes } => {
            // Only the next part of what is staged; a part that comes late finds its snapshot gone.
            transaction
                .prepare_cached(
                    "INSERT INTO feed_stage_parts (scope, part, bytes) SELECT $1, $2, $3 \
                     FROM feed_stages s WHERE s.scope = $1 \
                     AND (SELECT count(*) FROM feed_stage_parts p WHERE p.scope = $1) = $2",
                )?
                .execute(params![scope, part, bytes])?;
        }
        StageChange::End => forget()?,
    }
    Ok(())
}

pub(super) fn head(connection: &Connection, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
    let mut statement = connection.prepare_cached(sql::FEED_HEAD)?;
    let found: Option<([u8; 16], i64)> =
        statement.query_row([scope.to_text()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    found.map(|(writer, version)| head_of(writer, version)).transpose()
}

pub(super) fn all(connection: &Connection) -> Result<Vec<(FeedScope, FeedHead)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT scope, writer, version FROM feeds ORDER BY scope")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let scope: String = row.get(0)?;
        let scope = FeedScope::parse(&scope)
            .map_err(|_| StoreError::Damaged(format!("there is no feed with the name {scope}")))?;
        found.push((scope, head_of(row.get(1)?, row.get(2)?)?));
    }
    Ok(found)
}

pub(super) fn items(
    connection: &Connection,
    scope: &FeedScope,
    after: FeedVersion,
    len_max: usize,
) -> Result<(Vec<FeedItem>, bool), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT key, version, bytes FROM feed_items WHERE scope = $1 AND version > $2 ORDER BY version LIMIT $3",
    )?;
    let mut rows = statement.query(params![scope.to_text(), cell(after), ITEMS_MAX])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(FeedItem { key: row.get(0)?, version: version_of(row.get(1)?)?, bytes: row.get(2)? });
    }
    let kept = memory::within(&items, len_max);
    let more = kept < items.len() || u32::try_from(items.len()) == Ok(ITEMS_MAX);
    items.truncate(kept);
    Ok((items, more))
}

pub(super) fn horizon(connection: &Connection, scope: &FeedScope) -> Result<FeedVersion, StoreError> {
    let mut statement = connection.prepare_cached("SELECT horizon FROM feeds WHERE scope = $1")?;
    let found: Option<i64> = statement.query_row([scope.to_text()], |row| row.get(0)).optional()?;
    found.map_or(Ok(FeedVersion(0)), version_of)
}

pub(super) fn version_at(
    connection: &Connection,
    scope: &FeedScope,
    at_ms: i64,
) -> Result<FeedVersion, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(max(version), 0) FROM feed_items WHERE scope = $1 AND at_ms <= $2",
    )?;
    version_of(statement.query_row(params![scope.to_text(), at_ms], |row| row.get(0))?)
}

pub(super) fn writer_left(
    connection: &Connection,
    scope: &FeedScope,
    writer: Incarnation,
) -> Result<bool, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM feed_writers_left WHERE scope = $1 AND writer = $2)")?;
    Ok(statement.query_row(params![scope.to_text(), writer.0], |row| row.get(0))?)
}

pub(super) fn stage(connection: &Connection, scope: &FeedScope) -> Result<Option<FeedStage>, StoreError> {
    type Raw = ([u8; 16], i64, [u8; 16], i64, bool, [u8; 32], u32, u32);
    let mut statement = connection.prepare_cached(
        "SELECT asked_writer, asked_version, writer, version, whole, snapshot, part_count, \
         (SELECT count(*) FROM feed_stage_parts p WHERE p.scope = s.scope) FROM feed_stages s WHERE scope = $1",
    )?;
    let raw: Option<Raw> = statement
        .query_row([scope.to_text()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
            ))
        })
        .optional()?;
    raw.map(|(asked_writer, asked_version, writer, version, whole, id, parts, have)| {
        let asked = head_of(asked_writer, asked_version)?;
        Ok(FeedStage { asked, reached: head_of(writer, version)?, whole, id: SnapshotId(id), parts, have })
    })
    .transpose()
}

pub(super) fn stage_part(
    connection: &Connection,
    scope: &FeedScope,
    part: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT bytes FROM feed_stage_parts WHERE scope = $1 AND part = $2")?;
    Ok(statement.query_row(params![scope.to_text(), part], |row| row.get(0)).optional()?)
}

fn cell(version: FeedVersion) -> i64 {
    i64::try_from(version.0).unwrap_or(i64::MAX)
}

fn head_of(writer: [u8; 16], version: i64) -> Result<FeedHead, StoreError> {
    Ok(FeedHead { writer: Incarnation(writer), version: version_of(version)? })
}

fn version_of(cell: i64) -> Result<FeedVersion, StoreError> {
    u64::try_from(cell).map(FeedVersion).map_err(|_| StoreError::Damaged("a version is negative".to_owned()))
}
