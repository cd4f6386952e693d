//! The hash chain of a journal (R27): `hash[n] = SHA-256(hash[n-1], bytes[n])`.

use sha2::{Digest, Sha256};

use crate::entry::StreamId;
use crate::ids::hex;

/// A link of the chain, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What the first entry of a stream is chained to. It binds device and incarnation, so that bytes
    /// moved to another stream do not verify there.
    pub fn genesis(stream: &StreamId) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"juyu journal 1\n");
        hasher.update(stream.device.0);
        hasher.update(stream.incarnation.0);
        Self(hasher.finalize().into())
    }

    /// The link after this one, over an entry's bytes as stored.
    pub fn chain(&self, bytes: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(bytes);
        Self(hasher.finalize().into())
    }
}

impl std::fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChainHash({})", hex(self.0.get(..6).unwrap_or_default()))
    }
}
