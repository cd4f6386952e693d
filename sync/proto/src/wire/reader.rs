//! Bounded reading and writing of fixed-width fields.

use sha2::{Digest as _, Sha256};

use super::{MESSAGE_LEN_MAX, WireError};
use crate::entry::StreamId;
use crate::hash::ChainHash;
use crate::ids::{DeviceId, Incarnation};

pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// Bytes of the seal at the end of a message.
const SEAL_LEN: usize = 8;

/// The front of the digest of a message. TLS keeps each hop from altering it; whoever takes it out of TLS on the
/// way, a broker with bad memory, is found by this.
fn seal(message: &[u8]) -> [u8; SEAL_LEN] {
    let digest: [u8; 32] = Sha256::digest(message).into();
    let mut seal = [0; SEAL_LEN];
    seal.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    seal
}

impl<'a> Reader<'a> {
    /// Takes the seal off, if it is the one of these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, WireError> {
        if bytes.len() > MESSAGE_LEN_MAX {
            return Err(WireError::TooLong(bytes.len()));
        }
        let (message, found) = bytes.split_last_chunk::<SEAL_LEN>().ok_or(WireError::Short("the seal"))?;
        if *found != seal(message) {
            return Err(WireError::Altered);
        }
        Ok(Self { rest: message })
    }

    /// Bytes out of a message, whose own limit was checked.
    pub(super) const fn of_body(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(WireError::Short(field))?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        self.take(N, field)?.try_into().map_err(|_| WireError::Short(field))
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, WireError> {
        Ok(u8::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, WireError> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, WireError> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    pub(super) fn i64(&mut self, field: &'static str) -> Result<i64, WireError> {
        Ok(i64::from_be_bytes(self.array(field)?))
    }

    pub(super) fn hash(&mut self, field: &'static str) -> Result<ChainHash, WireError> {
        Ok(ChainHash(self.array(field)?))
    }

    pub(super) fn incarnation(&mut self, field: &'static str) -> Result<Incarnation, WireError> {
        Ok(Incarnation(self.array(field)?))
    }

    pub(super) fn stream(&mut self) -> Result<StreamId, WireError> {
        let device = DeviceId(self.array("device")?);
        Ok(StreamId { device, incarnation: self.incarnation("incarnation")? })
    }

    /// Bytes with their length before them; the length is checked against what is there before use.
    pub(super) fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], WireError> {
        let len = usize::try_from(self.u32(field)?).map_err(|_| WireError::Value(field))?;
        self.take(len, field)
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| WireError::Value(field))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) const fn end(&self) -> Result<(), WireError> {
        if self.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }
}

#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The message with its seal.
    pub(super) fn into_sealed(mut self) -> Vec<u8> {
        let seal = seal(&self.bytes);
        self.raw(&seal);
        self.bytes
    }

    pub(super) fn tag(&mut self, tag: u8) -> &mut Self {
        self.u8(tag)
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn i64(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub(super) fn stream(&mut self, stream: &StreamId) -> &mut Self {
        self.raw(&stream.device.0).raw(&stream.incarnation.0)
    }

    /// Bytes with their length before them. Everything written here is below 4 GiB by the limits above.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).raw(bytes)
    }
}
