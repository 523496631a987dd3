//! What of a text is not as it was expected.

use similar::{ChangeTag, TextDiff};

/// The lines of both texts: `-` before what was expected and is not there, `+` before what is there instead.
pub fn lines(expected: &str, found: &str) -> String {
    let diff = TextDiff::from_lines(expected, found);
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        format!("    {sign} {}\n", change.value().trim_end_matches('\n'))
    };
    diff.iter_all_changes().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_changed_is_marked_and_the_rest_is_there() {
        assert_eq!(
            super::lines("set up\nclaim one\n", "set up\nclaim two\n"),
            "      set up\n    - claim one\n    + claim two\n"
        );
        assert_eq!(super::lines("", "set up\n"), "    + set up\n");
    }
}
