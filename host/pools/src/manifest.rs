//! One Kubernetes object: a `SpiderIPPool`, a `SpiderReservedIP`, a list of objects, or
//! another kind, which is passed over.
//!
//! The manifests are those that a user of Spiderpool has already, so other kinds stand
//! beside the pools, and `status` and most of `metadata` come from the API server.

use std::path::Path;

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

use super::annotations::Annotations;
use super::fields::Fields;
use super::set::{Draft, Found};
use super::specification::{POOL_FIELDS, check_name, read_pool, read_reserved};
use super::{AddressRange, Error, LeftOut, Pool, Problem};

/// All versions of the group that plumb can meet have the same fields, but for `vlan`.
const GROUP: &str = "spiderpool.spidernet.io/";

/// The kind of addresses that no pool gives out.
pub(super) const RESERVED_KIND: &str = "SpiderReservedIP";

/// Adds what a document of a file says.
pub(super) fn read(document: &Yaml, file: &Path, place: &str, found: &mut Found) {
    let Some(kind) = member(document, "kind").and_then(Yaml::as_str) else {
        return;
    };
    let is = |known: &str| kind.eq_ignore_ascii_case(known);
    if is("SpiderIPPool") {
        match pool(document, file, place) {
            Ok(draft) => found.drafts.push(draft),
            Err(error) => found.left_out.push(LeftOut {
                name: readable_name(document),
                is_default: is_readably_default(document),
                file: Some(file.to_owned()),
                error,
            }),
        }
    } else if is(RESERVED_KIND) {
        match reserved_addresses(document, place) {
            Ok(ranges) => found.reserved.extend(ranges),
            Err(error) => {
                let fault = error.to_string();
                found.unreadable_reservation.get_or_insert(fault.clone());
                found.left_out.push(LeftOut {
                    name: None,
                    is_default: false,
                    file: Some(file.to_owned()),
                    error: Error::Reservation { fault },
                });
            }
        }
    } else if kind.ends_with("List") {
        // What `kubectl get -o yaml` prints.
        let items = member(document, "items").and_then(Yaml::as_sequence);
        for (index, item) in items.into_iter().flatten().enumerate() {
            let place = format!("{place} item {}", index + 1);
            read(item, file, &place, found);
        }
    }
}

/// The name of a pool that cannot be used.
fn readable_name(document: &Yaml) -> Option<String> {
    let name = member(member(document, "metadata")?, "name")?;
    name.as_str().map(str::to_owned)
}

fn is_readably_default(document: &Yaml) -> bool {
    let specification = member(document, "spec");
    specification
        .and_then(|specification| member(specification, "default"))
        .and_then(Yaml::as_bool)
        .unwrap_or(false)
}

fn pool(document: &Yaml, file: &Path, place: &str) -> Result<Draft, Error> {
    let (place, name) = identity(document, "SpiderIPPool", place)?;
    let name = name.ok_or_else(|| Error::Field {
        place: place.clone(),
        field: NAME.to_owned(),
        problem: Problem::Missing {
            expected: "the name of the pool",
        },
    })?;
    let object = specification(document, &place)?;
    let fields = fields(&object, &place);
    fields.only(POOL_FIELDS)?;
    let pool = read_pool(name, &fields)?;
    if pool.ranges.is_empty() {
        let subnet = pool.subnet;
        return Err(fields.error("ips", Problem::NoAddresses { subnet }));
    }
    let annotations = Annotations::of(member(document, "metadata"), &place)?;
    Ok(Draft {
        pool: Pool {
            file: Some(file.to_owned()),
            shared: annotations.shared,
            unusable: annotations.unusable,
            by_pod_affinity: annotations.by_pod_affinity,
            ..pool
        },
        place,
    })
}

fn reserved_addresses(document: &Yaml, place: &str) -> Result<Vec<AddressRange>, Error> {
    let (place, _) = identity(document, RESERVED_KIND, place)?;
    let object = specification(document, &place)?;
    read_reserved(&fields(&object, &place))
}

const NAME: &str = "metadata.name";

