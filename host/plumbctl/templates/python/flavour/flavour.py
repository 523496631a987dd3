"""The network {{name}}: the pod gets a macvlan interface on "master", with the addresses of "ipam"."""

import json

from refusal import exported, refusal
from wit_world.imports.facts import Place, get_link
from wit_world.imports.operations import (
    MacvlanOptions,
    assign_addresses,
    configured_addresses,
    create_macvlan,
    set_up,
)


class WitWorld:
    """What the component exports."""

    @exported
    def attach(self, request):
        """What is to be done for a pod. Nothing happens here: the host performs it when this has returned."""
        link = create_macvlan(find_master(request), MacvlanOptions())
        if not request.has_ipam():
            set_up(link)
            return
        assign_addresses(link, configured_addresses())

    @exported
    def ready(self, request):
        """Whether this node can serve the network."""
        find_master(request)


def find_master(request):
    """The interface that the network names as "master"."""
    master = json.loads(request.configuration()).get("master")
    if not isinstance(master, str):
        raise refusal(
            "invalid-configuration",
            'key "master" is missing: the name of the interface that the pod\'s is made on',
        )
    return get_link(Place.HOST, master)
