//! The two traits that a component can implement, and the macros that export them.

use crate::pools::{Pool, Proposal};
use crate::{Error, Request, log};

/// Decides how a pod gets its interface. Export it with
/// [`export_flavour!`](crate::export_flavour).
///
/// Each call runs in a fresh instance: nothing is kept from one to the next.
pub trait Flavour {
    /// Looks at the [`facts`](crate::facts) and records the
    /// [`operations`](crate::operations). Called for an ADD and for `plumbctl plan`; the
    /// plan is performed only when this returns `Ok`.
    fn attach(request: Request) -> Result<(), Error>;

    /// Whether the node can serve this network: called for STATUS. The request has
    /// neither pod nor interface, and operations cannot be recorded.
    fn ready(request: Request) -> Result<(), Error> {
        let _ = request;
        Ok(())
    }
}

/// Decides from which pools an interface's addresses may come. Export it with
/// [`export_address_policy!`](crate::export_address_policy).
pub trait AddressPolicy {
    /// What the interface gets. `pools` are all that the configuration has, in the order
    /// written, or all of its pool folder, sorted by file name.
    fn propose(request: Request, pools: Vec<Pool>) -> Result<Proposal, Error>;
}

/// Exports a [`Flavour`] as the component of this crate. Natively it only checks the
/// type, so that the crate can be tested like any other.
#[macro_export]
macro_rules! export_flavour {
    ($flavour:ty) => {
        const _: () = {
            struct Component;

            impl $crate::bindings::flavour::Guest for Component {
                fn attach(request: $crate::Request) -> ::core::result::Result<(), $crate::Error> {
                    $crate::install_panic_hook();
                    <$flavour as $crate::Flavour>::attach(request)
                }

                fn ready(request: $crate::Request) -> ::core::result::Result<(), $crate::Error> {
                    $crate::install_panic_hook();
                    <$flavour as $crate::Flavour>::ready(request)
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::flavour::export_world!(
                Component with_types_in $crate::bindings::flavour
            );
        };
    };
}

/// Exports an [`AddressPolicy`] as the component of this crate. Natively it only checks
/// the type, so that the crate can be tested like any other.
#[macro_export]
macro_rules! export_address_policy {
    ($policy:ty) => {
        const _: () = {
            struct Component;

            impl $crate::bindings::address_policy::Guest for Component {
                fn propose(
                    request: $crate::Request,
                    pools: ::std::vec::Vec<$crate::pools::Pool>,
                ) -> ::core::result::Result<$crate::pools::Proposal, $crate::Error> {
                    $crate::install_panic_hook();
                    <$policy as $crate::AddressPolicy>::propose(request, pools)
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::address_policy::export_world!(
                Component with_types_in $crate::bindings::address_policy
            );
        };
    };
}

/// Makes a panic write its message to the log. There is no standard error inside a
/// component: without this a panic is a bare `unreachable` trap.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| log::error(panic.to_string())));
}
