//! Rows of projections, the same for SQLite, PostgreSQL and memory.
//!
//! A projection is pure: it says which rows it [wants](crate::project::Projection::wants), the store reads
//! them, it changes them in [`Rows`], and the changes go back with the entries in one commit.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Absent.
    Null,
    /// Integer: money, litres, times, counts, versions, flags.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Shape of a projection's table. The DDL stands in a migration; a store checks at start that they agree.
#[derive(Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// Name in the database.
    pub name: &'static str,
    /// Key columns, in key order.
    pub key: &'static [&'static str],
    /// The other columns.
    pub cells: &'static [&'static str],
}

/// Which table; a database has one of a name.
#[derive(Debug, Clone, Copy)]
pub struct TableRef(pub &'static TableSpec);

impl PartialEq for TableRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0) || self.0.name == other.0.name
    }
}

impl Eq for TableRef {}

impl Hash for TableRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl PartialOrd for TableRef {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TableRef {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.name.cmp(other.0.name)
    }
}

/// Table and key of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The table.
    pub table: TableRef,
    /// One value per key column.
    pub key: Vec<Value>,
}

/// A row to write (or, with no cells, to remove).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// Which row.
    pub key: RowKey,
    /// Its cells from now on.
    pub cells: Option<Vec<Value>>,
}

/// A row did not have the shape its table promises, or was not asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// A cell has another type than the row's struct says.
    #[error("table {table}: a cell does not have the type it should have")]
    Shape {
        /// The table.
        table: &'static str,
    },
    /// The projection read a row that it had not asked for.
    #[error("table {table}: row was read but not fetched")]
    NotFetched {
        /// The table.
        table: &'static str,
    },
}

