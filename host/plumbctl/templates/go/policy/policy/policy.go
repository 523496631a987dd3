// Package policy is the address policy {{name}}: of each family one address, of the first pool that has a free one.
package policy

import (
	"{{name}}/bindings/plumb_cni_pools"
	"{{name}}/bindings/plumb_cni_requests"
	"{{name}}/bindings/plumb_cni_types"
	"{{name}}/bindings/wit/types"
)

type outcome = types.Result[*plumb_cni_pools.Proposal, plumb_cni_types.Error]

// Propose says what an interface gets. Nothing is taken here: the host claims all of it, or none, when this has returned.
func Propose(request *plumb_cni_requests.Request, pools []*plumb_cni_pools.Pool) outcome {
	if len(request.RequestedAddresses()) > 0 {
		return refused("invalid-configuration", "a certain address is asked for, and {{name}} gives the first that is free")
	}
	proposal := plumb_cni_pools.MakeProposal()
	claims := 0
	for _, family := range []plumb_cni_types.Family{plumb_cni_types.FamilyIpv4, plumb_cni_types.FamilyIpv6} {
		if candidates := candidatesOf(family, pools); len(candidates) > 0 {
			proposal.AddClaim(candidates)
			claims++
		}
	}
	if claims == 0 {
		return refused("not-available", "no pool gives out addresses here: `plumbctl pools` says why")
	}
	return types.Ok[*plumb_cni_pools.Proposal, plumb_cni_types.Error](proposal)
}

func refused(code, message string) outcome {
	return types.Err[*plumb_cni_pools.Proposal](plumb_cni_types.Error{Code: code, Message: message})
}

// candidatesOf is where an address of a family may come from, the preferred first.
func candidatesOf(family plumb_cni_types.Family, pools []*plumb_cni_pools.Pool) []*plumb_cni_pools.Candidate {
	var candidates []*plumb_cni_pools.Candidate
	for _, pool := range pools {
		if usable := pool.Usable(); pool.Family() == family && !pool.IsDisabled() && len(usable) > 0 {
			candidates = append(candidates, candidateOf(pool, usable))
		}
	}
	return candidates
}

// candidateOf is all that a pool gives out, with its gateway and its routes.
func candidateOf(pool *plumb_cni_pools.Pool, usable []plumb_cni_pools.AddressRange) *plumb_cni_pools.Candidate {
	candidate := plumb_cni_pools.MakeCandidate(pool, usable)
	if gateway := pool.Gateway(); gateway.IsSome() {
		candidate.SetGateway(gateway.Some())
	}
	for _, route := range pool.Routes() {
		candidate.AddRoute(route)
	}
	return candidate
}
