//! The table of the defects.

/// One way in which a specimen can be wrong.
pub struct Defect {
    /// The case that must fail, alone.
    pub case: u16,
    /// What the key `defect` says.
    pub name: &'static str,
    /// The specimen.
    pub component: &'static str,
}

/// All of them, in the order of the cases.
#[rustfmt::skip]
pub const DEFECTS: &[Defect] = &[
    Defect::of_flavour(101, "loops"),
    Defect::of_flavour(102, "calls-without-end"),
    Defect::of_flavour(103, "hoards"),
    Defect::of_flavour(104, "panics"),
    Defect::of_flavour(105, "is-never-ready"),
    Defect::of_flavour(106, "wastes"),
    Defect::of_flavour(203, "follows-the-order-of-links"),
    Defect::of_flavour(301, "refuses-everything"),
    Defect::of_flavour(302, "records-no-interface"),
    Defect::of_flavour(303, "wants-more-than-it-declares"),
    Defect::of_flavour(304, "forgets-the-addresses"),
    Defect::of_flavour(305, "leaves-it-down"),
    Defect::of_flavour(401, "panics-on-a-boolean"),
    Defect::of_flavour(402, "panics-on-a-long-text"),
    Defect::of_flavour(403, "takes-any-mode"),
    Defect::of_flavour(404, "goes-without-a-mode"),
    Defect::of_flavour(405, "trips-over-unknown-keys"),
    Defect::of_flavour(406, "says-nothing"),
    Defect::of_flavour(501, "trips-over-roce-shared"),
    Defect::of_flavour(502, "trips-over-roce-exclusive"),
    Defect::of_flavour(503, "trips-over-infiniband-functions"),
    Defect::of_flavour(504, "trips-over-infiniband"),
    Defect::of_flavour(505, "trips-over-vfio"),
    Defect::of_flavour(506, "trips-over-without-rdma"),
    Defect::of_flavour(507, "trips-over-one-interface"),
    Defect::of_flavour(508, "trips-over-without-mac"),
    Defect::of_flavour(509, "trips-over-without-mtu"),
    Defect::of_flavour(510, "trips-over-without-pci"),
    Defect::of_flavour(511, "trips-over-down"),
    Defect::of_flavour(512, "trips-over-long-names"),
    Defect::of_flavour(513, "trips-over-large-numbers"),
    Defect::of_flavour(514, "trips-over-many-links"),
    Defect::of_flavour(515, "trips-over-empty"),
    Defect::of_policy(601, "trips-over-no-pools"),
    Defect::of_policy(602, "trips-over-empty-pools"),
    Defect::of_policy(603, "proposes-a-disabled-pool"),
    Defect::of_policy(604, "proposes-a-disabled-pool-beside-others"),
    Defect::of_policy(605, "trips-over-ipv6"),
    Defect::of_policy(606, "proposes-others-than-requested"),
    Defect::of_policy(607, "passes-over-what-is-requested"),
    Defect::of_policy(608, "trips-over-many-pools"),
    Defect::of_policy(609, "trips-over-large-pools"),
    Defect::of_flavour(701, "has-a-route-that-nobody-can-have"),
];

/// Cases that no component can fail: what they look at is the host's alone, and they are here because a vendor relies on it.
pub const HOSTS_ALONE: &[(u16, &str)] = &[
    (201, "the sandbox has neither clock nor chance"),
    (
        202,
        "the host passes the keys in lower case and in one order",
    ),
    (306, "the host refuses such a plan"),
    (702, "the host walks back"),
    (703, "the host's record says what to undo"),
    (704, "the host has one attachment of a name"),
    (705, "the host undoes"),
    (706, "the host compares"),
    (707, "the host compares"),
];
