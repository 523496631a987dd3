//! Two nodes with pods.

mod nodes {
    mod attachment;
    mod harness;
    mod programs;
}
