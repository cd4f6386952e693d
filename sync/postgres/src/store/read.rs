//! Statements that read the journal's tables.

use sync::store::{FeedHead, StoreError, StoredEntry, StreamRow, memory, sql};
use sync_proto::engine::receiver::Head;
use sync_proto::fact::FeedScope;
use sync_proto::rows::{RowKey, TableRef, TableSpec, Value};
use sync_proto::wire::FeedItem;
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, FeedVersion, Incarnation, Origin, Role, Seq, StationCode, StreamId,
    TerminalNo,
};
use tokio_postgres::Row;

use super::column::{Column, array_of, escape, get, unescape};
use super::commit::rows::{Keys, by_table};
use super::session::Session;

/// Items of one answer; as many as SQLite reads.
const FEED_ITEMS_MAX: usize = 1_000;

pub(super) fn stream(session: &mut Session, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
    let row = session.query_opt(sql::STREAM, &[&&id.device.0[..], &&id.incarnation.0[..]])?;
    row.as_ref().map(stream_of).transpose()
}

pub(super) fn streams(session: &mut Session) -> Result<Vec<StreamRow>, StoreError> {
    let rows = session.query(sql::STREAMS, &[])?;
    rows.iter().map(stream_of).collect()
}

pub(super) fn hash_at(
    session: &mut Session,
    id: &StreamId,
    seq: Seq,
) -> Result<Option<ChainHash>, StoreError> {
    let row =
        session.query_opt(sql::HASH_AT, &[&&id.device.0[..], &&id.incarnation.0[..], &seq_cell(seq)])?;
    row.map(|row| Ok(ChainHash(bytes_at(&row, 0)?))).transpose()
}

/// The server adds up lengths, so that no more is sent than was asked for.
pub(super) fn entries(
    session: &mut Session,
    id: &StreamId,
    from: Seq,
    entries_max: u32,
    len_max: usize,
) -> Result<Vec<Entry>, StoreError> {
    let len_max = i64::try_from(len_max).unwrap_or(i64::MAX);
    let rows = session.query(
        "SELECT seq, hash, bytes FROM ( \
             SELECT seq, hash, bytes, sum(octet_length(bytes)) OVER (ORDER BY seq) AS len, \
                    row_number() OVER (ORDER BY seq) AS n \
             FROM (SELECT e.seq, e.hash, e.bytes FROM entries e JOIN streams s ON s.stream_id = e.stream_id \
                   WHERE s.device = $1 AND s.incarnation = $2 AND e.seq >= $3 AND s.purged_through < $3 ORDER BY e.seq LIMIT $4) wanted \
         ) counted WHERE n = 1 OR len <= $5 ORDER BY seq",
        &[&&id.device.0[..], &&id.incarnation.0[..], &seq_cell(from), &i64::from(entries_max), &len_max],
    )?;
    rows.iter()
        .map(|row| {
            let key = EntryKey { stream: *id, seq: seq_of(get(row, 0)?)? };
            Ok(Entry { key, hash: ChainHash(bytes_at(row, 1)?), bytes: get(row, 2)? })
        })
        .collect()
}

pub(super) fn entries_after(
    session: &mut Session,
    pos: i64,
    entries_max: u32,
) -> Result<Vec<StoredEntry>, StoreError> {
    let rows = session.query(sql::ENTRIES_AFTER, &[&pos, &i64::from(entries_max)])?;
    rows.iter()
        .map(|row| {
            let stream = stream_of(row)?;
            let key = EntryKey { stream: stream.id, seq: seq_of(get(row, 12)?)? };
            Ok(StoredEntry {
                pos: get(row, 10)?,
                received_at_ms: get(row, 11)?,
                origin: stream.origin,
                entry: Entry { key, hash: ChainHash(bytes_at(row, 13)?), bytes: get(row, 14)? },
            })
        })
        .collect()
}

/// One statement per table, however many keys.
pub(super) fn rows(session: &mut Session, keys: &[RowKey]) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
    let mut found: Vec<Option<Vec<Value>>> = vec![None; keys.len()];
    for (table, wanted) in by_table(keys.iter().enumerate().map(|(place, key)| (key, place))) {
        let shape = session.shape(table.0)?;
        let (places, keys): (Vec<usize>, Keys<'_>) =
            (wanted.iter().map(|(_, place)| *place).collect(), wanted.iter().map(|(key, _)| *key).collect());
        let cells = shape.get(table.0.key.len()..).unwrap_or_default();
        for row in keys.select(session, table.0, &shape)? {
            let n: i64 = get(&row, 0)?;
            let place = usize::try_from(n).ok().and_then(|n| places.get(n.checked_sub(1)?));
            let values = (1..)
                .zip(cells)
                .map(|(at, kind)| super::column::cell(&row, at, kind))
                .collect::<Result<_, _>>()?;
            if let Some(slot) = place.and_then(|place| found.get_mut(*place)) {
                *slot = Some(values);
            }
        }
    }
    Ok(found)
}

pub(super) fn ack(session: &mut Session, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
    let upstream = escape(upstream);
    let row = session.query_opt(sql::ACK, &[&upstream, &&id.device.0[..], &&id.incarnation.0[..]])?;
    row.map_or(Ok(Seq::NONE), |row| seq_of(get(&row, 0)?))
}

pub(super) fn feed_head(session: &mut Session, scope: &FeedScope) -> Result<Option<FeedHead>, StoreError> {
    let row = session.query_opt(sql::FEED_HEAD, &[&scope.to_text()])?;
    row.map(|row| {
        Ok(FeedHead { writer: Incarnation(bytes_at(&row, 0)?), version: version_of(get(&row, 1)?)? })
    })
    .transpose()
}

