//! An API server without nodes.

mod api {
    mod accounts;
    mod harness;
}
