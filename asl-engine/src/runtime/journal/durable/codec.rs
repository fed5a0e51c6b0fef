//! How entries are written: a byte that tells the version, then MessagePack with named fields, so that fields can be added.

use crate::definition::{Program, ProgramSource};
use crate::machine::{self, Event, SNAPSHOT_VERSION, Start};
use crate::runtime::journal::{Birth, Happened, JournalError, Parent, Saved};
use crate::runtime::outstanding::Outstanding;
use crate::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// The form in which entries are written. Changes when what was written earlier could no longer be read.
const VERSION: u8 = 1;

/// The SHA-256 of a program's source.
pub(super) type ProgramKey = [u8; 32];

#[derive(Serialize, Deserialize)]
struct WrittenBirth<'a> {
    program: Cow<'a, ProgramKey>,
    start: Cow<'a, Start>,
    started: Timestamp,
    parent: Option<Cow<'a, Parent>>,
}

#[derive(Serialize, Deserialize)]
struct WrittenEvent<'a> {
    at: Timestamp,
    digest: u64,
    event: Cow<'a, Event>,
}

pub(super) fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, value).map_err(|error| error.to_string())?;
    Ok(bytes)
}

pub(super) fn read<T: DeserializeOwned>(table: &'static str, key: &str, bytes: &[u8]) -> Result<T, JournalError> {
    let damaged = |reason: String| JournalError::Damaged { table, key: key.to_owned(), reason };
    match bytes.split_first() {
        Some((&VERSION, rest)) => rmp_serde::from_slice(rest).map_err(|error| damaged(error.to_string())),
        Some((version, _)) => Err(damaged(format!("it was written in the form {version}, this is {VERSION}"))),
        None => Err(damaged("it is empty".to_owned())),
    }
}

pub(super) fn write_birth(birth: &Birth, program: &ProgramKey) -> Result<Vec<u8>, String> {
    write(&WrittenBirth {
        program: Cow::Borrowed(program),
        start: Cow::Borrowed(&*birth.start),
        started: birth.started,
        parent: birth.parent.as_ref().map(Cow::Borrowed),
    })
}

pub(super) fn read_birth(
    sequence: u64,
    bytes: &[u8],
    program: impl FnOnce(&ProgramKey) -> Result<Arc<Program>, JournalError>,
) -> Result<Birth, JournalError> {
    let birth: WrittenBirth<'_> = read("executions", &sequence.to_string(), bytes)?;
    Ok(Birth {
        sequence,
        program: program(&birth.program)?,
        start: Arc::new(birth.start.into_owned()),
        started: birth.started,
        parent: birth.parent.map(Cow::into_owned),
    })
}

/// How it began and whose child it is, without what it executes.
pub(super) fn read_start(sequence: u64, bytes: &[u8]) -> Result<(Start, Option<Parent>), JournalError> {
    let birth: WrittenBirth<'_> = read("executions", &sequence.to_string(), bytes)?;
    Ok((birth.start.into_owned(), birth.parent.map(Cow::into_owned)))
}

pub(super) fn write_event(happened: &Happened) -> Result<Vec<u8>, String> {
    let Happened { at, digest, event } = happened;
    write(&WrittenEvent { at: *at, digest: *digest, event: Cow::Borrowed(event) })
}

pub(super) fn read_event(key: &str, bytes: &[u8]) -> Result<Happened, JournalError> {
    let WrittenEvent { at, digest, event } = read("events", key, bytes)?;
    Ok(Happened { at, digest, event: event.into_owned() })
}

#[derive(Serialize, Deserialize)]
struct WrittenSnapshot<'a> {
    history: u64,
    events: u32,
    machine: Cow<'a, machine::Snapshot<'static>>,
    outstanding: Cow<'a, Outstanding>,
}

/// Before the rest stands the version of the machine's form, so that a snapshot of another version is known without being
/// understood.
pub(super) fn write_snapshot(saved: &Saved) -> Result<Vec<u8>, String> {
    let written = WrittenSnapshot {
        history: saved.history,
        events: saved.events,
        machine: Cow::Borrowed(&saved.machine),
        outstanding: Cow::Borrowed(&saved.outstanding),
    };
    Ok([&SNAPSHOT_VERSION.to_be_bytes()[..], &write(&written)?].concat())
}

/// `None`: it is of another version; the events tell the same.
pub(super) fn read_snapshot(key: &str, bytes: &[u8]) -> Result<Option<Saved>, JournalError> {
    match bytes.split_first_chunk() {
        Some((version, rest)) if *version == SNAPSHOT_VERSION.to_be_bytes() => {
            let WrittenSnapshot { history, events, machine, outstanding } = read("snapshots", key, rest)?;
            let (machine, outstanding) = (machine.into_owned(), outstanding.into_owned());
            Ok(Some(Saved { history, events, machine, outstanding }))
        }
        _ => Ok(None),
    }
}

/// Names a program by what it was compiled of.
pub(super) fn program_key(source: &ProgramSource) -> ProgramKey {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    hash.update([source.kind as u8]);
    hash.update(source.text.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use crate::Value;

    #[test]
    fn numbers_keep_their_spelling() {
        let value = Value::parse(r#"[1,1.0,-9223372036854775809,123456789012345678901234567890]"#).unwrap();
        let written = super::write(&value).unwrap();
        assert_eq!(super::read::<Value>("events", "1", &written).unwrap(), value);
    }
}
