use super::*;
use crate::operations::{VirtualFunctionLinkState, move_link, move_rdma_device};
use crate::testing::{
    LinkFacts, Node, Operation, Outcome, PciFacts, infiniband_link, infiniband_virtual_function,
    link, physical, request, scalable_function, virtual_function,
};
use crate::{ErrorCode, Flavour};

const ADDRESS: &str = "0000:3b:00.2";
const REQUEST: &str = r#"{"deviceID": "0000:3b:00.2"}"#;

/// Does what a flavour does with a function, without any choice.
struct Plain;

impl Flavour for Plain {
    fn attach(request: &Request) -> Result<(), Error> {
        let function = PciFunction::allotted(request)?;
        function.require_parent()?;
        function.link()?;
        function.set(&settings())?;
        move_link(&function).map(drop)
    }
}

fn settings() -> VirtualFunctionSettings {
    VirtualFunctionSettings {
        link_state: Some(VirtualFunctionLinkState::Auto),
        rebind: true,
        ..Default::default()
    }
}

fn attach(facts: PciFacts) -> Outcome<()> {
    Node::new()
        .with_pci_function(facts)
        .attach::<Plain>(request(REQUEST))
}

/// It has no physical function, so a flavour that sets nothing can move it.
#[test]
fn an_auxiliary_device_is_found_by_its_name() {
    struct Mover;
    impl Flavour for Mover {
        fn attach(request: &Request) -> Result<(), Error> {
            let function = PciFunction::allotted(request)?;
            assert_eq!(function.id(), "mlx5_core.sf.4");
            assert_eq!(function.address().to_string(), "0000:3b:00.0");
            assert_eq!(function.link()?.name(), "enp59s0f0s4");
            move_rdma_device(&function, None)?;
            move_link(&function).map(drop)
        }
    }
    let node = Node::new().with_pci_function(scalable_function("mlx5_core.sf.4"));
    let outcome = node.attach::<Mover>(request(r#"{"deviceID": "mlx5_core.sf.4"}"#));
    outcome.result.unwrap();
    let function = "mlx5_core.sf.4".to_owned();
    let moved = Operation::MoveRdmaDevice {
        function: function.clone(),
        name: None,
    };
    assert_eq!(outcome.plan, [moved, Operation::MoveLink { function }]);
}

/// The settings are those of a virtual function.
#[test]
fn an_auxiliary_device_is_no_virtual_function() {
    let node = Node::new().with_pci_function(scalable_function("mlx5_core.sf.4"));
    let outcome = node.attach::<Plain>(request(r#"{"deviceID": "mlx5_core.sf.4"}"#));
    let words = ["mlx5_core.sf.4", "auxiliary device", "type sriov"];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
}

#[test]
fn the_allotted_function_is_set_and_moved() {
    let outcome = attach(virtual_function(ADDRESS));
    outcome.result.unwrap();
    assert_eq!(
        outcome.plan,
        [
            Operation::SetVirtualFunction {
                function: ADDRESS.to_owned(),
                settings: settings(),
            },
            Operation::MoveLink {
                function: ADDRESS.to_owned()
            },
        ]
    );
}

#[test]
fn without_an_allotted_device_the_message_says_where_it_comes_from() {
    let outcome = Node::new().attach::<Plain>(request("{}"));
    let words = ["deviceID", "resourceName", "Multus"];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
}

#[test]
fn what_is_no_virtual_function_is_refused() {
    for (device, code) in [
        ("mlx5_core.sf.x", ErrorCode::InvalidConfiguration),
        ("sf.4", ErrorCode::InvalidConfiguration),
        ("a/b.sf.4", ErrorCode::InvalidConfiguration),
        ("mlx5_core.sf.4", ErrorCode::NotFound),
        ("3b:00.2", ErrorCode::InvalidConfiguration),
        ("../../0000:3b:00.2", ErrorCode::InvalidConfiguration),
        ("0000:3b:00.7", ErrorCode::NotFound),
    ] {
        let text = format!(r#"{{"deviceID": "{device}"}}"#);
        let node = Node::new().with_pci_function(virtual_function(ADDRESS));
        let outcome = node.attach::<Plain>(request(&text));
        outcome.assert_refused(code, &[device]);
    }

    let words = [ADDRESS, "physical", "sriov_numvfs"];
    attach(physical(virtual_function(ADDRESS)))
        .assert_refused(ErrorCode::InvalidConfiguration, &words);
}

#[test]
fn a_function_needs_exactly_one_interface_to_be_moved() {
    let mut unbound = virtual_function(ADDRESS);
    unbound.driver = None;
    let words = [ADDRESS, "no driver", "drivers_probe", "vfio-pci"];
    attach(unbound).assert_refused(ErrorCode::NotAvailable, &words);

    let mut without = virtual_function(ADDRESS);
    without.links.clear();
    without.driver = Some("nvme".to_owned());
    let words = [ADDRESS, "nvme", "vfio-pci", "uio_pci_generic", "igb_uio"];
    attach(without).assert_refused(ErrorCode::NotAvailable, &words);

    let mut several = virtual_function(ADDRESS);
    several.links.push(link("ens1f0v0p2"));
    let words = [ADDRESS, "ens1f0v0, ens1f0v0p2"];
    attach(several).assert_refused(ErrorCode::NotAvailable, &words);
}

#[test]
fn settings_need_the_physical_functions_interface() {
    let mut orphan = virtual_function(ADDRESS);
    orphan.parent_link = None;
    let words = [ADDRESS, "0000:3b:00.0"];
    attach(orphan.clone()).assert_refused(ErrorCode::NotAvailable, &words);

    // Without a setting nothing is recorded, so nothing is needed.
    let none = VirtualFunctionSettings {
        rebind: true,
        ..Default::default()
    };
    PciFunction::from(orphan).set(&none).unwrap();
}

#[test]
fn a_physical_function_that_is_down_is_worth_a_warning() {
    let mut facts = virtual_function(ADDRESS);
    facts.parent_link.as_mut().unwrap().is_up = false;
    let outcome = attach(facts);
    outcome.result.unwrap();
    assert_eq!(
        outcome.log,
        ["warning: physical function ens1f0np0 is down"]
    );
}

#[test]
fn drivers_of_user_space_are_known() {
    for (driver, expected) in [
        (Some("vfio-pci"), true),
        (Some("uio_pci_generic"), true),
        (Some("igb_uio"), true),
        (Some("mlx5_vfio_pci"), true),
        (Some("mlx5_core"), false),
        (None, false),
    ] {
        let mut facts = virtual_function(ADDRESS);
        facts.driver = driver.map(str::to_owned);
        let found = PciFunction::from(facts).user_space_driver();
        assert_eq!(found.as_deref(), driver.filter(|_| expected));
    }
}

#[test]
fn the_type_is_the_interfaces_else_the_physical_functions() {
    let mut without = infiniband_virtual_function(ADDRESS);
    without.links.clear();
    let function = PciFunction::from(without);
    assert_eq!(function.link_type(), Some(LinkType::Infiniband));
    function.check_link_type(LinkType::Infiniband, "").unwrap();
    let error = function.check_link_type(LinkType::Ethernet, "use type ib-sriov");
    let message = error.unwrap_err().message;
    for word in [ADDRESS, "InfiniBand", "Ethernet", "use type ib-sriov"] {
        assert!(message.contains(word), "{word} in {message}");
    }
}

#[test]
fn an_mtu_lies_between_the_kernels_least_and_the_physical_functions() {
    let ethernet = PciFunction::from(virtual_function(ADDRESS));
    for mtu in [None, Some(68), Some(1500)] {
        ethernet.check_mtu(mtu).unwrap();
    }
    for mtu in [67, 1501] {
        let message = ethernet.check_mtu(Some(mtu)).unwrap_err().message;
        for word in [&mtu.to_string(), "ens1f0np0", "68", "1500"] {
            assert!(message.contains(word), "{word} in {message}");
        }
    }

    let mut facts = infiniband_virtual_function(ADDRESS);
    facts.parent_link = Some(LinkFacts {
        mtu: 4092,
        ..infiniband_link("ib0")
    });
    let infiniband = PciFunction::from(facts);
    infiniband.check_mtu(Some(4092)).unwrap();
    infiniband.check_mtu(Some(72)).unwrap();
    assert!(infiniband.check_mtu(Some(71)).is_err());
    assert!(infiniband.check_mtu(Some(4093)).is_err());
}

#[test]
fn a_function_without_an_interface_has_no_mtu() {
    let mut facts = virtual_function(ADDRESS);
    facts.driver = Some("vfio-pci".to_owned());
    facts.links.clear();
    let error = PciFunction::from(facts).check_mtu(Some(1500)).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnsupportedField);
    for word in ["mtu", "1500", "vfio-pci"] {
        assert!(error.message.contains(word), "{word} in {}", error.message);
    }
}
