//! For a person at a terminal.

use std::io::{self, Write};

use super::{Mark, count, reason};
use crate::cases::group_of;
use crate::{Bench, Case, Finished, Level};

/// Tells what is about to be judged.
///
/// # Errors
///
/// When the output cannot be written.
pub fn begin(output: &mut impl Write, bench: &Bench<'_>, cases: usize) -> io::Result<()> {
    writeln!(
        output,
        "{}, world {}: {cases} cases, {} trials",
        bench.subject.name,
        bench.world().as_str(),
        bench.trials().len()
    )
}

/// Tells of a case as it ends, under the heading of its group if it is the first of it.
///
/// # Errors
///
/// When the output cannot be written.
pub fn tell(
    output: &mut impl Write,
    before: Option<&'static Case>,
    one: &Finished,
) -> io::Result<()> {
    let group = group_of(one.case);
    if before.map(group_of) != Some(group) {
        writeln!(output, "\n{group}")?;
    }
    let mark = Mark::of(one);
    let word = match mark {
        Mark::Passed => "ok   ",
        Mark::Failed => "FAIL ",
        Mark::Skipped => "-    ",
    };
    writeln!(output, "{word} {:<4} {}", one.case.number, one.case.name)?;
    match mark {
        Mark::Passed => {
            for note in &one.notes {
                writeln!(output, "      {note}")?;
            }
        }
        Mark::Skipped => {
            writeln!(
                output,
                "      skipped because {}",
                reason(one).unwrap_or_default()
            )?;
        }
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
        }
    }
    output.flush()
}

/// Tells the numbers.
///
/// # Errors
///
/// When the output cannot be written.
pub fn end(output: &mut impl Write, finished: &[Finished]) -> io::Result<()> {
    writeln!(output)?;
    for level in [Level::Must, Level::Should] {
        let asked = finished
            .iter()
            .filter(|one| one.case.level == level && Mark::of(one) != Mark::Skipped);
        let (passed, all) = asked.fold((0, 0), |(passed, all), one| {
            (passed + usize::from(one.verdict.is_ok()), all + 1)
        });
        writeln!(output, "{:<7} {passed} of {all}", level.as_str())?;
    }
    writeln!(
        output,
        "\n{} passed, {} failed, {} skipped",
        count(finished, Mark::Passed),
        count(finished, Mark::Failed),
        count(finished, Mark::Skipped)
    )
}

/// Lists cases with what each demands.
///
/// # Errors
///
/// When the output cannot be written.
pub fn list<'a>(
    output: &mut impl Write,
    cases: impl IntoIterator<Item = &'a Case>,
) -> io::Result<()> {
    for case in cases {
        writeln!(
            output,
            "{:<4} {:<14} {:<24} {:<7} {}\n     {}",
            case.number,
            group_of(case),
            case.name,
            case.level.as_str(),
            case.source,
            case.demand
        )?;
    }
    Ok(())
}
