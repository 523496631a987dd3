"""The address policy {{name}}: of each family one address, of the first pool that has a free one."""

from refusal import exported, refusal
from wit_world.imports.pools import Candidate, Proposal
from wit_world.imports.types import Family


class WitWorld:
    """What the component exports."""

    @exported
    def propose(self, request, pools):
        """What an interface gets. Nothing is taken here: the host claims all of it, or none, when this has returned."""
        if request.requested_addresses():
            raise refusal(
                "invalid-configuration",
                "a certain address is asked for, and {{name}} gives the first that is free",
            )
        claims = [candidates_of(family, pools) for family in (Family.IPV4, Family.IPV6)]
        claims = [candidates for candidates in claims if candidates]
        if not claims:
            raise refusal("not-available", "no pool gives out addresses here: `plumbctl pools` says why")
        proposal = Proposal()
        for candidates in claims:
            proposal.add_claim(candidates)
        return proposal


def candidates_of(family, pools):
    """Where an address of a family may come from, the preferred first."""
    return [
        candidate_of(pool)
        for pool in pools
        if pool.family() == family and not pool.is_disabled() and pool.usable()
    ]


def candidate_of(pool):
    """All that a pool gives out, with its gateway and its routes."""
    candidate = Candidate(pool, pool.usable())
    gateway = pool.gateway()
    if gateway is not None:
        candidate.set_gateway(gateway)
    for route in pool.routes():
        candidate.add_route(route)
    return candidate
