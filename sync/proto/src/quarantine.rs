//! Entries that stepped aside 격리 (R14, R5): stored like all others, but not in the books, with their money.
//!
//! [`Aside`] is kept by whoever received the entry; [`Settled`] is a projection of what station and head office
//! decided, so that both count the same.

use std::fmt;

use crate::entry::EntryKey;
use crate::fact::{AsideKey, AsideMoney, Fact, QuarantineSettled};
use crate::ids::{SaleId, hex};
use crate::origin::{Origin, Role};
use crate::project::{Posting, Projection, ProjectionError};
use crate::rows::{RowKey, Rows};
use crate::time::BusinessDay;

/// Most money that is believed of an entry that does not read, in won: what a chain takes in years. Sums of thousands
/// of such amounts still fit 64 bits.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// Longest type name kept of an entry that does not read.
const KIND_LEN_MAX: usize = 64;

/// Longest reason kept, in characters: one is a line for people, not a dump.
const REASON_CHARS_MAX: usize = 300;

/// Why an entry stepped aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A type or version of a newer program: waits for an upgrade, which tries it by itself.
    Unknown,
    /// It does not read as the fact that it says it is.
    Unreadable,
    /// It contradicts itself or what is known.
    Rejected,
    /// The device that wrote it may not say this.
    Forbidden,
    /// A projector failed on it: a defect of the program.
    Failed,
    /// Another entry has its key (R5).
    Fork,
}

impl Cause {
    /// The name used in rows and over HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::Rejected => "rejected",
            Self::Forbidden => "forbidden",
            Self::Failed => "failed",
            Self::Fork => "fork",
        }
    }
}

/// What kept an entry out of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The kind of trouble.
    pub cause: Cause,
    /// In words, for people who know the program.
    pub reason: String,
}

impl Trouble {
    /// With its reason cut to what a row holds.
    pub fn new(cause: Cause, reason: impl fmt::Display) -> Self {
        Self { cause, reason: reason.to_string().chars().take(REASON_CHARS_MAX).collect() }
    }
}

crate::table! {
    /// An entry that stepped aside. It stays on record after it was projected at last.
    pub struct Aside in "set_aside" {
        /// Device and incarnation, 64 hexadecimal digits.
        stream: String,
        seq: i64,
        /// See [`AsideKey::fork`].
        fork: String,
    } {
        station: String,
        terminal: Option<i64>,
        /// See [`Cause`].
        cause: String,
        reason: String,
        /// The fact's type name as far as it reads.
        kind: String,
        receipt: Option<String>,
        business_day: String,
        /// Money in it, won; negative when it was given back.
        amount: Option<i64>,
        /// What of `amount` sales totals count while it is aside.
        sales: i64,
        written_at_ms: Option<i64>,
        arrived_at_ms: i64,
        tried_at_ms: i64,
        /// Version of the program that tried last.
        tried_by: String,
        replayed_at_ms: Option<i64>,
        replayed_by: Option<String>,
    }
}

crate::table! {
    /// What was decided about an entry.
    pub struct Settled in "settlements" {
        /// Whose entry, as the decider said: nobody's word reaches another station's entry.
        station: String,
        stream: String,
        seq: i64,
        fork: String,
    } {
        /// See [`AsideMoney`].
        money: String,
        /// Who decided: `hq` or `agent`.
        role: String,
        decided_by: String,
        why: String,
        at_ms: i64,
    }
}

/// Stream of a row: device and incarnation.
fn stream_text(key: &AsideKey) -> String {
    format!("{}{}", key.device, key.incarnation)
}

fn seq_cell(key: &AsideKey) -> i64 {
    i64::try_from(key.seq.0).unwrap_or(i64::MAX)
}

/// The row key of an entry's [`Aside`].
pub fn aside_row(key: &AsideKey) -> RowKey {
    Aside::key(stream_text(key), seq_cell(key), key.fork.as_str())
}

/// The row key of what was decided about an entry of `station`.
pub fn settled_row(station: &str, key: &AsideKey) -> RowKey {
    Settled::key(station, stream_text(key), seq_cell(key), key.fork.as_str())
}

/// Key of a settlement in its station's feed.
pub fn settlement_feed_key(key: &AsideKey) -> String {
    format!("settled/{}", key.to_text())
}

