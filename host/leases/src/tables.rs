//! The tables in the store's file and how a record is written.

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, MdbError, RoTxn, RwTxn, WithoutTls};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::extents::Extents;

/// The number of the layout described here. Raise it with any change to a key or a record.
pub(super) const LAYOUT: u32 = 1;
/// A record longer than this was not written by us: the longest names, all escaped, stay below it.
const RECORD_LIMIT: usize = 64 * 1024;
const LAYOUT_KEY: &[u8] = b"layout";

/// Keys and values are bytes, so that a length can be looked at before the content.
pub(super) type Table = Database<'static, Bytes, Bytes>;

const NAMES: [&str; 9] = [
    "header", "leases", "owners", "taken", "reserved", "cursors", "memories", "kept", "resting",
];
/// How many tables LMDB has to make room for.
pub(super) const COUNT: u32 = NAMES.len() as u32;

/// All tables. "Place" is the key described in `address`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables {
    /// `layout` -> its number in decimal.
    pub(super) header: Table,
    /// Place -> [`Lease`](super::Lease) as JSON, so that `mdb_dump` is enough to read a damaged store.
    pub(super) leases: Table,
    /// `network NUL container NUL interface` -> the spaces and addresses held, as JSON.
    pub(super) owners: Table,
    /// Runs of leased addresses.
    pub(super) taken: Extents,
    /// Runs of addresses that are leased or remembered.
    pub(super) reserved: Extents,
    /// `space NUL`, first and last address of a pool -> the address last handed out.
    pub(super) cursors: Table,
    /// A pod's interface (see `memory`) -> the place remembered for it, as JSON.
    pub(super) memories: Table,
    /// Remembered place -> the key in `memories`.
    pub(super) kept: Table,
    /// When it was released, then the remembered place -> nothing. The oldest come first.
    pub(super) resting: Table,
}

/// What may fail inside a transaction; the store turns it into an [`Error`](super::Error).
#[derive(Debug)]
pub(super) enum Fault {
    /// LMDB failed.
    Engine(heed::Error),
    /// A record is not what was written.
    Damaged(String),
}

impl From<heed::Error> for Fault {
    fn from(error: heed::Error) -> Self {
        match error {
            heed::Error::Mdb(
                MdbError::Corrupted
                | MdbError::PageNotFound
                | MdbError::Invalid
                | MdbError::Incompatible
                | MdbError::CursorFull
                | MdbError::Problem,
            ) => Self::Damaged(error.to_string()),
            _ => Self::Engine(error),
        }
    }
}

/// Makes the tables in a new, empty environment.
pub(super) fn create(env: &Env<WithoutTls>) -> Result<(), Fault> {
    let txn = env.write_txn()?;
    env.create_databases_and_commit(txn, |opener, txn| {
        for name in NAMES {
            let table: Database<'_, Bytes, Bytes> = opener.create_database(txn, Some(name))?;
            if name == NAMES[0] {
                table.put(txn, LAYOUT_KEY, LAYOUT.to_string().as_bytes())?;
            }
        }
        Ok::<_, Fault>(CommitOrAbort::<(), ()>::Commit(()))
    })?;
    Ok(())
}

/// Finds the tables of an environment.
pub(super) fn open(env: &Env<WithoutTls>) -> Result<Tables, Fault> {
    let txn = env.read_txn()?;
    let opened = env.open_databases_and_commit(txn, |opener, txn| {
        let mut tables = [None; NAMES.len()];
        for (table, name) in tables.iter_mut().zip(NAMES) {
            *table = opener.open_database::<Bytes, Bytes>(txn, Some(name))?;
        }
        Ok::<_, Fault>(CommitOrAbort::<_, ()>::Commit(tables))
    })?;
    let tables = opened.commit().unwrap_or_default();
    if let Some(missing) = tables.iter().position(Option::is_none) {
        return Err(Fault::Damaged(format!(
            "table {} is missing",
            NAMES[missing]
        )));
    }
    let [
        Some(header),
        Some(leases),
        Some(owners),
        Some(taken),
        Some(reserved),
        Some(cursors),
        Some(memories),
        Some(kept),
        Some(resting),
    ] = tables
    else {
        return Err(Fault::Damaged("a table is missing".to_owned()));
    };
    let (taken, reserved) = (Extents(taken), Extents(reserved));
    Ok(Tables {
        header,
        leases,
        owners,
        taken,
        reserved,
        cursors,
        memories,
        kept,
        resting,
    })
}

impl Tables {
    /// The layout number in the file, as text; it is ours where it equals [`LAYOUT`].
    pub(super) fn layout(&self, txn: &RoTxn<'_>) -> Result<String, Fault> {
        match self.header.get(txn, LAYOUT_KEY)? {
            Some(layout) if layout.len() <= 10 => Ok(layout.escape_ascii().to_string()),
            _ => Err(Fault::Damaged(
                "it does not say which layout it has".to_owned(),
            )),
        }
    }
}

/// Reads and decodes a record.
pub(super) fn get<T: DeserializeOwned>(
    table: Table,
    txn: &RoTxn<'_>,
    key: &[u8],
) -> Result<Option<T>, Fault> {
    table
        .get(txn, key)?
        .map(|value| decode(key, value))
        .transpose()
}

/// Encodes and writes a record.
pub(super) fn put<T: Serialize>(
    table: Table,
    txn: &mut RwTxn<'_>,
    key: &[u8],
    record: &T,
) -> Result<(), Fault> {
    let value = serde_json::to_vec(record)
        .map_err(|error| Fault::Engine(heed::Error::Encoding(error.into())))?;
    Ok(table.put(txn, key, &value)?)
}

/// Decodes a record. The length is looked at first: in a damaged page it may point anywhere.
pub(super) fn decode<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, Fault> {
    if value.len() > RECORD_LIMIT {
        let (key, length) = (key.escape_ascii(), value.len());
        return Err(Fault::Damaged(format!(
            "record {key} has {length} bytes, more than {RECORD_LIMIT}"
        )));
    }
    serde_json::from_slice(value).map_err(|error| {
        Fault::Damaged(format!(
            "record {} does not decode: {error}",
            key.escape_ascii()
        ))
    })
}
