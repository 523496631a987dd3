//! Writes the device information of the NPWG specification ("Device Information
//! Specification" 1.1.0) into the file that Multus names, so that the pod's network status
//! shows which device it got.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use plumb_values::names::check_pci_address;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Lifetime, Reversible};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::pci;
use crate::machine::Machine;
use crate::policy::is_plain;
use crate::replace::{self, Lasting};
use crate::state::{self, is_full};
use crate::{Code, Error, Result};

/// The specification's version.
const VERSION: &str = "1.1.0";

/// Largest file that is read, in bytes: the record keeps what was there. Device plugins write some hundreds.
const MAXIMAL_SIZE: u64 = 64 * 1024;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteDeviceInfo {
    /// `CNIDeviceInfoFile` of `runtimeConfig`.
    pub path: PathBuf,
    /// PCI address of the function.
    pub address: String,
    /// What the file had: Multus copies the device plugin's file there.
    pub before: Option<String>,
}

impl WriteDeviceInfo {
    fn failed(&self, what: &str, error: &std::io::Error) -> Error {
        Error::new(
            Code::STATE,
            format!(
                "cannot {what} the device information file {}: {error}",
                self.path.display()
            ),
        )
    }

    /// The new content: what the device plugin wrote stays, what the attachment decided is
    /// put in.
    fn content(&self, machine: &Machine<'_>) -> Result<Value> {
        let before = self.before.as_deref().unwrap_or_default();
        let mut information: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
        let mut device = match information.remove("pci") {
            Some(Value::Object(device)) => device,
            _ => Map::new(),
        };
        device.insert("pci-address".into(), self.address.clone().into());
        let function = pci::function(&machine.node.kernel.sysfs, &self.address)?;
        if let Some((parent, _)) = function.and_then(|function| function.virtual_function) {
            device.insert("pf-pci-address".into(), parent.into());
        }
        let original = machine.outcome.original(&self.address).ok();
        let rdma_devices = match machine.outcome.rdma_devices.as_slice() {
            [] => original.map_or(&[][..], |original| original.rdma_devices.as_slice()),
            moved => moved,
        };
        if !rdma_devices.is_empty() {
            device.insert("rdma-device".into(), rdma_devices.join(",").into());
        }
        information.insert("type".into(), "pci".into());
        information.insert("version".into(), VERSION.into());
        information.insert("pci".into(), json!(device));
        Ok(Value::Object(information))
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let draft = draft(&self.path);
        replace::file(
            &self.path,
            &draft,
            text.as_bytes(),
            0o644,
            Lasting::UntilBoot,
        )
    }
}

/// A name that is known to the undo as well: a kill may leave the draft.
fn draft(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".plumb");
    path.with_file_name(name)
}

impl Reversible for WriteDeviceInfo {
    fn check_record(&self) -> Checked {
        check_pci_address(&self.address)?;
        match is_plain(&self.path) {
            true => Ok(()),
            false => Err(format!("{:?} is not the path of a file", self.path)),
        }
    }

    fn describe(&self) -> String {
        format!(
            "write the device information of {} to {}",
            self.address,
            self.path.display()
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Unbounded
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        let read = || {
            let metadata = fs::metadata(&self.path)?;
            // A named pipe would be waited for.
            if !metadata.is_file() || metadata.len() > MAXIMAL_SIZE {
                return Err(std::io::Error::new(
                    ErrorKind::InvalidInput,
                    format!("it must be a regular file of {MAXIMAL_SIZE} bytes at most"),
                ));
            }
            fs::read_to_string(&self.path)
        };
        self.before = match read() {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(self.failed("read", &error)),
        };
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let text = format!("{}\n", self.content(machine)?);
        self.write(&text)
            .map_err(|error| self.failed("write", &error))
    }

    /// Multus removes the file itself; what it has removed is not brought back.
    fn undo(&self, _machine: &mut Machine<'_>) -> Result<()> {
        let _ = fs::remove_file(draft(&self.path));
        if !state::exists(&self.path)? {
            return Ok(());
        }
        let undone = match &self.before {
            Some(before) => match self.write(before) {
                // Multus removes it in the end, and the device plugin does not miss its copy.
                Err(error) if is_full(&error) => fs::remove_file(&self.path),
                written => written,
            },
            None => fs::remove_file(&self.path),
        };
        match undone {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.failed("put back", &error))
            }
            _ => Ok(()),
        }
    }

    /// It is for the moment after ADD; Multus may have removed it since.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
