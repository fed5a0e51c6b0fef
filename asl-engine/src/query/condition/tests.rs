use super::*;
use crate::query::Location;
use crate::query::testing::{json, with_input};
use proptest::prelude::*;

fn rule(operator: &str, operand: &str) -> Condition {
    let (operator, is_path) = Operator::from_name(operator).unwrap_or_else(|| panic!("{operator}"));
    let operand = if is_path {
        Operand::Path(Expression::parse_jsonpath(operand).unwrap())
    } else {
        Operand::Literal(json(operand))
    };
    Condition::Comparison(Comparison { variable: Expression::parse_jsonpath("$.v").unwrap(), operator, operand })
}

fn matches(condition: &Condition, input: &Value) -> Result<bool, String> {
    with_input(input, |scope| {
        condition
            .matches(scope, &Location::field("Condition"))
            .map_err(|error| error.error.cause.unwrap_or_default().into())
    })
}

#[test]
fn comparisons() {
    for (value, operator, operand, expected) in [
        (r#""a""#, "StringEquals", r#""a""#, true),
        (r#"" ""#, "StringEquals", r#""  ""#, false),
        (r#""A""#, "StringLessThan", r#""a""#, true),
        (r#""AB""#, "StringGreaterThan", r#""A""#, true),
        (r#""AB""#, "StringGreaterThan", r#""ABC""#, false),
        (r#""""#, "StringLessThanEquals", r#""""#, true),
        (r#""AB""#, "StringGreaterThanEquals", r#""AB""#, true),
        ("1", "StringEquals", r#""1""#, false),
        ("null", "StringLessThan", r#""1""#, false),
        ("0", "NumericEquals", "0.0", true),
        ("2.22", "NumericEquals", "2.22", true),
        (r#""0""#, "NumericEquals", "0", false),
        ("0", "NumericLessThan", "1", true),
        ("1", "NumericLessThan", "1", false),
        ("1.5", "NumericGreaterThan", "1", true),
        ("1", "NumericLessThanEquals", "1.0", true),
        ("1", "NumericGreaterThanEquals", "1.0", true),
        ("9007199254740993", "NumericGreaterThan", "9007199254740992", true),
        ("true", "BooleanEquals", "true", true),
        ("false", "BooleanEquals", "true", false),
        ("0", "BooleanEquals", "false", false),
        (r#""2012-10-09T19:00:55Z""#, "TimestampEquals", r#""2012-10-09T19:00:55.000Z""#, true),
        (r#""2012-10-09T20:00:55+01:00""#, "TimestampEquals", r#""2012-10-09T19:00:55Z""#, true),
        (r#""2012-10-09T19:00:56Z""#, "TimestampGreaterThan", r#""2012-10-09T19:00:55Z""#, true),
        (r#""2012-10-09T19:00:55Z""#, "TimestampLessThan", r#""2012-10-09T19:00:56Z""#, true),
        (r#""2012-10-09T19:00:55Z""#, "TimestampLessThanEquals", r#""2012-10-09T19:00:55Z""#, true),
        (r#""2012-10-09T19:00:55Z""#, "TimestampGreaterThanEquals", r#""2012-10-09T19:00:56Z""#, false),
        (r#""2023-02-24 12:15:56.832957""#, "TimestampEquals", r#""2023-02-24T12:15:56Z""#, false),
        ("null", "IsNull", "true", true),
        ("0", "IsNull", "false", true),
        ("0", "IsNull", "true", false),
        ("1.1", "IsNumeric", "true", true),
        (r#""1""#, "IsNumeric", "false", true),
        (r#""""#, "IsString", "true", true),
        ("false", "IsBoolean", "true", true),
        ("false", "IsBoolean", "false", false),
        (r#""2012-10-09T19:00:55Z""#, "IsTimestamp", "true", true),
        (r#""2012-10-09T19:00:55""#, "IsTimestamp", "false", true),
        ("null", "IsPresent", "true", true),
        ("null", "IsPresent", "false", false),
    ] {
        let input = json(&format!(r#"{{"v":{value},"w":{operand}}}"#));
        assert_eq!(matches(&rule(operator, operand), &input), Ok(expected), "{value} {operator} {operand}");
        if Operator::from_name(operator).is_some_and(|(operator, _)| operator.has_path_form()) {
            let by_path = rule(&format!("{operator}Path"), "$.w");
            assert_eq!(matches(&by_path, &input), Ok(expected), "{value} {operator}Path {operand}");
        }
    }
}

#[test]
fn what_is_not_there_fails_but_for_is_present() {
    let empty = json("{}");
    assert_eq!(matches(&rule("IsPresent", "true"), &empty), Ok(false));
    assert_eq!(matches(&rule("IsPresent", "false"), &empty), Ok(true));
    for operator in ["IsNull", "IsString", "IsTimestamp"] {
        let cause = "Invalid path '$.v': The choice state's condition path references an invalid value.";
        assert_eq!(matches(&rule(operator, "true"), &empty), Err(cause.into()));
    }
    let cause = "Invalid path '$.w': The choice state's condition path references an invalid value.";
    assert_eq!(matches(&rule("NumericEqualsPath", "$.w"), &json(r#"{"v":1}"#)), Err(cause.into()));
}

#[test]
fn boolean_rules_stop_early() {
    let present = || rule("IsPresent", "true");
    let failing = || rule("IsNull", "true");
    let empty = json("{}");
    for (condition, expected) in [
        (Condition::And(vec![present(), failing()]), false),
        (Condition::Or(vec![Condition::Not(Box::new(present())), failing()]), true),
        (Condition::Not(Box::new(Condition::Constant(false))), true),
    ] {
        assert_eq!(matches(&condition, &empty), Ok(expected));
    }
    assert!(matches(&Condition::Or(vec![present(), failing()]), &empty).is_err());
}

#[test]
fn operators_are_known_by_name() {
    assert_eq!(Operator::from_name("StringEqualsPath"), Some((Operator::StringEquals, true)));
    assert_eq!(Operator::from_name("IsPresent"), Some((Operator::IsPresent, false)));
    for name in ["StringMatchesPath", "IsNullPath", "Path", "", "stringEquals"] {
        assert_eq!(Operator::from_name(name), None, "{name}");
    }
}

#[test]
fn globs() {
    for (glob, text, expected) in [
        ("*.log", "zebra.log", true),
        ("foo*.log", "foo23.log", true),
        ("foo*.*", "foobar.zebra", true),
        ("foo*.*", "foobar", false),
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("a*", "ba", false),
        ("*a*b*", "xxaxxbxx", true),
        (r"a\*b", "a*b", true),
        (r"a\*b", "axb", false),
        (r"a\\*", r"a\xyz", true),
        (r"a\b", r"a\b", true),
        ("é*", "éa", true),
    ] {
        assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
    }
}

#[test]
fn a_glob_takes_bounded_time() {
    let text = "a".repeat(20_000);
    assert!(!glob_matches(&format!("{}b", "a*".repeat(200)), &text));
}

proptest! {
    /// A glob is the pattern with `.*` for each `*`.
    #[test]
    fn globs_match_as_patterns_do(glob in r"[ab*\\]{0,8}", text in r"[ab*\\]{0,10}") {
        let mut pattern = String::from(r"\A(?s:");
        for part in glob_parts(&glob) {
            match part {
                Some(c) => pattern += &fancy_regex::escape(c.encode_utf8(&mut [0; 4])),
                None => pattern += ".*",
            }
        }
        pattern += r")\z";
        let expected = fancy_regex::Regex::new(&pattern).unwrap().is_match(text.as_str()).unwrap();
        prop_assert_eq!(glob_matches(&glob, &text), expected);
    }
}
