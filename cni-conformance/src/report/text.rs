//! For a person at a terminal.

use std::io::{self, Write};

use crate::expectations::{Comparison, Expectations, identity};
use crate::report::{Mark, reason};
use crate::run::Finished;
use crate::{Level, Subject};

/// Tells what is about to be tested.
///
/// # Errors
///
/// When the output cannot be written.
pub fn begin(output: &mut impl Write, subject: &Subject, cases: usize) -> io::Result<()> {
    let versions: Vec<&str> = subject
        .versions
        .iter()
        .map(|version| version.as_str())
        .collect();
    writeln!(
        output,
        "{}, kind {}, versions {}: {cases} cases\n",
        subject.plugin.display(),
        subject.kind.as_str(),
        versions.join(" ")
    )
}

/// Tells of each case, then of what came unexpected, then the numbers.
///
/// # Errors
///
/// When the output cannot be written.
pub fn end(
    output: &mut impl Write,
    finished: &[Finished],
    expectations: &Expectations,
    comparison: &Comparison,
    quiet: bool,
) -> io::Result<()> {
    for one in finished {
        let mark = Mark::of(one, expectations);
        if quiet && mark != Mark::Failed {
            continue;
        }
        tell(output, one, mark, expectations)?;
    }
    writeln!(output)?;
    for surprise in &comparison.surprises {
        writeln!(output, "{surprise}")?;
    }
    for level in [Level::Must, Level::Should, Level::Relied] {
        let (passed, asked) = count(finished, expectations, level);
        writeln!(output, "{:<7} {passed} of {asked}", level.as_str())?;
    }
    let number = |wanted: Mark| {
        finished
            .iter()
            .filter(|one| Mark::of(one, expectations) == wanted)
            .count()
    };
    writeln!(
        output,
        "\n{} passed, {} failed, {} skipped",
        number(Mark::Passed),
        number(Mark::Failed) + number(Mark::Known),
        number(Mark::NotApplicable)
    )?;
    if number(Mark::Known) > 0 {
        writeln!(
            output,
            "{} of the failures were expected",
            number(Mark::Known)
        )?;
    }
    Ok(())
}

/// How many turns of a level passed, of those that could be asked.
pub fn count(finished: &[Finished], expectations: &Expectations, level: Level) -> (usize, usize) {
    let asked = finished.iter().filter(|one| {
        one.case.level == level && Mark::of(one, expectations) != Mark::NotApplicable
    });
    asked.fold((0, 0), |(passed, all), one| {
        (passed + usize::from(one.verdict.is_ok()), all + 1)
    })
}

fn tell(
    output: &mut impl Write,
    one: &Finished,
    mark: Mark,
    expectations: &Expectations,
) -> io::Result<()> {
    let word = match mark {
        Mark::Passed => "ok   ",
        Mark::Failed => "FAIL ",
        Mark::Known => "known",
        Mark::NotApplicable => "-    ",
    };
    writeln!(
        output,
        "{word} {}",
        identity(one.case.number, one.version, one.case.name)
    )?;
    match mark {
        Mark::Passed => Ok(()),
        Mark::NotApplicable => {
            writeln!(output, "      {}", reason(one).unwrap_or_default())
        }
        Mark::Known => writeln!(
            output,
            "      {}",
            expectations.reason(one).unwrap_or_default()
        ),
        Mark::Failed => {
            writeln!(
                output,
                "      {} ({}): {}",
                one.case.level.as_str(),
                one.case.source,
                one.case.demand
            )?;
            for line in reason(one).unwrap_or_default().lines() {
                writeln!(output, "      {line}")?;
            }
            Ok(())
        }
    }
}
