//! Names that become parts of paths or words to the kernel, wherever they were written.

use alloc::format;
use alloc::string::String;
use core::str::FromStr;

use crate::{DeviceId, ParseError, PciAddress};

/// Longest name of a file (`NAME_MAX`, linux/limits.h).
const FILE_NAME_BYTES: usize = 255;

/// Longest name of a link (`IFNAMSIZ` less the zero, linux/if.h).
const LINK_NAME_BYTES: usize = 15;

/// Longest other name of a link (`ALTIFNAMSIZ` less the zero, linux/if.h).
const ALTERNATIVE_NAME_BYTES: usize = 127;

/// To the kernel text is Latin-1 (`_ctype`, lib/ctype.c): in UTF-8 this is a part of letters
/// such as 'à'.
const NO_BREAK_SPACE: u8 = 0xa0;

/// `^[A-Za-z0-9][A-Za-z0-9_.\-]*$`, as libcni checks container IDs and network names: it makes them safe as file
/// names.
pub fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= FILE_NAME_BYTES
        && bytes
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// What is wrong with the name of a link, by the kernel's rule (`dev_valid_name`, net/core/dev.c); none: nothing.
pub fn link_name_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.len() > LINK_NAME_BYTES {
        Some("is longer than 15 bytes")
    } else if name == "." || name == ".." {
        Some("is reserved")
    } else if name.contains(['/', ':', '\0']) || name.chars().any(char::is_whitespace) {
        Some("contains '/', ':' or white space")
    } else if name.bytes().any(|byte| byte == NO_BREAK_SPACE) {
        Some("contains a letter that has the byte 0xa0, which is white space to the kernel")
    } else if name.contains('%') {
        // The kernel takes "eth%d" for a pattern and numbers it (dev_alloc_name).
        Some("contains '%'")
    } else {
        None
    }
}

/// Checks the name of a link.
pub fn check_link_name(name: &str) -> Result<(), String> {
    match link_name_problem(name) {
        None => Ok(()),
        Some(problem) => Err(format!("the name {name:?} of a link {problem}")),
    }
}

/// The name of a link that pods share, until it has its own: nothing else may be called so.
pub const NAME_IN_THE_MAKING: &str = "plumb-making";

/// Checks a further name of a link (`IFLA_ALT_IFNAME`; `ALTIFNAMSIZ` less the zero, linux/if.h). The kernel takes more: what it
/// shows in tools must not steer a terminal.
pub fn check_alternative_name(name: &str) -> Result<(), String> {
    let is_plain = |character: char| !character.is_control() && !character.is_whitespace();
    let is_valid = !matches!(name, "" | "." | "..")
        && name.len() <= ALTERNATIVE_NAME_BYTES
        && !name.contains(['/', ':', '%'])
        && name.chars().all(is_plain);
    match is_valid {
        true => Ok(()),
        false => Err(format!(
            "the alternative name {name:?} of a link must have 1 to {ALTERNATIVE_NAME_BYTES} bytes, without '/', ':', '%' \
             and white space"
        )),
    }
}

/// Checks what is one file in a folder, such as a driver or a plugin; `what` it names.
pub fn check_file_name(what: &str, name: &str) -> Result<(), String> {
    let is_one = !matches!(name, "" | "." | "..") && !name.contains('/');
    if is_one && name.len() <= FILE_NAME_BYTES && !name.contains(char::is_control) {
        return Ok(());
    }
    Err(format!("{name:?} is not the name of a {what}"))
}

/// Checks the text of a PCI address.
pub fn check_pci_address(text: &str) -> Result<(), String> {
    check::<PciAddress>(text)
}

/// Checks the text of a [`DeviceId`].
pub fn check_device_id(text: &str) -> Result<(), String> {
    check::<DeviceId>(text)
}

fn check<T: FromStr<Err = ParseError>>(text: &str) -> Result<(), String> {
    match text.parse::<T>() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{text:?} {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_safe_file_names() {
        let (longest, too_long) = ("a".repeat(255), "a".repeat(256));
        for (id, accepted) in [
            (longest.as_str(), true),
            (&too_long, false),
            ("default-t1", true),
            ("a_b.c-d", true),
            ("", false),
            ("../x", false),
            ("-a", false),
            (".a", false),
            ("a/b", false),
            ("a b", false),
            ("a\n", false),
            ("ä", false),
        ] {
            assert_eq!(is_identifier(id), accepted, "{id:?}");
        }
    }

    #[test]
    fn link_names_follow_the_kernels_rule() {
        for (name, accepted) in [
            ("eth0", true),
            ("abcdefghijklmno", true),
            ("abcdefghijklmnop", false),
            ("äääääää", true),
            ("ääääääää", false),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a\0", false),
            ("eth%d", false),
            ("a:b", false),
            ("a\u{2003}b", false),
            ("\u{e0}", false),
        ] {
            assert_eq!(check_link_name(name).is_ok(), accepted, "{name:?}");
        }
    }

    #[test]
    fn further_names_of_links_are_longer_and_as_plain() {
        let (longest, too_long) = ("a".repeat(127), "a".repeat(128));
        for (name, accepted) in [
            (longest.as_str(), true),
            (&too_long, false),
            ("fabric-a", true),
            ("fäbric", true),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
            ("a%d", false),
            ("a\u{1b}[2J", false),
        ] {
            assert_eq!(check_alternative_name(name).is_ok(), accepted, "{name:?}");
        }
    }

    #[test]
    fn drivers_and_plugins_are_one_file() {
        for (name, accepted) in [
            ("mlx5_core", true),
            ("host-local", true),
            ("a b", true),
            ("", false),
            ("..", false),
            ("../vfio-pci", false),
            ("/bin/sh", false),
            ("a\nb", false),
        ] {
            assert_eq!(
                check_file_name("driver", name).is_ok(),
                accepted,
                "{name:?}"
            );
        }
    }
}
