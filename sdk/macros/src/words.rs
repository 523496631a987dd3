//! `#[derive(Keys)]` of an enum: a choice of words.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Fields, Result};

use crate::attributes::Attributes;

pub fn derive(item: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let mut words = Vec::new();
    let mut variants = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                variant,
                "a choice of words has no fields: read what has some with Request::configuration and serde",
            ));
        }
        let word = match Attributes::of(&variant.attrs)?.name {
            Some(name) => name.value(),
            None => variant.ident.to_string().to_lowercase(),
        };
        if words.contains(&word) {
            return Err(Error::new_spanned(
                variant,
                format!("another variant is {word:?} as well"),
            ));
        }
        words.push(word);
        variants.push(&variant.ident);
    }
    if words.is_empty() {
        return Err(Error::new_spanned(&item.ident, "a choice needs words"));
    }
    let name = &item.ident;
    let expected = in_words(&words);
    Ok(quote! {
        #[automatically_derived]
        impl ::plumb_sdk::keys::Value for #name {
            const EXPECTED: &'static str = #expected;
            const SCHEMA: ::plumb_sdk::keys::Schema = ::plumb_sdk::keys::Schema::Words(&[#(#words),*]);

            fn read(
                reader: &mut ::plumb_sdk::keys::Reader<'_>,
            ) -> ::core::result::Result<::core::option::Option<Self>, ::plumb_sdk::keys::Fault> {
                let at = reader.one_of(&[#(#words),*], Self::EXPECTED)?;
                let all = [#(Self::#variants),*];
                ::core::result::Result::Ok(at.and_then(|at| all.into_iter().nth(at)))
            }
        }
    })
}

/// `"a", "b" or "c"`.
fn in_words(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => quoted.join(""),
    }
}
