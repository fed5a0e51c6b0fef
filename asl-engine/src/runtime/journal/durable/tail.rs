//! Looks through the store's log before it is opened.
//!
//! A crash can leave the last commit written in part. It was never acknowledged, so it is cut off, and that is told. Damage
//! anywhere else means that something acknowledged is gone: then the store stays closed, and what can be done is said.
//!
//! The log's form (`fjall` 3): commits one after the other, each a start with the number of its items, the items, and an end
//! with the items' checksum; behind the last one, zeros.

use crate::runtime::journal::JournalError;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const CHUNK: usize = 1 << 16;
static ZEROS: [u8; CHUNK] = [0; CHUNK];
const TRAILER: &[u8; 4] = b"FJL\x03";

/// Checks the logs of a directory, and cuts off a last commit that was written in part.
///
/// # Errors
/// When a log is damaged elsewhere, or cannot be read.
pub(super) fn check(directory: &Path) -> Result<(), JournalError> {
    let unreadable =
        |error: io::Error| JournalError::Open { directory: directory.to_owned(), reason: error.to_string() };
    let mut logs = logs(directory).map_err(unreadable)?;
    let last = logs.pop();
    for (log, newest) in logs.iter().map(|log| (log, false)).chain(last.iter().map(|log| (log, true))) {
        match look(log).map_err(unreadable)? {
            Found::Whole => {}
            Found::Torn { at, bytes } if newest => {
                let file = OpenOptions::new().write(true).open(log).map_err(unreadable)?;
                file.set_len(at).and_then(|()| file.sync_all()).map_err(unreadable)?;
                let log = log.display();
                tracing::warn!(%log, at, bytes, "the last commit was written in part and is cut off; it was never acknowledged");
            }
            Found::Torn { at, .. } | Found::Damaged { at } => {
                return Err(JournalError::DamagedLog { log: log.clone(), at });
            }
        }
    }
    Ok(())
}

/// In the order they were written.
fn logs(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        if let Some(number) = number.filter(|_| path.extension().is_some_and(|extension| extension == "jnl")) {
            logs.push((number, path));
        }
    }
    logs.sort();
    Ok(logs.into_iter().map(|(_, path)| path).collect())
}

#[derive(Debug, PartialEq)]
enum Found {
    Whole,
    /// What follows is a part of one commit.
    Torn {
        at: u64,
        bytes: u64,
    },
    /// What follows is no commit, but there are commits behind it.
    Damaged {
        at: u64,
    },
}

fn look(log: &Path) -> io::Result<Found> {
    let mut reader = BufReader::with_capacity(CHUNK, File::open(log)?);
    let mut at = 0;
    while let Some(length) = commit(&mut reader)? {
        at += length;
    }
    reader.seek(SeekFrom::Start(at))?;
    rest(&mut reader, at)
}

/// Reads a commit; returns its length. `None`: there is no whole one here.
fn commit(reader: &mut impl Read) -> io::Result<Option<u64>> {
    let mut hash = Xxh3::new();
    let mut bytes = Vec::new();
    match whole_commit(reader, &mut hash, &mut bytes) {
        Ok(whole) => Ok(whole),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn whole_commit(reader: &mut impl Read, hash: &mut Xxh3, bytes: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let [START, items @ ..] = read::<13>(reader)? else { return Ok(None) };
    let items = u32::from_le_bytes([items[0], items[1], items[2], items[3]]);
    let mut length = 13;
    for _ in 0..items {
        // Tag, kind of value, compression (none), table, length of the key, of the value, and of the value as it is written.
        bytes.clear();
        let [tag] = read::<1>(reader)?;
        bytes.push(tag);
        let rest = match tag {
            ITEM => {
                bytes.extend(read::<20>(reader)?);
                let key = u16::from_le_bytes([bytes[11], bytes[12]]);
                let value = u32::from_le_bytes([bytes[17], bytes[18], bytes[19], bytes[20]]);
                u64::from(key) + u64::from(value)
            }
            CLEAR => 8,
            _ => return Ok(None),
        };
        if reader.by_ref().take(rest).read_to_end(bytes)? as u64 != rest {
            return Ok(None);
        }
        hash.update(bytes);
        length += bytes.len() as u64;
    }
    let end = read::<13>(reader)?;
    let whole = end[0] == END && end[1..9] == hash.digest().to_le_bytes() && &end[9..] == TRAILER;
    Ok(whole.then_some(length + 13))
}

fn read<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What there is behind the last whole commit.
///
/// INVARIANT: the next commit is written only when the last one is on the disk. So of a commit that was written in part no
/// other one can follow: a commit's end with something behind it is one too many.
fn rest(reader: &mut BufReader<File>, at: u64) -> io::Result<Found> {
    let (mut window, mut position, mut last, mut ends) = ([0_u8; 4], at, None, false);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = reader.read(&mut chunk)?;
        if length == 0 {
            return Ok(last.map_or(Found::Whole, |last| Found::Torn { at, bytes: last - at }));
        }
        // Logs are made larger than what is in them: most of this is nothing.
        if chunk[..length] == ZEROS[..length] {
            (window, position) = ([0; 4], position + length as u64);
            position = next_data(reader.get_ref(), position)?;
            reader.seek(SeekFrom::Start(position))?;
            continue;
        }
        for byte in &chunk[..length] {
            position += 1;
            if *byte != 0 {
                if ends {
                    return Ok(Found::Damaged { at });
                }
                last = Some(position);
            }
            window = [window[1], window[2], window[3], *byte];
            ends |= window == *TRAILER;
        }
    }
}

/// Where the next byte is that the disk has: what lies between was never written, and is read as zeros.
#[cfg(target_os = "linux")]
fn next_data(log: &File, from: u64) -> io::Result<u64> {
    use rustix::fs::{SeekFrom, seek};
    match seek(log, SeekFrom::Data(from)) {
        Ok(data) => Ok(data),
        // There is none.
        Err(rustix::io::Errno::NXIO) => Ok(log.metadata()?.len().max(from)),
        // The file system does not tell.
        Err(_) => Ok(from),
    }
}

#[cfg(not(target_os = "linux"))]
fn next_data(_: &File, from: u64) -> io::Result<u64> {
    Ok(from)
}
