//! The environment: one variable in each line of the input, `CNI_ARGS` among them.

#![no_main]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use plumb::attachment::Attachment;
use plumb::cni::arguments::Arguments;
use plumb::cni::{AddRequest, Configuration, Environment, Request, Verb, Version, output};
use plumb::operations::Records;
use plumb::state::StateFolder;
use plumb::{Code, octets};

const CONFIGURATION: &[u8] = br#"{"cniVersion": "1.1.0", "name": "rail0", "type": "macvlan"}"#;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        arguments(text);
        hardware_address(text);
    }
    let variables: BTreeMap<&[u8], &[u8]> = data
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let equals = line.iter().position(|byte| *byte == b'=')?;
            Some((&line[..equals], &line[equals + 1..]))
        })
        .collect();
    let get = |name: &str| {
        let value = variables.get(name.as_bytes())?;
        // The kernel passes no NUL byte.
        (!value.contains(&0)).then(|| OsString::from_vec(value.to_vec()))
    };
    let environment = match Environment::read(get) {
        Ok(environment) => environment,
        Err(error) => {
            assert_eq!(error.code, Code::INVALID_ENVIRONMENT);
            output::error(Version::NEWEST, &error);
            return;
        }
    };
    let verb = environment.verb;
    let configuration = Configuration::parse(verb, CONFIGURATION.to_vec()).expect("it is sound");
    let request = Request::new(environment, configuration, plumb::policy::Policy::default())
        .expect("folders are the defaults");
    if matches!(verb, Verb::Add | Verb::Del | Verb::Check) {
        attachment(&request.attachment);
    }
    assert!(!request.describe().is_empty());
    if let Ok(AddRequest { mac: Some(mac), .. }) = AddRequest::of(request) {
        assert!(matches!(mac.len(), 6 | 20));
        hardware_address(&octets::text(&mac));
    }
});

/// The record of an attachment lies where it should, whatever the runtime calls things.
fn attachment(attachment: &Attachment) {
    assert!(
        is_interface_name(&attachment.interface_name),
        "the kernel refuses {:?}",
        attachment.interface_name
    );
    let root = Path::new("/run/plumb");
    let path = Records::new(&StateFolder::new(root)).path(attachment);
    let below: Vec<_> = path
        .strip_prefix(root.join("attachments"))
        .expect("a record lies among the records")
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str().expect("UTF-8"),
            other => panic!("{other:?} leads elsewhere"),
        })
        .collect();
    assert_eq!(
        below,
        [
            "rail0",
            attachment.container_id.as_str(),
            attachment.interface_name.as_str()
        ]
    );
    assert_eq!(
        Attachment::parse(&attachment.to_string()).as_ref(),
        Some(attachment)
    );
}

/// `dev_valid_name` and `dev_alloc_name` (net/core/dev.c); white space is what the kernel's
/// own table says (lib/ctype.c), which is Latin-1's.
fn is_interface_name(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && !matches!(name, "." | "..")
        && !name
            .bytes()
            .any(|byte| matches!(byte, b'/' | b':' | b'%' | 9..=13 | b' ' | 0xa0))
}

/// Each pair stands for itself: the last value of a key that is not empty counts.
fn arguments(text: &str) {
    let arguments = Arguments::parse(text);
    for value in [
        &arguments.pod_namespace,
        &arguments.pod_name,
        &arguments.pod_uid,
    ]
    .into_iter()
    .chain(&arguments.addresses)
    .chain(&arguments.mac)
    {
        assert_eq!(value, value.trim());
        assert!(!value.contains(';'));
    }
    assert!(arguments.addresses.iter().all(|address| {
        let is_one = !address.contains(',');
        is_one && !address.is_empty()
    }));
    for nothing in [
        ";",
        ";IgnoreUnknown=1",
        ";K8S_POD_NAME= ",
        ";MAC=",
        ";mac=x",
    ] {
        assert_eq!(Arguments::parse(&format!("{text}{nothing}")), arguments);
    }
    let later = Arguments::parse(&format!("{text};K8S_POD_NAME=a=b; IP = 10.0.0.1, fd00::1 "));
    let expected = Arguments {
        pod_name: "a=b".to_owned(),
        addresses: vec!["10.0.0.1".to_owned(), "fd00::1".to_owned()],
        ..arguments
    };
    assert_eq!(later, expected);
}

fn hardware_address(text: &str) {
    if let Some(bytes) = octets::parse(text) {
        // `02:00`, or `0200.5e10`.
        let (bytes_each, letters_each) = if text.contains('.') { (2, 5) } else { (1, 3) };
        assert_eq!(bytes.len() / bytes_each * letters_each, text.len() + 1);
        assert_eq!(octets::parse(&octets::text(&bytes)), Some(bytes));
    }
}
