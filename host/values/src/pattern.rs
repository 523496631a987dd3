//! How a policy and a grant name links and functions: `ens6f0np0`, `ens*`, `ens?f0`, `0000:3b:*`, `driver:mlx5_core`.

use alloc::borrow::ToOwned;
use alloc::string::String;

/// A name, in which `*` is any number of characters and `?` is one; or a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// One of a device's names.
    Name(String),
    /// The name of the driver that a device is bound to; of a link without a device, its kind, such as `bond`.
    Driver(String),
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        match text.strip_prefix("driver:") {
            Some(driver) => Self::Driver(driver.to_owned()),
            None => Self::Name(text),
        }
    }
}

impl core::fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Driver(driver) => write!(formatter, "driver:{driver}"),
        }
    }
}

impl Pattern {
    /// Whether it is one of these names, letter for letter.
    pub fn names<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        matches!(self, Self::Name(name) if names.any(|other| other == name))
    }

    /// Whether it is about a device with these names and this driver.
    pub fn matches<'a>(
        &self,
        mut names: impl Iterator<Item = &'a str>,
        driver: Option<&str>,
    ) -> bool {
        match self {
            Self::Name(pattern) => names.any(|name| is_like(name, pattern)),
            Self::Driver(pattern) => driver.is_some_and(|driver| is_like(driver, pattern)),
        }
    }
}

/// Whether a text is as the pattern says. Takes time by the product of their lengths at most.
fn is_like(text: &str, pattern: &str) -> bool {
    let (mut rest, mut wanted) = (text.chars(), pattern.chars());
    // What follows the last star, and where in the text it was tried.
    let mut last_star = None;
    loop {
        let here = rest.clone();
        match (wanted.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                rest = here;
                last_star = Some((wanted.clone(), rest.clone()));
            }
            (Some('?'), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => {
                let Some((behind, tried)) = &mut last_star else {
                    return false;
                };
                if tried.next().is_none() {
                    return false;
                }
                (wanted, rest) = (behind.clone(), tried.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_number_of_characters_and_a_question_mark_is_one() {
        for (text, pattern, expected) in [
            ("ens6", "ens6", true),
            ("ens6", "ens60", false),
            ("ens60", "ens6", false),
            ("ens6f0np0", "ens*", true),
            ("ens6f0np0", "*np0", true),
            ("ens6f0np0", "ens*f0*0", true),
            ("ens6f0np0", "ens*f1*", false),
            ("xens6", "ens*", false),
            ("aba", "ab*ba", false),
            ("", "*", true),
            ("", "", true),
            ("a", "", false),
            ("a", "*a", true),
            ("abab", "*ab", true),
            ("aabaa", "a*a*a*a", true),
            ("aaa", "a*a*a*a", false),
            ("ens6", "ens?", true),
            ("ens", "ens?", false),
            ("ens60", "ens?", false),
            ("ens6f0np0", "ens?f?np*", true),
            ("ens6f0np0", "*?p0", true),
            ("p0", "*?p0", false),
            ("ä1", "?1", true),
            ("ä", "??", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} as {pattern}");
        }
    }

    #[test]
    fn a_driver_is_not_a_name() {
        let driver = Pattern::from("driver:mlx5*".to_owned());
        assert!(driver.matches(["eth0"].into_iter(), Some("mlx5_core")));
        assert!(!driver.matches(["mlx5_core"].into_iter(), Some("virtio_net")));
        assert!(!driver.matches(["mlx5_core"].into_iter(), None));
        assert!(!driver.names(["driver:mlx5*"].into_iter()));
    }
}
