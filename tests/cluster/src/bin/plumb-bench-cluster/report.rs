//! Figures, limits, the table and the JSON.

use std::fmt;
use std::path::Path;

use serde_json::json;

/// What was measured, in its order.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
}

struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    at_most: Option<f64>,
}

impl Report {
    /// Adds a figure.
    pub fn figure(&mut self, name: &str, value: f64, unit: &'static str) {
        self.add(name, value, unit, None);
    }

    /// Adds a figure with a limit of the design.
    pub fn at_most(&mut self, name: &str, value: f64, unit: &'static str, at_most: f64) {
        self.add(name, value, unit, Some(at_most));
    }

    /// Adds what follows from the figures of both: ratios for each pod.
    pub fn compare(&mut self) {
        let value = |name: &str| {
            let found = self.figures.iter().find(|figure| figure.name == name);
            found.map_or(f64::NAN, |figure| figure.value)
        };
        let per_pod = |of: &str, total: &str| value(total) / value(&format!("{of}: pods"));
        let peer_calls = value("whereabouts: API calls per ADD");
        let peer_time = per_pod("whereabouts", "whereabouts: all ADDs on 20 nodes");
        let mut ratios = Vec::new();
        for pool in ["blocks", "single"] {
            let calls = value(&format!("{pool}: API calls per cold ADD"));
            let time = per_pod(pool, &format!("{pool}: all cold claims on 20 nodes"));
            ratios.push((
                format!("{pool}: API calls per cold ADD, of whereabouts'"),
                calls / peer_calls,
            ));
            ratios.push((
                format!("{pool}: time per cold claim on 20 nodes, of whereabouts' ADD"),
                time / peer_time,
            ));
        }
        for (name, ratio) in ratios {
            self.at_most(&name, ratio, "×", 1.0);
        }
    }

    /// Writes all of it as JSON.
    ///
    /// # Panics
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) {
        let figures = self.figures.iter().map(|figure| {
            json!({
                "name": figure.name, "value": figure.value, "unit": figure.unit,
                "at_most": figure.at_most, "kept": figure.is_kept(),
            })
        });
        let text = json!({"figures": figures.collect::<Vec<_>>()});
        std::fs::write(path, format!("{text:#}\n"))
            .unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    }

    fn add(&mut self, name: &str, value: f64, unit: &'static str, at_most: Option<f64>) {
        self.figures.push(Figure {
            name: name.to_owned(),
            value,
            unit,
            at_most,
        });
        eprintln!("{}", self.figures[self.figures.len() - 1]);
    }
}

impl Figure {
    fn is_kept(&self) -> Option<bool> {
        // What was not measured keeps nothing.
        self.at_most.map(|limit| self.value <= limit)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = match (self.at_most, self.is_kept()) {
            (Some(limit), Some(true)) => format!("{limit} {}, kept", self.unit),
            (Some(limit), _) => format!("{limit} {}, MISSED", self.unit),
            (None, _) => String::new(),
        };
        write!(
            formatter,
            "| {} | {:.3} {} | {limit} |",
            self.name, self.value, self.unit
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| figure | measured | at most |\n|---|--:|--:|")?;
        self.figures
            .iter()
            .try_for_each(|figure| writeln!(formatter, "{figure}"))
    }
}