/// The place with the kind and name of the object in it, and the name. Refuses the kind in
/// another API group, which a misspelt `apiVersion` makes: passing over it would silently
/// lose a pool.
fn identity<'a>(
    document: &'a Yaml,
    kind: &str,
    place: &str,
) -> Result<(String, Option<&'a str>), Error> {
    let error = |field: &str, problem| Error::Field {
        place: within(place, kind),
        field: field.to_owned(),
        problem,
    };
    if let Some(version) = member(document, "apiVersion")
        && !version.as_str().is_some_and(|text| text.starts_with(GROUP))
    {
        let expected = "spiderpool.spidernet.io/v2beta1 or another version of this group";
        return Err(error("apiVersion", unexpected(version, expected)));
    }
    let metadata = member(document, "metadata");
    match metadata.and_then(|metadata| member(metadata, "name")) {
        None => Ok((within(place, kind), None)),
        Some(Yaml::String(name)) => {
            check_name(name).map_err(|problem| error(NAME, problem))?;
            Ok((within(place, &format!("{kind} {name:?}")), Some(name)))
        }
        // YAML takes a name like 81 for a number.
        Some(other) => Err(error(NAME, unexpected(other, "a text in quotes"))),
    }
}

/// An object of a place; of none where it is not of a file.
fn within(place: &str, object: &str) -> String {
    match place.is_empty() {
        true => object.to_owned(),
        false => format!("{place} ({object})"),
    }
}

/// The `spec` with keys in lower case; empty when there is none.
fn specification(document: &Yaml, place: &str) -> Result<Map<String, Value>, Error> {
    let error = |field, problem| Error::Field {
        place: place.to_owned(),
        field,
        problem,
    };
    match member(document, "spec") {
        None => Ok(Map::new()),
        Some(Yaml::Mapping(mapping)) => {
            lower_case(mapping, "spec").map_err(|(field, problem)| error(field, problem))
        }
        Some(other) => {
            let problem = unexpected(other, "a mapping with `ips`");
            Err(error("spec".to_owned(), problem))
        }
    }
}

fn fields<'a>(object: &'a Map<String, Value>, place: &'a str) -> Fields<'a> {
    Fields {
        place,
        prefix: "spec.".to_owned(),
        object,
    }
}

/// A member by its name in any case; `null` counts as not written.
pub(super) fn member<'a>(document: &'a Yaml, name: &str) -> Option<&'a Yaml> {
    let is_named = |key: &Yaml| {
        key.as_str()
            .is_some_and(|key| key.eq_ignore_ascii_case(name))
    };
    let mapping = document.as_mapping()?;
    let (_, value) = mapping.iter().find(|(key, _)| is_named(key))?;
    (!value.is_null()).then_some(value)
}

/// The mapping as JSON, or the field that cannot be so written.
fn lower_case(
    mapping: &serde_yaml_ng::Mapping,
    path: &str,
) -> Result<Map<String, Value>, (String, Problem)> {
    let mut object = Map::new();
    for (key, value) in mapping {
        let Yaml::String(key) = key else {
            let problem = unexpected(key, "the name of a field");
            return Err((path.to_owned(), problem));
        };
        let path = format!("{path}.{key}");
        let value = to_json(value, &path)?;
        if object.insert(key.to_ascii_lowercase(), value).is_some() {
            return Err((path, Problem::Repeated));
        }
    }
    Ok(object)
}

fn to_json(value: &Yaml, path: &str) -> Result<Value, (String, Problem)> {
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(*flag),
        Yaml::String(text) => Value::String(text.clone()),
        // Infinities and NaN would become null, that is, a field not written.
        Yaml::Number(number) if !number.is_finite() => Value::String(number.to_string()),
        Yaml::Number(number) => serde_json::json!(number),
        Yaml::Sequence(values) => values
            .iter()
            .enumerate()
            .map(|(index, value)| to_json(value, &format!("{path}[{index}]")))
            .collect::<Result<_, _>>()?,
        Yaml::Mapping(mapping) => Value::Object(lower_case(mapping, path)?),
        Yaml::Tagged(tagged) => to_json(&tagged.value, path)?,
    })
}

pub(super) fn unexpected(value: &Yaml, expected: &'static str) -> Problem {
    Problem::Unexpected {
        value: serde_json::to_string(value).unwrap_or_else(|_| format!("{value:?}")),
        expected,
    }
}

#[cfg(test)]
mod tests;
