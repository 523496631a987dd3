//! The two traits that a component can implement, and the macros that export them.

use crate::declaration::Declaration;
use crate::pools::{Pool, Proposal};
use crate::{Error, Request};

/// Decides how a pod gets its interface. [`#[flavour]`](crate::flavour) makes one of a function; one that is
/// written by hand is exported with [`export_flavour!`](crate::export_flavour).
///
/// Each call runs in a fresh instance: nothing is kept from one to the next.
pub trait Flavour {
    /// What it says of itself; none: nothing. Natively, an operation that a declaration does not have is refused.
    const DECLARATION: Option<Declaration> = None;

    /// Looks at the [`facts`](crate::facts) and records the
    /// [`operations`](crate::operations). Called for an ADD and for `plumbctl plan`; the
    /// plan is performed only when this returns `Ok`.
    fn attach(request: &Request) -> Result<(), Error>;

    /// Whether the node can serve this network: called for STATUS. The request has
    /// neither pod nor interface, and operations cannot be recorded.
    fn ready(request: &Request) -> Result<(), Error> {
        let _ = request;
        Ok(())
    }
}

/// Decides from which pools an interface's addresses may come. [`#[policy]`](crate::policy) makes one of a
/// function; one that is written by hand is exported with [`export_address_policy!`](crate::export_address_policy).
pub trait AddressPolicy {
    /// What it says of itself; none: nothing.
    const DECLARATION: Option<Declaration> = None;

    /// What the interface gets. `pools` are all that the configuration has, in the order
    /// written, or all of its pool folder, by file name.
    fn propose(request: &Request, pools: &[Pool]) -> Result<Proposal, Error>;
}

/// Exports a [`Flavour`] as the component of this crate. Natively it only checks the
/// type, so that the crate can be tested like any other.
#[macro_export]
macro_rules! export_flavour {
    ($flavour:ty) => {
        const _: () = {
            const fn check<F: $crate::Flavour>() {}
            check::<$flavour>();

            $crate::declare!(<$flavour as $crate::Flavour>::DECLARATION);

            #[cfg(target_family = "wasm")]
            struct Exported;

            #[cfg(target_family = "wasm")]
            impl $crate::bindings::flavour::Guest for Exported {
                fn attach(
                    request: &$crate::bindings::flavour::Request,
                ) -> ::core::result::Result<(), $crate::bindings::flavour::Error> {
                    $crate::guest::attach::<$flavour>(request)
                }

                fn ready(
                    request: &$crate::bindings::flavour::Request,
                ) -> ::core::result::Result<(), $crate::bindings::flavour::Error> {
                    $crate::guest::ready::<$flavour>(request)
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::flavour::export_world!(
                Exported with_types_in $crate::bindings::flavour
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
            const fn check<P: $crate::AddressPolicy>() {}
            check::<$policy>();

            $crate::declare!(<$policy as $crate::AddressPolicy>::DECLARATION);

            #[cfg(target_family = "wasm")]
            struct Exported;

            #[cfg(target_family = "wasm")]
            impl $crate::bindings::address_policy::Guest for Exported {
                fn propose(
                    request: &$crate::bindings::address_policy::Request,
                    pools: ::std::vec::Vec<$crate::bindings::address_policy::Pool>,
                ) -> ::core::result::Result<
                    $crate::bindings::address_policy::Proposal,
                    $crate::bindings::address_policy::Error,
                > {
                    $crate::guest::propose::<$policy>(request, pools)
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::address_policy::export_world!(
                Exported with_types_in $crate::bindings::address_policy
            );
        };
    };
}

/// Puts a declaration into its section.
#[doc(hidden)]
#[macro_export]
macro_rules! declare {
    ($declaration:expr) => {
        #[cfg(target_family = "wasm")]
        #[unsafe(link_section = "plumb:component")]
        static DECLARATION: [u8; $crate::declaration::length($declaration.as_ref())] =
            $crate::declaration::bytes($declaration.as_ref());
    };
}

/// What the macros call, between the contract's types and the traits'.
#[cfg(target_family = "wasm")]
pub mod guest {
    use super::*;
    use crate::contract::{pools, requests, types};
    use crate::log;

    /// See [`Flavour::attach`].
    pub fn attach<F: Flavour>(request: &requests::Request) -> Result<(), types::Error> {
        install_panic_hook();
        Ok(F::attach(Request::of(request))?)
    }

    /// See [`Flavour::ready`].
    pub fn ready<F: Flavour>(request: &requests::Request) -> Result<(), types::Error> {
        install_panic_hook();
        Ok(F::ready(Request::of(request))?)
    }

    /// See [`AddressPolicy::propose`].
    pub fn propose<P: AddressPolicy>(
        request: &requests::Request,
        pools: Vec<pools::Pool>,
    ) -> Result<pools::Proposal, types::Error> {
        install_panic_hook();
        let pools: Vec<Pool> = pools.into_iter().map(Pool).collect();
        Ok(P::propose(Request::of(request), &pools)?.0)
    }

    /// Makes a panic write its message to the log. There is no standard error inside a
    /// component: without this a panic is a bare `unreachable` trap.
    fn install_panic_hook() {
        std::panic::set_hook(Box::new(|panic| log::error(panic.to_string())));
    }
}
