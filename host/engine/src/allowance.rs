//! How much of the node one component may have: what each gets, or what the operator allows a large one.

use crate::limits;

/// How much one component may have. The operator says so when it is installed, and it stands in its manifest.
///
/// Components of languages that bring an interpreter or a collector along are made of many parts that share code, and
/// need more than those that are made of one. What others get is not changed by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Allowance {
    /// What every component gets, the built-in ones included.
    #[default]
    Ordinary,
    /// What one gets that was installed with `--large`.
    Large,
}

/// What an [`Allowance`] comes to. All other [limits](crate::limits) are the same for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one linear memory.
    pub memory_bytes: usize,
    /// Linear memories of all instances together.
    pub memories: usize,
    /// Core instances.
    pub instances: usize,
    /// Tables of all instances together.
    pub tables: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Private memory of the component's process, in bytes.
    pub process_data_bytes: u64,
    /// Address space of the component's process, in bytes.
    pub process_address_space_bytes: u64,
}

const ORDINARY: Limits = Limits {
    memory_bytes: limits::MEMORY_BYTES,
    memories: limits::MEMORIES,
    instances: limits::INSTANCES,
    tables: limits::TABLES,
    table_elements: limits::TABLE_ELEMENTS,
    process_data_bytes: limits::PROCESS_DATA_BYTES,
    process_address_space_bytes: limits::PROCESS_ADDRESS_SPACE_BYTES,
};

const LARGE: Limits = Limits {
    memory_bytes: 64 << 20,
    memories: 4,
    instances: 128,
    tables: 32,
    table_elements: 50_000,
    process_data_bytes: 384 << 20,
    process_address_space_bytes: 24 << 30,
};

impl Allowance {
    /// What `large` of a manifest or a project means.
    pub fn of(large: bool) -> Self {
        match large {
            false => Self::Ordinary,
            true => Self::Large,
        }
    }

    /// Its name in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Large => "large",
        }
    }

    /// What it comes to.
    pub fn limits(self) -> &'static Limits {
        match self {
            Self::Ordinary => &ORDINARY,
            Self::Large => &LARGE,
        }
    }
}
