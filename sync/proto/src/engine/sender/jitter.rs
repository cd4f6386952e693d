//! Chance for waits, so that devices that failed together do not come back together (R30).

/// SplitMix64. The driver gives the seed, so that a run replays exactly.
#[derive(Debug, Clone, Copy)]
pub struct Jitter(u64);

impl Jitter {
    /// The same seed gives the same numbers.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Anything from 0 to below `ceiling`; 0 when that leaves no choice.
    pub fn below(&mut self, ceiling: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let span = ceiling.max(1).unsigned_abs();
        i64::try_from((z ^ (z >> 31)) % span).unwrap_or(0)
    }
}
