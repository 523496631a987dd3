//! What an operation works on: the node, the pod's namespace, and what is known of the
//! attachment so far.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::path::PathBuf;
use std::rc::Rc;

use ipnetwork::IpNetwork;
use serde_json::Value;

use crate::cni::request::{Attachment, Pod};
use crate::functions::Original;
use crate::ipam_plugin::Call;
use crate::kernel::link::Link;
use crate::kernel::netns::NetnsError;
use crate::kernel::route::Route;
use crate::kernel::{Kernel, Netns, RouteSocket};
use crate::leases::{Leases, Owner, Store};
use crate::trace::Trace;
use crate::{Code, Error, Result, recovery};

/// An address that was assigned, by a policy, an IPAM plugin or the previous plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedAddress {
    /// With the prefix that it gets on the interface.
    pub address: IpNetwork,
    /// The network's gateway.
    pub gateway: Option<IpAddr>,
}

/// What was assigned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assigned {
    /// The addresses.
    pub addresses: Vec<AssignedAddress>,
    /// The routes that come with them.
    pub routes: Vec<Route>,
    /// `dns` of the IPAM plugin's result.
    pub dns: Option<Value>,
}

/// The machine as the operations of one attachment see it.
pub struct Machine<'a> {
    /// The node.
    pub kernel: &'a Kernel,
    /// Lines about what happens.
    pub trace: &'a Trace,
    /// The attachment.
    pub attachment: Attachment,
    /// The pod, when the runtime told.
    pub pod: Option<Pod>,
    /// How IPAM plugins are called.
    pub call: Call,
    /// Where leases are.
    pub state_folder: PathBuf,
    /// The pod's namespace; none when it is gone.
    pub netns: Option<Rc<Netns>>,
    /// Index of the pod's interface, once it is there.
    pub link: Option<u32>,
    /// The pod's interface as it was when the plan had made it.
    pub made: Option<Link>,
    /// The PCI functions of the attachment, by address, as they were found.
    pub originals: Vec<(String, Original)>,
    /// The PCI function that the pod's interface is, or that is reported in its place.
    pub pci_address: Option<String>,
    /// Hardware address of a function that is reported, as text.
    pub reported_mac: String,
    /// RDMA devices that were moved into the pod, by the names that they have there.
    pub rdma_devices: Vec<String>,
    /// Whether the machine was started anew since the attachment was made.
    pub rebooted: bool,
    /// What was assigned so far.
    pub assigned: Assigned,
    addresses: OnceCell<Vec<IpNetwork>>,
    routes: OnceCell<Vec<(u32, Route)>>,
    socket: OnceCell<RouteSocket>,
    leases: OnceCell<Store>,
}

impl<'a> Machine<'a> {
    /// The machine for one attachment.
    pub fn new(
        kernel: &'a Kernel,
        trace: &'a Trace,
        attachment: Attachment,
        pod: Option<Pod>,
        call: Call,
        state_folder: PathBuf,
        netns: Option<Rc<Netns>>,
    ) -> Self {
        Self {
            kernel,
            trace,
            attachment,
            pod,
            call,
            state_folder,
            netns,
            link: None,
            made: None,
            originals: Vec::new(),
            pci_address: None,
            reported_mac: String::new(),
            rdma_devices: Vec::new(),
            rebooted: false,
            assigned: Assigned::default(),
            addresses: OnceCell::new(),
            routes: OnceCell::new(),
            socket: OnceCell::new(),
            leases: OnceCell::new(),
        }
    }

    /// The pod's namespace.
    pub fn netns(&self) -> Result<&Netns> {
        self.netns.as_deref().ok_or_else(|| {
            NetnsError::Missing {
                path: self.call.netns.clone(),
                source: std::io::ErrorKind::NotFound.into(),
            }
            .into()
        })
    }

    /// What a PCI function of the attachment was like.
    pub fn original(&self, address: &str) -> Result<&Original> {
        self.originals
            .iter()
            .find_map(|(known, original)| (known == address).then_some(original))
            .ok_or_else(|| {
                Error::new(
                    Code::INTERNAL,
                    format!("PCI function {address} is not held"),
                )
            })
    }

    /// A socket in the pod's namespace.
    pub fn pod_socket(&self) -> Result<&RouteSocket> {
        if self.socket.get().is_none() {
            let socket = self.netns()?.socket()?;
            let _ = self.socket.set(socket);
        }
        self.socket
            .get()
            .ok_or_else(|| Error::new(Code::INTERNAL, "the pod's socket is gone"))
    }

    /// Index of the pod's interface: known from the step that made it, else by its name.
    pub fn pod_link(&self) -> Result<u32> {
        if let Some(index) = self.link {
            return Ok(index);
        }
        let name = &self.attachment.interface_name;
        let place = self.netns()?.path().to_string_lossy();
        Ok(self.pod_socket()?.require_link(name, &place)?.index)
    }

    /// The addresses of the pod's interface, read once: CHECK compares each with them.
    pub fn pod_addresses(&self, index: u32) -> Result<&[IpNetwork]> {
        if self.addresses.get().is_none() {
            let _ = self.addresses.set(self.pod_socket()?.addresses(index)?);
        }
        Ok(self.addresses.get().map_or(&[], Vec::as_slice))
    }

    /// The pod's routes with the interface that each leaves by, read once.
    pub fn pod_routes(&self) -> Result<&[(u32, Route)]> {
        if self.routes.get().is_none() {
            let _ = self.routes.set(self.pod_socket()?.routes()?);
        }
        Ok(self.routes.get().map_or(&[], Vec::as_slice))
    }

    /// The owner of this attachment's leases.
    pub fn owner(&self) -> Owner {
        Owner::from(&self.attachment)
    }

    /// The lease store, made when there is none.
    pub fn leases(&self) -> Result<&Store> {
        if self.leases.get().is_none() {
            let _ = self
                .leases
                .set(recovery::open(&self.state_folder, self.trace)?);
        }
        self.leases
            .get()
            .ok_or_else(|| Error::new(Code::INTERNAL, "the lease store is gone"))
    }

    /// The lease store, if there is one.
    pub fn existing_leases(&self) -> Result<Option<&Store>> {
        if self.leases.get().is_none()
            && let Some(store) = recovery::open_existing(&self.state_folder, self.trace)?
        {
            let _ = self.leases.set(store);
        }
        Ok(self.leases.get())
    }

    /// Releases the addresses of this attachment.
    pub fn release_leases(&self) -> Result<()> {
        match self.leases.get() {
            // An ADD that is walked back: it has just claimed them.
            Some(store) => Ok(store.release(&self.owner()).map(drop)?),
            None => recovery::release(&self.state_folder, self.trace, &self.owner()),
        }
    }
}
