//! Multus 4 and cnitool with plumb. Every test has a node and a Kubernetes API of its own.

mod multus {
    mod attachments;
    mod cluster;
    mod cnitool;
    mod deletion;
    mod devices;
    mod failures;
    mod recorder;
    mod selection;
}
