//! Keys that make a repeated write the same write.

use super::ClientError;

/// Longest key that is sent, in bytes; the agent stores it beside what it recorded.
const KEY_BYTES_MAX: usize = 128;

/// Names one intention of a person: the same key with the same body is recorded once, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key of visible ASCII characters, at most 128.
    ///
    /// # Errors
    /// [`ClientError::Settings`] when it is empty, too long or holds anything else.
    pub fn new(key: impl Into<String>) -> Result<Self, ClientError> {
        let key = key.into();
        let fits =
            !key.is_empty() && key.len() <= KEY_BYTES_MAX && key.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Self(key))
        } else {
            Err(ClientError::Settings { what: "an idempotency key is 1 to 128 visible ASCII characters" })
        }
    }

    /// A key from 16 random bytes that the caller drew.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The key as the header carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
