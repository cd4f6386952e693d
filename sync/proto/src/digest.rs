//! The digest of a feed's live rows (R20): a sum over hashes of rows, so that it does not matter in what order rows
//! are counted, and a table is counted page by page.

use sha2::{Digest as _, Sha256};

use crate::rows::{TableSpec, Value};

/// Which tables and columns count. A build that counts others takes another number, and two builds with different
/// numbers compare nothing.
pub const DIGEST_SET: u16 = 1;

/// What a set of rows adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsDigest {
    /// Which tables and columns were counted.
    pub set: u16,
    /// How many rows; says at once whether rows are missing or differ.
    pub rows: u64,
    /// Four sums modulo 2^64, of the quarters of each row's SHA-256.
    pub sum: [u8; 32],
}

impl Default for RowsDigest {
    fn default() -> Self {
        Self { set: DIGEST_SET, rows: 0, sum: [0; 32] }
    }
}

impl RowsDigest {
    /// Counts a row in.
    pub fn add(&mut self, table: &TableSpec, key: &[Value], cells: &[Value]) {
        let mut hasher = Sha256::new();
        hasher.update(table.name.as_bytes());
        hasher.update([0]);
        key.iter().chain(cells).for_each(|value| update(&mut hasher, value));
        let hash: [u8; 32] = hasher.finalize().into();
        for (sum, part) in self.sum.chunks_exact_mut(8).zip(hash.chunks_exact(8)) {
            let (Ok(left), Ok(right)) = (<[u8; 8]>::try_from(&*sum), <[u8; 8]>::try_from(part)) else {
                continue;
            };
            let added = u64::from_be_bytes(left).wrapping_add(u64::from_be_bytes(right));
            sum.copy_from_slice(&added.to_be_bytes());
        }
        self.rows = self.rows.saturating_add(1);
    }

    /// Whether two builds counted the same and found something else. Builds that count differently say nothing.
    pub fn contradicts(&self, other: &Self) -> bool {
        self.set == other.set && self != other
    }
}

/// A value with its kind and length before it, so that no two rows have the same bytes.
fn update(hasher: &mut Sha256, value: &Value) {
    let (kind, bytes): (u8, &[u8]) = match value {
        Value::Null => (0, &[]),
        Value::Int(n) => return hash_int(hasher, *n),
        Value::Text(text) => (2, text.as_bytes()),
        Value::Blob(bytes) => (3, bytes),
    };
    hasher.update([kind]);
    hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(bytes);
}

fn hash_int(hasher: &mut Sha256, n: i64) {
    hasher.update([1]);
    hasher.update(n.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: TableSpec = TableSpec { name: "prices", key: &["a", "b"], cells: &["c"] };

    fn digest(rows: &[(&str, &str, i64)]) -> RowsDigest {
        let mut digest = RowsDigest::default();
        for (a, b, c) in rows {
            let key = [Value::Text((*a).to_owned()), Value::Text((*b).to_owned())];
            digest.add(&TABLE, &key, &[Value::Int(*c)]);
        }
        digest
    }

    #[test]
    fn r20_a_digest_is_of_the_set_of_rows_and_of_every_bit_in_them() {
        let both = digest(&[("x", "y", 1), ("x", "z", 2)]);
        assert_eq!(both, digest(&[("x", "z", 2), ("x", "y", 1)]));
        assert!(both.contradicts(&digest(&[("x", "y", 1)])));
        assert!(both.contradicts(&digest(&[("x", "y", 1), ("x", "z", 3)])));
        assert!(digest(&[("xy", "", 1)]).contradicts(&digest(&[("x", "y", 1)])), "columns keep apart");
        let newer = RowsDigest { set: 2, ..both };
        assert!(!both.contradicts(&newer), "a build that counts other columns says nothing");
    }

    #[test]
    fn r20_the_digest_of_a_row_never_changes() {
        let sum = crate::ids::hex(&digest(&[("CD1001", "", 1_670)]).sum);
        assert_eq!(sum, "49fc61b4f0ec4b73faf60ec78a39ad9639d52b7df5d0a1960bb93457adbaab7e");
    }
}
