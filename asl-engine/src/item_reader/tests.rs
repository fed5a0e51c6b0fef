use super::read;
use crate::value::Value;

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
        (r#"{"InputType": "JSON"}"#, r#"[{"b": 1, "a": 2}, null]"#, None, r#"[{"b": 1, "a": 2}, null]"#),
        (r#"{"InputType": "JSON"}"#, "[1, 2, 3]", Some(2), "[1, 2]"),
        (r#"{"InputType": "JSON", "ItemsPointer": "/a/b~1c"}"#, nested, None, "[[1, 2], [3]]"),
        (r#"{"InputType": "JSON", "ItemsPointer": "/a/b~1c/0"}"#, nested, None, "[1, 2]"),
        (r#"{"InputType": "JSONL"}"#, "{\"a\": 1}\n\n[2]\n3", None, r#"[{"a": 1}, [2], 3]"#),
        (r#"{"InputType": "JSONL"}"#, "1\n2\nbroken", Some(2), "[1, 2]"),
    ];
    for (config, bytes, max_items, items) in table {
        let read = read(bytes.as_bytes(), &value(config), *max_items).map(|items| items.to_json());
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
        (r#"{"InputType": "CSV"}"#, b"A\n\xff\n", "not UTF-8 text (byte 3)"),
        (r#"{"InputType": "JSON"}"#, br#"{"Hello": "world"}"#, "Attempting to map over non-iterable node."),
        (r#"{"InputType": "JSON", "ItemsPointer": "/b"}"#, br#"{"a": []}"#, "Attempting to map over non-iterable"),
        (r#"{"InputType": "JSON"}"#, b"[1", "not valid JSON"),
        (r#"{"InputType": "JSONL"}"#, b"1\n{", "Line 2 is not valid JSON"),
        (r#"{"InputType": "PARQUET"}"#, b"", "'PARQUET' is not supported"),
        ("{}", b"", "no InputType"),
    ];
    for (config, bytes, cause) in table {
        let error = read(bytes, &value(config), None).unwrap_err();
        assert_eq!(error.name(), "States.ItemReaderFailed", "{config}");
        assert!(error.cause.as_ref().is_some_and(|text| text.contains(cause)), "{config}: {error:?}");
    }
}

#[test]
fn rows_of_many_columns_keep_every_column() {
    let names: Vec<String> = (0..100).map(|at| format!("c{at}")).collect();
    let text = format!("{}\n{}\n", names.join(","), names.join(","));
    let items = read(text.as_bytes(), &value(r#"{"InputType": "CSV"}"#), None).unwrap();
    let row = items.as_array().unwrap()[0].as_object().unwrap();
    assert!(names.iter().all(|name| row.get(name).and_then(Value::as_str) == Some(name)));
    assert_eq!(row.len(), 100);
}
