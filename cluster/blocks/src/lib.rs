//! How nodes share the addresses of a pool.