/// A type that fits in a cell.
pub trait Cell: Sized {
    /// Into a cell.
    fn into_value(self) -> Value;
    /// Out of a cell; `None` when it has another type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl Cell for i64 {
    fn into_value(self) -> Value {
        Value::Int(self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(n) = value { Some(*n) } else { None }
    }
}

impl Cell for String {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl Cell for Vec<u8> {
    fn into_value(self) -> Value {
        Value::Blob(self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl Cell for bool {
    fn into_value(self) -> Value {
        Value::Int(i64::from(self))
    }
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl<T: Cell> Cell for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, Cell::into_value)
    }
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// A struct that is a row; made by [`table!`](crate::table).
pub trait Table: Sized + Clone {
    /// The table's shape.
    const SPEC: &'static TableSpec;
    /// This row's key.
    fn row_key(&self) -> RowKey;
    /// This row's cells.
    fn into_cells(self) -> Vec<Value>;
    /// This row's key and cells.
    fn into_parts(self) -> (RowKey, Vec<Value>);
    /// The row of a key and its cells.
    fn from_parts(key: &[Value], cells: &[Value]) -> Result<Self, RowError>;
}

/// Declares a row struct and its [`TableSpec`].
///
/// ```
/// sync_proto::table! {
///     /// Stock of a product.
///     pub struct Stock in "stock" { station: String, product_id: String } { on_hand_milli: i64 }
/// }
/// ```
///
/// The associated function `key(..)` takes the key columns and gives the [`RowKey`].
#[macro_export]
macro_rules! table {
    ($(#[$doc:meta])* pub struct $name:ident in $table:literal
        { $($(#[$kdoc:meta])* $key:ident : $kty:ty),+ $(,)? }
        { $($(#[$cdoc:meta])* $cell:ident : $cty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$kdoc])* pub $key: $kty,)+
            $($(#[$cdoc])* pub $cell: $cty,)*
        }

        impl $name {
            /// The key of a row of this table.
            pub fn key($($key: impl Into<$kty>),+) -> $crate::rows::RowKey {
                $crate::rows::RowKey {
                    table: $crate::rows::TableRef(<Self as $crate::rows::Table>::SPEC),
                    key: vec![$($crate::rows::Cell::into_value({ let key: $kty = $key.into(); key })),+],
                }
            }
        }

        impl $crate::rows::Table for $name {
            const SPEC: &'static $crate::rows::TableSpec = &$crate::rows::TableSpec {
                name: $table,
                key: &[$(stringify!($key)),+],
                cells: &[$(stringify!($cell)),*],
            };

            fn row_key(&self) -> $crate::rows::RowKey {
                Self::key($(self.$key.clone()),+)
            }

            fn into_cells(self) -> Vec<$crate::rows::Value> {
                vec![$($crate::rows::Cell::into_value(self.$cell)),*]
            }

            fn into_parts(self) -> ($crate::rows::RowKey, Vec<$crate::rows::Value>) {
                let key = Self::key($(self.$key),+);
                (key, vec![$($crate::rows::Cell::into_value(self.$cell)),*])
            }

            fn from_parts(
                key: &[$crate::rows::Value],
                cells: &[$crate::rows::Value],
            ) -> Result<Self, $crate::rows::RowError> {
                let bad = || $crate::rows::RowError::Shape { table: $table };
                let mut keys = key.iter();
                let mut rest = cells.iter();
                let row = Self {
                    $($key: keys.next().and_then($crate::rows::Cell::from_value).ok_or_else(bad)?,)+
                    $($cell: rest.next().and_then($crate::rows::Cell::from_value).ok_or_else(bad)?,)*
                };
                Ok(row)
            }
        }
    };
}

/// The cells of a row; `None` when there is no such row.
type Cells = Option<Vec<Value>>;

/// A row that was fetched, changed or both.
#[derive(Debug, Default)]
struct Slot {
    /// What the store holds; the outer `None` means "not asked".
    fetched: Option<Cells>,
    /// What this batch made of it; the outer `None` means "not changed".
    changed: Option<Cells>,
}

/// The rows a batch works on: what was fetched, with the changes so far on top.
#[derive(Debug, Default)]
pub struct Rows {
    /// Where each row is in `slots`. Hashed without chance, so that a run replays exactly; keys that collide on
    /// purpose cost a batch some milliseconds, and no more, because a batch is short.
    places: HashMap<RowKey, usize, BuildHasherDefault<DefaultHasher>>,
    slots: Vec<Slot>,
    /// Rows changed, in the order they were first touched; new rows are stored in this order.
    order: Vec<usize>,
    /// What each change replaced, for [`Self::roll_back`].
    undo: Vec<(usize, Option<Cells>)>,
}

impl Rows {
    fn slot(&self, key: &RowKey) -> Option<&Slot> {
        self.places.get(key).and_then(|place| self.slots.get(*place))
    }

    fn place(&mut self, key: RowKey) -> usize {
        let next = self.slots.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.slots.push(Slot::default());
        }
        place
    }

    /// Notes what the store holds under `key`.
    pub fn insert_fetched(&mut self, key: RowKey, cells: Option<Vec<Value>>) {
        let place = self.place(key);
        if let Some(slot) = self.slots.get_mut(place) {
            slot.fetched = Some(cells);
        }
    }

    /// Whether the row was fetched or already written by this batch.
    pub fn has(&self, key: &RowKey) -> bool {
        self.slot(key).is_some_and(|slot| slot.changed.is_some() || slot.fetched.is_some())
    }

    /// The row under `key` as it stands now; an error when it was never fetched.
    pub fn get<T: Table>(&self, key: &RowKey) -> Result<Option<T>, RowError> {
        let cells = self
            .slot(key)
            .and_then(|slot| slot.changed.as_ref().or(slot.fetched.as_ref()))
            .ok_or(RowError::NotFetched { table: key.table.0.name })?;
        cells.as_ref().map(|cells| T::from_parts(&key.key, cells)).transpose()
    }

    /// Writes a row.
    pub fn put<T: Table>(&mut self, row: T) {
        let (key, cells) = row.into_parts();
        self.set(key, Some(cells));
    }

    /// Removes a row.
    pub fn remove(&mut self, key: RowKey) {
        self.set(key, None);
    }

    fn set(&mut self, key: RowKey, cells: Cells) {
        let place = self.place(key);
        let Some(slot) = self.slots.get_mut(place) else { return };
        let before = slot.changed.replace(cells);
        if before.is_none() {
            self.order.push(place);
        }
        self.undo.push((place, before));
    }

    /// Marks a place to come back to with [`Self::roll_back`], so that one entry's failed projection leaves nothing.
    pub const fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    /// Undoes everything since `savepoint`.
    pub fn roll_back(&mut self, savepoint: Savepoint) {
        while self.undo.len() > savepoint.0 {
            let Some((place, before)) = self.undo.pop() else { return };
            if before.is_none() {
                // Changes are undone in reverse, so a row's first change is also the last of the order.
                self.order.pop();
            }
            if let Some(slot) = self.slots.get_mut(place) {
                slot.changed = before;
            }
        }
    }

    /// The changes, in the order rows were first touched.
    pub fn into_changes(mut self) -> Vec<RowChange> {
        let mut keys: Vec<Option<RowKey>> = Vec::new();
        keys.resize_with(self.slots.len(), || None);
        for (key, place) in self.places {
            if let Some(slot) = keys.get_mut(place) {
                *slot = Some(key);
            }
        }
        let change = |place: usize| {
            let cells = self.slots.get_mut(place)?.changed.take()?;
            Some(RowChange { key: keys.get_mut(place)?.take()?, cells })
        };
        self.order.into_iter().filter_map(change).collect()
    }
}

/// See [`Rows::savepoint`].
#[derive(Debug, Clone, Copy)]
pub struct Savepoint(usize);

#[cfg(test)]
mod tests {
    use super::*;

    table! {
        /// A row for the tests.
        pub struct Tank in "tanks" { station: String, no: i64 } { level_ml: i64, note: Option<String> }
    }

    #[test]
    fn a_row_reads_back_as_it_was_written() {
        let tank = Tank { station: "ST0001".into(), no: 1, level_ml: 5, note: None };
        let mut rows = Rows::default();
        rows.insert_fetched(Tank::key("ST0001", 1), None);
        assert_eq!(rows.get::<Tank>(&Tank::key("ST0001", 1)).unwrap(), None);
        rows.put(tank.clone());
        assert_eq!(rows.get::<Tank>(&Tank::key("ST0001", 1)).unwrap(), Some(tank));
        assert_eq!(rows.into_changes().len(), 1);
    }

    #[test]
    fn reading_a_row_that_was_not_asked_for_is_an_error_and_a_savepoint_undoes() {
        let mut rows = Rows::default();
        assert_eq!(rows.get::<Tank>(&Tank::key("ST0001", 2)), Err(RowError::NotFetched { table: "tanks" }));
        let before = rows.savepoint();
        rows.put(Tank { station: "ST0001".into(), no: 2, level_ml: 9, note: Some("x".into()) });
        rows.roll_back(before);
        assert!(rows.into_changes().is_empty());
    }
}
