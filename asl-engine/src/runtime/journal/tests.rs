//! What every journal promises, checked with each.

use super::*;
use crate::definition::Definition;
use crate::error::StatesError;
use crate::machine::TaskId;
use crate::value::Value;

const MACHINE: &str = "arn:aws:states:us-east-1:1:stateMachine:m";
const MAP_RUN: &str = "arn:aws:states:us-east-1:1:mapRun:m/l:r";

/// Does it with a memory journal, and with a durable one that is opened again before each look.
fn with_each(check: impl Fn(&dyn Fn(&dyn Fn(&dyn Journal)))) {
    let memory = MemoryJournal::default();
    check(&|look| look(&memory));
    #[cfg(feature = "durable")]
    for durability in [Durability::Commit, Durability::Interval(std::time::Duration::from_millis(5))] {
        let folder = tempfile::tempdir().unwrap();
        check(&|look| look(&DurableJournal::open(folder.path(), durability).unwrap()));
    }
}

fn program() -> Arc<Program> {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
    Definition::parse(text, &Default::default()).program.unwrap()
}

fn birth(sequence: u64, parent: Option<Parent>) -> Arc<Birth> {
    let input = Value::parse(r#"{"a": [1, 2.5, 18446744073709551615, "x", null, true]}"#).unwrap();
    let start = Start {
        input,
        input_text: Some("{ }".into()),
        execution_arn: arn(sequence),
        state_machine_arn: MACHINE.into(),
        seed: u64::MAX,
        ..Start::default()
    };
    let started = Timestamp::from_millis(1000 + sequence as i64);
    Arc::new(Birth { sequence, program: program(), start: Arc::new(start), started, parent })
}

fn arn(sequence: u64) -> Str {
    format!("arn:aws:states:us-east-1:1:execution:m:{sequence}").into()
}

fn end(at: i64, outcome: Outcome) -> End {
    End { at: Timestamp::from_millis(at), outcome, history: 3 }
}

fn succeeded(at: i64) -> End {
    end(at, Outcome::Succeeded { output: "done".into() })
}

fn happened(sequence: u64, number: u32) -> Entry {
    let deep = (0..100).fold(Value::from(1.0), |value, _| Value::from(vec![value]));
    let event = match number % 3 {
        0 => Event::Started,
        1 => Event::TaskSucceeded { task: TaskId(7), output: deep },
        _ => Event::TaskFailed { task: TaskId(8), error: StatesError::new("E", "why") },
    };
    let at = Timestamp::from_millis(i64::from(number));
    Entry::Happened { sequence, number, happened: Happened { at, digest: u64::MAX - u64::from(number), event } }
}

fn arns(kept: Vec<Kept>) -> Vec<Str> {
    kept.into_iter().map(|kept| kept.birth.start.execution_arn.clone()).collect()
}

#[test]
fn executions_are_found_as_they_were_written() {
    with_each(|journal| {
        let parent = Parent { execution_arn: arn(9), child: ChildId(3), map_run_arn: MAP_RUN.into(), items: 2 };
        let written = birth(1, Some(parent));
        journal(&|journal| {
            let entries = [Entry::Born(written.clone()), happened(1, 0), happened(1, 1), happened(1, 2)];
            journal.commit(&entries).unwrap();
        });
        journal(&|journal| {
            let found = journal.find(&arn(1)).unwrap().unwrap();
            assert_eq!((&found.birth.start, &found.birth.parent), (&written.start, &written.parent));
            assert_eq!((found.birth.sequence, found.birth.started), (1, written.started));
            assert_eq!(found.birth.program.source, written.program.source);
            assert_eq!(found.end, None);
            let events = journal.events(1, 0, 9).unwrap();
            let expected: Vec<_> = (0..3).map(|number| happened(1, number)).collect();
            for (event, expected) in events.iter().zip(&expected) {
                assert!(matches!(expected, Entry::Happened { happened, .. } if happened == event), "{event:?}");
            }
            assert_eq!(events.len(), 3);
            assert!(journal.find(&arn(2)).unwrap().is_none());
            assert!(journal.events(2, 0, 9).unwrap().is_empty());
        });
        journal(&|journal| journal.commit(&[Entry::Ended(written.clone(), succeeded(5))]).unwrap());
        journal(&|journal| {
            assert_eq!(journal.find(&arn(1)).unwrap().unwrap().end, Some(succeeded(5)));
            assert!(journal.unfinished().unwrap().is_empty());
        });
    });
}

#[test]
fn a_redriven_execution_has_not_ended_and_is_not_forgotten() {
    with_each(|journal| {
        let written = birth(1, None);
        let failed = end(5, Outcome::Failed(StatesError::named("E")));
        let ended = [Entry::Born(written.clone()), happened(1, 0), Entry::Ended(written.clone(), failed)];
        journal(&|journal| journal.commit(&ended).unwrap());
        let redrives = Arc::new(Redrives { count: 1, at: Some(Timestamp::from_millis(9)), tokens: vec![] });
        journal(&|journal| {
            let kept = journal.find(&arn(1)).unwrap().unwrap();
            let redriven = Entry::Redriven { kept: kept.clone(), redrives: redrives.clone() };
            journal.commit(&[redriven]).unwrap();
            // Somebody had decided to forget it before.
            journal.commit(&[Entry::Forgotten(kept)]).unwrap();
        });
        journal(&|journal| {
            let kept = journal.find(&arn(1)).unwrap().unwrap();
            assert_eq!((kept.end, kept.redrives), (None, redrives.clone()));
            assert_eq!(arns(journal.unfinished().unwrap()), [arn(1)]);
            assert_eq!((journal.ended_count(), journal.ended_first(9).unwrap().len()), (0, 0));
            assert_eq!(arns(journal.list(MACHINE, Some(Status::Running), None, 9).unwrap()), [arn(1)]);
            assert!(journal.list(MACHINE, Some(Status::Failed), None, 9).unwrap().is_empty());
            assert_eq!(arns(journal.list(MACHINE, None, None, 9).unwrap()), [arn(1)]);
            assert_eq!(journal.events(1, 0, 9).unwrap().len(), 1);
        });
        journal(&|journal| journal.commit(&[Entry::Ended(written.clone(), succeeded(11))]).unwrap());
        journal(&|journal| {
            let kept = journal.find(&arn(1)).unwrap().unwrap();
            assert_eq!((kept.end.clone(), kept.redrives.count), (Some(succeeded(11)), 1));
            journal.commit(&[Entry::Forgotten(kept)]).unwrap();
            assert!(journal.find(&arn(1)).unwrap().is_none());
        });
    });
}

#[test]
fn lists_are_by_status_newest_first_and_page_by_page() {
    with_each(|journal| {
        journal(&|journal| {
            let mut entries = Vec::new();
            for sequence in 1..=9 {
                entries.push(Entry::Born(birth(sequence, None)));
                // Some end in the commit in which they start.
                match sequence % 3 {
                    0 => entries.push(Entry::Ended(birth(sequence, None), succeeded(100 - sequence as i64))),
                    1 => {
                        let failed = end(200 + sequence as i64, Outcome::Failed(StatesError::named("E")));
                        entries.push(Entry::Ended(birth(sequence, None), failed));
                    }
                    _ => {}
                }
            }
            journal.commit(&entries).unwrap();
        });
        journal(&|journal| {
            let list = |status, before, limit| arns(journal.list(MACHINE, status, before, limit).unwrap());
            assert_eq!(list(None, None, 100), (1..=9).rev().map(arn).collect::<Vec<_>>());
            assert_eq!(list(None, Some(4), 2), [arn(3), arn(2)]);
            assert_eq!(list(Some(Status::Running), None, 100), [arn(8), arn(5), arn(2)]);
            assert_eq!(list(Some(Status::Succeeded), Some(9), 100), [arn(6), arn(3)]);
            assert_eq!(list(Some(Status::Failed), None, 1), [arn(7)]);
            assert_eq!(list(Some(Status::Aborted), None, 1), [] as [Str; 0]);
            assert!(journal.list("other", None, None, 1).unwrap().is_empty());
            assert_eq!(arns(journal.unfinished().unwrap()), [arn(2), arn(5), arn(8)]);
            let first: Vec<u64> = journal.ended_first(4).unwrap().into_iter().map(|(_, sequence)| sequence).collect();
            assert_eq!(first, [9, 6, 3, 1]);
            assert_eq!(journal.ended_count(), 6);
        });
    });
}

#[test]
fn what_is_forgotten_leaves_nothing_behind() {
    with_each(|journal| {
        let parent = Parent { execution_arn: arn(1), child: ChildId(1), map_run_arn: MAP_RUN.into(), items: 1 };
        journal(&|journal| {
            let map_run = Entry::MapRun { map_run_arn: MAP_RUN.into(), execution_arn: arn(1) };
            let (run, child) = (birth(1, None), birth(2, Some(parent.clone())));
            let ended = [Entry::Ended(run.clone(), succeeded(3)), Entry::Ended(child.clone(), succeeded(4))];
            journal.commit(&[Entry::Born(run), happened(1, 0), map_run, Entry::Born(child), happened(2, 0)]).unwrap();
            journal.commit(&ended).unwrap();
            assert_eq!(journal.map_run_of(MAP_RUN).unwrap(), Some(arn(1)));
            assert_eq!(arns(journal.list(MAP_RUN, None, None, 9).unwrap()), [arn(2)]);
        });
        journal(&|journal| {
            assert_eq!((journal.ended_count(), journal.ended_first(9).unwrap().len()), (2, 2));
            let forgotten = [1, 2].map(|number| Entry::Forgotten(journal.find(&arn(number)).unwrap().unwrap()));
            journal.commit(&forgotten).unwrap();
        });
        journal(&|journal| {
            assert!(journal.find(&arn(1)).unwrap().is_none() && journal.events(1, 0, 9).unwrap().is_empty());
            assert!(journal.list(MACHINE, None, None, 9).unwrap().is_empty());
            assert!(journal.list(MAP_RUN, None, None, 9).unwrap().is_empty());
            assert_eq!((journal.ended_count(), journal.ended_first(9).unwrap().len()), (0, 0));
            assert_eq!(journal.map_run_of(MAP_RUN).unwrap(), None);
        });
    });
}

#[test]
fn what_is_put_aside_is_there_again() {
    with_each(|journal| {
        let put = |key: &str, bytes: Option<&[u8]>| Entry::Put { key: key.into(), bytes: bytes.map(<[u8]>::to_vec) };
        journal(&|journal| {
            journal.commit(&[put("b", Some(b"2")), put("a", Some(b"1")), put("c", Some(b"3"))]).unwrap()
        });
        // Of two entries of one commit to one key the later counts.
        journal(&|journal| journal.commit(&[put("b", None), put("c", None), put("c", Some(b""))]).unwrap());
        journal(&|journal| {
            assert_eq!(journal.scan().unwrap(), [("a".to_owned(), b"1".to_vec()), ("c".to_owned(), Vec::new())]);
        });
    });
}

#[test]
fn sequences_grow() {
    with_each(|journal| {
        journal(&|journal| {
            let first = journal.next_sequence();
            assert!(journal.next_sequence() > first);
            journal.commit(&[Entry::Born(birth(first + 10, None))]).unwrap();
        });
        #[cfg(feature = "durable")]
        journal(&|journal| assert!(!journal.blocks() || journal.next_sequence() > 10));
    });
}

#[test]
fn a_bounded_memory_forgets_the_earliest() {
    let journal = MemoryJournal::keeping(2);
    for sequence in 1..=5 {
        let born = birth(sequence, None);
        journal.commit(&[Entry::Born(born.clone()), Entry::Ended(born, succeeded(sequence as i64))]).unwrap();
    }
    assert_eq!(arns(journal.list(MACHINE, None, None, 9).unwrap()), [arn(5), arn(4)]);
}

#[test]
fn what_is_not_kept_takes_no_more_than_so_many_bytes() {
    let large = Value::from("x".repeat(100_000));
    let output = |length| Outcome::Succeeded { output: if length == 0 { Value::Null } else { large.clone() } };
    let journal = MemoryJournal::passing(1_000, 1_000_000);
    let end = |sequence, length| {
        let born = birth(sequence, None);
        let end = End { at: Timestamp::from_millis(sequence as i64), outcome: output(length), history: 1 };
        journal.commit(&[Entry::Born(born.clone()), Entry::Ended(born, end)]).unwrap();
        journal.ended_count()
    };
    // A text of 100 KB counts for eight times as much.
    (1..=100).for_each(|sequence| assert_eq!(end(sequence, 0), sequence));
    assert_eq!(end(101, 100_000), 101);
    assert_eq!(end(102, 100_000), 1);
    assert_eq!(arns(journal.list(MACHINE, None, None, 9).unwrap()), [arn(102)]);
    assert_eq!(end(103, 0), 2);
}

#[cfg(feature = "durable")]
#[test]
fn a_directory_serves_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let first = DurableJournal::open(folder.path(), Durability::Commit).unwrap();
    let refused = DurableJournal::open(folder.path(), Durability::Commit).err().unwrap();
    assert_eq!(refused, JournalError::InUse { directory: folder.path().to_owned() });
    drop(first);
    assert!(DurableJournal::open(folder.path(), Durability::Commit).is_ok());
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = DurableJournal::open(file.path(), Durability::Commit).err().unwrap().to_string();
    assert!(refused.contains("cannot be opened"), "{refused}");
}

