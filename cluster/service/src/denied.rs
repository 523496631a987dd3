//! What helps when the API server does not know who asks (401), or does not let him (403).

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kube::Config;
use kube::core::Status;
use serde_json::Value;

/// Who asks, as the token says.
static ACCOUNT: OnceLock<String> = OnceLock::new();

/// Takes down who asks, for those who are told that he may not.
pub(crate) fn remember(config: &Config) {
    let in_file = || std::fs::read_to_string(config.auth_info.token_file.as_ref()?).ok();
    let token = config.auth_info.token.as_ref();
    let token = token.map(|token| secrecy::ExposeSecret::expose_secret(token).to_owned());
    if let Some(account) = token.or_else(in_file).as_deref().and_then(subject) {
        // The first one stays: a program has one account.
        let _ = ACCOUNT.set(account);
    }
}

/// For whom a token was made: `sub` of its claims (RFC 7519, section 4.1.2). Whether it is genuine is the API server's matter.
fn subject(token: &str) -> Option<String> {
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim()).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims["sub"].as_str()?.to_owned())
}

/// What an answer 401 or 403 says and what would help; none of another one. `program` is `agent` or `controller`.
#[must_use]
pub fn denied(status: &Status, program: &str) -> Option<String> {
    let account = ACCOUNT.get().map_or("its account", String::as_str);
    match status.code {
        401 => Some(format!(
            "the API server does not accept the token (401) of {account}: it has expired, its ServiceAccount or Node was deleted or made \
             again, or it is of another cluster; the token's file is read again within a minute, and a pod of the {program} that is \
             deleted comes back with a new one"
        )),
        403 if is_about_roles(&status.message) => Some(format!(
            "{} (403); the rights of {account} are those of deploy/chart/plumb/rbac/{program}.yaml: `helm upgrade`, or `kubectl apply \
             --server-side -f deploy/plumb.yaml`, gives them again",
            status.message
        )),
        // A policy says by itself what it wants.
        403 => Some(format!("{} (403)", status.message)),
        _ => None,
    }
}

/// Whether a 403 is of roles, and not of a policy that looks at the object.
fn is_about_roles(message: &str) -> bool {
    !message.contains("denied request")
}

/// Whether a 403 may be over in a moment: an API server that has just started has not read all roles, and says which one it misses
/// (`RBAC: clusterrole.rbac.authorization.k8s.io "plumb-agent" not found`).
#[must_use]
pub fn is_about_to_end(status: &Status) -> bool {
    status.code == 403 && status.message.contains("RBAC: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16, message: &str) -> Status {
        Status {
            code,
            message: message.to_owned(),
            ..Status::default()
        }
    }

    #[test]
    fn the_account_is_the_one_of_the_token() {
        let claims = r#"{"aud":["k"],"sub":"system:serviceaccount:plumb-system:plumb-agent"}"#;
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let account = subject(&token).unwrap();
        assert_eq!(account, "system:serviceaccount:plumb-system:plumb-agent");
        assert_eq!(subject("opaque"), None);
        assert_eq!(subject("a.b.c"), None);
    }

    #[test]
    fn what_would_help_is_said_and_what_a_policy_says_is_left_as_it_is() {
        let said = |code, message| denied(&status(code, message), "agent");
        assert!(
            said(401, "Unauthorized")
                .unwrap()
                .contains("comes back with a new one")
        );
        let roles = r#"ipblocks is forbidden: User "u" cannot create resource "ipblocks""#;
        let roles = said(403, roles).unwrap();
        assert!(
            roles.contains("cannot create") && roles.contains("rbac/agent.yaml"),
            "{roles}"
        );
        let policy =
            "ipblocks \"b\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: not yours";
        assert_eq!(said(403, policy).unwrap(), format!("{policy} (403)"));
        assert_eq!(said(422, "it is so"), None);
    }

    #[test]
    fn roles_that_are_not_read_yet_are_waited_for() {
        let unread = r#"ipblocks is forbidden: User "u" cannot list: RBAC: clusterrole "plumb-agent" not found"#;
        assert!(is_about_to_end(&status(403, unread)));
        assert!(!is_about_to_end(&status(403, "ipblocks is forbidden")));
    }
}
