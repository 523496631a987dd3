//! Has the pod answer by an interface what comes by it, whoever asks: a client of a NodePort keeps its address, which may be
//! any. The connections are marked, and a rule looks up another table for what has the mark.

use nix::errno::Errno;
use plumb_values::names::{check_file_name, check_link_name};
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::Netns;
use crate::kernel::nftables::Nftables;
use crate::machine::Machine;
use crate::{Result, kernel};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkConnections {
    /// The name of the nftables table.
    pub table: String,
    /// The interface in the pod.
    pub interface: String,
    /// The mark.
    pub mark: u32,
    /// Whether the kernel can do it.
    pub done: bool,
}

/// Asks nftables of the pod.
fn ask<T>(netns: &Netns, action: impl FnOnce(&Nftables) -> kernel::Result<T>) -> kernel::Result<T> {
    let tables = netns.inside(Nftables::open)??;
    action(&tables)
}

impl Reversible for MarkConnections {
    fn check_record(&self) -> Checked {
        check_file_name("nftables table", &self.table)?;
        check_link_name(&self.interface)
    }

    fn describe(&self) -> String {
        format!(
            "mark connections that come by {} with {:#x}, so that they are answered by it",
            self.interface, self.mark
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    /// Without it a pod works but for clients that are neither the node nor of the cluster.
    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let marked = ask(machine.pod.netns()?, |tables| {
            tables.mark_connections(&self.table, &self.interface, self.mark)
        });
        match marked {
            Ok(()) => self.done = true,
            Err(error) if is_unknown(&error) => machine.node.trace.warning(format_args!(
                "{error}: the kernel has no nftables with connection tracking (CONFIG_NF_TABLES, CONFIG_NFT_CT), so clients of \
                 the pod from outside of the cluster are answered by its default route"
            )),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        match ask(machine.pod.netns()?, |tables| {
            tables.delete_table(&self.table)
        }) {
            Err(error) if !is_unknown(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        if !self.done || ask(machine.pod.netns()?, |tables| tables.has_table(&self.table))? {
            return Ok(());
        }
        Err(difference(format!(
            "the pod has lost its nftables table {}, by which answers leave by {}",
            self.table, self.interface
        )))
    }
}

fn is_unknown(error: &kernel::Error) -> bool {
    matches!(
        error.errno(),
        Some(Errno::EPROTONOSUPPORT | Errno::EOPNOTSUPP | Errno::ENOENT | Errno::EAFNOSUPPORT)
    )
}
