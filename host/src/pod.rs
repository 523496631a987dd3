//! The pod that an attachment is about: its namespace, and what its runtime said.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use ipnetwork::IpNetwork;

use crate::attachment::{Attachment, PodIdentity};
use crate::cni::Request;
use crate::ipam_plugin::Call;
use crate::kernel::netns::NetnsError;
use crate::kernel::route::Route;
use crate::kernel::{Netns, RouteSocket, Whereabouts};
use crate::leases::Owner;
use crate::node::Node;
use crate::operations::Record;
use crate::{Code, Error, Result, owned};

/// How long a namespace, and what is in it, may take to end once nobody keeps it.
pub const ENDING: Duration = Duration::from_secs(2);

/// A pod and one attachment of it.
pub struct Pod {
    /// The attachment.
    pub attachment: Attachment,
    /// Its name, when the runtime reported one.
    pub identity: Option<PodIdentity>,
    /// Its namespace; none when it is gone.
    pub netns: Option<Rc<Netns>>,
    /// Whether somebody keeps its namespace where no way leads to it.
    pub is_kept: bool,
    /// Whether the machine was started again since it was attached.
    pub is_of_earlier_boot: bool,
    /// How IPAM plugins are called for it.
    pub call: Call,
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
        Self {
            netns,
            ..Self::new(request.attachment.clone(), request.pod.clone(), call)
        }
    }

    /// The pod of a record, by nothing but what the record says. IPAM plugins are run only from folders that root alone
    /// can write to: no runtime has named them for this call.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say whether it is alive.
    pub fn of_record(record: &Record, node: &Node<'_>) -> Result<Self> {
        let header = &record.header;
        let call = Call {
            container_id: header.attachment.container_id.clone(),
            netns: header.netns.path.clone(),
            interface_name: header.attachment.interface_name.clone(),
            arguments: header.arguments.clone(),
            path: folders_of_root(&header.path),
            configuration: header.configuration.clone().into_bytes(),
        };
        Self::new(header.attachment.clone(), header.pod.clone(), call).found(record, None, node)
    }

    /// The recorded pod of a DEL: IPAM plugins are called as the runtime calls plumb now,
    /// and the path that it gives now may lead to the namespace when the recorded one is gone.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say whether it is alive.
    pub fn of_record_and_request(
        record: &Record,
        request: &Request,
        node: &Node<'_>,
    ) -> Result<Self> {
        let header = &record.header;
        let now = Self::of_request(request, None);
        let also = request.environment.netns.as_deref();
        let mut call = now.call;
        if call.path.is_empty() {
            call.path = folders_of_root(&header.path);
        }
        Self::new(now.attachment, header.pod.clone(), call).found(record, also, node)
    }

    /// With its namespace, wherever it is.
    fn found(self, record: &Record, also: Option<&Path>, node: &Node<'_>) -> Result<Self> {
        let header = &record.header;
        let patience = match record.is_left() {
            true => Duration::ZERO,
            false => ENDING,
        };
        let found = header
            .netns
            .find(&header.boot, also, &node.kernel, patience)?;
        Ok(Self {
            is_of_earlier_boot: header.is_of_earlier_boot()?,
            is_kept: matches!(found, Whereabouts::Kept),
            netns: match found {
                Whereabouts::Found(netns) => Some(Rc::new(netns)),
                Whereabouts::Gone | Whereabouts::Kept => None,
            },
            ..self
        })
    }

    fn new(attachment: Attachment, identity: Option<PodIdentity>, call: Call) -> Self {
        Self {
            attachment,
            identity,
            netns: None,
            is_kept: false,
            is_of_earlier_boot: false,
            call,
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
        Ok(self.netns()?.socket()?)
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

    /// Whether a route is among those by its interface of this index: to the same network, by the same gateways, in the same
    /// table.
    ///
    /// # Errors
    ///
    /// As [`Self::socket`].
    pub fn has_route(&self, index: u32, route: &Route) -> Result<bool> {
        let table = route.table.filter(|_| route.has_own_table());
        let routes = self.routes()?;
        let leads_by = |gateway: &Option<IpAddr>| {
            routes.iter().any(|(by, found)| {
                *by == index
                    && found.destination == route.destination
                    && found.gateway == *gateway
                    && found.table == table
            })
        };
        Ok(route.gateways().iter().all(leads_by))
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
