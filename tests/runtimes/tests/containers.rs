//! Real containers on plumb's networks. Every test runs on a host of its own, and starts the
//! runtime itself.

mod containers {
    mod podman {
        mod attach;
        mod detach;
        mod failure;
        mod options;
        mod recorded;
    }
    mod ctr {
        mod attach;
        mod detach;
        mod failure;
        mod recorded;
    }
    mod cri {
        mod attach;
        mod detach;
        mod failure;
        mod recorded;
    }
}
