// Package flavour is the network {{name}}: the pod gets a macvlan interface on "master", with the addresses of "ipam".
package flavour

import (
	"encoding/json"

	"{{name}}/bindings/plumb_cni_facts"
	"{{name}}/bindings/plumb_cni_operations"
	"{{name}}/bindings/plumb_cni_requests"
	"{{name}}/bindings/plumb_cni_types"
	"{{name}}/bindings/wit/types"
)

// keys are those of the network, all in lower case.
type keys struct {
	Master string `json:"master"`
}

type (
	outcome = types.Result[types.Unit, plumb_cni_types.Error]
	found   = types.Result[*plumb_cni_facts.Link, plumb_cni_types.Error]
)

// Attach says what is to be done for a pod. Nothing happens here: the host performs it when this has returned.
func Attach(request *plumb_cni_requests.Request) outcome {
	master := findMaster(request)
	if master.IsErr() {
		return failed(master.Err())
	}
	link := plumb_cni_operations.CreateMacvlan(master.Ok(), plumb_cni_operations.MakeMacvlanOptions())
	if link.IsErr() {
		return failed(link.Err())
	}
	if !request.HasIpam() {
		return plumb_cni_operations.SetUp(link.Ok())
	}
	addresses := plumb_cni_operations.ConfiguredAddresses()
	if addresses.IsErr() {
		return failed(addresses.Err())
	}
	return plumb_cni_operations.AssignAddresses(link.Ok(), addresses.Ok())
}

// Ready says whether this node can serve the network.
func Ready(request *plumb_cni_requests.Request) outcome {
	if master := findMaster(request); master.IsErr() {
		return failed(master.Err())
	}
	return types.Ok[types.Unit, plumb_cni_types.Error](types.Unit{})
}

// findMaster is the interface that the network names as "master".
func findMaster(request *plumb_cni_requests.Request) found {
	var keys keys
	if err := json.Unmarshal([]byte(request.Configuration()), &keys); err != nil {
		return refused("the configuration cannot be read: " + err.Error())
	}
	if keys.Master == "" {
		return refused(`key "master" is missing: the name of the interface that the pod's is made on`)
	}
	return plumb_cni_facts.GetLink(plumb_cni_facts.PlaceHost, keys.Master)
}

// refused is what the pod's events show: one sentence, with the value that is wrong in it.
func refused(message string) found {
	return types.Err[*plumb_cni_facts.Link](plumb_cni_types.Error{Code: "invalid-configuration", Message: message})
}

func failed(err plumb_cni_types.Error) outcome {
	return types.Err[types.Unit](err)
}
