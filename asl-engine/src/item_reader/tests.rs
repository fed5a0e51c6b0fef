use super::manifest::{self, ObjectName};
use super::{decompressed, read};
use crate::limits;
use crate::value::{Array, Value};
use std::io::{BufRead, Read, Write};

fn value(json: &str) -> Value {
    Value::parse(json).unwrap()
}

#[test]
fn objects_become_items() {
    let csv = "Value1,Value2,Value3\nValue4,Value5,Value6\n,,,\ntrue,1,'x'\nNull,None,\n   \n\n\"a,b\",\"c\"\"d\",é\n";
    let nested = r#"{"a": {"b/c": [[1, 2], [3]]}}"#;
    let table: &[(&str, &str, Option<u64>, &str)] = &[
        // Headers in the first row; a row in the order of its headers' hashes.
        (
            r#"{"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}"#,
            "0,True,{}\n1,2,3\n",
            None,
            r#"[{"0": "1", "{}": "3", "True": "2"}]"#,
        ),
        // An empty header is one.
        (r#"{"InputType": "CSV"}"#, "H1,\nx,y,z\n", None, r#"[{"": "y", "H1": "x"}]"#),
        // Given headers: what is beyond them is dropped, what is missing is empty.
        (
            r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["A", "B"]}"#,
            csv,
            None,
            r#"[{"A": "Value1", "B": "Value2"}, {"A": "Value4", "B": "Value5"}, {"A": "", "B": ""},
                {"A": "true", "B": "1"}, {"A": "Null", "B": "None"}, {"A": "   ", "B": ""}, {"A": "a,b", "B": "c\"d"}]"#,
        ),
        (r#"{"InputType": "CSV"}"#, "A\n1\n2\n3\n", Some(2), r#"[{"A": "1"}, {"A": "2"}]"#),
        (r#"{"InputType": "CSV"}"#, "A\n", None, "[]"),
        (r#"{"InputType": "CSV"}"#, "", None, "[]"),
        (r#"{"InputType": "CSV"}"#, "\u{feff}A\r\n1\r\n", None, r#"[{"A": "1"}]"#),
        (r#"{"InputType": "CSV", "CSVDelimiter": "TAB"}"#, "A\tB\n1\t2,3\n", None, r#"[{"A": "1", "B": "2,3"}]"#),
        (r#"{"InputType": "CSV", "CSVDelimiter": "PIPE"}"#, "A|B\n1|2\n", None, r#"[{"A": "1", "B": "2"}]"#),
        (r#"{"InputType": "CSV", "CSVDelimiter": "SEMICOLON"}"#, "A;B\n1;2\n", None, r#"[{"A": "1", "B": "2"}]"#),
        (r#"{"InputType": "CSV", "CSVDelimiter": "SPACE"}"#, "A B\n1 2\n", None, r#"[{"A": "1", "B": "2"}]"#),
        // Newlines and delimiters within quotation marks, repeated quotation marks, backslashes.
        (
            r#"{"InputType": "CSV"}"#,
            "a,b,c\r\n\"x,\ny\",{\"\"k\"\":1},\"[1,2]\"\r\nC:\\\\Files\\\\F.exe,1\\,2,\\q\\\"\n",
            None,
            r#"[{"a": "x,\ny", "b": "{\"k\":1}", "c": "[1,2]"}, {"a": "C:\\Files\\F.exe", "b": "1,2", "c": "q\""}]"#,
        ),
        (r#"{"InputType": "CSV"}"#, "a,b\n\"\",\"\"\"q\"\"\"", None, r#"[{"a": "", "b": "\"q\""}]"#),
        (r#"{"InputType": "JSON"}"#, r#"[{"b": 1, "a": 2}, null]"#, None, r#"[{"b": 1, "a": 2}, null]"#),
        (r#"{"InputType": "JSON"}"#, "[1, 2, 3]", Some(2), "[1, 2]"),
        (r#"{"InputType": "JSON", "ItemsPointer": "/a/b~1c"}"#, nested, None, "[[1, 2], [3]]"),
        (r#"{"InputType": "JSON", "ItemsPointer": "/a/b~1c/0"}"#, nested, None, "[1, 2]"),
        (r#"{"InputType": "JSONL"}"#, "{\"a\": 1}\n\n[2]\n3", None, r#"[{"a": 1}, [2], 3]"#),
        (r#"{"InputType": "JSONL"}"#, "1\n2\nbroken", Some(2), "[1, 2]"),
    ];
    for (config, bytes, max_items, items) in table {
        let read = read(bytes.as_bytes(), &value(config), *max_items).map(|items| Value::Array(items).to_json());
        assert_eq!(read, Ok(value(items).to_json()), "{config} {bytes:?}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let table: &[(&str, &[u8], &str)] = &[
        (
            r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["A", "A"]}"#,
            b"1,2",
            "CSV headers cannot contain duplicates.",
        ),
        (r#"{"InputType": "CSV"}"#, b"A,B,A\n", "CSV headers cannot contain duplicates."),
        (r#"{"InputType": "CSV", "CSVDelimiter": "DOT"}"#, b"", "The CSVDelimiter 'DOT' is not known"),
        (r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}"#, b"", "CSVHeaders is not"),
        (r#"{"InputType": "CSV"}"#, b"A\n\xff\n", "Line 2 of the object is not UTF-8"),
        (r#"{"InputType": "CSV"}"#, b"A\n\"1\n2\n", "still open at line 3"),
        (r#"{"InputType": "JSON"}"#, b"[\xff]", "not UTF-8 text (byte 2)"),
        (r#"{"InputType": "JSON", "ItemsPointer": "/01"}"#, b"[[], []]", "Attempting to map over non-iterable"),
        (r#"{"InputType": "JSON"}"#, br#"{"Hello": "world"}"#, "Attempting to map over non-iterable node."),
        (r#"{"InputType": "JSON", "ItemsPointer": "/b"}"#, br#"{"a": []}"#, "Attempting to map over non-iterable"),
        (r#"{"InputType": "JSON"}"#, b"[1", "not valid JSON"),
        (r#"{"InputType": "JSONL"}"#, b"1\n{", "Line 2 of the object is not valid JSON"),
        (r#"{"InputType": "ORC"}"#, b"", "'ORC' is not supported"),
        ("{}", b"", "no InputType"),
    ];
    for (config, bytes, cause) in table {
        let error = read(*bytes, &value(config), None).unwrap_err();
        assert_eq!(error.name(), "States.ItemReaderFailed", "{config}");
        assert!(error.cause.as_ref().is_some_and(|text| text.contains(cause)), "{config}: {error:?}");
    }
}

#[test]
fn rows_of_many_columns_keep_every_column() {
    let names: Vec<String> = (0..100).map(|at| format!("c{at}")).collect();
    let text = format!("{}\n{}\n", names.join(","), names.join(","));
    let items = read(text.as_bytes(), &value(r#"{"InputType": "CSV"}"#), None).unwrap();
    let row = items[0].as_object().unwrap();
    assert!(names.iter().all(|name| row.get(name).and_then(Value::as_str) == Some(name)));
    assert_eq!(row.len(), 100);
}

/// A text without end, which nobody may read to its end.
fn endless(line: &'static str) -> impl BufRead {
    struct Endless(&'static [u8], usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            for byte in buffer.iter_mut() {
                *byte = self.0[self.1 % self.0.len()];
                self.1 += 1;
            }
            Ok(buffer.len())
        }
    }
    std::io::BufReader::new(Endless(line.as_bytes(), 0))
}

#[test]
fn no_more_is_read_than_is_needed() {
    let items = read(
        endless("1,2\n"),
        &value(r#"{"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"]}"#),
        Some(3),
    );
    assert_eq!(items.unwrap().len(), 3);
    assert_eq!(read(endless("{}\n"), &value(r#"{"InputType": "JSONL"}"#), Some(3)).unwrap().len(), 3);
    // An item that does not end is refused before it fills the memory.
    for (config, text) in [("CSV", "x"), ("CSV", "\"x\n"), ("JSONL", "[")] {
        let text = if text.starts_with('"') {
            Box::new(std::io::Cursor::new("\"").chain(endless("x\n"))) as Box<dyn BufRead>
        } else {
            Box::new(endless(text))
        };
        let config = format!(r#"{{"InputType": "{config}", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"]}}"#);
        let error = read(text, &value(&config), None).unwrap_err();
        assert!(error.cause.unwrap().contains(&limits::READ_ITEM_BYTES_MAX.to_string()), "{config}");
    }
}

fn unpacked(key: &str, bytes: &[u8]) -> Result<Array, crate::StatesError> {
    read(decompressed(key, bytes)?, &value(r#"{"InputType": "JSONL"}"#), None)
}

#[test]
fn compressed_objects_are_unpacked_by_their_names() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"1\n2\n").unwrap();
    assert_eq!(unpacked("a/b.jsonl.gz", &gzip.finish().unwrap()).unwrap().len(), 2);
    let zstd = ruzstd::encoding::compress_to_vec(&b"1\n2\n3\n"[..], ruzstd::encoding::CompressionLevel::Fastest);
    assert_eq!(unpacked("b.jsonl.zst", &zstd).unwrap().len(), 3);
    assert_eq!(unpacked("b.jsonl.zstd", &zstd).unwrap().len(), 3);
    assert_eq!(unpacked("b.jsonl", b"1").unwrap().len(), 1);
    for key in ["a.gz", "a.zst"] {
        assert_eq!(unpacked(key, b"plain").unwrap_err().name(), "States.ItemReaderFailed", "{key}");
    }
}

#[test]
fn manifests_name_objects() {
    let inventory = r#"{"destinationBucket": "arn:aws:s3:::inventory", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "p/data/1.csv.gz", "size": 7300}, {"key": "p/data/2.csv.gz"}]}"#;
    let config = value(r#"{"InputType": "MANIFEST", "ManifestType": "S3_INVENTORY", "MaxItems": 5}"#);
    let (files, config) = manifest::inventory(inventory.as_bytes(), &config).unwrap();
    let name = |bucket: &str, key: &str| ObjectName { bucket: bucket.to_owned(), key: key.to_owned() };
    assert_eq!(files, [name("inventory", "p/data/1.csv.gz"), name("inventory", "p/data/2.csv.gz")]);
    let items = read(&b"\"b\",\"k/1\",\"7\"\n"[..], &config, None).unwrap();
    assert_eq!(Value::Array(items), value(r#"[{"Bucket": "b", "Key": "k/1", "Size": "7"}]"#));
    for (manifest, cause) in [
        (inventory.replace("CSV", "ORC"), "has the format ORC"),
        (inventory.replace("fileSchema", "x"), "no 'fileSchema'"),
        (inventory.replace("\"key\"", "\"x\""), "no 'key'"),
    ] {
        let error = manifest::inventory(manifest.as_bytes(), &value("{}")).unwrap_err();
        assert!(error.cause.as_ref().is_some_and(|text| text.contains(cause)), "{error:?}");
    }
    let athena = manifest::athena(&b"s3://b/q/1.gz\ns3://b/q/2.gz\n"[..]).unwrap();
    assert_eq!(athena, [name("b", "q/1.gz"), name("b", "q/2.gz")]);
    assert!(manifest::athena(&b"s3://b/1\nhttp://b/2\n"[..]).unwrap_err().cause.unwrap().contains("Line 2"));
}
