//! The table of the defects.

use super::Defect;

/// All of them, in the order of the cases.
#[rustfmt::skip]
pub const DEFECTS: &[Defect] = &[
    // Verbs and environment.
    Defect::new(101, "version-needs-an-interface", "VERSION demands CNI_IFNAME")
        .with(&[108], "both ask for VERSION with empty variables"),
    Defect::new(102, "commands-in-any-case", "CNI_COMMAND is taken in any letter case"),
    Defect::new(103, "silent-without-command", "a call without CNI_COMMAND succeeds without a word"),
    Defect::new(104, "names-the-first-variable", "of several missing variables ADD names the first one only"),
    Defect::new(105, "del-without-interface", "DEL does not demand CNI_IFNAME"),
    Defect::new(106, "check-without-namespace", "CHECK does not demand CNI_NETNS"),
    Defect::new(107, "needs-a-path", "CNI_PATH is demanded where no other plugin is called"),
    Defect::new(108, "version-decodes-strictly", "VERSION refuses a whole configuration"),
    Defect::new(109, "trims-the-container-id", "white space around a container ID is cut off"),
    Defect::new(110, "counts-characters", "the length of an interface name is counted in characters"),
    Defect::new(111, "any-network-name", "ADD takes any network name, and makes a path of it"),
    Defect::new(112, "del-of-any-network-name", "DEL takes any network name"),
    Defect::new(113, "arguments-once", "a key must not be repeated in CNI_ARGS")
        .with(&[976], "Multus appends the keys of its caller to its own"),
    Defect::new(114, "arguments-win", "MAC of CNI_ARGS wins over runtimeConfig"),
    Defect::new(115, "one-equals-sign", "a value in CNI_ARGS must not have ="),
    // Standard input.
    Defect::new(201, "reads-one-document", "what follows the first document is not looked at"),
    Defect::new(202, "null-is-empty", "null is taken for an empty configuration"),
    Defect::new(203, "reads-64-kilobytes", "standard input is read by one buffer"),
    Defect::new(204, "refuses-empty-runtime-config", "an empty runtimeConfig is refused"),
    Defect::new(205, "refuses-capabilities", "a capability that the plugin has not is refused"),
    Defect::new(206, "refuses-unknown-keys", "a key of another maker is refused"),
    Defect::new(207, "forgets-the-dns", "dns of the configuration is not in the result"),
    Defect::new(208, "looks-for-dots-in-names", "of path separators only a first one and those after two dots are found"),
    Defect::new(209, "exact-letter-case", "keys are taken in their exact letter case only"),
    Defect::new(210, "refuses-repeated-keys", "a key that comes twice is refused"),
    Defect::new(211, "no-version-is-the-newest", "no cniVersion means the newest one"),
    Defect::new(212, "panics-at-depth", "deep nesting ends in a panic"),
    // Versions.
    Defect::new(301, "version-says-its-own", "VERSION answers with the plugin's newest version")
        .in_versions(&["1.0.0", "1.1.0"]),
    Defect::new(302, "lists-half-a-version", "the list of versions has one of two numbers"),
    Defect::new(303, "version-needs-input", "VERSION fails without input"),
    Defect::new(304, "version-leaves-a-note", "VERSION writes a file, which the next ADD removes"),
    Defect::new(305, "check-prints-the-result", "in 0.4.0 CHECK prints the result")
        .with(&[101, 405, 701], "all four make an orderly CHECK in each version, and no more in 0.4.0")
        .in_versions(&["0.4.0", "1.1.0"]),
    Defect::new(306, "takes-older-versions", "an older version is served as the oldest one"),
    Defect::new(307, "check-in-every-version", "CHECK is served in 0.3.1")
        .in_versions(&["0.3.1", "1.1.0"]),
    Defect::new(308, "status-in-every-version", "STATUS is served in 1.0.0")
        .in_versions(&["1.0.0", "1.1.0"]),
    Defect::new(309, "result-of-the-newest-version", "each result says it is of the newest version")
        .in_versions(&["1.0.0", "1.1.0"]),
    // Exit code and outputs.
    Defect::new(401, "exit-0-for-a-future-version", "the error for a version of the future goes with exit code 0")
        .with(&[306, 402], "an error object with exit code 0 is a failure that none of them sees"),
    Defect::new(402, "empty-message", "an error has a code and no text"),
    Defect::new(403, "errors-without-version", "errors have no cniVersion, as those of Go's types"),
    Defect::new(404, "undefined-code", "a wrong namespace is error 8, as in the reference skeleton"),
    Defect::new(406, "logs-to-standard-output", "logging goes to standard output"),
    Defect::new(407, "dies-of-standard-error", "a message that cannot be written to standard error is a panic"),
    Defect::new(408, "mixes-the-outputs", "standard error of a delegate goes to standard output"),
    // ADD.
    Defect::new(501, "secret-address", "the interface has a second address that the result does not tell"),
    Defect::new(502, "leaves-the-record", "ADD that finds the interface name taken leaves its record"),
    Defect::new(503, "result-with-a-code", "a result has the error code 0"),
    Defect::new(504, "forgets-earlier-plugins", "prevResult is not in the result"),
    Defect::new(505, "second-add-undoes-the-first", "a second ADD fails and takes the first one's interface with it"),
    Defect::new(506, "one-interface-for-a-container", "DEL of one interface takes all of the container"),
    Defect::new(507, "takes-its-own-namespace", "ADD works in the plugin's own namespace"),
    Defect::new(508, "record-before-the-namespace", "ADD leaves a record when the namespace does not exist"),
    Defect::new(509, "record-before-the-file", "ADD leaves a record when the path is no namespace"),
    Defect::new(510, "knows-named-namespaces", "DEL works in namespaces below /run/netns only"),
    Defect::new(511, "tells-the-real-path", "sandbox is the path without its detours"),
    Defect::new(512, "busy-after-failure", "ADD that failed leaves its lock, which the next one finds taken"),
    // DEL.
    Defect::new(601, "leaves-a-trace", "the first ADD of a network leaves a file for good"),
    Defect::new(602, "second-del-fails", "before 0.4.0 a second DEL fails")
        .in_versions(&["0.3.1", "1.0.0", "1.1.0"]),
    Defect::new(603, "del-needs-its-folder", "DEL fails where there never was an ADD"),
    Defect::new(604, "cannot-read-old-results", "DEL cannot read a prevResult of 0.4.0")
        .in_versions(&["0.4.0", "1.0.0", "1.1.0"]),
    Defect::new(605, "refuses-an-empty-result", "DEL refuses an empty prevResult"),
    Defect::new(606, "keeps-the-address-without-path", "DEL does not give the address back when the path is gone")
        .with(&[856], "it looks at what is left as well"),
    Defect::new(607, "keeps-the-address-without-namespace", "DEL with an empty CNI_NETNS gives nothing back without prevResult")
        .with(&[856], "it looks at what is left as well"),
    Defect::new(608, "needs-the-namespace", "DEL fails when CNI_NETNS is not set"),
    Defect::new(609, "del-refuses-a-file", "DEL fails when the path is no namespace"),
    Defect::new(610, "del-needs-the-process", "DEL fails when the process has ended"),
    Defect::new(611, "del-goes-by-the-name", "DEL takes the interface of that name, no matter which program made it"),
    Defect::new(612, "del-needs-the-interface", "DEL fails when the interface is not there"),
    Defect::new(613, "del-needs-the-name", "DEL fails when the interface has another name"),
    Defect::new(614, "del-believes-the-sandbox", "DEL without CNI_NETNS works in the sandbox of prevResult"),
    Defect::new(615, "short-container-ids", "DEL gives back the addresses of all containers whose ID begins alike"),
    Defect::new(616, "del-needs-the-master", "DEL fails when the node's interface is gone"),
    Defect::new(617, "del-gives-up-on-another", "DEL fails when another one is at work"),
    // CHECK.
    Defect::new(702, "check-of-no-result", "CHECK succeeds without prevResult"),
    Defect::new(703, "check-allows-no-additions", "CHECK fails when there are more addresses"),
    Defect::new(704, "check-without-the-interface", "CHECK succeeds when the interface is gone"),
    Defect::new(705, "check-ignores-addresses", "CHECK has nothing to compare when there is no address"),
    Defect::new(706, "check-ignores-routes", "CHECK does not look at routes"),
    Defect::new(707, "check-ignores-hardware-addresses", "CHECK does not look at hardware addresses"),
    Defect::new(708, "check-ignores-an-interface-that-is-down", "CHECK has nothing to compare when the interface is down"),
    Defect::new(709, "check-ignores-internal-errors", "CHECK ignores the delegate's error 999")
        .in_versions(&["1.0.0"])
        .with_host_local(),
    Defect::new(710, "check-without-the-delegate", "CHECK does not call the delegate"),
    Defect::new(711, "check-repairs", "CHECK adds an address that is missing"),
    // STATUS.
    Defect::new(751, "status-prepares-badly", "the first ADD after the first STATUS fails"),
    Defect::new(752, "status-without-the-delegate", "STATUS does not call the delegate"),
    Defect::new(753, "believes-the-last-status", "ADD fails after a STATUS that failed"),
    Defect::new(754, "status-leaves-a-note", "STATUS writes a file, which the next ADD removes"),
    // GC.
    Defect::new(801, "gc-of-an-empty-list", "GC with an empty list does nothing"),
    Defect::new(802, "gc-reads-the-first", "of the valid attachments only the first counts"),
    Defect::new(803, "gc-of-all-networks", "GC takes away the attachments of other networks"),
    Defect::new(804, "gc-swallows-the-delegates-error", "GC succeeds when its delegate fails"),
    Defect::new(805, "gc-without-list-for-the-delegate", "GC calls the delegate without the list"),
    Defect::new(806, "gc-of-null", "GC with null as the list does nothing"),
    Defect::new(807, "gc-of-everything", "GC without a list takes everything away")
        .with(&[971], "cnitool calls GC without a list, and CHECK after it"),
    Defect::new(808, "gc-knows-the-newer-key", "GC does nothing without the newer key"),
    Defect::new(809, "gc-takes-one-key", "GC refuses both keys at once")
        .with(&[975], "CRI-O's library sends both keys"),
    Defect::new(810, "gc-makes-an-index", "GC where there never was an ADD leaves a file"),
    Defect::new(811, "gc-wants-quiet", "GC is an error while an ADD is at work"),
    // Delegation.
    Defect::new(851, "looks-into-one-folder", "the delegate is looked for in the first folder only"),
    Defect::new(852, "cleans-the-environment", "the delegate gets no variables but those of CNI"),
    Defect::new(853, "passes-its-own-part", "the delegate gets name, version and ipam only"),
    Defect::new(854, "forgets-the-delegates-routes", "the delegate's routes are not in the result"),
    Defect::new(855, "remembers-the-first-ipam", "whether DEL calls a delegate depends on the network's first ADD")
        .with(&[856], "there the network's first ADD is one without the delegate as well"),
    Defect::new(856, "del-without-namespace-without-delegate", "DEL without a namespace does not call the delegate"),
    Defect::new(857, "no-del-after-failed-delegate", "the delegate gets no DEL when its ADD has failed"),
    Defect::new(858, "delegates-before-it-deletes", "when the delegate fails on DEL, the interface stays"),
    Defect::new(859, "does-not-name-the-delegate", "the error does not name the delegate that is missing"),
    Defect::new(860, "takes-garbage-for-nothing", "what is no result is taken for one without addresses"),
    Defect::new(861, "no-del-after-refused-route", "the delegate gets no DEL when the kernel refuses"),
    Defect::new(862, "needs-the-delegates-version", "a delegate's result without cniVersion is refused"),
    // Many calls at a time.
    Defect::new(901, "chooses-without-the-lock", "two ADDs at a time may choose the same address"),
    Defect::new(902, "one-add-for-a-container", "a second ADD at a time for the same container is refused"),
    Defect::new(903, "waits-for-all-delegates", "one ADD at a time waits for its delegate"),
    Defect::new(904, "lock-of-the-dead", "an ADD that was killed is in the way of all others until its DEL"),
    // Calls that are killed.
    Defect::new(921, "leaves-a-draft", "ADD writes its record by a draft, which DEL does not know")
        .perhaps_with(&[904], "it kills ADDs as well, each at one moment"),
    Defect::new(922, "busy-when-killed", "ADD marks its work by a file, which it leaves when it is killed"),
    Defect::new(923, "record-goes-first", "DEL removes its record before the interface"),
    // Layout of results.
    Defect::new(951, "addresses-with-a-version", "addresses have a version after 0.4.0"),
    Defect::new(952, "capital-hardware-address", "the hardware address is reported in capital letters"),
    Defect::new(953, "index-beyond-the-list", "indices are counted from 1"),
    Defect::new(954, "tells-no-hardware-address", "the interface has no mac in the result"),
    // Runtimes.
    Defect::new(971, "reads-cap-args", "CAP_ARGS of cnitool must be JSON"),
    Defect::new(972, "checks-the-name-of-the-pod", "K8S_POD_NAME must be a name of Kubernetes")
        .in_versions(&["1.0.0"]),
    Defect::new(973, "del-waits-for-the-process", "DEL without CNI_NETNS fails while the sandbox's process lives")
        .in_versions(&["1.0.0"]),
    Defect::new(974, "wants-ignore-unknown-first", "keys before IgnoreUnknown in CNI_ARGS are refused")
        .in_versions(&["1.0.0"]),
    Defect::new(975, "two-nulls", "null under both keys of GC is refused"),
    Defect::new(976, "refuses-repeated-folders", "a folder that is twice in CNI_PATH is refused"),
    Defect::new(977, "looks-for-a-cluster", "in a pod of Kubernetes a service account is needed"),
];
