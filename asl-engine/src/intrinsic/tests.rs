use super::*;
use crate::query::testing::{json, with_input};
use proptest::prelude::*;

/// The call's value as JSON text, or what the function says of the error.
fn evaluate(call: &str, input: &str) -> String {
    let input = json(input);
    let parsed = Intrinsic::parse(call).unwrap_or_else(|error| panic!("{call}: {error} at {}", error.offset));
    with_input(&input, |scope| match parsed.evaluate(scope) {
        Ok(value) => value.to_json(),
        Err(error) => {
            assert_eq!(error.error.name(), "States.Runtime");
            let cause = error.error.cause.unwrap_or_default();
            let beginning = format!("The function '{call}' had the following error: ");
            cause.strip_prefix(&beginning).unwrap_or_else(|| panic!("{cause}")).to_owned()
        }
    })
}

const FORMAT_COUNT: &str = "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}";

#[test]
fn texts() {
    let input = r#"{"t":"Hello, {}!","n":"Ana","o":{"Arg1":1,"Arg2":[]},"s":"This.is+a,test=string","d":".+,="}"#;
    for (call, expected) in [
        ("States.Format('a')", r#""a""#),
        ("States.Format('{} and {}', $.n, 1)", r#""Ana and 1""#),
        ("States.Format('{}{}', 1.0, 1e10)", r#""1.01.0E10""#),
        ("States.Format('{} {} {}', true, null, -2)", r#""true null -2""#),
        ("States.Format('{}', $.o)", r#""{Arg1=1, Arg2=[]}""#),
        (
            "States.Format('fst={} and snd={}.', $$.Execution.Name, $$.StateMachine)",
            r#""fst=e1 and snd={Id=arn:m, Name=m}.""#,
        ),
        ("States.Format($.t, $order.id)", r#""Hello, 7!""#),
        (r"States.Format('it\'s \{\} \\ {}', 'x')", r#""it's {} \\ x""#),
        ("States.Format('{a} {}', 'x')", r#""{a} x""#),
        ("States.Format('{}')", FORMAT_COUNT),
        ("States.Format('', 1)", FORMAT_COUNT),
        ("States.Format($.o)", "Invalid arguments in States.Format"),
        ("States.StringSplit($.s, $.d)", r#"["This","is","a","test","string"]"#),
        ("States.StringSplit('1,2,,3', ',')", r#"["1","2","3"]"#),
        ("States.StringSplit('', ',')", "[]"),
        ("States.StringSplit('abc', '')", r#"["abc"]"#),
        ("States.StringSplit(1, ',')", "Invalid arguments in States.StringSplit"),
    ] {
        assert_eq!(evaluate(call, input), expected, "{call}");
    }
}

#[test]
fn json_texts_and_objects() {
    let input = r#"{"a":{"x":1,"y":{"p":1}},"b":{"y":{"q":2},"z":3},"text":"{\"Arg1\": 1, \"Arg2\": []}"}"#;
    for (call, expected) in [
        ("States.StringToJson('')", "null"),
        ("States.StringToJson(' ')", "null"),
        ("States.StringToJson('-0')", "0"),
        ("States.StringToJson('1.1')", "1.1"),
        ("States.StringToJson('1.0')", "1.0"),
        (r#"States.StringToJson('"x"')"#, r#""x""#),
        ("States.StringToJson($.text)", r#"{"Arg1":1,"Arg2":[]}"#),
        ("States.StringToJson('{')", "Invalid arguments in States.StringToJson"),
        ("States.StringToJson($.a)", "Invalid arguments in States.StringToJson"),
        ("States.JsonToString($.a)", r#""{\"x\":1,\"y\":{\"p\":1}}""#),
        ("States.JsonToString('x')", r#""\"x\"""#),
        ("States.JsonMerge($.a, $.b, false)", r#"{"x":1,"y":{"q":2},"z":3}"#),
        ("States.JsonMerge($.a, $.b, true)", "Invalid arguments in States.JsonMerge"),
        ("States.JsonMerge($.a, 1, false)", "Invalid arguments in States.JsonMerge"),
        (
            r#"States.JsonMerge(States.StringToJson('{"constant_in_literal": "false"}'), $.a.y, false)"#,
            r#"{"constant_in_literal":"false","p":1}"#,
        ),
    ] {
        assert_eq!(evaluate(call, input), expected, "{call}");
    }
}

#[test]
fn arrays() {
    let input = r#"{"a":[1,2,3,4,5],"m":[null,null,true,1,1.0,1,"1",[],[],{"a":1,"b":2},{"b":2,"a":1},{"a":1}]}"#;
    let wrong = "Invalid arguments in States.";
    for (call, expected) in [
        ("States.Array()", "[]".to_owned()),
        ("States.Array('a', 1, null, $.a[0])", r#"["a",1,null,1]"#.to_owned()),
        ("States.ArrayPartition($.a, 2)", "[[1,2],[3,4],[5]]".to_owned()),
        ("States.ArrayPartition($.a, 9)", "[[1,2,3,4,5]]".to_owned()),
        ("States.ArrayPartition($.a, 1.5)", "[[1,2],[3,4],[5]]".to_owned()),
        ("States.ArrayPartition($.a, 0)", format!("{wrong}ArrayPartition")),
        ("States.ArrayPartition($.a, -1)", format!("{wrong}ArrayPartition")),
        ("States.ArrayContains($.a, 5)", "true".to_owned()),
        ("States.ArrayContains($.m, $.m[9])", "true".to_owned()),
        ("States.ArrayContains($.a, '5')", "false".to_owned()),
        ("States.ArrayContains('a', 'a')", format!("{wrong}ArrayContains")),
        ("States.ArrayRange(0, 9, 3)", "[0,3,6,9]".to_owned()),
        ("States.ArrayRange(0, 10, 3)", "[0,3,6,9]".to_owned()),
        ("States.ArrayRange(1, 9, 9)", "[1]".to_owned()),
        ("States.ArrayRange(3, 1, -1)", "[3,2,1]".to_owned()),
        ("States.ArrayRange(3, 1, 1)", "[]".to_owned()),
        ("States.ArrayRange(1, 3, 0)", format!("{wrong}ArrayRange")),
        ("States.ArrayRange(1, 1001, 1)", format!("{wrong}ArrayRange")),
        ("States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)", format!("{wrong}ArrayRange")),
        (
            "States.ArrayRange(-9223372036854775807, 9223372036854775807, 9223372036854775807)",
            "[-9223372036854775807,0,9223372036854775807]".to_owned(),
        ),
        ("States.ArrayLength(States.ArrayRange(1, 1000, 1))", "1000".to_owned()),
        ("States.ArrayGetItem($.a, 4)", "5".to_owned()),
        ("States.ArrayGetItem($.a, 5)", format!("{wrong}ArrayGetItem")),
        ("States.ArrayGetItem($.a, -1)", format!("{wrong}ArrayGetItem")),
        ("States.ArrayLength($.a)", "5".to_owned()),
        ("States.ArrayLength('a')", format!("{wrong}ArrayLength")),
        ("States.ArrayUnique($.m)", r#"[null,true,1,1.0,"1",[],{"a":1,"b":2},{"a":1}]"#.to_owned()),
        ("States.ArrayUnique(1)", format!("{wrong}ArrayUnique")),
    ] {
        assert_eq!(evaluate(call, input), expected, "{call}");
    }
}

#[test]
fn encodings() {
    let long = format!(r#"{{"ok":"{}","long":"{}"}}"#, "é".repeat(10_000), "x".repeat(10_001));
    for (call, expected) in [
        ("States.Base64Encode('')", r#""""#),
        ("States.Base64Encode('Data to encode')", r#""RGF0YSB0byBlbmNvZGU=""#),
        ("States.Base64Decode('RGVjb2RlZCBkYXRh')", r#""Decoded data""#),
        ("States.Base64Decode('?')", "Invalid arguments in States.Base64Decode"),
        ("States.Base64Encode($.long)", "Invalid arguments in States.Base64Encode"),
        ("States.Hash('input data', 'MD5')", r#""812f45842bc6d66ee14572ce20db8e86""#),
        ("States.Hash('input data', 'SHA-1')", r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#),
        (
            "States.Hash('input data', 'SHA-256')",
            r#""b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3""#,
        ),
        ("States.Hash('x', 'SHA-2')", "Invalid arguments in States.Hash"),
        ("States.Hash($.long, 'MD5')", "Invalid arguments in States.Hash"),
    ] {
        assert_eq!(evaluate(call, &long), expected, "{call}");
    }
    // Characters are counted, not bytes.
    assert_eq!(evaluate("States.Hash($.ok, 'MD5')", &long).len(), 34);
}

#[test]
fn numbers() {
    for (call, expected) in [
        ("States.MathAdd(1, -2)", "-1"),
        ("States.MathAdd(1.4, 1.5)", "3"),
        ("States.MathAdd(2147483647, 1)", "2147483648"),
        ("States.MathAdd(2147483648, 1)", "Invalid arguments in States.MathAdd"),
        ("States.MathAdd('1', 1)", "Invalid arguments in States.MathAdd"),
        ("States.MathRandom(5, 6)", "5"),
        ("States.MathRandom(5, 5)", "Invalid arguments in States.MathRandom"),
        ("States.MathRandom(6, 5)", "Invalid arguments in States.MathRandom"),
        // The sequence of java.util.Random(42) begins with nextInt(10) = 0 and nextInt(100) = 0 (63 follows).
        ("States.MathRandom(0, 10, 42)", "0"),
    ] {
        assert_eq!(evaluate(call, "{}"), expected, "{call}");
    }
    let id = evaluate("States.UUID()", "{}");
    assert!(
        fancy_regex::Regex::new(r#"^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$"#)
            .unwrap()
            .is_match(id.as_str())
            .unwrap()
    );
}

#[test]
fn calls_nest_and_tell_missing_arguments() {
    let call = "States.ArrayGetItem(States.StringSplit($.name, '-'), States.MathAdd(States.ArrayLength(\
                States.StringSplit($.name, '-')), -1))";
    assert_eq!(evaluate(call, r#"{"name":"a-b-c"}"#), r#""c""#);
    assert_eq!(
        evaluate("States.Array(States.Format('{}', $.nope))", r#"{"other":1}"#),
        r#"The JsonPath argument for the field '$.nope' could not be found in the input '{"other":1}'"#
    );
    assert_eq!(
        evaluate("States.Array( $['a,)'] , $.b[?(@.c == ',)')] )", r#"{"a,)":1,"b":[{"c":",)"}]}"#),
        r#"[1,[{"c":",)"}]]"#
    );
    assert_eq!(evaluate("States.Array($.a.length(),$.a)", r#"{"a":[]}"#), "[0,[]]");
    let paths: Vec<String> = Intrinsic::parse(call).unwrap().paths().map(|path| path.source().to_owned()).collect();
    assert_eq!(paths, ["$.name", "$.name"]);
}

#[test]
fn broken_calls_are_refused_with_the_place() {
    for (call, offset, message) in [
        ("States.Nope()", 0, "no intrinsic function"),
        ("States.UUID", 11, "`(` is expected"),
        ("States.UUID(", 12, "an argument is"),
        ("States.UUID(1)", 0, "takes 0 arguments, not 1"),
        ("States.Format()", 0, "takes 1 or more arguments, not 0"),
        ("States.MathRandom(1)", 0, "takes 2 to 3 arguments, not 1"),
        ("States.Array('a' 'b')", 17, "`,` or `)`"),
        ("States.Array('a)", 13, "never closed"),
        (r"States.Array('\n')", 14, "a backslash escapes only"),
        ("States.Array(\"a\")", 13, "an argument is"),
        ("States.Array($.a..)", 16, "does not end with"),
        ("States.Array() x", 15, "nothing follows"),
        ("States.Array(1,)", 15, "an argument is"),
    ] {
        let error = Intrinsic::parse(call).expect_err(call);
        assert!(error.message.contains(message), "{call}: {error}");
        assert_eq!(error.offset, offset, "{call}: {error}");
    }
    let nested = |depth: usize| format!("{}{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Intrinsic::parse(&nested(10)).is_ok());
    assert!(Intrinsic::parse(&nested(11)).unwrap_err().message.contains("at most 10 deep"));
    assert!(Intrinsic::parse(&nested(100_000)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in prop_oneof![r#"States\.(Array|Format|UUID|MathAdd)\([$.\[\]'(), {}\\0-9a-cS-]{0,16}\)"#, any::<String>()]) {
        match Intrinsic::parse(&text) {
            Ok(call) => { with_input(&Value::Null, |scope| call.evaluate(scope)).ok(); }
            Err(error) => prop_assert!(text.is_char_boundary(error.offset)),
        }
    }

    #[test]
    fn random_numbers_stay_in_their_range(from in -3_000_000_000_i64..3_000_000_000, to in -3_000_000_000_i64..3_000_000_000, seed: i32, chance: u64) {
        for arguments in [vec![from.into(), to.into()], vec![from.into(), to.into(), i64::from(seed).into()]] {
            let valid = [from, to].iter().all(|end| i32::try_from(*end).is_ok()) && from < to;
            let number = math::random(&arguments, &|| chance).and_then(|value| value.as_i64());
            prop_assert_eq!(number.is_some(), valid);
            prop_assert!(number.is_none_or(|number| (from..to).contains(&number)));
            prop_assert_eq!(math::random(&arguments, &|| chance).and_then(|value| value.as_i64()), number);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded(text in ".{0,40}") {
        let encoded = encoding::base64_encode(&[Value::from(text.as_str())]).unwrap();
        prop_assert_eq!(encoding::base64_decode(&[encoded]), Some(Value::from(text.as_str())));
    }
}
