//! The envelope of an entry: CloudEvents' attributes, kept small (R34).
//!
//! `source` and `id` are the stream and the seq, which the chain hash already binds and which need no
//! second copy in the bytes; `type` is `t`, the data's schema version `v`, `time` the stamp `at`.
//! The data is JSON: an auditor can read it with any tool, and unknown fields survive because the raw
//! bytes are what is kept.

use serde::{Deserialize, Serialize};

use crate::entry::ENTRY_LEN_MAX;
use crate::fact::Fact;
use crate::time::{BusinessDay, Stamp};

/// Schema version that this build writes.
pub const SCHEMA_VERSION: u16 = 1;

/// A fact with when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Schema version of the data.
    #[serde(rename = "v")]
    pub version: u16,
    /// When, as the device knew it.
    pub at: Stamp,
    /// Business day 영업일, on facts of a station.
    #[serde(rename = "day", default, skip_serializing_if = "Option::is_none")]
    pub business_day: Option<BusinessDay>,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What the bytes of an entry turn out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A fact that this build knows.
    Known(Box<Envelope>),
    /// A type or version from the future: stored and forwarded, projected after an upgrade.
    Unknown {
        /// Its type name.
        type_name: String,
        /// Its schema version.
        version: u16,
    },
}

/// Why bytes could not be an envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than [`ENTRY_LEN_MAX`].
    #[error("an entry has at most {ENTRY_LEN_MAX} bytes, this one has {0}")]
    TooLong(usize),
    /// Not an envelope, or a known type with bad data.
    #[error("the entry does not read as a fact: {0}")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Head {
    v: u16,
    t: String,
}

impl Envelope {
    /// A fact of this build's version.
    pub const fn new(at: Stamp, business_day: Option<BusinessDay>, fact: Fact) -> Self {
        Self { version: SCHEMA_VERSION, at, business_day, fact }
    }

    /// The bytes that are stored, hashed and sent.
    pub fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > ENTRY_LEN_MAX {
            return Err(EnvelopeError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads stored bytes. A type or version this build does not know is [`Decoded::Unknown`], not an error.
    pub fn decode(bytes: &[u8]) -> Result<Decoded, EnvelopeError> {
        if bytes.len() > ENTRY_LEN_MAX {
            return Err(EnvelopeError::TooLong(bytes.len()));
        }
        match serde_json::from_slice::<Self>(bytes) {
            Ok(envelope) if envelope.version == SCHEMA_VERSION => Ok(Decoded::Known(Box::new(envelope))),
            Ok(envelope) => Ok(Decoded::Unknown {
                type_name: envelope.fact.type_name().to_owned(),
                version: envelope.version,
            }),
            Err(why) => {
                let head: Head = serde_json::from_slice(bytes)?;
                if head.v == SCHEMA_VERSION && KNOWN_TYPES.contains(&head.t.as_str()) {
                    return Err(EnvelopeError::Malformed(why));
                }
                Ok(Decoded::Unknown { type_name: head.t, version: head.v })
            }
        }
    }
}

/// Type names of schema version 1; a bad body under one of these is malformed rather than unknown.
const KNOWN_TYPES: [&str; 25] = [
    "StreamOpened",
    "FeedApplied",
    "Sold",
    "SaleCancelled",
    "StockMoved",
    "Received",
    "AccountOpened",
    "AccountPaid",
    "OrderRequested",
    "OrderCancelRequested",
    "Ordered",
    "OrderRefused",
    "OrderCancelled",
    "ShipmentPlanned",
    "Shipped",
    "ProductChanged",
    "PriceScheduled",
    "Withdrawn",
    "StationAdded",
    "CertificateIssued",
    "DeviceRevoked",
    "PendingOverridden",
    "QuarantineReplayed",
    "QuarantineSettled",
    "SubjectNamed",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Line, Sold, Tender};
    use crate::ids::{FeedVersion, ProductId, SaleId};
    use crate::quantity::{Money, Quantity, Volume};
    use crate::tax::TaxClass;

    fn a_sale() -> Envelope {
        let line = Line {
            product: ProductId::new("CD1001").unwrap(),
            quantity: Quantity::Volume(Volume(20_000)),
            unit_price: Money(1670),
            amount: Money(33_400),
            tax: TaxClass::Taxed,
            price_version: FeedVersion(7),
        };
        let sold = Sold {
            sale: SaleId::new("ST0001-01-K7Q2M-000001").unwrap(),
            lines: vec![line],
            tenders: vec![Tender::Cash { amount: Money(33_400) }],
            total: Money(33_400),
            vat: Money(3_036),
        };
        Envelope::new(
            Stamp::at_wall_ms(1_795_500_000_000),
            BusinessDay::new("2026-11-23").ok(),
            Fact::Sold(sold),
        )
    }

    #[test]
    fn the_bytes_of_version_1_never_change() {
        let golden = concat!(
            r#"{"v":1,"at":{"w":1795500000000,"m":0,"b":0},"day":"2026-11-23","t":"Sold","d":{"#,
            r#""sale":"ST0001-01-K7Q2M-000001","lines":[{"p":"CD1001","q":{"ml":20000},"u":1670,"a":33400,"#,
            r#""x":"taxed","v":7}],"tenders":[{"cash":{"amount":33400}}],"total":33400,"vat":3036}}"#
        );
        let bytes = a_sale().encode().unwrap();
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), golden);
        assert_eq!(Envelope::decode(&bytes).unwrap(), Decoded::Known(Box::new(a_sale())));
    }

    #[test]
    fn an_unknown_type_or_version_is_kept_not_refused() {
        let unknown = br#"{"v":1,"at":{"w":1,"m":0,"b":0},"t":"Levitated","d":{"m":3}}"#;
        assert_eq!(
            Envelope::decode(unknown).unwrap(),
            Decoded::Unknown { type_name: "Levitated".to_owned(), version: 1 }
        );
        let future = br#"{"v":9,"at":"later","t":"Sold","d":[]}"#;
        assert_eq!(
            Envelope::decode(future).unwrap(),
            Decoded::Unknown { type_name: "Sold".to_owned(), version: 9 }
        );
    }

    #[test]
    fn a_known_type_with_bad_data_is_malformed() {
        let bad = br#"{"v":1,"at":{"w":1,"m":0,"b":0},"t":"Sold","d":{"sale":"x"}}"#;
        assert!(matches!(Envelope::decode(bad), Err(EnvelopeError::Malformed(_))));
        assert!(matches!(Envelope::decode(b"\xff\x00"), Err(EnvelopeError::Malformed(_))));
        assert!(matches!(Envelope::decode(&vec![b' '; ENTRY_LEN_MAX + 1]), Err(EnvelopeError::TooLong(_))));
    }
}
