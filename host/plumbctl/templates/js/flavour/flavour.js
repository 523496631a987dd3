// The network {{name}}: the pod gets a macvlan interface on "master", with the addresses of "ipam".

import { getLink } from "plumb:cni/facts";
import { MacvlanOptions, assignAddresses, configuredAddresses, createMacvlan, setUp } from "plumb:cni/operations";

import { Refusal, exported } from "./refusal.js";

/** What is to be done for a pod. Nothing happens here: the host performs it when this has returned. */
export const attach = exported((request) => {
  const link = createMacvlan(findMaster(request), new MacvlanOptions());
  if (!request.hasIpam()) {
    setUp(link);
    return;
  }
  assignAddresses(link, configuredAddresses());
});

/** Whether this node can serve the network. */
export const ready = exported((request) => {
  findMaster(request);
});

/** The interface that the network names as "master". */
function findMaster(request) {
  const { master } = JSON.parse(request.configuration());
  if (typeof master !== "string") {
    throw new Refusal(
      "invalid-configuration",
      'key "master" is missing: the name of the interface that the pod\'s is made on',
    );
  }
  return getLink("host", master);
}
