//! Makes a hold of what another plugin's file says.

use std::path::Path;
use std::time::{Duration, SystemTime};

use plumb_values::driver::is_for_user_space;
use plumb_values::{Device, DeviceId};

use super::{Cache, Caches, sriov};
use crate::attachment::Attachment;
use crate::cni::Request;
use crate::functions::{Hold, Holds, Original, host_link, mark_unclean, restore};
use crate::journal::Moment;
use crate::kernel::pci::{self, PciFunction};
use crate::kernel::virtual_function::Settings;
use crate::kernel::{Boot, Netns, PodNetns};
use crate::node::Node;
use crate::{Code, Error, Result};

/// For a DEL without a record: the function of a pod that another plugin attached.
///
/// # Errors
///
/// When the kernel does not say where the function is, or a hold cannot be written. The files stay then.
pub fn adopt_of_attachment(request: &Request, node: &Node<'_>) -> Result<()> {
    let caches = Caches::of_node(node.trace);
    for cache in caches.of_attachment(&request.attachment) {
        let path = request.environment.netns.as_deref();
        let netns = netns_with(&cache, path)?;
        let is_newer = |other: &Cache| {
            other.plugin.names_network == cache.plugin.names_network
                && other.path != cache.path
                && other.modified > cache.modified
        };
        // Its pod may be long gone, and the function a newer one's.
        let has_newer = || {
            caches
                .of_function(&cache.known.address)
                .iter()
                .any(is_newer)
        };
        if netns.is_none() && has_newer() {
            forget(&cache, "its function was given to another pod since", node);
            continue;
        }
        let netns = match netns {
            Some(netns) => PodNetns::of(&netns, &node.kernel.host)?,
            None => PodNetns::unknown(path.unwrap_or(Path::new(""))),
        };
        adopt(&[&cache], request.attachment.clone(), netns, node)?;
    }
    Ok(())
}

/// For a DEL without a record whose function is in a file that cannot be used, wherever the function is: what the network sets
/// becomes what a fresh function has, and the function is marked.
///
/// # Errors
///
/// When the settings cannot be changed or the mark cannot be written.
pub fn mend_of_attachment(request: &Request, node: &Node<'_>) -> Result<()> {
    let caches = Caches::of_node(node.trace);
    let Some((path, plugin)) = caches.damaged_of_attachment(&request.attachment) else {
        return Ok(());
    };
    let id = request
        .device_id()?
        .and_then(|id| id.parse::<DeviceId>().ok());
    let Some(address) = id.map(|id| id.to_string()) else {
        return Ok(());
    };
    // A later pod's by now, or on its way home with all that is known.
    if Holds::new(&node.state).read(&address)?.is_some() {
        return Ok(());
    }
    let Some(function) = pci::function(&node.kernel.sysfs, &address)? else {
        return Ok(());
    };
    let original = Original {
        driver: function.driver,
        number: function.virtual_function.map(|(_, number)| number),
        settings: fresh_settings(request),
        ..Original::default()
    };
    restore(node, &address, &original, None, Duration::ZERO)?;
    let unknown = format!(
        "what it was like before {plugin} gave it to its pod, as {} cannot be read",
        path.display()
    );
    mark_unclean(node, &address, unknown)
}

/// What a fresh function has, of what the network sets. An InfiniBand port has a GUID, which nobody could make up.
pub fn fresh_settings(request: &Request) -> Settings {
    match request.configuration.plugin_type.as_str() {
        "sriov" => sriov::fresh(&request.configuration.lower),
        _ => Settings::default(),
    }
}

