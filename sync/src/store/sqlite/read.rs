//! Statements that read the journal's tables.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use sync_proto::engine::receiver::Head;
use sync_proto::rows::{RowKey, TableRef, TableSpec, Value};
use sync_proto::{
    ChainHash, DeviceId, Entry, EntryKey, Incarnation, Origin, Role, Seq, StationCode, StreamId, TerminalNo,
};

use super::super::{StoreError, StoredEntry, StreamRow, sql};
use super::texts::Texts;

pub(super) fn stream(connection: &Connection, id: &StreamId) -> Result<Option<StreamRow>, StoreError> {
    let mut statement = connection.prepare_cached(sql::STREAM)?;
    let raw = statement.query_row(params![id.device.0, id.incarnation.0], raw_stream).optional()?;
    raw.map(checked_stream).transpose()
}

pub(super) fn streams(connection: &Connection) -> Result<Vec<StreamRow>, StoreError> {
    let mut statement = connection.prepare_cached(sql::STREAMS)?;
    let raw: Vec<RawStream> = statement.query_map([], raw_stream)?.collect::<Result<_, _>>()?;
    raw.into_iter().map(checked_stream).collect()
}

pub(super) fn stream_no(connection: &Connection, id: &StreamId) -> Result<Option<i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT stream_id FROM streams WHERE device = $1 AND incarnation = $2")?;
    Ok(statement.query_row(params![id.device.0, id.incarnation.0], |row| row.get(0)).optional()?)
}

/// A stream's number and where it stands.
pub(super) fn tail(connection: &Connection, id: &StreamId) -> Result<Option<(i64, Head)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT stream_id, head_seq, head_hash FROM streams WHERE device = $1 AND incarnation = $2",
    )?;
    let found: Option<(i64, i64, [u8; 32])> = statement
        .query_row(params![id.device.0, id.incarnation.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    found
        .map(|(stream_no, seq, hash)| Ok((stream_no, Head { seq: seq_of(seq)?, hash: ChainHash(hash) })))
        .transpose()
}

pub(super) fn hash_at(
    connection: &Connection,
    id: &StreamId,
    seq: Seq,
) -> Result<Option<ChainHash>, StoreError> {
    let mut statement = connection.prepare_cached(sql::HASH_AT)?;
    let wanted = params![id.device.0, id.incarnation.0, seq_cell(seq)];
    let found: Option<[u8; 32]> = statement.query_row(wanted, |row| row.get(0)).optional()?;
    Ok(found.map(ChainHash))
}

pub(super) fn entries(
    connection: &Connection,
    id: &StreamId,
    from: Seq,
    entries_max: u32,
    len_max: usize,
) -> Result<Vec<Entry>, StoreError> {
    let Some(stream_no) = stream_no(connection, id)? else { return Ok(Vec::new()) };
    if seq_cell(from) <= purged_through(connection, stream_no)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, bytes FROM entries WHERE stream_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
    )?;
    let mut rows = statement.query(params![stream_no, seq_cell(from), entries_max])?;
    let mut found = Vec::new();
    let mut len = 0usize;
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(2)?;
        len = len.saturating_add(bytes.len());
        if len > len_max && !found.is_empty() {
            break;
        }
        let key = EntryKey { stream: *id, seq: seq_of(row.get(0)?)? };
        found.push(Entry { key, bytes, hash: ChainHash(row.get(1)?) });
    }
    Ok(found)
}

pub(super) fn purged_through(connection: &Connection, stream_no: i64) -> Result<i64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT purged_through FROM streams WHERE stream_id = $1")?;
    Ok(statement.query_row([stream_no], |row| row.get(0))?)
}

pub(super) fn entries_after(
    connection: &Connection,
    pos: i64,
    entries_max: u32,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut statement = connection.prepare_cached(sql::ENTRIES_AFTER)?;
    let mut rows = statement.query(params![pos, entries_max])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let stream = checked_stream(raw_stream(row)?)?;
        let key = EntryKey { stream: stream.id, seq: seq_of(row.get(12)?)? };
        found.push(StoredEntry {
            pos: row.get(10)?,
            received_at_ms: row.get(11)?,
            origin: stream.origin,
            entry: Entry { key, hash: ChainHash(row.get(13)?), bytes: row.get(14)? },
        });
    }
    Ok(found)
}

