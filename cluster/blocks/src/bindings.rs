//! For whom a block's address is kept, as its lease says.

use plumb_resources::{Binding, IPBlockSpec};

use crate::create::binding;
use crate::state::Busy;
use crate::{Agent, Api, Blocks, Failure, Leased, Store, Stored};

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// Writes into a block of one address for whom that is kept, where its lease says another one than the block: a claim
    /// within the held runs asks nobody.
    pub(crate) async fn bind(
        &self,
        busy: &Busy<'_>,
        stored: &Stored,
        leases: &[Leased],
    ) -> Result<(), Failure> {
        let [lease] = leases else { return Ok(()) };
        if stored.block.size != 1 || stored.block.released {
            return Ok(());
        }
        let kept_for = lease.kept_for.as_ref();
        let bindings: Vec<Binding> = kept_for
            .map(|bound| binding(lease.address, bound))
            .into_iter()
            .collect();
        if bindings == stored.block.bindings {
            return Ok(());
        }
        let block = IPBlockSpec {
            bindings,
            ..stored.block.clone()
        };
        self.change(busy, block, &stored.version).await
    }
}
