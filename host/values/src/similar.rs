//! Names that are one slip of the finger away from others, for the question "did you mean?".

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Shorter names are one slip away from too many others.
const SHORTEST: usize = 3;

/// Most names in one question. On a node of eight rails each is one digit away from seven others.
const SHOWN: usize = 3;

/// `did you mean "a" or "b"?`, for those of the `known` names that are one slip away from what was written: a character
/// too many, too few or another one, two that are the wrong way round, or another case. None where none is.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut close: Vec<&str> = Vec::new();
    for name in known {
        if is_one_slip_away(written, name) && !close.contains(&name) {
            close.push(name);
        }
    }
    close.truncate(SHOWN);
    let (last, others) = close.split_last()?;
    let others: Vec<String> = others.iter().map(|name| format!("{name:?}")).collect();
    Some(match others.is_empty() {
        true => format!("did you mean {last:?}?"),
        false => format!("did you mean {} or {last:?}?", others.join(", ")),
    })
}

/// As [`did_you_mean`], to stand before the rest of a sentence: with a space behind it, and empty where there is none.
pub fn question<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(written, known).map_or_else(String::new, |question| format!("{question} "))
}

/// Whether two names that are not the same are one slip apart.
fn is_one_slip_away(written: &str, name: &str) -> bool {
    if written == name || written.len() < SHORTEST || name.len() < SHORTEST {
        return false;
    }
    if written.eq_ignore_ascii_case(name) {
        return true;
    }
    let (written, name) = (written.as_bytes(), name.as_bytes());
    let same = written
        .iter()
        .zip(name)
        .take_while(|(left, right)| left.eq_ignore_ascii_case(right))
        .count();
    let (left, right) = (&written[same..], &name[same..]);
    let swapped = match (left, right) {
        ([a, b, left @ ..], [c, d, right @ ..]) => {
            a.eq_ignore_ascii_case(d)
                && b.eq_ignore_ascii_case(c)
                && left.eq_ignore_ascii_case(right)
        }
        _ => false,
    };
    let equal_behind = |left_skipped, right_skipped| match (
        left.get(left_skipped..),
        right.get(right_skipped..),
    ) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        _ => false,
    };
    swapped || equal_behind(1, 1) || equal_behind(1, 0) || equal_behind(0, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_one_character_or_two_the_wrong_way_round() {
        for (written, name, expected) in [
            ("gpu1-net91", "gpu1-net11", true),
            ("gpu1-net1", "gpu1-net11", true),
            ("gpu1-net111", "gpu1-net11", true),
            ("gup1-net11", "gpu1-net11", true),
            ("GPU1-NET11", "gpu1-net11", true),
            ("pu1-net11", "gpu1-net11", true),
            ("gpu1-net99", "gpu1-net11", false),
            ("gpu1-net11", "gpu1-net11", false),
            ("rail", "nail-1", false),
            ("eth", "eth0", true),
            ("et", "eth", false),
            ("a", "b", false),
            ("", "", false),
        ] {
            assert_eq!(
                is_one_slip_away(written, name),
                expected,
                "{written} {name}"
            );
        }
    }

    #[test]
    fn the_question_names_a_few() {
        let ask = |written, known: &[&str]| did_you_mean(written, known.iter().copied());
        assert_eq!(ask("nic9", &["lo", "eth0"]), None);
        assert_eq!(
            ask("rial0", &["lo", "rail0"]).unwrap(),
            "did you mean \"rail0\"?"
        );
        assert_eq!(
            ask("net9", &["net1", "net2", "net2", "net3", "net4"]).unwrap(),
            "did you mean \"net1\", \"net2\" or \"net3\"?"
        );
    }
}
