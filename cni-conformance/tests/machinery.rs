//! The suite's own machinery: what it takes, what it tells, and how it ends.

mod machinery {
    mod expectations;
    mod finished;
    mod libcni;
    mod list;
    mod program;
    mod recordings;
    mod reports;
    mod script;
}
