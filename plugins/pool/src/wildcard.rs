//! Wildcards in names of pools: `*`, `?`, `[abc]`, `[a-z]`, `[^a-z]`, and `\` before a
//! character that is meant literally. As in Go's `path/filepath.Match`, which Spiderpool uses.

/// Whether a name contains a wildcard at all.
pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '\\'])
}

/// Whether the whole name fits the pattern. None: the pattern is malformed.
pub(crate) fn matches(pattern: &str, name: &str) -> Option<bool> {
    let pattern = parse(pattern)?;
    let name: Vec<char> = name.chars().collect();
    Some(fits(&pattern, &name))
}

enum Token {
    Literal(char),
    AnyOne,
    AnyMany,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn parse(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' => Token::AnyMany,
            '?' => Token::AnyOne,
            '\\' => Token::Literal(characters.next()?),
            '[' => {
                let negated = characters.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while characters.next_if_eq(&']').is_none() {
                    let first = class_character(&mut characters)?;
                    let last = match characters.next_if_eq(&'-') {
                        Some(_) => class_character(&mut characters)?,
                        None => first,
                    };
                    ranges.push((first, last));
                }
                if ranges.is_empty() {
                    return None;
                }
                Token::Class { negated, ranges }
            }
            literal => Token::Literal(literal),
        });
    }
    Some(tokens)
}

fn class_character(characters: &mut impl Iterator<Item = char>) -> Option<char> {
    match characters.next()? {
        '\\' => characters.next(),
        '-' | ']' => None,
        character => Some(character),
    }
}

/// Linear in the name for each star: on a mismatch only the last star is widened, because
/// an earlier one could only lead to the same remainder.
fn fits(pattern: &[Token], name: &[char]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while position < name.len() {
        match pattern.get(at) {
            Some(Token::AnyMany) => {
                star = Some((at + 1, position));
                at += 1;
            }
            Some(token) if fits_one(token, name[position]) => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((after, start)) = star else {
                    return false;
                };
                star = Some((after, start + 1));
                (at, position) = (after, start + 1);
            }
        }
    }
    pattern[at..]
        .iter()
        .all(|token| matches!(token, Token::AnyMany))
}

fn fits_one(token: &Token, character: char) -> bool {
    match token {
        Token::Literal(literal) => *literal == character,
        Token::AnyOne => true,
        Token::AnyMany => false,
        Token::Class { negated, ranges } => {
            let inside = ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&character));
            inside != *negated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_whole_names() {
        for (pattern, name, expected) in [
            ("rail-1", "rail-1", true),
            ("rail-1", "rail-10", false),
            ("rail-?", "rail-1", true),
            ("rail-?", "rail-10", false),
            ("rail-*", "rail-", true),
            ("*-v4-*", "rack7-v4-east-v4-b", true),
            ("*-v4", "rack7-v4-east", false),
            ("rack[1-3]", "rack2", true),
            ("rack[1-3]", "rack4", false),
            ("rack[^1-3]", "rack4", true),
            ("rack[^1-3]", "rack2", false),
            ("rack[ab]?", "rackb9", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*", "", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), Some(expected), "{pattern} {name}");
        }
    }

    #[test]
    fn malformed_patterns_are_told_apart_from_mismatches() {
        for pattern in ["rack[1-3", "rack[]", "rack[", "rack[1-]", "rack\\"] {
            assert_eq!(matches(pattern, "rack1"), None, "{pattern}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(60) + "b";
        let name = "a".repeat(20_000);
        assert_eq!(matches(&pattern, &name), Some(false));
    }

    #[test]
    fn plain_names_are_recognised() {
        assert!(!is_pattern("rail-1.east"));
        assert!(is_pattern("rail-?"));
    }
}
