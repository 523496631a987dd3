//! Values that the host, its tools and other programs share. They know nothing of a
//! kernel, a component or a file.

pub mod mac;
