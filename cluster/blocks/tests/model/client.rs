//! One node's way to the API server: calls take time, fail, are done late, twice, or without an answer.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use plumb_blocks::{
    Api, BoundTo, Created, Deleted, Failure, Listed, Replaced, Stored, Version, part_label,
};
use plumb_resources::{IPBlockSpec, PoolStateSpec};

use crate::server::{Call, Reply};
use crate::world::World;

#[derive(Debug, Clone)]
pub struct Client {
    pub world: World,
    pub node: usize,
}

struct Pending {
    client: Client,
    call: Option<Call>,
    id: u64,
}

impl Future for Pending {
    type Output = Result<Reply, Failure>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.client.world.lock();
        let waker = context.waker().clone();
        let (call, node) = (self.call.clone(), self.client.node);
        match call {
            Some(call) => {
                let id = inner.send(node, call, waker);
                drop(inner);
                self.id = id;
                self.call = None;
                Poll::Pending
            }
            None => match inner.answer(self.id, waker) {
                Some(answer) => Poll::Ready(answer),
                None => Poll::Pending,
            },
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.call.is_none() {
            self.client.world.lock().abandon(self.id);
        }
    }
}

impl Client {
    fn call(&self, call: Call) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        Pending {
            client: self.clone(),
            call: Some(call),
            id: 0,
        }
    }
}

fn wrong(reply: Reply) -> ! {
    panic!("the model answers another question: {reply:?}")
}

impl Api for Client {
    async fn create(&self, block: &IPBlockSpec) -> Result<Created, Failure> {
        match self.call(Call::Create(block.clone())).await? {
            Reply::Created(created) => Ok(created),
            other => wrong(other),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Stored>, Failure> {
        match self.call(Call::Get(name.to_owned())).await? {
            Reply::Block(block) => Ok(block),
            other => wrong(other),
        }
    }

    async fn blocks_of_node(&self, node: &str) -> Result<Listed, Failure> {
        match self.call(Call::OfNode(node.to_owned())).await? {
            Reply::Listed(listed) => Ok(listed),
            other => wrong(other),
        }
    }

    async fn blocks_of_pool(&self, pool: &str) -> Result<Vec<Stored>, Failure> {
        match self.call(Call::OfPool(pool.to_owned())).await? {
            Reply::Blocks(blocks) => Ok(blocks),
            other => wrong(other),
        }
    }

    async fn a_block_of_pool(&self, pool: &str) -> Result<Option<Stored>, Failure> {
        match self.call(Call::OneOfPool(pool.to_owned())).await? {
            Reply::Block(block) => Ok(block),
            other => wrong(other),
        }
    }

    async fn blocks_of_part(&self, address: IpAddr) -> Result<Vec<Stored>, Failure> {
        match self.call(Call::OfPart(part_label(address))).await? {
            Reply::Blocks(blocks) => Ok(blocks),
            other => wrong(other),
        }
    }

    async fn blocks_bound_to(&self, bound: &BoundTo) -> Result<Vec<Stored>, Failure> {
        match self.call(Call::BoundTo(bound.label())).await? {
            Reply::Blocks(blocks) => Ok(blocks),
            other => wrong(other),
        }
    }

    async fn replace(&self, block: &IPBlockSpec, version: &Version) -> Result<Replaced, Failure> {
        match self
            .call(Call::Replace(block.clone(), version.clone()))
            .await?
        {
            Reply::Replaced(replaced) => Ok(replaced),
            other => wrong(other),
        }
    }

    async fn delete(&self, name: &str, version: &Version) -> Result<Deleted, Failure> {
        match self
            .call(Call::Delete(name.to_owned(), version.clone()))
            .await?
        {
            Reply::Deleted(deleted) => Ok(deleted),
            other => wrong(other),
        }
    }

    async fn pool_state(&self, pool: &str) -> Result<Option<PoolStateSpec>, Failure> {
        match self.call(Call::PoolState(pool.to_owned())).await? {
            Reply::State(state) => Ok(state),
            other => wrong(other),
        }
    }

    async fn create_pool_state(
        &self,
        pool: &str,
        spec: &PoolStateSpec,
    ) -> Result<Created, Failure> {
        match self
            .call(Call::CreatePoolState(pool.to_owned(), spec.clone()))
            .await?
        {
            Reply::Created(created) => Ok(created),
            other => wrong(other),
        }
    }

    async fn stamp_pressure(&self, pool: &str, at: u64) -> Result<(), Failure> {
        match self.call(Call::Pressure(pool.to_owned(), at)).await? {
            Reply::Nothing => Ok(()),
            other => wrong(other),
        }
    }

    async fn count_nodes(&self) -> Result<u64, Failure> {
        match self.call(Call::CountNodes).await? {
            Reply::Number(number) => Ok(number),
            other => wrong(other),
        }
    }

    async fn cluster(&self) -> Result<String, Failure> {
        match self.call(Call::Cluster).await? {
            Reply::Text(text) => Ok(text),
            other => wrong(other),
        }
    }
}
