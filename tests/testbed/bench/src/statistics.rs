//! Times of many calls, and what is reported of them.

use std::time::Duration;

use serde::Serialize;

/// How times are spread, in milliseconds. The mean is left out: one call that waited for a
/// stranger moves it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    /// Smallest value.
    pub min: f64,
    /// Median; of an even number of values the mean of the middle two.
    pub median: f64,
    /// The smallest value that 95 % of all values do not exceed (nearest rank).
    pub p95: f64,
}

impl Spread {
    /// Of at least one time.
    pub fn of(times: &[Duration]) -> Self {
        let mut values: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Self {
            min: values[0],
            median: (values[last / 2] + values[values.len() / 2]) / 2.0,
            p95: values[(values.len() * 95).div_ceil(100) - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Spread;

    fn spread(milliseconds: impl Iterator<Item = u64>) -> (f64, f64, f64) {
        let times: Vec<Duration> = milliseconds.map(Duration::from_millis).collect();
        let spread = Spread::of(&times);
        (spread.min, spread.median, spread.p95)
    }

    #[test]
    fn spread_of_hundred() {
        assert_eq!(spread((1..=100).rev()), (1.0, 50.5, 95.0));
    }

    #[test]
    fn spread_of_few() {
        assert_eq!(spread([3, 1, 2].into_iter()), (1.0, 2.0, 3.0));
        assert_eq!(spread([7].into_iter()), (7.0, 7.0, 7.0));
    }
}
