//! Components in registries, as a vendor and an operator have them: `plumbctl component push` and `pull`.

mod credentials;
mod docker_registry;
mod liar;
mod lies;
mod tls;
mod user;
mod way;
