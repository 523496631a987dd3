//! `#[flavour]` and `#[policy]`: a component of a function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, FnArg, Ident, ItemFn, LitStr, Path, Result, Token, Type, parenthesized};

/// What stands in the parentheses of the attribute.
#[derive(Default)]
pub struct Arguments {
    uses: Vec<Ident>,
    parents: Vec<LitStr>,
    functions: Vec<LitStr>,
    ready: Option<Path>,
    keys: Option<Type>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut read = Self::default();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            match name.to_string().as_str() {
                "uses" => read.uses = list(input)?,
                "parents" => read.parents = list(input)?,
                "functions" => read.functions = list(input)?,
                "ready" => read.ready = Some(value(input)?),
                "keys" => read.keys = Some(value(input)?),
                _ => {
                    return Err(Error::new(
                        name.span(),
                        "unknown: use uses(...), parents(...), functions(...), ready = ... or keys = ...",
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(read)
    }
}

fn list<T: Parse>(input: ParseStream) -> Result<Vec<T>> {
    let inside;
    parenthesized!(inside in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&inside)?
        .into_iter()
        .collect())
}

fn value<T: Parse>(input: ParseStream) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

pub fn flavour(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let (visibility, attach) = (&function.vis, &function.sig.ident);
    let read = first_of(function, 1)?;
    let call = |function: TokenStream| match read {
        Some(keys) => quote!(#function(request.keys::<#keys>()?, request)),
        None => quote!(#function(request)),
    };
    let attach = call(quote!(#attach));
    let ready = arguments.ready.as_ref().map(|ready| {
        let ready = call(quote!(#ready));
        quote! {
            fn ready(
                request: &::plumb_sdk::Request,
            ) -> ::core::result::Result<(), ::plumb_sdk::Error> {
                #ready
            }
        }
    });
    let keys = match arguments.keys.as_ref().or(read) {
        Some(keys) => quote! {
            ::core::option::Option::Some(&<#keys as ::plumb_sdk::keys::Value>::SCHEMA)
        },
        None => quote!(::core::option::Option::None),
    };
    let declaration = declaration(arguments, &keys);
    let uses = check_operations(&arguments.uses)?;
    Ok(quote! {
        #function

        #uses

        /// The component that this crate is.
        #visibility struct Component;

        impl ::plumb_sdk::Flavour for Component {
            const DECLARATION: ::core::option::Option<::plumb_sdk::declaration::Declaration> =
                ::core::option::Option::Some(#declaration);

            fn attach(
                request: &::plumb_sdk::Request,
            ) -> ::core::result::Result<(), ::plumb_sdk::Error> {
                #attach
            }

            #ready
        }

        ::plumb_sdk::export_flavour!(Component);
    })
}

pub fn policy(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    if let Some(name) = arguments.uses.first() {
        return Err(Error::new(
            name.span(),
            "an address policy records no operations",
        ));
    }
    if let Some(pattern) = arguments.parents.iter().chain(&arguments.functions).next() {
        return Err(Error::new(
            pattern.span(),
            "an address policy sees no devices",
        ));
    }
    if let Some(ready) = &arguments.ready {
        return Err(Error::new_spanned(
            ready,
            "only flavours are asked whether they are ready",
        ));
    }
    let (visibility, propose) = (&function.vis, &function.sig.ident);
    let read = first_of(function, 2)?;
    let propose = match read {
        Some(keys) => quote!(#propose(request.policy_keys::<#keys>()?, request, pools)),
        None => quote!(#propose(request, pools)),
    };
    let keys = match arguments.keys.as_ref().or(read) {
        Some(keys) => quote! {
            ::core::option::Option::Some(
                &<::plumb_sdk::keys::OfPolicy<#keys> as ::plumb_sdk::keys::Value>::SCHEMA,
            )
        },
        None => quote!(::core::option::Option::None),
    };
    let declaration = declaration(arguments, &keys);
    Ok(quote! {
        #function

        /// The component that this crate is.
        #visibility struct Component;

        impl ::plumb_sdk::AddressPolicy for Component {
            const DECLARATION: ::core::option::Option<::plumb_sdk::declaration::Declaration> =
                ::core::option::Option::Some(#declaration);

            fn propose(
                request: &::plumb_sdk::Request,
                pools: &[::plumb_sdk::pools::Pool],
            ) -> ::core::result::Result<::plumb_sdk::pools::Proposal, ::plumb_sdk::Error> {
                #propose
            }
        }

        ::plumb_sdk::export_address_policy!(Component);
    })
}

/// The type of the keys, which come before as many other parameters.
fn first_of(function: &ItemFn, others: usize) -> Result<Option<&Type>> {
    let parameters = &function.sig.inputs;
    match (parameters.len().checked_sub(others), parameters.first()) {
        (Some(0), _) => Ok(None),
        (Some(1), Some(FnArg::Typed(first))) => Ok(Some(&*first.ty)),
        _ => Err(Error::new_spanned(
            &function.sig,
            match others {
                1 => "a flavour is fn(keys: K, request: &Request) or fn(request: &Request)",
                _ => {
                    "a policy is fn(keys: K, request: &Request, pools: &[Pool]), or the same without keys"
                }
            },
        )),
    }
}

fn declaration(arguments: &Arguments, keys: &TokenStream) -> TokenStream {
    let operations = arguments
        .uses
        .iter()
        .map(|name| name.to_string().replace('_', "-"));
    let (parents, functions) = (&arguments.parents, &arguments.functions);
    quote! {
        ::plumb_sdk::declaration::Declaration {
            name: ::core::env!("CARGO_PKG_NAME"),
            version: ::core::env!("CARGO_PKG_VERSION"),
            authors: ::core::env!("CARGO_PKG_AUTHORS"),
            description: ::core::env!("CARGO_PKG_DESCRIPTION"),
            operations: &[#(#operations),*],
            parents: &[#(#parents),*],
            functions: &[#(#functions),*],
            keys: #keys,
        }
    }
}

/// A name that is none fails to compile where it is written: operations are functions of the SDK.
fn check_operations(uses: &[Ident]) -> Result<TokenStream> {
    for name in uses {
        let instead = match name.to_string().as_str() {
            "bring_up" => "it records set_link_sysctl, and assign_addresses or set_up: name these",
            "configured_addresses" | "previous_addresses" => "it is no step and needs no grant",
            _ => continue,
        };
        return Err(Error::new(name.span(), instead));
    }
    Ok(quote! {
        const _: () = {
            #(let _ = ::plumb_sdk::operations::#uses;)*
        };
    })
}
