//! The file of rdma-cni: the function, and its RDMA device's names (`pkg/types/types.go`).

use plumb_values::arguments::check_rdma_name;
use serde_json::Value;

use super::cache::{Known, address, text};
use crate::kernel::virtual_function::Settings;

/// Understands it.
///
/// # Errors
///
/// When it has not what rdma-cni writes.
pub fn read(content: &Value) -> Result<Known, String> {
    let name = text(content, "sandboxRdmaDevName")?;
    check_rdma_name(name)?;
    Ok(Known {
        address: address(content)?,
        network: String::new(),
        link: None,
        rdma_device: Some(name.to_owned()),
        settings: Settings::default(),
        unknown: Vec::new(),
    })
}
