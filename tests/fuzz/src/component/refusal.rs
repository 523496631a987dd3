//! An error that a component answers with.

use arbitrary::{Result, Unstructured};
use plumb::cni::{Version, output};
use plumb::components::contract_0_1::bindings::types::{Error, ErrorCode};
use plumb::components::refusal::Refusal;
use plumb_engine::limits;

use super::limits::plain;

/// Lets it refuse, and looks at what the runtime would get.
///
/// # Errors
///
/// When the input is used up.
///
/// # Panics
///
/// When the component could pass for plumb, or takes a code that is the specification's.
pub fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let code = match choices.int_in_range(0..=4)? {
        0 => ErrorCode::InvalidConfiguration,
        1 => ErrorCode::NotFound,
        2 => ErrorCode::TryAgainLater,
        _ => ErrorCode::Other(choices.arbitrary()?),
    };
    let is_own = matches!(code, ErrorCode::Other(_));
    let details = choices.arbitrary()?;
    let padding = match choices.ratio(1, 8)? {
        true => choices.int_in_range(0..=limits::STRING_BYTES)?,
        false => 0,
    };
    let message = choices.arbitrary::<String>()? + &"ä\u{9b}".repeat(padding);
    let given = Error {
        code,
        message,
        details,
    };
    let error = Refusal::from(given).of_component("acme");
    assert_eq!(error.code.0 >= 100, is_own, "{}", error.code.0);
    assert!(error.message.starts_with("acme: "));
    assert!(error.message.len() <= limits::STRING_BYTES + "acme: ".len());
    plain(&error.message);
    error.details.iter().for_each(|details| plain(details));
    let printed = output::error(Version::NEWEST, &error);
    serde_json::from_str::<serde_json::Value>(&printed).expect("one JSON object");
    Ok(())
}
