//! The macros of `plumb-sdk`, which documents and re-exports them.

mod attributes;
mod component;
mod keys;
mod words;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, ItemFn, parse_macro_input};

/// Makes a struct the keys of a network configuration, and an enum without fields a choice of words: see the
/// module `keys` of `plumb-sdk`.
#[proc_macro_derive(Keys, attributes(keys))]
pub fn derive_keys(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    let made = match &item.data {
        Data::Struct(data) => keys::derive(&item, data),
        Data::Enum(data) => words::derive(&item, data),
        Data::Union(_) => Err(syn::Error::new_spanned(
            &item.ident,
            "keys are a struct with named fields, or an enum without fields",
        )),
    };
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function the flavour that this crate is, as the type `Component` beside it.
///
/// The function is `fn(keys: K, request: &Request) -> Result<()>`, where `K` has `#[derive(Keys)]`, or
/// `fn(request: &Request) -> Result<()>`.
///
/// | argument | |
/// |---|---|
/// | `uses(create_macvlan, set_link_sysctl, ...)` | all operations that it may record, as functions of `plumb_sdk::operations`; natively, others are refused |
/// | `parents("ens*", "driver:mlx5_core")` | patterns for the interfaces that it makes others of |
/// | `functions("ens6f0np0")` | patterns for the PCI functions that it takes |
/// | `ready = function` | of the same signature: whether the node can serve the network (STATUS) |
/// | `keys = K` | describes these keys, for a function that reads them itself |
#[proc_macro_attribute]
pub fn flavour(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as component::Arguments);
    let function = parse_macro_input!(item as ItemFn);
    let made = component::flavour(&arguments, &function);
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function the address policy that this crate is, as the type `Component` beside it.
///
/// The function is `fn(keys: K, request: &Request, pools: &[Pool]) -> Result<Proposal>`, where `K` has
/// `#[derive(Keys)]` and is the object `ipam` of the configuration, or the same without keys. `keys = K`
/// describes keys of `ipam` that the function reads itself.
#[proc_macro_attribute]
pub fn policy(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as component::Arguments);
    let function = parse_macro_input!(item as ItemFn);
    let made = component::policy(&arguments, &function);
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}