/// A journal of three commits, closed; its folder, its log, and how long the log is without the zeros behind it.
#[cfg(feature = "durable")]
fn closed() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let journal = DurableJournal::open(folder.path(), Durability::Commit).unwrap();
    for sequence in 1..=3 {
        journal.commit(&[Entry::Born(birth(sequence, None)), happened(sequence, 1)]).unwrap();
    }
    drop(journal);
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let log = files.into_iter().find(|path| path.extension().is_some_and(|it| it == "jnl")).unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1);
    (folder, log, bytes)
}

/// Where a text stands in the log.
#[cfg(feature = "durable")]
fn place(bytes: &[u8], text: &Str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

#[cfg(feature = "durable")]
#[test]
fn a_commit_that_was_written_in_part_is_cut_off() {
    let (_folder, _, whole) = closed();
    let third = place(&whole, &arn(3));
    // Its last byte, its end, half of it, all but its first bytes are missing.
    for (end, zeros) in
        [(whole.len() - 1, 5000), (whole.len() - 13, 0), ((third + whole.len()) / 2, 5000), (third + 3, 0)]
    {
        let (folder, log, mut bytes) = closed();
        assert_eq!(bytes.len(), whole.len());
        bytes.truncate(end);
        bytes.resize(end + zeros, 0);
        std::fs::write(&log, bytes).unwrap();
        let journal = DurableJournal::open(folder.path(), Durability::Commit).unwrap();
        assert_eq!(arns(journal.unfinished().unwrap()), [arn(1), arn(2)], "cut at {end} of {}", whole.len());
        // It goes on from there.
        journal.commit(&[Entry::Born(birth(4, None))]).unwrap();
        drop(journal);
        let journal = DurableJournal::open(folder.path(), Durability::Commit).unwrap();
        assert_eq!(arns(journal.unfinished().unwrap()), [arn(1), arn(2), arn(4)]);
    }
    // A page in the middle of the last commit did not reach the disk, but its end did.
    let (folder, log, mut bytes) = closed();
    bytes[third + 4] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let journal = DurableJournal::open(folder.path(), Durability::Commit).unwrap();
    assert_eq!(arns(journal.unfinished().unwrap()), [arn(1), arn(2)]);
}

#[cfg(feature = "durable")]
#[test]
fn damage_before_the_last_commit_stops_the_start_and_says_where() {
    let (folder, log, whole) = closed();
    let second = place(&whole, &arn(2));
    for change in [second, second - 40, second + 30] {
        let mut bytes = whole.clone();
        bytes[change] ^= 0x55;
        std::fs::write(&log, &bytes).unwrap();
        let refused = DurableJournal::open(folder.path(), Durability::Commit).err().unwrap();
        let JournalError::DamagedLog { log: named, at } = &refused else { panic!("{refused}") };
        assert_eq!(*named, log);
        assert_eq!(std::fs::read(&log).unwrap(), bytes, "nothing was changed");
        assert!((*at as usize) < second, "{at}");
        let advice = format!("truncate -s {at} {}", log.display());
        assert!(refused.to_string().contains(&advice), "{refused}");
        // What is advised helps.
        std::fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(*at).unwrap();
        let journal = DurableJournal::open(folder.path(), Durability::Commit).unwrap();
        assert_eq!(arns(journal.unfinished().unwrap()), [arn(1)]);
        drop(journal);
    }
}

#[test]
fn parked_executions_are_told_and_not_among_the_unfinished() {
    with_each(|journal| {
        let parked = Parked {
            sequence: 2,
            home: u64::MAX,
            timers: vec![(TimerId(1), Timestamp::from_millis(5)), (TimerId(4), Timestamp::from_millis(-5))],
            offered: vec![(TaskId(3), "arn:aws:states:us-east-1:1:activity:A".into())],
        };
        let told = |journal: &dyn Journal| {
            let mut told = Vec::new();
            journal.parked(&mut |parked| told.push(parked)).unwrap();
            told
        };
        journal(&|journal| {
            let born = [1, 2].map(|sequence| Entry::Born(birth(sequence, None)));
            journal.commit(&born).unwrap();
            journal.commit(&[Entry::Parked(parked.clone())]).unwrap();
        });
        journal(&|journal| {
            assert_eq!(told(journal), std::slice::from_ref(&parked));
            assert_eq!(arns(journal.unfinished().unwrap()), [arn(1)]);
            assert_eq!(journal.get(2).unwrap().unwrap().birth.start.execution_arn, arn(2));
            assert_eq!(arns(journal.list(MACHINE, Some(Status::Running), None, 9).unwrap()), [arn(2), arn(1)]);
        });
        // It wakes up and ends in one commit.
        journal(&|journal| {
            let ended = [Entry::Awake { sequence: 2 }, happened(2, 0), Entry::Ended(birth(2, None), succeeded(3))];
            journal.commit(&ended).unwrap();
        });
        journal(&|journal| {
            assert_eq!(told(journal), []);
            assert_eq!(arns(journal.unfinished().unwrap()), [arn(1)]);
        });
    });
}

#[test]
fn the_nearest_snapshot_is_found() {
    with_each(|journal| {
        let machine = machine::Machine::new(program(), (*birth(1, None).start).clone());
        let saved = |history: u64, events: u32| {
            let (machine, outstanding) = (machine.snapshot().into_owned(), Outstanding::default());
            Arc::new(Saved { history, events, machine, outstanding })
        };
        journal(&|journal| {
            journal.commit(&[Entry::Born(birth(1, None)), happened(1, 0)]).unwrap();
            for (history, events) in [(1000, 7), (2000, 20), (2000, 4020)] {
                journal.commit(&[Entry::Snapshot { sequence: 1, saved: saved(history, events) }]).unwrap();
            }
        });
        journal(&|journal| {
            let found = |history| journal.snapshot(1, history).unwrap().map(|saved| (saved.history, saved.events));
            assert_eq!(found(999), None);
            assert_eq!(found(1000), Some((1000, 7)));
            assert_eq!(found(1999), Some((1000, 7)));
            assert_eq!(found(2000), Some((2000, 4020)));
            assert_eq!(found(u64::MAX), Some((2000, 4020)));
            assert!(journal.snapshot(2, u64::MAX).unwrap().is_none());
        });
        journal(&|journal| {
            journal.commit(&[Entry::Ended(birth(1, None), succeeded(5))]).unwrap();
            let kept = journal.find(&arn(1)).unwrap().unwrap();
            journal.commit(&[Entry::Forgotten(kept)]).unwrap();
            assert!(journal.snapshot(1, u64::MAX).unwrap().is_none());
        });
    });
}

#[cfg(feature = "durable")]
#[test]
fn a_journal_whose_indexes_held_whole_arns_gets_new_ones() {
    use ::fjall::{Database, KeyspaceCreateOptions};
    let folder = tempfile::tempdir().unwrap();
    let open = || DurableJournal::open(folder.path(), Durability::Commit).unwrap();
    let parent = Parent { execution_arn: arn(1), child: ChildId(1), map_run_arn: MAP_RUN.into(), items: 1 };
    let (runs, child) = (birth(1, None), birth(2, Some(parent)));
    let entries = [Entry::Born(runs), Entry::Born(child.clone()), Entry::Ended(child, succeeded(4))];
    open().commit(&entries).unwrap();
    {
        let database = Database::builder(folder.path()).open().unwrap();
        let keyspace = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default).unwrap();
        for index in ["arns", "lists"] {
            keyspace(index).insert("an ARN", "1").unwrap();
        }
        // New ones may be there, too, and stale: the earlier version went on after an upgrade. Here it let the child end.
        let of_map_run = <sha2::Sha256 as sha2::Digest>::digest(MAP_RUN);
        let running = [&of_map_run[..16], &[Status::Running as u8], &2_u64.to_be_bytes()].concat();
        keyspace("lists_by_hash").insert(running, "").unwrap();
        keyspace("arns_by_hash").clear().unwrap();
    }
    for _ in 0..2 {
        let journal = open();
        let list = |of, status| arns(journal.list(of, status, None, 9).unwrap());
        assert_eq!(journal.find(&arn(2)).unwrap().unwrap().end, Some(succeeded(4)));
        assert_eq!((list(MACHINE, None), list(MACHINE, Some(Status::Running))), (vec![arn(1)], vec![arn(1)]));
        assert_eq!((list(MAP_RUN, None), list(MAP_RUN, Some(Status::Succeeded))), (vec![arn(2)], vec![arn(2)]));
        assert!(list(MAP_RUN, Some(Status::Running)).is_empty());
    }
    let database = Database::builder(folder.path()).open().unwrap();
    assert!(!database.keyspace_exists("arns") && !database.keyspace_exists("lists"));
}
