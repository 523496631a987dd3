// The address policy {{name}}: of each family one address, of the first pool that has a free one.

import { Candidate, Proposal } from "plumb:cni/pools";

import { Refusal, exported } from "./refusal.js";

/** What an interface gets. Nothing is taken here: the host claims all of it, or none, when this has returned. */
export const propose = exported((request, pools) => {
  if (request.requestedAddresses().length > 0) {
    throw new Refusal(
      "invalid-configuration",
      "a certain address is asked for, and {{name}} gives the first that is free",
    );
  }
  const claims = ["ipv4", "ipv6"]
    .map((family) => candidatesOf(family, pools))
    .filter((candidates) => candidates.length > 0);
  if (claims.length === 0) {
    throw new Refusal("not-available", "no pool gives out addresses here: `plumbctl pools` says why");
  }
  const proposal = new Proposal();
  claims.forEach((candidates) => proposal.addClaim(candidates));
  return proposal;
});

/** Where an address of a family may come from, the preferred first. */
function candidatesOf(family, pools) {
  return pools
    .filter((pool) => pool.family() === family && !pool.isDisabled() && pool.usable().length > 0)
    .map(candidateOf);
}

/** All that a pool gives out, with its gateway and its routes. */
function candidateOf(pool) {
  const candidate = new Candidate(pool, pool.usable());
  const gateway = pool.gateway();
  if (gateway) {
    candidate.setGateway(gateway);
  }
  pool.routes().forEach((route) => candidate.addRoute(route));
  return candidate;
}
