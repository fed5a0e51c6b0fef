use super::*;
use crate::query::testing::{json, with_input};
use proptest::prelude::*;

/// The path's value as JSON text, or the cause.
fn evaluate(path: &str, input: &str) -> String {
    let input = json(input);
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error} at {}", error.offset));
    with_input(&input, |scope| match path.evaluate(scope) {
        Ok(value) => value.to_json(),
        Err(error) => error.error.cause.unwrap_or_default().to_string(),
    })
}

const STORE: &str = r#"{"store":{"book":[
    {"title":"A","price":8.95,"tags":["x","y"],"isbn":"1"},
    {"title":"B","price":12,"tags":[],"k-1":null},
    {"title":"C","price":8,"tags":["y"],"stock":{"n":2}}],
    "bicycle":{"color":"red","price":20}}}"#;

#[test]
fn definite_paths_yield_one_value() {
    let input = r#"{"a":{"b":[1,2,3]},".k":1,"k-1":2,"n":null,"x y":3,"Test\\\"\"Name\"":4,"é":5}"#;
    for (path, expected) in [
        ("$.a.b", "[1,2,3]"),
        ("$.a.b[0]", "1"),
        ("$.a.b[-1]", "3"),
        ("$.['a'].b", "[1,2,3]"),
        ("$['a']['b'][1]", "2"),
        (r#"$["a"].b.[2]"#, "3"),
        ("$['.k']", "1"),
        ("$.k-1", "2"),
        ("$.n", "null"),
        ("$['x y']", "3"),
        ("$.é", "5"),
        (r#"$['Test\""Name"']"#, "4"),
        (r#"$["Test\\\"\"Name\""]"#, "4"),
        ("$['a','k-1','nope']", r#"{"a":{"b":[1,2,3]},"k-1":2}"#),
        ("$.a.b.length()", "3"),
        ("$.a.b.sum()", "6.0"),
        ("$.a.b.min()", "1.0"),
        ("$.a.b.max()", "3.0"),
        ("$.a.b.avg()", "2.0"),
        ("$.a.b.first()", "1"),
        ("$.a.b.last()", "3"),
        ("$.a.keys()", r#"["b"]"#),
        ("$$.Execution.Name", r#""e1""#),
        ("$order.lines[0].sku", r#""x""#),
        ("$order['id']", "7"),
    ] {
        assert_eq!(evaluate(path, input), expected, "{path}");
    }
}

#[test]
fn definite_paths_that_match_nothing_fail() {
    for (path, input, expected) in [
        ("$.no.such.result.path", "{}", "Missing property in path $['no']"),
        ("$.Payload", "{}", "No results for path: $['Payload']"),
        ("$.a.b", r#"{"a":{}}"#, "No results for path: $['a']['b']"),
        ("$.a[5]", r#"{"a":[1]}"#, "No results for path: $['a'][5]"),
        ("$.a[0].b", r#"{"a":1}"#, "Filter: [0]['b'] can only be applied to arrays. Current context is: 1"),
        ("$.a[0]", r#"{"a":{"b":"c"}}"#, "Filter: [0] can only be applied to arrays. Current context is: {b=c}"),
        ("$.a[0]", r#"{"a":null}"#, "The path $['a'] is null"),
        (
            "$.a.b",
            r#"{"a":"text"}"#,
            "Expected to find an object with property ['b'] in path $['a'] but found 'java.lang.String'. This is not a \
             json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'.",
        ),
        ("$.a.sum()", r#"{"a":[]}"#, "No results for path: $['a'].sum()"),
        ("$nothing", "{}", "No results for path: $"),
    ] {
        assert_eq!(evaluate(path, input), format!("Invalid path '{path}' : {expected}"), "{path}");
    }
}

#[test]
fn indefinite_paths_yield_a_list() {
    for (path, expected) in [
        ("$.store.book[*].title", r#"["A","B","C"]"#),
        ("$.store.book[0,2].title", r#"["A","C"]"#),
        ("$.store.book[1:].title", r#"["B","C"]"#),
        ("$.store.book[:1].title", r#"["A"]"#),
        ("$.store.book[-2:].title", r#"["B","C"]"#),
        ("$.store.book[:-1].title", r#"["A","B"]"#),
        ("$.store.book[0:2].title", r#"["A","B"]"#),
        ("$.store.book[5:9].title", "[]"),
        ("$..price", "[8.95,12,8,20]"),
        ("$..book[0].title", r#"["A"]"#),
        ("$.store.*.color", r#"["red"]"#),
        ("$..*.n", "[2]"),
        ("$.store.book[*]['title','isbn']", r#"[{"title":"A","isbn":"1"},{"title":"B"},{"title":"C"}]"#),
        ("$.store['book','bicycle'].color", r#"["red"]"#),
        ("$..['title','isbn']", r#"[{"title":"A","isbn":"1"}]"#),
        ("$..price.sum()", "48.95"),
        ("$..book.length()", "1"),
        ("$.store.book[*].tags.length()", "[2,0,1]"),
        ("$.none[*]", "[]"),
        ("$.none.more[1:].x", "[]"),
        ("$.store.bicycle.color[*]", "[]"),
    ] {
        assert_eq!(evaluate(path, STORE), expected, "{path}");
    }
}

#[test]
fn filters_choose() {
    for (filter, expected) in [
        ("@.price < 10", "AC"),
        ("@.price<=8.95", "AC"),
        ("@.price > 8 && @.price != 12", "A"),
        ("@.price == 12 || @.title == 'A'", "AB"),
        ("@.isbn", "A"),
        ("!(@.isbn)", "BC"),
        ("!@.isbn", "BC"),
        ("@.k-1", "B"),
        ("@['k-1'] == null", "B"),
        ("@.isbn == 1", "A"),
        ("@.isbn === 1", ""),
        ("@.price == '12'", "B"),
        ("@.missing == null", ""),
        ("@.missing != 1", "ABC"),
        ("@.title in ['A', \"C\"]", "AC"),
        ("@.title nin ['A','C']", "B"),
        ("@.tags contains 'y'", "AC"),
        ("@.title contains 'B'", "B"),
        ("@.tags subsetof ['y','z']", "BC"),
        ("@.tags anyof ['x']", "A"),
        ("@.tags noneof ['x']", "BC"),
        ("@.tags all ['x','y']", "A"),
        ("@.tags size 2", "A"),
        ("@.tags empty true", "B"),
        ("@.tags empty false", "AC"),
        ("@.title =~ /[ab]/i", "AB"),
        ("@.title =~ /a/", ""),
        ("@.tags =~ /x.*/", "A"),
        ("@.tags.length() > 0", "AC"),
        ("@.price > $.store.book[2].price", "AB"),
        ("@.stock.n == 2", "C"),
        ("@.tags[?(@ == 'x')].length() == 1", ""),
        ("(@.price > 1 && (@.price < 9)) && !(@.title == 'C')", "A"),
        ("1 == 1", "ABC"),
    ] {
        let found = evaluate(&format!("$.store.book[?({filter})].title"), STORE);
        let expected: Vec<String> = expected.chars().map(|title| format!("\"{title}\"")).collect();
        assert_eq!(found, format!("[{}]", expected.join(",")), "{filter}");
    }
    // A filter applies to an object itself.
    assert_eq!(evaluate("$.store.bicycle[?(@.color == 'red')].price", STORE), "[20]");
    assert_eq!(evaluate("$..[?(@.price > 10)].price", STORE), "[12,20]");
}

#[test]
fn a_pattern_that_backtracks_without_end_matches_nothing() {
    let input = format!(r#"[{{"a":"{}!"}}]"#, "a".repeat(60));
    assert_eq!(evaluate(r"$[?(@.a =~ /(?:(a+)+)+\1b/)]", &input), "[]");
}

#[test]
fn a_path_that_multiplies_without_end_fails() {
    let input = format!("{}{}", "[".repeat(100), "]".repeat(100));
    for path in ["$..*..*..*..*..*", "$..[?(@..[?(@..[?(@..[?(@.length() < 0)])])])]"] {
        let cause = evaluate(path, &input);
        assert!(cause.contains("visits more than"), "{cause}");
    }
}

#[test]
fn broken_paths_are_refused_with_the_place() {
    for (path, offset, message) in [
        ("", 0, "begins with `$`"),
        ("a.b", 0, "begins with `$`"),
        ("$.", 1, "does not end with `.`"),
        ("$..", 1, "does not end with `.`"),
        ("$...a", 3, "a member name is missing"),
        ("$.a b", 3, "name with spaces"),
        ("$[", 1, "never closed"),
        ("$['a", 2, "quote is never closed"),
        ("$[a]", 2, "whole number"),
        ("$[99999999999]", 2, "whole number"),
        ("$[::2]", 3, "no step"),
        ("$[1:5:2]", 5, "no step"),
        ("$[:]", 2, "names its begin or its end"),
        ("$[0]x", 4, "`.` or `[`"),
        ("$.a.nope()", 4, "no function"),
        ("$.a.length().b", 12, "nothing follows"),
        ("$[?(@.a ~ 1)]", 8, "operator is expected"),
        ("$[?(@.a == )]", 11, "is expected"),
        ("$[?(@.a =~ 'x')]", 11, "needs one pattern"),
        ("$[?(@.a =~ /(/)]", 11, "the pattern `(`"),
        ("$[?(@.a empty 1)]", 14, "`true` or `false`"),
        ("$[?('a')]", 4, "compares a path"),
        ("$[?(@.a", 7, "operator is expected"),
        ("$1a", 1, "no variable name"),
    ] {
        let error = Path::parse(path).expect_err(path);
        assert!(error.message.contains(message), "{path}: {error}");
        assert_eq!(error.offset, offset, "{path}: {error}");
    }
    let deep = format!("$[?({}@.a{})]", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Path::parse(&deep).unwrap_err().message.contains("nests at most"));
}

#[test]
fn reference_fields_fail_in_their_own_words() {
    for (path, input, expected) in [
        ("$.d.objects", r#"{"d":{"code":500}}"#, r#"Unable to apply step "objects" to input {"d":{"code":500}}"#),
        ("$.x", "[1]", r#"Unable to apply step "x" to input [1]"#),
        ("$.x", r#""text""#, r#"Unable to apply ReferencePath $.x to input "text""#),
    ] {
        let input = json(input);
        let error = with_input(&input, |scope| Path::parse(path).unwrap().evaluate_reference(scope)).unwrap_err().error;
        assert_eq!((error.name(), error.cause.as_deref()), ("States.ReferencePathConflict", Some(expected)));
    }
}

#[test]
fn reference_paths_write() {
    for (path, input, expected) in [
        ("$", r#"{"a":1}"#, "9"),
        ("$.x", r#"{"a":1}"#, r#"{"a":1,"x":9}"#),
        ("$.a", r#"{"a":1,"b":2}"#, r#"{"a":9,"b":2}"#),
        ("$.x.y.z", r#"{"a":1}"#, r#"{"a":1,"x":{"y":{"z":9}}}"#),
        ("$['x']['y.z']", "{}", r#"{"x":{"y.z":9}}"#),
        ("$.a[1]", r#"{"a":[1,2]}"#, r#"{"a":[1,9]}"#),
        ("$[0].x", "[{}]", r#"[{"x":9}]"#),
        ("$.x", "null", r#"{"x":9}"#),
    ] {
        let written = ReferencePath::parse(path).unwrap().write(json(input), json("9"));
        assert_eq!(written.unwrap().to_json(), expected, "{path}");
    }
    for (path, input, cause) in [
        ("$.x", r#""input1""#, r#"Unable to apply ReferencePath $.x to input "input1""#),
        ("$.a.b", r#"{"a":1}"#, r#"Unable to apply ReferencePath $.a.b to input {"a":1}"#),
        ("$.x", "[]", r#"Unable to apply step "x" to input []"#),
        ("$.a[2]", r#"{"a":[1,2]}"#, r#"Unable to apply step "2" to input {"a":[1,2]}"#),
        ("$.b[0]", "{}", r#"Unable to apply step "0" to input {}"#),
    ] {
        let error = ReferencePath::parse(path).unwrap().write(json(input), json("9")).unwrap_err();
        assert_eq!((error.name(), error.cause.as_deref()), ("States.ReferencePathConflict", Some(cause)), "{path}");
    }
}

#[test]
fn reference_paths_identify_one_place() {
    for path in ["$.*", "$..a", "$[0,1]", "$[1:2]", "$['a','b']", "$[-1]", "$[?(@.a)]", "$.a.length()", "$$.a", "a"] {
        assert!(ReferencePath::parse(path).is_err(), "{path}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0_i64..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(|text| Value::String(text.into())),
    ];
    scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| items.into_iter().collect()),
            prop::collection::vec(("[abc]", inner), 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
            }),
        ]
    })
}

/// Text with the characters that matter.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        r#"\$[$.\[\]'"()?@&|!=<>~/*,:\-+0-9a-c \\{}é]{0,24}"#,
        r#"\$\[\?\([$.\[\]'"()@&|!=<>~/*,:0-9a-cin \\]{0,24}\)\]"#,
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_and_evaluates(text in any_text(), input in any_json()) {
        if let Ok(path) = Path::parse(&text) {
            with_input(&input, |scope| path.evaluate(scope)).ok();
        }
        if let Err(error) = Path::parse(&text) {
            prop_assert!(text.is_char_boundary(error.offset), "{} in {text:?}", error.offset);
        }
        if let Ok(path) = ReferencePath::parse(&text) {
            path.write(input.clone(), input).ok();
        }
    }

    /// What is written at a Reference Path is read there again, and nothing else changes at the top.
    #[test]
    fn what_is_written_is_read(
        steps in prop::collection::vec(prop_oneof![r"\PC{1,3}".prop_map(Ok), (0_usize..3).prop_map(Err), "[abc]".prop_map(Ok)], 0..4),
        input in any_json(),
        result in any_json(),
    ) {
        let mut path = String::from("$");
        for step in &steps {
            path += &match step {
                Ok(name) => format!("['{}']", name.replace('\\', r"\\").replace('\'', r"\'")),
                Err(index) => format!("[{index}]"),
            };
        }
        let written = ReferencePath::parse(&path).unwrap().write(input.clone(), result.clone());
        if let Ok(written) = written {
            let read = with_input(&written, |scope| Path::parse(&path).unwrap().find(scope));
            prop_assert_eq!(read, Some(result));
            if let (Some(Ok(first)), Some(before)) = (steps.first(), input.as_object()) {
                for (name, member) in before.iter().filter(|(name, _)| name.as_str() != first) {
                    prop_assert_eq!(written.get(name), Some(member));
                }
            }
        }
    }

    /// Where AWS's dialect and RFC 9535 agree, an independent implementation finds the same nodes.
    #[test]
    fn agrees_with_rfc_9535_on_common_ground(
        steps in prop::collection::vec(
            prop_oneof![
                Just(".a"), Just(".b"), Just("['c']"), Just("[0]"), Just("[-1]"), Just("[*]"), Just(".*"),
                Just("[0,1]"), Just("[1:]"), Just("[:2]"), Just("[0:2]"), Just("[-2:]"), Just("..a"), Just("..[0]"), Just("..*"),
            ],
            1..5,
        ),
        input in any_json(),
    ) {
        use jsonpath_rust::JsonPath;
        let text = format!("${}", steps.concat());
        let path = Path::parse(&text).unwrap();
        let document: serde_json::Value = serde_json::from_str(&input.to_json()).unwrap();
        let mut expected: Vec<String> = document.query(&text).unwrap().iter().map(ToString::to_string).collect();
        let found = with_input(&input, |scope| path.find(scope));
        let mut found: Vec<String> = match found {
            Some(Value::Array(items)) if !path.is_definite() => items.iter().map(Value::to_json).collect(),
            found => found.iter().map(Value::to_json).collect(),
        };
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected, "{}", text);
    }
}