/// For an ADD that gets a function: that of a pod which another plugin attached, and which is gone without a DEL.
///
/// # Errors
///
/// [`Code::IN_USE`] when the function is still with a pod; as [`adopt_of_attachment`].
pub fn adopt_of_function(address: &DeviceId, node: &Node<'_>) -> Result<()> {
    let caches = Caches::of_node(node.trace).of_function(address);
    let Some(first) = caches.first() else {
        return Ok(());
    };
    if let Some(place) = place_of_live(first, node)? {
        return Err(Error::new(
            Code::IN_USE,
            format!(
                "{} is in {place} with a pod that {} attached ({}): the device plugin gave it to \
                 two pods, or DEL of that one is still to come",
                Device(&address.to_string()),
                first.plugin.name,
                first.path.display()
            ),
        ));
    }
    adopt_all(&caches.iter().collect::<Vec<_>>(), node)
}

/// For GC: the functions of pods of a network that other plugins attached and that are gone. `is_valid` knows the
/// attachments of the runtime's list; without one, what is with no pod any more is gone.
///
/// # Errors
///
/// As [`adopt_of_attachment`].
pub fn adopt_of_network(
    network: &str,
    is_valid: Option<&dyn Fn(&str) -> bool>,
    node: &Node<'_>,
) -> Result<()> {
    // Read once: what is removed below is never the newest of its function before its own turn.
    let all = Caches::of_node(node.trace).all();
    for cache in all.iter().filter(|cache| cache.is_of_network(network)) {
        let name = cache.path.file_name().unwrap_or_default().to_string_lossy();
        let is_live = match is_valid {
            Some(is_valid) => is_valid(&name),
            None => place_of_live(cache, node)?.is_some(),
        };
        if is_live {
            continue;
        }
        let of_function = || {
            let address = &cache.known.address;
            all.iter()
                .filter(move |other| other.known.address == *address)
        };
        let newest = of_function().rfind(|other| !other.plugin.names_network);
        match newest {
            Some(newest) if newest.path != cache.path => {
                forget(cache, "its function was given to another pod since", node);
            }
            _ => {
                let rdma = of_function().filter(|other| other.plugin.names_network);
                let about: Vec<_> = [cache].into_iter().chain(rdma).collect();
                adopt_all(&about, node)?;
            }
        }
    }
    Ok(())
}

/// One hold of all files about a function. What the first ADD found is the original: a file that was left by a lost DEL
/// makes every later one begin with what the earlier pod had.
fn adopt_all(caches: &[&Cache], node: &Node<'_>) -> Result<()> {
    let Some(owner) = caches.iter().find_map(|cache| cache.attachment()) else {
        return Ok(());
    };
    adopt(caches, owner, PodNetns::unknown(Path::new("")), node)
}

/// Takes the function for `owner`, and then removes the files: a call that dies in between does it again. The oldest
/// file is first.
fn adopt(caches: &[&Cache], owner: Attachment, netns: PodNetns, node: &Node<'_>) -> Result<()> {
    let gives_link = |cache: &&&Cache| !cache.plugin.names_network;
    let Some(first) = caches.iter().find(gives_link).or(caches.first()) else {
        return Ok(());
    };
    let address = first.known.address.to_string();
    let Some(function) = pci::function(&node.kernel.sysfs, &address)? else {
        // Virtual functions go when their number is set to 0, with all their settings.
        caches
            .iter()
            .for_each(|cache| forget(cache, "its function does not exist any more", node));
        return Ok(());
    };
    if is_of_earlier_boot(first.modified) && is_home(&function, node, &address)? {
        caches
            .iter()
            .for_each(|cache| forget(cache, "the machine was started again since", node));
        return Ok(());
    }
    let rdma_device = caches
        .iter()
        .find_map(|cache| cache.known.rdma_device.clone());
    let hold = Hold {
        owner: owner.clone(),
        boot: Boot::current()?,
        netns,
        original: Original {
            driver: function.driver,
            number: function.virtual_function.map(|(_, number)| number),
            link: first.known.link.clone(),
            rdma_devices: match rdma_device {
                Some(name) => vec![name],
                None => function.rdma_devices,
            },
            settings: first.known.settings.clone(),
        },
    };
    match Holds::new(&node.state).take(&address, &hold)? {
        Some(holder) if holder.owner != owner => {
            for cache in caches {
                forget(cache, &format!("{} has its function", holder.owner), node);
            }
            return Ok(());
        }
        _ => {}
    }
    let unknown = match first.known.unknown.as_slice() {
        [] => String::new(),
        unknown => format!(
            "; not known, and so left as its pod had it, is {}",
            unknown.join(", ")
        ),
    };
    node.trace.warning(format_args!(
        "{} was given to {owner} by {}: it comes back as {} says{unknown}",
        Device(&address),
        first.plugin.name,
        first.path.display()
    ));
    for cache in caches {
        remove(cache, node);
    }
    Ok(())
}