/// One answer per key; keys of one table that follow each other share its statement.
pub(super) fn rows(
    connection: &Connection,
    texts: &mut Texts,
    keys: &[RowKey],
) -> Result<Vec<Option<Vec<Value>>>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for run in keys.chunk_by(|one, next| one.table == next.table) {
        let Some(table) = run.first().map(|key| key.table.0) else { continue };
        let mut statement = connection.prepare_cached(&texts.of(table).select)?;
        for key in run {
            let row = statement
                .query_row(params_from_iter(key.key.iter().map(Cell)), |row| {
                    (0..table.cells.len())
                        .map(|n| row.get_ref(n).map(value_of))
                        .collect::<Result<Result<Vec<_>, _>, _>>()
                })
                .optional()?;
            found.push(row.transpose()?);
        }
    }
    Ok(found)
}

pub(super) fn ack(connection: &Connection, upstream: &str, id: &StreamId) -> Result<Seq, StoreError> {
    let mut statement = connection.prepare_cached(sql::ACK)?;
    let wanted = params![upstream, id.device.0, id.incarnation.0];
    let through: Option<i64> = statement.query_row(wanted, |row| row.get(0)).optional()?;
    through.map_or(Ok(Seq::NONE), seq_of)
}

pub(super) fn cursor(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(sql::CURSOR)?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?.unwrap_or(0))
}

pub(super) fn scan(
    connection: &Connection,
    table: &'static TableSpec,
    after: Option<&RowKey>,
    rows_max: usize,
) -> Result<Vec<(RowKey, Vec<Value>)>, StoreError> {
    let key = table.key.join(", ");
    let columns: Vec<&str> = table.key.iter().chain(table.cells).copied().collect();
    let places: Vec<String> = (1..=table.key.len()).map(|n| format!("${n}")).collect();
    let after_key = after.map(|_| format!("WHERE ({key}) > ({})", places.join(", "))).unwrap_or_default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM {} {after_key} ORDER BY {key} LIMIT {rows_max}",
        columns.join(", "),
        table.name
    ))?;
    let values = after.map(|after| after.key.as_slice()).unwrap_or_default();
    let mut rows = statement.query(params_from_iter(values.iter().map(Cell)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells =
            (0..columns.len()).map(|n| value_of(row.get_ref(n)?)).collect::<Result<Vec<_>, _>>()?;
        let rest = cells.split_off(table.key.len());
        found.push((RowKey { table: TableRef(table), key: cells }, rest));
    }
    Ok(found)
}

/// A [`Value`] as a parameter.
pub(super) struct Cell<'a>(pub(super) &'a Value);

impl rusqlite::ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn value_of(cell: ValueRef<'_>) -> Result<Value, StoreError> {
    match cell {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(n) => Ok(Value::Int(n)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(StoreError::Damaged("a text cell is not UTF-8".to_owned())),
        },
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        ValueRef::Real(_) => Err(StoreError::Damaged("a cell holds a float".to_owned())),
    }
}

/// A row of `streams` as it stands there.
struct RawStream {
    device: [u8; 16],
    incarnation: [u8; 16],
    station: String,
    role: String,
    terminal: Option<u16>,
    own: bool,
    head: (i64, [u8; 32]),
    purged: (i64, Option<[u8; 32]>),
}

fn raw_stream(row: &Row<'_>) -> rusqlite::Result<RawStream> {
    Ok(RawStream {
        device: row.get(0)?,
        incarnation: row.get(1)?,
        station: row.get(2)?,
        role: row.get(3)?,
        terminal: row.get(4)?,
        own: row.get(5)?,
        head: (row.get(6)?, row.get(7)?),
        purged: (row.get(8)?, row.get(9)?),
    })
}

fn checked_stream(raw: RawStream) -> Result<StreamRow, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("a stream has no readable {what}"));
    let id = StreamId { device: DeviceId(raw.device), incarnation: Incarnation(raw.incarnation) };
    let origin = Origin {
        station: StationCode::new(raw.station).map_err(|_| damaged("station"))?,
        device: id.device,
        role: Role::parse(&raw.role).ok_or_else(|| damaged("role"))?,
        terminal: raw.terminal.map(TerminalNo),
    };
    let (head_seq, head_hash) = raw.head;
    let (purged_seq, purged_hash) = raw.purged;
    let purged = match purged_hash {
        Some(hash) => ChainHash(hash),
        None if purged_seq == 0 => ChainHash::genesis(&id),
        None => return Err(damaged("chain where it was purged")),
    };
    Ok(StreamRow {
        id,
        origin,
        own: raw.own,
        head: Head { seq: seq_of(head_seq)?, hash: ChainHash(head_hash) },
        purged: Head { seq: seq_of(purged_seq)?, hash: purged },
    })
}

pub(super) fn seq_cell(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

fn seq_of(cell: i64) -> Result<Seq, StoreError> {
    u64::try_from(cell).map(Seq).map_err(|_| StoreError::Damaged("a seq is negative".to_owned()))
}
