//! Random numbers by a seed (SplitMix64, public domain by Sebastiano Vigna).

use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit.max(1) as u64) as usize
    }

    /// True so many times in 10,000.
    pub fn happens(&mut self, of_ten_thousand: u64) -> bool {
        self.number() % 10_000 < of_ten_thousand
    }

    /// A time from `least` to `most` milliseconds; short ones as often as long ones, by their logarithm.
    pub fn time(&mut self, least: u64, most: u64) -> Duration {
        let (from, to) = ((least.max(1) as f64).ln(), (most.max(2) as f64).ln());
        let at = (self.number() >> 11) as f64 / (1u64 << 53) as f64;
        Duration::from_micros(((from + (to - from) * at).exp() * 1000.0) as u64)
    }
}