impl Aside {
    /// An entry that stepped aside at `now_ms`.
    pub fn new(
        origin: &Origin,
        key: &AsideKey,
        bytes: &[u8],
        trouble: Trouble,
        program: &str,
        now_ms: i64,
    ) -> Self {
        let glimpse = Glimpse::of(bytes);
        Self {
            stream: stream_text(key),
            seq: seq_cell(key),
            fork: key.fork.clone(),
            station: origin.station.to_string(),
            terminal: origin.terminal.map(|no| i64::from(no.0)),
            cause: trouble.cause.as_str().to_owned(),
            reason: trouble.reason,
            kind: glimpse.kind,
            receipt: glimpse.receipt.map(String::from),
            business_day: glimpse.business_day.map(|day| day.to_string()).unwrap_or_default(),
            amount: glimpse.amount,
            sales: glimpse.sales,
            written_at_ms: glimpse.written_at_ms,
            arrived_at_ms: now_ms,
            tried_at_ms: now_ms,
            tried_by: program.to_owned(),
            replayed_at_ms: None,
            replayed_by: None,
        }
    }

    /// A fork: `second` stands under the key of another entry.
    pub fn forked(origin: &Origin, key: EntryKey, hash: &[u8; 32], bytes: &[u8], now_ms: i64) -> Self {
        let key = AsideKey { fork: hex(hash), ..AsideKey::of(key) };
        let trouble = Trouble::new(Cause::Fork, "another entry came first under this entry's number");
        Self::new(origin, &key, bytes, trouble, "", now_ms)
    }

    /// Which entry it is; `None` when the row was not written by this program.
    pub fn entry(&self) -> Option<AsideKey> {
        let (device, incarnation) = self.stream.split_at_checked(32)?;
        AsideKey::parse(&format!("{device}.{incarnation}.{}", self.seq))
            .map(|key| AsideKey { fork: self.fork.clone(), ..key })
    }

    /// Whether a replay could project it.
    pub const fn can_be_replayed(&self) -> bool {
        self.replayed_at_ms.is_none() && self.fork.is_empty()
    }
}

/// What shows of an entry whatever its bytes are: read leniently, believed only within limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// Type name; empty when there is none.
    pub kind: String,
    /// Receipt number.
    pub receipt: Option<SaleId>,
    /// Business day.
    pub business_day: Option<BusinessDay>,
    /// Money in it, won.
    pub amount: Option<i64>,
    /// What of it belongs in sales totals.
    pub sales: i64,
    /// When it was written, by the device's clock.
    pub written_at_ms: Option<i64>,
}

impl Glimpse {
    /// Of an entry's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) else { return Self::default() };
        let text = |pointer: &str| json.pointer(pointer).and_then(serde_json::Value::as_str);
        let won = |pointer: &str| {
            let won = json.pointer(pointer).and_then(serde_json::Value::as_i64);
            won.filter(|won| (0..=AMOUNT_MAX).contains(won))
        };
        let kind = text("/t").filter(|kind| {
            kind.len() <= KIND_LEN_MAX && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let kind = kind.unwrap_or_default();
        let moved = won("/d/total").or_else(|| won("/d/amount"));
        let (amount, of_sales) = match kind {
            "Sold" => (moved, true),
            "SaleCancelled" | "Refunded" => (moved.map(|won| -won), true),
            _ => (moved, false),
        };
        Self {
            kind: kind.to_owned(),
            receipt: text("/d/sale").and_then(|sale| SaleId::new(sale).ok()),
            business_day: text("/day").and_then(|day| BusinessDay::new(day).ok()),
            amount,
            sales: if of_sales { amount.unwrap_or(0) } else { 0 },
            written_at_ms: json.pointer("/at/w").and_then(serde_json::Value::as_i64),
        }
    }
}

/// Keeps `settlements`.
#[derive(Debug, Default, Clone, Copy)]
pub struct SettlementBook;

impl Projection for SettlementBook {
    fn wants(&self, posting: &Posting, _rows: &Rows) -> Vec<RowKey> {
        match &posting.envelope.fact {
            Fact::QuarantineSettled(settled) => vec![settled_row(settled.station.as_str(), &settled.entry)],
            _ => Vec::new(),
        }
    }

