//! Newtypes for every identity of the domain. Text ids are short, printable and checked at the edge,
//! so that they can go into a topic, a path or a file name without escaping.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest text id: room for `ST0001-01-K7Q2M-000000001`, and small enough for any index.
pub const TEXT_ID_LEN_MAX: usize = 40;

/// Why a text or hex id was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or longer than [`TEXT_ID_LEN_MAX`].
    #[error("an id has 1 to {TEXT_ID_LEN_MAX} characters, this one has {0}")]
    Length(usize),
    /// A character outside `A-Z a-z 0-9 _ -`.
    #[error("an id is made of letters, digits, '-' and '_'; this one has {0:?}")]
    Character(char),
    /// Not the 32 hexadecimal digits of a 128-bit value.
    #[error("expected 32 hexadecimal digits")]
    Hex,
}

fn check_text_id(text: &str) -> Result<(), IdError> {
    if text.is_empty() || text.len() > TEXT_ID_LEN_MAX {
        return Err(IdError::Length(text.len()));
    }
    match text.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        Some(c) => Err(IdError::Character(c)),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps `text`; see [`IdError`].
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check_text_id(&text)?;
                Ok(Self(text))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A station's code in the chain, `ST0001`.
    StationCode
);
text_id!(
    /// The chain's product code, `CD1001`.
    ProductId
);
text_id!(
    /// A sale: its receipt number, `ST0001-01-K7Q2M-000123` (station, terminal, series, counter).
    SaleId
);
text_id!(
    /// A station's request for an order, minted at the station so that it works while HQ is away.
    RequestId
);
text_id!(
    /// An order, minted by HQ.
    OrderId
);
text_id!(
    /// A shipment, minted by HQ Logistics.
    ShipId
);
text_id!(
    /// A credit account of a station. Opaque: the holder's name lives in an erasable record (R39).
    AccountId
);

macro_rules! id128 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// The 32 lower-case hexadecimal digits.
            pub fn to_hex(self) -> String {
                hex(&self.0)
            }

            /// Parses 32 hexadecimal digits.
            pub fn from_hex(text: &str) -> Result<Self, IdError> {
                let bytes = unhex(text).ok_or(IdError::Hex)?;
                Ok(Self(bytes.try_into().map_err(|_| IdError::Hex)?))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::from_hex(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_hex()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }
    };
}

id128!(
    /// A device: one installation of a program at one place.
    DeviceId
);
id128!(
    /// One life of a device's database (R4): new, restored, cloned or moved means a new one.
    Incarnation
);

/// Letters of a series: base 32 without the ones read wrongly aloud or on paper (I, L, O, U).
const SERIES_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Incarnation {
    /// The five base-32 characters that begin every number minted in this life of the database (R6):
    /// two clones of one disk never share them.
    pub fn series(&self) -> String {
        let bits = u128::from_be_bytes(self.0);
        (0..5u32)
            .filter_map(|place| {
                let digit = usize::try_from((bits >> (place * 5)) & 31).ok()?;
                SERIES_ALPHABET.get(digit).map(|letter| char::from(*letter))
            })
            .collect()
    }
}

/// Place of an entry in its stream: contiguous from 1 (R3). 0 means "nothing yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first entry.
    pub const NONE: Self = Self(0);

    /// The place after this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Place of a change in a feed, assigned in commit order (R18). 0 means "nothing yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedVersion(pub u64);

impl fmt::Display for FeedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a terminal within its station, 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TerminalNo(pub u16);

impl fmt::Display for TerminalNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Mints `STATION-TT-SERIES-COUNTER`, the receipt number that is also the sale's id (R6).
pub fn mint_sale_id(
    station: &StationCode,
    terminal: TerminalNo,
    life: &Incarnation,
    counter: u64,
) -> Result<SaleId, IdError> {
    SaleId::new(format!("{station}-{:02}-{}-{counter:06}", terminal.0, life.series()))
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    // A table and not `write!`: ids are put into rows and names of every sale.
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].iter().filter_map(|digit| DIGITS.get(usize::from(*digit))));
    }
    text
}

/// Bytes of an even number of hexadecimal digits; `None` when it is not that.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_a_topic_wildcard_is_refused() {
        assert_eq!(StationCode::new("ST#"), Err(IdError::Character('#')));
        assert_eq!(StationCode::new(""), Err(IdError::Length(0)));
        assert!(serde_json::from_str::<ProductId>("\"a/b\"").is_err());
    }

    #[test]
    fn a_receipt_number_names_station_terminal_series_and_counter() {
        let life = Incarnation([0xff; 16]);
        let id = mint_sale_id(&StationCode::new("ST0001").unwrap(), TerminalNo(1), &life, 42).unwrap();
        assert_eq!(id.as_str(), "ST0001-01-ZZZZZ-000042");
    }

    #[test]
    fn hexadecimal_round_trips_and_refuses_the_rest() {
        let id = DeviceId([7; 16]);
        assert_eq!(DeviceId::from_hex(&id.to_hex()), Ok(id));
        assert!(DeviceId::from_hex("07").is_err());
        assert!(DeviceId::from_hex("가나다라마바사아").is_err());
    }
}