/// The namespace of a DEL, if the function is in it: its path alone may lead to another pod's by now.
fn netns_with(cache: &Cache, path: Option<&Path>) -> Result<Option<Netns>> {
    let Some(path) = path else {
        return Ok(None);
    };
    let netns = match Netns::open(path) {
        Err(error) if error.is_gone() => return Ok(None),
        opened => opened?,
    };
    let has_it = has_function(&netns, cache)? && !Netns::current()?.is_same_as(&netns);
    Ok(has_it.then_some(netns))
}

/// Whether a namespace has what the plugin moved there.
fn has_function(netns: &Netns, cache: &Cache) -> Result<bool> {
    let inside = pci::function(&netns.sysfs()?, &cache.known.address.to_string())?;
    // In shared mode RDMA devices show everywhere; rdma-cni works in the other mode only.
    Ok(
        inside.is_some_and(|inside| match cache.plugin.names_network {
            true => !inside.rdma_devices.is_empty(),
            false => !inside.links.is_empty(),
        }),
    )
}

/// Where the function is with a living pod; none where nothing says so.
fn place_of_live(cache: &Cache, node: &Node<'_>) -> Result<Option<String>> {
    let address = cache.known.address.to_string();
    let Some(function) = pci::function(&node.kernel.sysfs, &address)? else {
        return Ok(None);
    };
    if function.driver.as_deref().is_some_and(is_for_user_space) {
        // sriov-cni writes down where its pod is; ib-sriov-cni does not.
        let path = cache.netns_path();
        let is_live = path
            .as_deref()
            .is_some_and(|path| Netns::open(path).is_ok());
        return Ok(path
            .filter(|_| is_live)
            .map(|path| path.display().to_string()));
    }
    if is_home(&function, node, &address)? {
        return Ok(None);
    }
    let home = Netns::current()?;
    for netns in node.kernel.namespaces().others(&[&home]) {
        // One that has ended meanwhile, or that this process may not enter.
        if has_function(&netns, cache).unwrap_or(false) {
            return Ok(Some(netns.path().display().to_string()));
        }
    }
    Ok(None)
}

/// Whether nothing of the function is in another namespace.
fn is_home(function: &PciFunction, node: &Node<'_>, address: &str) -> Result<bool> {
    let has_netdevs = function
        .driver
        .as_deref()
        .is_some_and(|driver| !is_for_user_space(driver));
    Ok(!has_netdevs || host_link(&node.kernel, address)?.is_some())
}

/// How much a clock may be set right while a machine starts.
const TOLERANCE: Duration = Duration::from_secs(60);

/// Whether a file was written before the machine was started.
fn is_of_earlier_boot(modified: SystemTime) -> bool {
    let now = Moment::now();
    let start = Duration::from_millis(now.since_1970.saturating_sub(now.uptime));
    modified + TOLERANCE < SystemTime::UNIX_EPOCH + start
}

/// Removes a file from which there is nothing to restore.
fn forget(cache: &Cache, reason: &str, node: &Node<'_>) {
    node.trace.info(format_args!(
        "removing {} of {}: {reason}",
        cache.path.display(),
        cache.plugin.name
    ));
    remove(cache, node);
}

fn remove(cache: &Cache, node: &Node<'_>) {
    if let Err(error) = cache.remove() {
        node.trace.warning(format_args!(
            "cannot remove {} of {}: {error}",
            cache.path.display(),
            cache.plugin.name
        ));
    }
}
