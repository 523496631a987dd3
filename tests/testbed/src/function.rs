//! One PCI function, or a scalable one, as sysfs shows it to the host.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use cni_harness::wait;
use serde_json::Value;

use crate::program::json;

/// A PCI function by its address, or a scalable one by its name on the auxiliary bus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function(String);

impl Function {
    /// The function at this address.
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// Such as `0000:03:00.1` or `ibvsim.sf.0`.
    pub fn address(&self) -> &str {
        &self.0
    }

    /// Its folder in sysfs.
    pub fn folder(&self) -> PathBuf {
        let bus = match self.0.contains(':') {
            true => "pci",
            false => "auxiliary",
        };
        PathBuf::from("/sys/bus")
            .join(bus)
            .join("devices")
            .join(&self.0)
    }

    /// One of its files, without white space at the ends.
    #[track_caller]
    pub fn read(&self, file: &str) -> String {
        let path = self.folder().join(file);
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
            .trim()
            .to_owned()
    }

    /// Writes one of its files.
    #[track_caller]
    pub fn write(&self, file: &str, text: &str) {
        let path = self.folder().join(file);
        fs::write(&path, text)
            .unwrap_or_else(|error| panic!("write {text:?} to {}: {error}", path.display()));
    }

    /// Virtual function `number`, from 0.
    #[track_caller]
    pub fn virtual_function(&self, number: usize) -> Self {
        let link = self.folder().join(format!("virtfn{number}"));
        let target =
            fs::read_link(&link).unwrap_or_else(|error| panic!("read {}: {error}", link.display()));
        Self::new(target.file_name().expect("a PCI address").to_string_lossy())
    }

    /// Its driver, if it is bound to one.
    pub fn driver(&self) -> Option<String> {
        let target = fs::read_link(self.folder().join("driver")).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Takes it from its driver.
    #[track_caller]
    pub fn unbind(&self) {
        self.write("driver/unbind", &self.0);
    }

    /// Gives it to this driver, whatever its identification says (`driver_override`).
    #[track_caller]
    pub fn bind(&self, driver: &str) {
        self.write("driver_override", driver);
        write(&format!("/sys/bus/pci/drivers/{driver}/bind"), &self.0);
        assert_eq!(self.driver().as_deref(), Some(driver), "bind {self}");
    }

    /// Gives it back to the driver whose identification fits.
    #[track_caller]
    pub fn bind_again(&self, driver: &str) {
        if self.driver().is_some() {
            self.unbind();
        }
        self.write("driver_override", "\n");
        write(&format!("/sys/bus/pci/drivers/{driver}/bind"), &self.0);
        wait::until("the driver has made its netdev", || self.netdev().is_some());
    }

    /// Its netdev in the host's namespace, without IPoIB children.
    pub fn netdev(&self) -> Option<String> {
        let index = |name: &str, file: &str| {
            fs::read_to_string(format!("/sys/class/net/{name}/{file}")).unwrap_or_default()
        };
        self.entries("net")
            .into_iter()
            .find(|name| index(name, "ifindex") == index(name, "iflink"))
    }

    /// What ip(8) says of its netdev in the host's namespace.
    #[track_caller]
    pub fn link(&self) -> Value {
        let name = self
            .netdev()
            .unwrap_or_else(|| panic!("{self} has no netdev on the host"));
        json(&format!("ip -d -j link show dev {name}")).remove(0)
    }

    /// Its RDMA device in the host's namespace.
    pub fn rdma_device(&self) -> Option<String> {
        self.entries("infiniband").into_iter().next()
    }

    /// The node GUID of its RDMA device on the host, such as `0002:c903:0003:0010`.
    pub fn node_guid(&self) -> Option<String> {
        let path = format!("/sys/class/infiniband/{}/node_guid", self.rdma_device()?);
        Some(fs::read_to_string(path).ok()?.trim().to_owned())
    }

    /// What the physical function, which this one is, reports of virtual function `number`.
    #[track_caller]
    pub fn settings_of(&self, number: usize) -> Value {
        let link = self.link();
        let list = link["vfinfo_list"].as_array().into_iter().flatten();
        list.clone()
            .find(|settings| settings["vf"] == number)
            .unwrap_or_else(|| panic!("{self} reports no virtual function {number}: {link}"))
            .clone()
    }

    fn entries(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder().join(folder));
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[track_caller]
fn write(path: &str, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("write {text:?} to {path}: {error}"));
}
