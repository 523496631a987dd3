//! Samples and what is reported of them.

use std::time::Duration;

use serde::Serialize;

/// The cost of one call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// From the start of the process to its end.
    pub wall: Duration,
    /// User and system time of the process and the children it waited for. The
    /// split between the two is not kept: kernels that split by tick make it up.
    pub cpu: Duration,
    /// Largest resident set of one process, in bytes.
    pub peak_memory: u64,
}

impl Sample {
    /// Two calls that only together do the work.
    pub fn and(self, other: Sample) -> Sample {
        Sample {
            wall: self.wall + other.wall,
            cpu: self.cpu + other.cpu,
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }
}

/// All calls of one candidate in one case, as reported. Times are milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// What was measured, such as `ADD`.
    pub case: &'static str,
    /// Who was measured.
    pub candidate: &'static str,
    /// Number of samples.
    pub runs: usize,
    /// Wall time.
    pub wall: Spread,
    /// CPU time.
    pub cpu: Spread,
    /// Largest resident set of all calls, in bytes.
    pub peak_memory: u64,
}

impl Series {
    /// Summarises samples, of which there must be at least one.
    pub fn new(case: &'static str, candidate: &'static str, samples: &[Sample]) -> Self {
        let milliseconds = |of: fn(&Sample) -> Duration| {
            Spread::of(
                samples
                    .iter()
                    .map(|sample| of(sample).as_secs_f64() * 1e3)
                    .collect(),
            )
        };
        Self {
            case,
            candidate,
            runs: samples.len(),
            wall: milliseconds(|sample| sample.wall),
            cpu: milliseconds(|sample| sample.cpu),
            peak_memory: samples
                .iter()
                .map(|sample| sample.peak_memory)
                .max()
                .unwrap_or_default(),
        }
    }
}

/// How values are spread. The mean is left out: one call that waited for a stranger
/// moves it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    /// Smallest value.
    pub min: f64,
    /// Median; of an even number of values the mean of the middle two.
    pub median: f64,
    /// The smallest value that 95 % of all values do not exceed (nearest rank).
    pub p95: f64,
    /// Largest value.
    pub max: f64,
}

impl Spread {
    /// Of at least one value; of none, all is NaN.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let Some(last) = values.len().checked_sub(1) else {
            return Self {
                min: f64::NAN,
                median: f64::NAN,
                p95: f64::NAN,
                max: f64::NAN,
            };
        };
        Self {
            min: values[0],
            median: (values[last / 2] + values[values.len() / 2]) / 2.0,
            p95: values[(values.len() * 95).div_ceil(100) - 1],
            max: values[last],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn spread_of_hundred() {
        let spread = Spread::of((1..=100).rev().map(f64::from).collect());
        assert_eq!(
            (spread.min, spread.median, spread.p95, spread.max),
            (1.0, 50.5, 95.0, 100.0)
        );
    }

    #[test]
    fn spread_of_few() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!(
            (spread.min, spread.median, spread.p95, spread.max),
            (1.0, 2.0, 3.0, 3.0)
        );
        let spread = Spread::of(vec![7.0]);
        assert_eq!(
            (spread.min, spread.median, spread.p95, spread.max),
            (7.0, 7.0, 7.0, 7.0)
        );
    }
}
