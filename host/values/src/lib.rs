//! Values that the host, its tools, components and other programs share. They know nothing
//! of a kernel, a component or a file.

pub mod driver;
pub mod mac;
