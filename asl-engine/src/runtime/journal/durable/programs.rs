//! The programs of executions, compiled of the sources that are kept.

use super::codec::{self, ProgramKey};
use super::tables::{Batch, Tables, read, written};
use crate::definition::{Program, ProgramSource};
use crate::runtime::journal::JournalError;
use std::collections::HashMap;
use std::sync::Arc;

/// The programs of executions. Each is compiled once.
#[derive(Default)]
pub(super) struct Programs {
    by_key: HashMap<ProgramKey, Arc<Program>>,
    /// Written by a commit that is under way.
    fresh: Vec<(usize, ProgramKey, Arc<Program>)>,
    /// By address: the program held beside it keeps that address taken.
    keys: HashMap<usize, (ProgramKey, Arc<Program>)>,
}

/// How many programs are held compiled, and how many have their keys remembered.
const PROGRAMS_HELD: usize = 1000;

impl Programs {
    /// The key of a program; its source is written with the first execution of it.
    pub(super) fn key<'a>(
        &mut self,
        program: &Arc<Program>,
        tables: &'a Tables,
        batch: &mut Batch<'a>,
    ) -> Result<ProgramKey, JournalError> {
        let address = Arc::as_ptr(program) as usize;
        if let Some((key, _)) = self.keys.get(&address) {
            return Ok(*key);
        }
        let not_kept = |reason: &str| written("programs")(reason.to_owned());
        let source = program.source.as_ref().ok_or_else(|| not_kept("the program has no definition of its own"))?;
        let key = codec::program_key(source);
        batch.insert(&tables.sources, key, codec::write(source).map_err(written("programs"))?);
        self.fresh.push((address, key, program.clone()));
        Ok(key)
    }

    /// What was written since the last time is kept, or is not.
    pub(super) fn settle(&mut self, kept: bool) {
        for (address, key, program) in std::mem::take(&mut self.fresh) {
            if kept {
                if self.keys.len() >= PROGRAMS_HELD {
                    self.keys.clear();
                }
                self.keys.insert(address, (key, program.clone()));
                self.hold(key, program);
            }
        }
    }

    pub(super) fn get(&mut self, key: &ProgramKey, tables: &Tables) -> Result<Arc<Program>, JournalError> {
        if let Some(program) = self.by_key.get(key) {
            return Ok(program.clone());
        }
        let name = key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let damaged =
            |reason: &str| JournalError::Damaged { table: "programs", key: name.clone(), reason: reason.to_owned() };
        let bytes = tables.sources.get(key).map_err(read("programs"))?;
        let bytes = bytes.ok_or_else(|| damaged("it is missing"))?;
        let source: ProgramSource = codec::read("programs", &name, &bytes)?;
        let program = source.compile().ok_or_else(|| damaged("this interpreter refuses the definition"))?;
        self.hold(*key, program.clone());
        Ok(program)
    }

    fn hold(&mut self, key: ProgramKey, program: Arc<Program>) {
        if self.by_key.len() >= PROGRAMS_HELD {
            self.by_key.clear();
        }
        self.by_key.insert(key, program);
    }
}
