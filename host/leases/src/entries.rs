//! The entries of the store's only table: a key and a value of bytes each, in the order of the keys.
//!
//! All is made of four statements, because preparing one costs what running it six times does.

use rusqlite::{Connection, Row};

use crate::error::Fault;
use crate::keys::Kind;

/// The value under a key.
pub(crate) fn get(db: &Connection, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    let (found, value) = floor(db, key)?;
    Ok((found == key).then_some(value))
}

/// The last entry of the key's kind that is not behind the key.
///
/// There is one in a sound store: each kind begins with its marker. A search that a damaged page leads astray ends
/// at another kind, and does not pass for one that found nothing.
pub(crate) fn floor(db: &Connection, key: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    // Only the first row is asked for.
    let mut select =
        db.prepare_cached("SELECT key, value FROM entries WHERE key<=?1 ORDER BY key DESC")?;
    let mut rows = select.query([key])?;
    let Some(row) = rows.next()? else {
        return Err(out_of_order(key));
    };
    let (found, value) = (bytes(row, 0)?, bytes(row, 1)?);
    if found.first() != key.first() || found > key {
        return Err(out_of_order(key));
    }
    Ok((found.to_vec(), value.to_vec()))
}

/// Writes an entry, in place of one that has the key.
pub(crate) fn put(db: &Connection, key: &[u8], value: &[u8]) -> Result<(), Fault> {
    db.prepare_cached("REPLACE INTO entries VALUES(?1, ?2)")?
        .execute([key, value])?;
    Ok(())
}

/// Removes an entry, which must be there.
pub(crate) fn delete(db: &Connection, key: &[u8]) -> Result<(), Fault> {
    let deleted = db
        .prepare_cached("DELETE FROM entries WHERE key=?1")?
        .execute([key])?;
    match deleted {
        1 => Ok(()),
        _ => Err(out_of_order(key)),
    }
}

/// Shows the entries from one key up to another, which is not included.
pub(crate) fn scan(
    db: &Connection,
    from: &[u8],
    to: &[u8],
    mut show: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut select =
        db.prepare_cached("SELECT key, value FROM entries WHERE key>=?1 AND key<?2 ORDER BY key")?;
    let mut rows = select.query([from, to])?;
    let mut last: Option<Vec<u8>> = None;
    while let Some(row) = rows.next()? {
        let key = bytes(row, 0)?;
        // In order, so that pages which lead in circles come to an end.
        if key < from || key >= to || last.as_deref().is_some_and(|last| last >= key) {
            return Err(out_of_order(key));
        }
        show(key, bytes(row, 1)?)?;
        last = Some(key.to_vec());
    }
    Ok(())
}

/// Shows all entries of a kind but its marker.
pub(crate) fn all(
    db: &Connection,
    kind: Kind,
    mut show: impl FnMut(&[u8], &[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let marker = kind.marker();
    let mut is_begun = false;
    scan(db, &marker, &[kind as u8 + 1], |key, value| {
        if is_begun {
            return show(key, value);
        }
        is_begun = key == marker;
        if is_begun {
            Ok(())
        } else {
            Err(out_of_order(key))
        }
    })?;
    if is_begun {
        Ok(())
    } else {
        Err(out_of_order(&marker))
    }
}

fn bytes<'row>(row: &'row Row<'_>, column: usize) -> Result<&'row [u8], Fault> {
    let value = row.get_ref(column)?;
    value.as_blob().map_err(|_| {
        Fault::Damaged(format!(
            "a key or value is of type {} and not blob",
            value.data_type()
        ))
    })
}

/// What is wrong with an entry whose key does not decode.
pub(crate) fn not_a_key(key: &[u8]) -> Fault {
    Fault::Damaged(format!(
        "an entry has the key {}, which is none",
        key.escape_ascii()
    ))
}

fn out_of_order(key: &[u8]) -> Fault {
    Fault::Damaged(format!(
        "its entries are out of order at {}",
        key.escape_ascii()
    ))
}
