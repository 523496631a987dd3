/* The network {{name}}: the pod gets a macvlan interface on "master", with the addresses of "ipam". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/flavour.h"
#include "json.h"

/* What the pod's events show: one sentence, with the value that is wrong in it. */
static bool refuse(flavour_error_t *error, const char *code, const char *message)
{
	flavour_string_dup(&error->code, code);
	flavour_string_dup(&error->message, message);
	error->details.is_some = false;
	return false;
}

/* The interface that the network names as "master". */
static bool find_master(flavour_borrow_request_t request, plumb_cni_facts_own_link_t *link, flavour_error_t *error)
{
	flavour_string_t configuration, name;

	plumb_cni_requests_method_request_configuration(request, &configuration);
	name.ptr = (uint8_t *)json_string((const char *)configuration.ptr, configuration.len, "master", &name.len);
	if (!name.ptr)
		return refuse(error, "invalid-configuration",
			      "key \"master\" is missing: the name of the interface that the pod's is made on");
	return plumb_cni_facts_get_link(PLUMB_CNI_FACTS_PLACE_HOST, &name, link, error);
}

/* What is to be done for a pod. Nothing happens here: the host performs it when this has returned. */
bool exports_flavour_attach(flavour_borrow_request_t request, flavour_error_t *error)
{
	plumb_cni_facts_own_link_t master;
	plumb_cni_operations_own_pod_link_t interface;
	plumb_cni_operations_own_addresses_t addresses;

	if (!find_master(request, &master, error))
		return false;
	if (!plumb_cni_operations_create_macvlan(plumb_cni_facts_borrow_link(master),
						 plumb_cni_operations_constructor_macvlan_options(), &interface, error))
		return false;
	if (!plumb_cni_requests_method_request_has_ipam(request))
		return plumb_cni_operations_set_up(plumb_cni_operations_borrow_pod_link(interface), error);
	return plumb_cni_operations_configured_addresses(&addresses, error) &&
	       plumb_cni_operations_assign_addresses(plumb_cni_operations_borrow_pod_link(interface),
						     plumb_cni_routing_borrow_addresses(addresses), error);
}

/* Whether this node can serve the network. */
bool exports_flavour_ready(flavour_borrow_request_t request, flavour_error_t *error)
{
	plumb_cni_facts_own_link_t master;

	return find_master(request, &master, error);
}
