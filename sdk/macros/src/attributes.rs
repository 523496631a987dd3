//! What stands before a field or a variant: doc comments, and `#[keys(...)]`.

use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Path, Result};

/// What `#[keys(...)]` says.
#[derive(Default)]
pub struct Attributes {
    /// The key or the word, as users know it.
    pub name: Option<LitStr>,
    /// What it is where the key is absent.
    pub default: Option<Default>,
    pub absent_when_zero: bool,
    pub flatten: bool,
    /// Reads a text.
    pub parse: Option<Path>,
}

pub enum Default {
    OfType,
    This(Box<Expr>),
}

impl Attributes {
    pub fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes {
            if !attribute.path().is_ident("keys") {
                continue;
            }
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    read.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("default") {
                    read.default = Some(match meta.input.peek(syn::Token![=]) {
                        true => Default::This(Box::new(meta.value()?.parse()?)),
                        false => Default::OfType,
                    });
                } else if meta.path.is_ident("absent_when_zero") {
                    read.absent_when_zero = true;
                } else if meta.path.is_ident("flatten") {
                    read.flatten = true;
                } else if meta.path.is_ident("parse") {
                    read.parse = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta
                        .error("unknown: use name, default, absent_when_zero, parse or flatten"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// The first paragraph of a doc comment, in one line.
pub fn description(attributes: &[Attribute]) -> String {
    let mut words: Vec<String> = Vec::new();
    for attribute in attributes {
        if !attribute.path().is_ident("doc") {
            continue;
        }
        let syn::Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &meta.value
        else {
            continue;
        };
        let line = line.value();
        match line.trim() {
            "" if words.is_empty() => {}
            "" => break,
            line => words.push(line.to_owned()),
        }
    }
    words.join(" ")
}
