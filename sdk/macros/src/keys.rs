//! `#[derive(Keys)]` of a struct.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    DataStruct, DeriveInput, Error, Field, Fields, GenericArgument, Ident, PathArguments, Result,
    Type,
};

use crate::attributes::{Attributes, Default, description};

/// A field, with all that is made of it.
struct Key<'a> {
    field: &'a Ident,
    holds: &'a Type,
    attributes: Attributes,
    /// As users know it.
    name: String,
    description: String,
}

pub fn derive(item: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "keys have no parameters",
        ));
    }
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(
            &item.ident,
            "keys are the named fields of a struct",
        ));
    };
    let keys = fields.named.iter().map(Key::of);
    let keys = keys.collect::<Result<Vec<Key>>>()?;
    check_distinct(&keys)?;

    let name = &item.ident;
    let holders = keys.iter().map(Key::holder);
    let arms = keys.iter().filter_map(Key::arm);
    let fields = keys.iter().map(Key::finish);
    let properties = keys.iter().map(Key::property);
    let again = keys.iter().any(|key| key.attributes.flatten).then(|| {
        quote! {
            let again = ::core::clone::Clone::clone(reader);
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl ::plumb_sdk::keys::Value for #name {
            const EXPECTED: &'static str = "an object";
            const SCHEMA: ::plumb_sdk::keys::Schema =
                ::plumb_sdk::keys::Schema::Object(&[#(#properties),*]);

            fn read(
                reader: &mut ::plumb_sdk::keys::Reader<'_>,
            ) -> ::core::result::Result<::core::option::Option<Self>, ::plumb_sdk::keys::Fault> {
                #again
                #(#holders)*
                let mut object = ::plumb_sdk::keys::Object::of(reader)?;
                while let ::core::option::Option::Some(key) = object.key()? {
                    match &*key {
                        #(#arms)*
                        _ => object.skip()?,
                    }
                }
                ::core::result::Result::Ok(::core::option::Option::Some(Self { #(#fields),* }))
            }
        }
    })
}

impl<'a> Key<'a> {
    fn of(field: &'a Field) -> Result<Self> {
        let ident = field.ident.as_ref().expect("the fields have names");
        let attributes = Attributes::of(&field.attrs)?;
        let name = match &attributes.name {
            Some(name) => name.value(),
            None => camel_case(&ident.to_string()),
        };
        if attributes.absent_when_zero && inside_option(&field.ty).is_none() {
            return Err(Error::new(
                field.ty.span(),
                "absent_when_zero is for an Option of a number",
            ));
        }
        if attributes.flatten
            && (attributes.name.is_some()
                || attributes.default.is_some()
                || attributes.parse.is_some())
        {
            return Err(Error::new(field.span(), "flatten goes with nothing else"));
        }
        Ok(Self {
            field: ident,
            holds: &field.ty,
            attributes,
            name,
            description: description(&field.attrs),
        })
    }

    /// The texts by which the key is found. The host passes keys in lower case.
    fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.name.to_lowercase()];
        if self.attributes.name.is_none() {
            spellings.push(
                self.field
                    .to_string()
                    .trim_start_matches("r#")
                    .to_lowercase(),
            );
        }
        spellings.push(spellings[0].replace('_', ""));
        spellings.sort();
        spellings.dedup();
        spellings
    }

    /// What is kept while the object is read: the inside of an `Option` that a text is parsed for.
    fn held(&self) -> &Type {
        match &self.attributes.parse {
            Some(_) => inside_option(self.holds).unwrap_or(self.holds),
            None => self.holds,
        }
    }

    fn variable(&self) -> Ident {
        format_ident!("key_{}", self.field.to_string().trim_start_matches("r#"))
    }

    fn holder(&self) -> Option<TokenStream> {
        if self.attributes.flatten {
            return None;
        }
        let (variable, held) = (self.variable(), self.held());
        Some(quote! {
            let mut #variable: ::core::option::Option<#held> = ::core::option::Option::None;
        })
    }

    fn arm(&self) -> Option<TokenStream> {
        if self.attributes.flatten {
            return None;
        }
        let (variable, name, spellings) = (self.variable(), &self.name, self.spellings());
        let read = match &self.attributes.parse {
            Some(parse) => quote!(object.parsed(#name, &mut #variable, #parse)?),
            None => quote!(object.value(#name, &mut #variable)?),
        };
        Some(quote!(#(#spellings)|* => #read,))
    }

    fn finish(&self) -> TokenStream {
        let (field, variable, name) = (self.field, self.variable(), &self.name);
        let hint = hint(&self.description);
        let Attributes {
            default,
            absent_when_zero,
            flatten,
            parse,
            ..
        } = &self.attributes;
        if *flatten {
            let holds = self.holds;
            return quote! {
                #field: <#holds as ::plumb_sdk::keys::Value>::read_item(&mut ::core::clone::Clone::clone(&again))?
            };
        }
        let value = match default {
            Some(Default::OfType) => quote!(#variable.unwrap_or_default()),
            Some(Default::This(value)) => quote!(#variable.unwrap_or_else(|| #value)),
            None if parse.is_some() && inside_option(self.holds).is_some() => quote!(#variable),
            None if parse.is_some() => quote! {
                #variable.ok_or_else(|| ::plumb_sdk::keys::missing(#name, "a text", #hint))?
            },
            None => quote!(::plumb_sdk::keys::required(#name, #variable, #hint)?),
        };
        match absent_when_zero {
            true => quote!(#field: #value.filter(|number| *number != 0)),
            false => quote!(#field: #value),
        }
    }

    fn property(&self) -> TokenStream {
        let (name, description, holds) = (&self.name, &self.description, self.holds);
        let Attributes {
            default,
            flatten,
            parse,
            ..
        } = &self.attributes;
        let is_required = match (default, parse) {
            (Some(_), _) => quote!(false),
            (None, Some(_)) => {
                let is_required = inside_option(holds).is_none();
                quote!(#is_required)
            }
            (None, None) => quote!(!<#holds as ::plumb_sdk::keys::Value>::IS_OPTIONAL),
        };
        let schema = match parse {
            Some(_) => quote!(::plumb_sdk::keys::Schema::Text { what: "" }),
            None => quote!(<#holds as ::plumb_sdk::keys::Value>::SCHEMA),
        };
        quote! {
            ::plumb_sdk::keys::Property {
                name: #name,
                description: #description,
                is_required: #is_required,
                is_flattened: #flatten,
                schema: &#schema,
            }
        }
    }
}

/// Two fields cannot be one key.
fn check_distinct(keys: &[Key]) -> Result<()> {
    let mut known = Vec::new();
    for key in keys.iter().filter(|key| !key.attributes.flatten) {
        for spelling in key.spellings() {
            if known.contains(&spelling) {
                return Err(Error::new_spanned(
                    key.field,
                    format!(
                        "another field is the key {spelling:?} as well: keys are found in any letter case, with or without underscores"
                    ),
                ));
            }
            known.push(spelling);
        }
    }
    Ok(())
}

/// A description as the end of a sentence.
fn hint(description: &str) -> String {
    let sentence = description.strip_suffix('.').unwrap_or(description);
    let mut characters = sentence.chars();
    match (characters.next(), characters.next()) {
        // Not for such as "MTU".
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => first
            .to_lowercase()
            .chain(sentence.chars().skip(1))
            .collect(),
        _ => sentence.to_owned(),
    }
}

/// `rdma_device` as `rdmaDevice`.
fn camel_case(field: &str) -> String {
    let mut name = String::new();
    let mut is_next = false;
    for character in field.trim_start_matches("r#").chars() {
        match character {
            '_' => is_next = !name.is_empty(),
            other if std::mem::take(&mut is_next) => name.extend(other.to_uppercase()),
            other => name.push(other),
        }
    }
    name
}

/// `T` of `Option<T>`.
fn inside_option(holds: &Type) -> Option<&Type> {
    let Type::Path(path) = holds else {
        return None;
    };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inside) if last.ident == "Option" => Some(inside),
        _ => None,
    }
}
