//! Against messages, and against the kernel in `tests/hostile`.

use serde_json::json;

use super::*;

fn selectors() -> RuleSelectors {
    RuleSelectors {
        input_interface: Some("net1".to_owned()),
        output_interface: Some("lo".to_owned()),
        mark: Some(0x100),
        mask: Some(0xff00),
        ip_protocol: Some(17),
        source_ports: Some(PortRange { first: 1, last: 9 }),
        destination_ports: Some(PortRange {
            first: 4791,
            last: 4791,
        }),
        suppress_prefix_length: Some(0),
    }
}

fn rule() -> Rule {
    Rule {
        selectors: selectors(),
        ..Rule::of_all(true, None, 1000, 500)
    }
}

#[test]
fn a_rule_is_read_as_it_is_asked_for() {
    let listed = decode(&message(&rule()));
    assert_eq!(
        listed,
        ListedRule {
            rule: rule(),
            is_whole: true
        }
    );
    let unmarked = Rule::of_all(false, Some(0), 100, 500);
    assert_eq!(decode(&message(&unmarked)).rule, unmarked);
}

#[test]
fn what_a_rule_cannot_say_is_not_taken_for_the_whole() {
    for attribute in [
        RuleAttribute::SuppressIfGroup(1),
        RuleAttribute::TunId(7),
        RuleAttribute::Other(DefaultNla::new(PORT_MASKS[0], vec![0xff, 0])),
    ] {
        let mut message = message(&rule());
        message.attributes.push(attribute.clone());
        assert!(!decode(&message).is_whole, "{attribute:?}");
    }
    let mut usual = message(&rule());
    usual.header.flags = RuleFlags::IifDetached;
    usual.attributes.extend([
        RuleAttribute::SuppressIfGroup(NO_SUPPRESSION),
        RuleAttribute::Other(DefaultNla::new(PORT_MASKS[1], vec![0xff, 0xff])),
    ]);
    assert!(decode(&usual).is_whole);
}

#[test]
fn one_that_differs_in_a_selector_is_another_one() {
    let changes: [fn(&mut RuleSelectors); 8] = [
        |one| one.input_interface = None,
        |one| one.output_interface = Some("eth0".to_owned()),
        |one| one.mark = Some(0x200),
        |one| one.mask = None,
        |one| one.ip_protocol = Some(6),
        |one| one.source_ports = None,
        |one| one.destination_ports = Some(PortRange { first: 1, last: 1 }),
        |one| one.suppress_prefix_length = Some(8),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = rule();
        change(&mut other.selectors);
        assert!(!other.is_like(&rule()), "{number}");
        assert!(!is_deleted_by(&other, &rule()), "{number}");
    }
    // What a request leaves out may be anything.
    let plain = Rule::of_all(true, None, 1000, 500);
    assert!(is_deleted_by(&rule(), &plain));
}

#[test]
fn records_of_earlier_releases_are_read_and_plain_rules_written_as_they_were() {
    let plain = json!({
        "is_ipv6": false, "source": "10.1.0.5/32", "destination": null, "table": 100, "priority": 32765,
    });
    let read: Rule = serde_json::from_value(plain.clone()).unwrap();
    assert_eq!(
        read,
        Rule::from_address("10.1.0.5".parse().unwrap(), 100, 32_765)
    );
    assert_eq!(serde_json::to_value(&read).unwrap(), plain);
    let marked =
        json!({"source": null, "destination": null, "mark": 7, "table": 97, "priority": 1000});
    let read: Rule = serde_json::from_value(marked).unwrap();
    assert_eq!(read, Rule::of_all(false, Some(7), 97, 1000));
    let whole = serde_json::to_value(rule()).unwrap();
    assert_eq!(serde_json::from_value::<Rule>(whole).unwrap(), rule());
}
