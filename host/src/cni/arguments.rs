//! `CNI_ARGS`: `KEY=VALUE;KEY=VALUE`.
//!
//! Multus repeats keys, adds `IgnoreUnknown` in two spellings and changes the order;
//! values may contain `=`. Unknown keys are ignored.

/// The pairs that plumb gives a meaning to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// `K8S_POD_NAMESPACE`
    pub pod_namespace: String,
    /// `K8S_POD_NAME`
    pub pod_name: String,
    /// `K8S_POD_UID`
    pub pod_uid: String,
    /// `MAC`
    pub mac: Option<String>,
    /// `IP`, separated by commas.
    pub addresses: Vec<String>,
}

impl Arguments {
    /// Takes the text apart. Of a repeated key the last value that is not empty counts.
    pub fn parse(text: &str) -> Self {
        let mut arguments = Self::default();
        for pair in text.split(';') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match key.trim() {
                "K8S_POD_NAMESPACE" => arguments.pod_namespace = value.to_owned(),
                "K8S_POD_NAME" => arguments.pod_name = value.to_owned(),
                "K8S_POD_UID" => arguments.pod_uid = value.to_owned(),
                "MAC" => arguments.mac = Some(value.to_owned()),
                "IP" => {
                    arguments.addresses = value
                        .split(',')
                        .map(|address| address.trim().to_owned())
                        .filter(|address| !address.is_empty())
                        .collect();
                }
                _ => {}
            }
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_multus_sends_is_understood() {
        let arguments = Arguments::parse(
            "IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;\
             K8S_POD_INFRA_CONTAINER_ID=;K8S_POD_UID=uid-1;K8S_POD_UID=uid-1;IgnoreUnknown=1;\
             X=a=b;MAC=02:00:00:aa:bb:cc;IP=10.55.0.9/24,fd00::9/64;",
        );
        assert_eq!(arguments.pod_namespace, "default");
        assert_eq!(arguments.pod_name, "pod1");
        assert_eq!(arguments.mac.as_deref(), Some("02:00:00:aa:bb:cc"));
        assert_eq!(arguments.addresses, ["10.55.0.9/24", "fd00::9/64"]);
    }

    #[test]
    fn nothing_is_understood_as_nothing() {
        assert_eq!(Arguments::parse(""), Arguments::default());
        assert_eq!(Arguments::parse(";;a;=;"), Arguments::default());
    }
}
