//! A plan for people.

use std::collections::BTreeMap;
use std::fmt;

use crate::plan::Plan;

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, pool) in &self.pools {
            if pool.is_imported {
                writeln!(formatter, "pool {name}: imported already")?;
                continue;
            }
            let addresses: usize = pool.blocks.values().map(|block| block.facts.len()).sum();
            let what = match (pool.stops.is_empty(), addresses) {
                (false, _) => "is NOT imported".to_owned(),
                (true, 1) => "1 address".to_owned(),
                (true, addresses) => format!("{addresses} addresses"),
            };
            writeln!(formatter, "pool {name}: {what}")?;
            for stop in &pool.stops {
                writeln!(formatter, "  ! {stop}")?;
            }
            let mut nodes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for block in pool.blocks.values() {
                let lines = block.facts.iter().map(|fact| match block.exists {
                    true => format!("{} {} (there already)", fact.address, fact.holder()),
                    false => format!("{} {}", fact.address, fact.holder()),
                });
                nodes.entry(&block.block.node).or_default().extend(lines);
            }
            for (node, lines) in nodes {
                writeln!(formatter, "  node {node}")?;
                for line in lines {
                    writeln!(formatter, "    {line}")?;
                }
            }
        }
        for sentence in &self.told {
            writeln!(formatter, "note: {sentence}")?;
        }
        if self.pools.is_empty() && self.told.is_empty() {
            writeln!(formatter, "no other product has given out an address")?;
        }
        Ok(())
    }
}