/// The server sends little more than `len_max`; what fits is counted as every store counts it.
pub(super) fn feed_items(
    session: &mut Session,
    scope: &FeedScope,
    after: FeedVersion,
    len_max: usize,
) -> Result<(Vec<FeedItem>, bool), StoreError> {
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    let len_cell = i64::try_from(len_max).unwrap_or(i64::MAX);
    let items_max = i64::try_from(FEED_ITEMS_MAX).unwrap_or(i64::MAX);
    let rows = session.query(
        "SELECT key, version, bytes, items FROM ( \
             SELECT key, version, bytes, count(*) OVER () AS items, \
                    sum(octet_length(bytes)) OVER (ORDER BY version) - octet_length(bytes) AS len_before \
             FROM (SELECT key, version, bytes FROM feed_items \
                   WHERE scope = $1 AND version > $2 ORDER BY version LIMIT $3) wanted \
         ) counted WHERE len_before <= $4 ORDER BY version",
        &[&scope.to_text(), &after, &items_max, &len_cell],
    )?;
    let mut items: Vec<FeedItem> = rows
        .iter()
        .map(|row| {
            Ok(FeedItem {
                key: unescape(get(row, 0)?),
                version: version_of(get(row, 1)?)?,
                bytes: get(row, 2)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    let waiting = rows.first().map_or(Ok(0), |row| get::<i64>(row, 3))?;
    let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
    let kept = memory::within(&items, len_max);
    let more = kept < waiting || waiting == FEED_ITEMS_MAX;
    items.truncate(kept);
    Ok((items, more))
}

pub(super) fn cursor(session: &mut Session, name: &str) -> Result<i64, StoreError> {
    let row = session.query_opt(sql::CURSOR, &[&escape(name)])?;
    row.map_or(Ok(0), |row| get(&row, 0))
}

pub(super) fn scan(
    session: &mut Session,
    table: &'static TableSpec,
    after: Option<&RowKey>,
    rows_max: usize,
) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
    let shape = session.shape(table)?;
    let columns: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
    let key = table.key.join(", ");
    let values: Vec<Column<'_>> = match after {
        Some(after) => (after.key.iter().zip(&shape))
            .map(|(value, kind)| {
                let mut column = Column::of(kind, table.name)?;
                column.push(value, table.name)?;
                Ok(column)
            })
            .collect::<Result<_, StoreError>>()?,
        None => Vec::new(),
    };
    let places = (1..).zip(&values).map(|(n, column)| format!("(${n}::{})[1]", array_of(column)));
    let places: Vec<String> = places.collect();
    let after_key = after.map(|_| format!("WHERE ({key}) > ({})", places.join(", "))).unwrap_or_default();
    let statement = format!(
        "SELECT {} FROM {} {after_key} ORDER BY {key} LIMIT {rows_max}",
        columns.join(", "),
        table.name
    );
    let parameters: Vec<_> = values.iter().map(Column::as_parameter).collect();
    let rows = session.query(&statement, &parameters)?;
    rows.iter()
        .map(|row| {
            let cells = shape.iter().enumerate().map(|(at, kind)| super::column::cell(row, at, kind));
            let mut cells = cells.collect::<Result<Vec<Value>, _>>()?;
            let rest = cells.split_off(table.key.len());
            Ok((RowKey { table: TableRef(table), key: cells }, rest))
        })
        .collect()
}

fn stream_of(row: &Row) -> Result<StreamRow, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("a stream has no readable {what}"));
    let device = DeviceId(bytes_at(row, 0)?);
    let terminal: Option<i64> = get(row, 4)?;
    let terminal = terminal.map(|no| u16::try_from(no).map_err(|_| damaged("terminal"))).transpose()?;
    let origin = Origin {
        station: StationCode::new(get::<&str>(row, 2)?).map_err(|_| damaged("station"))?,
        device,
        role: Role::parse(get(row, 3)?).ok_or_else(|| damaged("role"))?,
        terminal: terminal.map(TerminalNo),
    };
    let head = Head { seq: seq_of(get(row, 6)?)?, hash: ChainHash(bytes_at(row, 7)?) };
    let id = StreamId { device, incarnation: Incarnation(bytes_at(row, 1)?) };
    let purged = match get::<Option<&[u8]>>(row, 9)? {
        Some(_) => Head { seq: seq_of(get(row, 8)?)?, hash: ChainHash(bytes_at(row, 9)?) },
        None => Head { seq: Seq::NONE, hash: ChainHash::genesis(&id) },
    };
    Ok(StreamRow { id, origin, own: get::<i64>(row, 5)? == 1, head, purged })
}

/// A column of bytes of a fixed length.
pub(super) fn bytes_at<const N: usize>(row: &Row, place: usize) -> Result<[u8; N], StoreError> {
    let bytes: &[u8] = get(row, place)?;
    bytes.try_into().map_err(|_| StoreError::Damaged(format!("{} bytes where {N} belong", bytes.len())))
}

pub(super) fn seq_cell(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

pub(super) fn seq_of(cell: i64) -> Result<Seq, StoreError> {
    u64::try_from(cell).map(Seq).map_err(|_| StoreError::Damaged("a seq is negative".to_owned()))
}

pub(super) fn version_of(cell: i64) -> Result<FeedVersion, StoreError> {
    u64::try_from(cell).map(FeedVersion).map_err(|_| StoreError::Damaged("a version is negative".to_owned()))
}
