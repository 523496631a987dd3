//! The text on a link of the node that plumb made for pods (`IFLA_IFALIAS`): by it the link is known for plumb's own when
//! every record of it is lost, and an administrator's link is not taken for one.

/// The name of a link until it has its mark. One at a time is made, under a lock, and one of this name that is found there is
/// what a call left that was killed.
pub use plumb_values::names::NAME_IN_THE_MAKING as TEMPORARY_NAME;

/// What all of them begin with.
const MADE: &str = "plumb: made for pods, ";
/// It goes with the last of the pods.
const FOR_A_WHILE: &str = "removed with the last";
/// It stays.
const FOR_GOOD: &str = "kept";
/// Before the names of members, which have no white space.
const UP_BEFORE: &str = "; up before: ";

/// What is said of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// Whether it stays when the last pod has gone.
    pub keep: bool,
    /// Of a bond the members that were up before: whoever removes it sets them up again, and the pod for which it was made
    /// may have gone long before.
    pub were_up: Vec<String>,
}

impl Mark {
    /// What a link says; none when it is not plumb's.
    pub fn of(alias: Option<&str>) -> Option<Self> {
        let text = alias?.strip_prefix(MADE)?;
        let (kept, members) = text.split_once(UP_BEFORE).unwrap_or((text, ""));
        Some(Self {
            // What cannot be understood is nothing to be removed.
            keep: kept != FOR_A_WHILE,
            were_up: members.split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let kept = match self.keep {
            true => FOR_GOOD,
            false => FOR_A_WHILE,
        };
        match self.were_up.is_empty() {
            true => format!("{MADE}{kept}"),
            false => format!("{MADE}{kept}{UP_BEFORE}{}", self.were_up.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for keep in [false, true] {
            for were_up in [vec![], vec!["eth1".to_owned(), "e;2,x".to_owned()]] {
                let mark = Mark { keep, were_up };
                assert_eq!(Mark::of(Some(&mark.text())), Some(mark));
            }
        }
    }

    #[test]
    fn the_text_of_another_is_no_mark_and_one_that_is_damaged_removes_nothing() {
        assert_eq!(Mark::of(None), None);
        for text in ["", "uplink", "plumb: made for", "made for pods, kept"] {
            assert_eq!(Mark::of(Some(text)), None, "{text}");
        }
        for text in [
            "plumb: made for pods, removed",
            "plumb: made for pods, removed with the last pod",
        ] {
            assert!(Mark::of(Some(text)).unwrap().keep, "{text}");
        }
    }

    /// `IFALIASZ` (linux/if.h), with as many members as a network can name.
    #[test]
    fn the_longest_text_is_one_that_the_kernel_takes() {
        let mark = Mark {
            keep: false,
            were_up: vec!["e".repeat(15); crate::cni::ifacer::MOST_INTERFACES],
        };
        assert!(mark.text().len() < 256, "{}", mark.text().len());
    }
}
