//! Where sysctls of a pod lie that are no interface's.

/// Which interfaces of a pod a sysctl is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SysctlScope {
    /// All of them, beside the value that each has of its own.
    All,
    /// Those that are made later, and those that nobody has set it of.
    Default,
}

impl SysctlScope {
    /// The contract's word for it, which is the kernel's.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Default => "default",
        }
    }
}