    fn project(&self, posting: &Posting, rows: &mut Rows) -> Result<(), ProjectionError> {
        match &posting.envelope.fact {
            Fact::QuarantineSettled(fact) => settled(posting, fact, rows),
            _ => Ok(()),
        }
    }
}

/// Station and head office may decide apart: head office's word stands, and of one side the later, in whichever
/// order they arrive (R16).
fn settled(posting: &Posting, fact: &QuarantineSettled, rows: &mut Rows) -> Result<(), ProjectionError> {
    let origin = &posting.origin;
    if origin.role != Role::Hq && origin.station != fact.station {
        let (who, whose) = (&origin.station, &fact.station);
        return Err(ProjectionError::Rejected(format!("{who} does not decide about entries of {whose}")));
    }
    let row = Settled {
        station: fact.station.to_string(),
        stream: stream_text(&fact.entry),
        seq: seq_cell(&fact.entry),
        fork: fact.entry.fork.clone(),
        money: fact.money.as_str().to_owned(),
        role: origin.role.as_str().to_owned(),
        decided_by: fact.by.clone(),
        why: fact.why.clone(),
        at_ms: posting.envelope.at.wall_ms,
    };
    let rank = |row: &Settled| {
        let hq = row.role == Role::Hq.as_str();
        (hq, row.at_ms, row.money.clone(), row.why.clone())
    };
    let before: Option<Settled> = rows.get(&settled_row(fact.station.as_str(), &fact.entry))?;
    if before.is_none_or(|before| rank(&before) < rank(&row)) {
        rows.put(row);
    }
    Ok(())
}

/// Whether sales totals count what is aside, given what was decided. Undecided money counts: it was taken at a till.
/// An undecided fork's does not: its device writes what it sold again, in a life of its own.
pub fn is_counted(aside: &Aside, settled: Option<AsideMoney>) -> bool {
    let undecided = if aside.fork.is_empty() { AsideMoney::Counted } else { AsideMoney::LeftOut };
    aside.replayed_at_ms.is_none() && settled.unwrap_or(undecided) == AsideMoney::Counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r14_money_is_read_from_an_entry_that_does_not_decode() {
        let glimpse = Glimpse::of(
            br#"{"v":9,"at":{"w":7,"x":[]},"day":"2026-11-23","t":"Sold","d":{"sale":"ST0001-01-K7Q2M-000001","total":33400,"vat":"?"}}"#,
        );
        assert_eq!((glimpse.amount, glimpse.sales), (Some(33_400), 33_400));
        assert_eq!(glimpse.receipt.unwrap().as_str(), "ST0001-01-K7Q2M-000001");
        assert_eq!(glimpse.business_day.unwrap().as_str(), "2026-11-23");
        assert_eq!((glimpse.kind.as_str(), glimpse.written_at_ms), ("Sold", Some(7)));
    }

    #[test]
    fn r14_a_cancellation_gives_back_and_other_money_is_no_sale() {
        let cancelled = Glimpse::of(br#"{"t":"SaleCancelled","d":{"total":900}}"#);
        assert_eq!((cancelled.amount, cancelled.sales), (Some(-900), -900));
        let refunded = Glimpse::of(br#"{"t":"Refunded","d":{"amount":500}}"#);
        assert_eq!((refunded.amount, refunded.sales), (Some(-500), -500));
        let paid = Glimpse::of(br#"{"t":"AccountPaid","d":{"amount":700}}"#);
        assert_eq!((paid.amount, paid.sales), (Some(700), 0));
    }

    #[test]
    fn r14_money_that_cannot_be_is_not_believed() {
        for total in ["9223372036854775807", "-5", "1.5", "\"33400\"", "1e30", "null"] {
            let bytes = format!("{{\"t\":\"Sold\",\"d\":{{\"total\":{total}}}}}");
            let glimpse = Glimpse::of(bytes.as_bytes());
            assert_eq!((glimpse.amount, glimpse.sales), (None, 0), "{total}");
        }
        assert_eq!(Glimpse::of(b"\xff\x00"), Glimpse::default());
        assert_eq!(Glimpse::of(br#"{"t":"<script>","d":3}"#).kind, "");
    }

    #[test]
    fn an_entry_that_stepped_aside_has_one_name() {
        let text = format!("{}.{}.7", "ab".repeat(16), "cd".repeat(16));
        let key = AsideKey::parse(&text).unwrap();
        assert_eq!(key.to_text(), text);
        let fork = format!("{text}.{}", "0f".repeat(32));
        assert_eq!(AsideKey::parse(&fork).unwrap().to_text(), fork);
        let bad = [
            "",
            "a.b.1",
            &format!("{text}.zz"),
            &format!("{text}."),
            &format!("{fork}.1"),
            &text.replace(".7", ".07"),
        ];
        for each in bad {
            assert_eq!(AsideKey::parse(each), None, "{each}");
        }
    }
}
