//! The pod that an attachment is about: its namespace, and what its runtime said.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use ipnetwork::IpNetwork;

use crate::attachment::{Attachment, PodIdentity};
use crate::cni::Request;
use crate::ipam_plugin::Call;
use crate::journal::Header;
use crate::kernel::netns::NetnsError;
use crate::kernel::route::Route;
use crate::kernel::{Netns, RouteSocket};
use crate::leases::Owner;
use crate::{Code, Error, Result, owned};

/// A pod and one attachment of it.
pub struct Pod {
    /// The attachment.
    pub attachment: Attachment,
    /// Its name, when the runtime reported one.
    pub identity: Option<PodIdentity>,
    /// Its namespace; none when it is gone.
    pub netns: Option<Rc<Netns>>,
    /// Whether the machine was started again since it was attached.
    pub is_of_earlier_boot: bool,
    /// How IPAM plugins are called for it.
    pub call: Call,
    socket: OnceCell<RouteSocket>,
    addresses: RefCell<BTreeMap<u32, Rc<[IpNetwork]>>>,
    routes: OnceCell<Vec<(u32, Route)>>,
}

impl Pod {
    /// The pod of a call, in its namespace if that is to be touched.
    pub fn of_request(request: &Request, netns: Option<Rc<Netns>>) -> Self {
        let environment = &request.environment;
        let call = Call {
            container_id: environment.container_id.clone(),
            netns: environment.netns.clone().unwrap_or_default(),
            interface_name: environment.interface_name.clone(),
            arguments: environment.arguments.clone(),
            path: environment.path.clone(),
            configuration: request.configuration.text.clone(),
        };
        Self::new(
            request.attachment.clone(),
            request.pod.clone(),
            netns,
            false,
            call,
        )
    }

    /// The pod of a record, by nothing but what the record says. IPAM plugins are run only from folders that root alone
    /// can write to: no runtime has named them for this call.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say whether it is alive.
    pub fn of_record(header: &Header) -> Result<Self> {
        let call = Call {
            container_id: header.attachment.container_id.clone(),
            netns: header.netns.path.clone(),
            interface_name: header.attachment.interface_name.clone(),
            arguments: header.arguments.clone(),
            path: folders_of_root(&header.path),
            configuration: header.configuration.clone().into_bytes(),
        };
        Ok(Self::new(
            header.attachment.clone(),
            header.pod.clone(),
            header.live_netns()?.map(Rc::new),
            header.is_of_earlier_boot()?,
            call,
        ))
    }

    /// The recorded pod of a DEL: IPAM plugins are called as the runtime calls plumb now,
    /// and the path that it gives now may lead to the namespace when the recorded one is gone.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say whether it is alive.
    pub fn of_record_and_request(header: &Header, request: &Request) -> Result<Self> {
        let now = Self::of_request(request, None);
        let also = request.environment.netns.as_deref();
        let mut call = now.call;
        if call.path.is_empty() {
            call.path = folders_of_root(&header.path);
        }
        Ok(Self::new(
            now.attachment,
            header.pod.clone(),
            header.live_netns_at(also)?.map(Rc::new),
            header.is_of_earlier_boot()?,
            call,
        ))
    }

    fn new(
        attachment: Attachment,
        identity: Option<PodIdentity>,
        netns: Option<Rc<Netns>>,
        is_of_earlier_boot: bool,
        call: Call,
    ) -> Self {
        Self {
            attachment,
            identity,
            netns,
            is_of_earlier_boot,
            call,
            socket: OnceCell::new(),
            addresses: RefCell::default(),
            routes: OnceCell::new(),
        }
    }

    /// Its namespace.
    ///
    /// # Errors
    ///
    /// [`NetnsError::Missing`] when it is gone.
    pub fn netns(&self) -> Result<&Netns> {
        self.netns.as_deref().ok_or_else(|| {
            NetnsError::Missing {
                path: self.call.netns.clone(),
                source: std::io::ErrorKind::NotFound.into(),
            }
            .into()
        })
    }

    /// A socket in its namespace.
    ///
    /// # Errors
    ///
    /// As [`Self::netns`], and what the kernel refuses.
    pub fn socket(&self) -> Result<&RouteSocket> {
        once(&self.socket, || Ok(self.netns()?.socket()?))
    }

    /// The addresses of its interface of this index, read once: CHECK compares each.
    ///
    /// # Errors
    ///
    /// As [`Self::socket`].
    pub fn addresses(&self, index: u32) -> Result<Rc<[IpNetwork]>> {
        if let Some(known) = self.addresses.borrow().get(&index) {
            return Ok(Rc::clone(known));
        }
        let read: Rc<[IpNetwork]> = self.socket()?.addresses(index)?.into();
        self.addresses.borrow_mut().insert(index, Rc::clone(&read));
        Ok(read)
    }

    /// Its routes with the index of the interface that each leaves by, read once.
    ///
    /// # Errors
    ///
    /// As [`Self::socket`].
    pub fn routes(&self) -> Result<&[(u32, Route)]> {
        once(&self.routes, || Ok(self.socket()?.routes()?)).map(Vec::as_slice)
    }

    /// The owner of the attachment's leases.
    pub fn owner(&self) -> Owner {
        Owner::from(&self.attachment)
    }
}

fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if cell.get().is_none() {
        let _ = cell.set(make()?);
    }
    cell.get()
        .ok_or_else(|| Error::new(Code::INTERNAL, "a value that was just read is gone"))
}

/// The folders of a recorded `CNI_PATH` that root alone can write to, wherever links lead.
fn folders_of_root(path: &[PathBuf]) -> Vec<PathBuf> {
    path.iter()
        .filter_map(|folder| folder.canonicalize().ok())
        .filter(|folder| owned::check(folder).is_ok())
        .collect()
}
