/* The address policy {{name}}: of each family one address, of the first pool that has a free one. */

#include <stdlib.h>

#include "bindings/address_policy.h"

/* All that a pool gives out, with its gateway and its routes. */
static plumb_cni_pools_own_candidate_t candidate_of(plumb_cni_pools_borrow_pool_t pool,
						    plumb_cni_pools_list_address_range_t *usable)
{
	plumb_cni_pools_list_own_route_t routes;
	plumb_cni_pools_ip_address_t gateway;
	plumb_cni_pools_own_candidate_t candidate;

	candidate = plumb_cni_pools_constructor_candidate(pool, usable);
	if (plumb_cni_pools_method_pool_gateway(pool, &gateway))
		plumb_cni_pools_method_candidate_set_gateway(plumb_cni_pools_borrow_candidate(candidate), &gateway);
	plumb_cni_pools_method_pool_routes(pool, &routes);
	for (size_t i = 0; i < routes.len; i++)
		plumb_cni_pools_method_candidate_add_route(plumb_cni_pools_borrow_candidate(candidate), routes.ptr[i]);
	return candidate;
}

/* One address of a family, when a pool has any; the host takes the first that is free. */
static size_t claim(plumb_cni_pools_borrow_proposal_t proposal, address_policy_list_own_pool_t *pools,
		    plumb_cni_pools_family_t family)
{
	plumb_cni_pools_list_own_candidate_t candidates = {malloc(pools->len * sizeof(*candidates.ptr)), 0};

	if (!candidates.ptr)
		return 0;
	for (size_t i = 0; i < pools->len; i++) {
		plumb_cni_pools_borrow_pool_t pool = plumb_cni_pools_borrow_pool(pools->ptr[i]);
		plumb_cni_pools_list_address_range_t usable;

		if (plumb_cni_pools_method_pool_family(pool) != family || plumb_cni_pools_method_pool_is_disabled(pool))
			continue;
		plumb_cni_pools_method_pool_usable(pool, &usable);
		if (usable.len)
			candidates.ptr[candidates.len++] = candidate_of(pool, &usable);
	}
	if (candidates.len)
		plumb_cni_pools_method_proposal_add_claim(proposal, &candidates);
	return candidates.len;
}

static bool refuse(address_policy_error_t *error, const char *code, const char *message)
{
	address_policy_string_dup(&error->code, code);
	address_policy_string_dup(&error->message, message);
	error->details.is_some = false;
	return false;
}

/* What an interface gets. Nothing is taken here: the host claims all of it, or none, when this has returned. */
bool exports_address_policy_propose(address_policy_borrow_request_t request, address_policy_list_own_pool_t *pools,
				    address_policy_own_proposal_t *proposal, address_policy_error_t *error)
{
	plumb_cni_requests_list_ip_address_t requested;
	size_t candidates;

	plumb_cni_requests_method_request_requested_addresses(request, &requested);
	if (requested.len)
		return refuse(error, "invalid-configuration", "a certain address is asked for, and {{name}} gives the first that is free");
	*proposal = plumb_cni_pools_constructor_proposal();
	candidates = claim(plumb_cni_pools_borrow_proposal(*proposal), pools, PLUMB_CNI_TYPES_FAMILY_IPV4);
	candidates += claim(plumb_cni_pools_borrow_proposal(*proposal), pools, PLUMB_CNI_TYPES_FAMILY_IPV6);
	if (candidates)
		return true;
	return refuse(error, "not-available", "no pool gives out addresses here: `plumbctl pools` says why");
}
