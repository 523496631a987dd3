//! An API server without nodes.

mod api {
    mod accounts;
    mod agent;
    mod harness;
    mod migration;
}
