//! What a receiver lets a sender have on its way (R15).

use super::WireError;
use super::reader::{Reader, Writer};

/// Leave to send, said with every answer about a stream. A batch is below [`super::MESSAGE_LEN_MAX`], so that it bounds
/// bytes as well: never a mebibyte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    /// So many batches at once: 1 to [`Credit::BATCHES_MAX`].
    Batches(u8),
    /// None now. Ask again, with a hello, after this.
    Wait {
        /// Milliseconds.
        ms: u32,
    },
}

impl Credit {
    /// Most batches of a stream on their way at once.
    pub const BATCHES_MAX: u8 = 4;

    /// As much as there is: nothing is known that speaks against it.
    pub const FULL: Self = Self::Batches(Self::BATCHES_MAX);

    /// One at a time: the receiver is strained, or its sender's batches come out of order.
    pub const ONE: Self = Self::Batches(1);

    pub(super) fn write(self, w: &mut Writer) {
        match self {
            Self::Batches(batches) => w.u8(batches),
            Self::Wait { ms } => w.u8(0).u32(ms),
        };
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match r.u8("credit")? {
            0 => Self::Wait { ms: r.u32("wait")? },
            batches @ 1..=Self::BATCHES_MAX => Self::Batches(batches),
            _ => return Err(WireError::Value("credit")),
        })
    }
}
