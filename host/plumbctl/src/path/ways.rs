//! Asks the kernel of a pod which way a packet takes, from one source or from each.

use std::net::IpAddr;

use nix::errno::Errno;
use plumb::facts::LOOPBACK;
use plumb::kernel::link::Link;
use plumb::kernel::route_lookup::Way;
use plumb::kernel::{Error, Result, RouteSocket};
use serde::Serialize;

use super::rules::{Rules, table_name, text};

/// How many sources are asked for: root in the pod decides how many addresses it has.
const SOURCES: usize = 256;

/// The way of a packet with one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Its source; none: it has none yet.
    pub from: Option<IpAddr>,
    /// Where it goes.
    pub to: IpAddr,
    /// The interface that it leaves by; none when there is no way.
    pub interface: Option<String>,
    /// Next hop; none: on the link.
    pub gateway: Option<IpAddr>,
    /// The table that has the route.
    pub table: Option<u32>,
    /// The rule that led there, or that refused.
    pub rule: Option<String>,
    /// The source that the kernel gives a packet without one.
    pub chosen_source: Option<IpAddr>,
    /// What the kernel said where there is no way.
    pub refusal: Option<String>,
    /// All of it as one sentence.
    pub sentence: String,
}

/// What is known of the pod beside the ways.
struct Pod {
    links: Vec<Link>,
    addresses: Vec<(u32, IpAddr)>,
    rules: Rules,
}

/// The ways to an address: from the source that is asked for, or without one and from each of the pod.
pub fn ways(pod: &RouteSocket, to: IpAddr, from: Option<IpAddr>) -> Result<Vec<Answer>> {
    let known = Pod::read(pod)?;
    let sources: Vec<Option<IpAddr>> = match from {
        Some(from) => vec![Some(from)],
        None => std::iter::once(None)
            .chain(known.sources(to).map(Some))
            .take(SOURCES)
            .collect(),
    };
    let mut found = Vec::new();
    for from in sources {
        found.push((from, asked(pod, to, from)?));
    }
    let reached = found.iter().find_map(|(from, way)| {
        let way = way.as_ref().ok()?;
        Some((from.as_ref().copied()?, known.name(way.index)))
    });
    let answers = found.iter().map(|(from, way)| match way {
        Ok(way) => known.taken(way, to, *from),
        Err((errno, said)) => known.refused(*errno, said, to, *from, reached.as_ref()),
    });
    Ok(answers.collect())
}

/// The way, or what the kernel said against it.
fn asked(
    pod: &RouteSocket,
    to: IpAddr,
    from: Option<IpAddr>,
) -> Result<std::result::Result<Way, (Errno, String)>> {
    match pod.look_up(to, from) {
        Ok(way) => Ok(Ok(way)),
        Err(Error::Netlink {
            errno, explanation, ..
        }) => {
            let said = explanation.unwrap_or_else(|| errno.desc().to_owned());
            Ok(Err((errno, said)))
        }
        Err(error) => Err(error),
    }
}

impl Pod {
    fn read(pod: &RouteSocket) -> Result<Self> {
        let addresses = pod.all_addresses()?.into_iter();
        Ok(Self {
            links: pod.links()?,
            addresses: addresses.map(|(index, one)| (index, one.ip())).collect(),
            rules: Rules {
                lookups: pod.rules()?,
                refusals: pod.refusing_rules()?,
            },
        })
    }

    /// The addresses that a packet to this one can have: of its family, not the loopback's, and those of one link only
    /// for the same.
    fn sources(&self, to: IpAddr) -> impl Iterator<Item = IpAddr> {
        let is_loopback = |index: u32| {
            let mut links = self.links.iter();
            links.any(|link| link.index == index && link.hardware_type == LOOPBACK)
        };
        let own = self.addresses.iter();
        own.filter(move |(index, one)| {
            one.is_ipv4() == to.is_ipv4()
                && (!is_link_local(*one) || is_link_local(to))
                && !is_loopback(*index)
        })
        .map(|(_, one)| *one)
    }

    fn name(&self, index: u32) -> String {
        let mut links = self.links.iter();
        let found = links.find(|link| link.index == index);
        found.map_or_else(|| format!("index {index}"), |link| link.name.clone())
    }

