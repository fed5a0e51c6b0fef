//! JSON: `States.StringToJson`, `States.JsonToString`, `States.JsonMerge`.

use crate::value::{Number, Value};

/// The value of a JSON text; a blank text is null (recorded).
pub(super) fn string_to_json(arguments: &[Value]) -> Option<Value> {
    let text = arguments[0].as_str()?.trim();
    match text {
        "" => Some(Value::Null),
        // An integer zero has no sign (recorded); a JSON parser with doubles keeps it.
        "-0" => Some(Value::Number(Number::Int(0))),
        _ => Value::parse(text).ok(),
    }
}

/// The compact JSON text of a value.
pub(super) fn json_to_string(arguments: &[Value]) -> Option<Value> {
    Some(Value::String(arguments[0].to_json().into()))
}

/// The members of both objects, those of the second winning. The third argument asks for a deep merge, which AWS does
/// not do: it must be `false`.
pub(super) fn merge(arguments: &[Value]) -> Option<Value> {
    let [Value::Object(first), Value::Object(second), Value::Bool(false)] = arguments else { return None };
    let mut merged = first.clone();
    for (name, member) in second {
        merged.insert(name.clone(), member.clone());
    }
    Some(Value::Object(merged))
}
