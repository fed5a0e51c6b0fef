//! JSON texts within answers.

use asl_engine::Value;

/// The text of a value with a space after each comma and colon, as TestState writes what it shows (recorded).
pub fn spaced(value: &Value) -> String {
    let compact = value.to_json();
    let mut text = String::with_capacity(compact.len() + compact.len() / 8);
    let (mut quoted, mut escaped) = (false, false);
    for c in compact.chars() {
        text.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' | ':' if !quoted => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use asl_engine::Value;

    #[test]
    fn spaces_stand_between_values_only() {
        for (compact, spaced) in [
            ("[1,2]", "[1, 2]"),
            (r#"{"a":[{"b":1},"x,y:z"]}"#, r#"{"a": [{"b": 1}, "x,y:z"]}"#),
            (r#"["\",\\",":"]"#, r#"["\",\\", ":"]"#),
        ] {
            assert_eq!(super::spaced(&Value::parse(compact).unwrap()), spaced);
        }
    }
}