    /// The interface that has an address.
    fn holder(&self, address: IpAddr) -> Option<&Link> {
        let (index, _) = self.addresses.iter().find(|(_, own)| *own == address)?;
        self.links.iter().find(|link| link.index == *index)
    }

    fn taken(&self, way: &Way, to: IpAddr, from: Option<IpAddr>) -> Answer {
        let rule = self.rules.deciding(way.table, to, from).map(text);
        let (name, table) = (self.name(way.index), table_name(way.table));
        let hop = match (way.gateway, way.is_local) {
            (Some(gateway), _) => format!("by {gateway}"),
            (None, true) => "an address of the pod itself".to_owned(),
            (None, false) => "on the link".to_owned(),
        };
        let decided = match &rule {
            Some(rule) => format!(" ({rule})"),
            None => String::new(),
        };
        let mut sentence = format!("{}: {name}, {hop}, table {table}{decided}", sender(from));
        let chosen_source = way.source.filter(|_| from.is_none());
        if let Some(source) = chosen_source {
            sentence += &format!(", which gives it the source {source}");
        }
        if let (Some(from), Some(holder)) = (from, from.and_then(|from| self.holder(from)))
            && !way.is_local
            && holder.index != way.index
            && holder.hardware_type != LOOPBACK
        {
            sentence += &format!("; {from} is an address of {}, not of {name}", holder.name);
        }
        let mut links = self.links.iter();
        if let Some(link) = links.find(|link| link.index == way.index)
            && !way.is_local
            && !(link.up && link.carrier)
        {
            sentence += &format!("; {name} has no carrier, so it does not get there now");
        }
        Answer {
            from,
            to,
            interface: Some(name),
            gateway: way.gateway,
            table: Some(way.table),
            rule,
            chosen_source,
            refusal: None,
            sentence,
        }
    }

    fn refused(
        &self,
        errno: Errno,
        said: &str,
        to: IpAddr,
        from: Option<IpAddr>,
        reached: Option<&(IpAddr, String)>,
    ) -> Answer {
        let refusing = self.rules.refusing(to, from);
        let rule = refusing.map(|(refusal, listed)| format!("{} {}", text(listed), refusal.word()));
        let what = self.remedy(errno, to, from, reached, rule.as_deref());
        Answer {
            from,
            to,
            interface: None,
            gateway: None,
            table: None,
            rule: rule.clone(),
            chosen_source: None,
            refusal: Some(said.to_owned()),
            sentence: format!(
                "{}: no way to {to}, the kernel says {said:?}; {what}",
                sender(from)
            ),
        }
    }

    /// What would make a way.
    fn remedy(
        &self,
        errno: Errno,
        to: IpAddr,
        from: Option<IpAddr>,
        reached: Option<&(IpAddr, String)>,
        refusing: Option<&str>,
    ) -> String {
        if let Some(from) = from.filter(|from| !self.addresses.iter().any(|(_, own)| own == from)) {
            let own: Vec<_> = self
                .sources(to)
                .take(SOURCES)
                .map(|one| one.to_string())
                .collect();
            return format!(
                "the pod has no address {from}; its own are {}",
                own.join(", ")
            );
        }
        // EINVAL is how a blackhole answers.
        if let (Errno::EACCES | Errno::EINVAL | Errno::ENETUNREACH, Some(rule)) = (errno, refusing)
        {
            return format!("{rule} refuses it: that rule must go, or one before it lead there");
        }
        let holder = from.and_then(|from| self.holder(from));
        if let Some(link) = holder.filter(|link| !link.up) {
            return format!(
                "{} is down, and its routes went with that: set it up, and CHECK or `plumbctl show` says what is missing then",
                link.name
            );
        }
        if let (None, Some((source, interface))) = (from, reached) {
            return format!(
                "from {source} it is reached by {interface}: give the packet that source, or name the network of {to} in \
                 \"rdmaRoutes\" of that rail"
            );
        }
        let mut tables = self.rules.tables(to, from);
        tables.dedup();
        let tables: Vec<_> = tables.into_iter().map(table_name).collect();
        format!(
            "no route leads there in the tables {}: the network needs a \"gateway\" in its pool, or a route to {to} in its ipam",
            tables.join(", ")
        )
    }
}

fn sender(from: Option<IpAddr>) -> String {
    match from {
        Some(from) => format!("from {from}"),
        None => "without a source".to_owned(),
    }
}

/// `fe80::/10` (RFC 4291)
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
