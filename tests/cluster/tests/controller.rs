//! The controller at an API server without nodes. The tests run one after the other, because they share the cluster and
//! change what it serves.

mod controller {
    mod before;
    mod definitions;
    mod election;
    mod kubectl;
    mod networks;
    mod pools;
    mod program;
}
