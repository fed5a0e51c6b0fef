//! Every member of every request, as `api/members.txt` has them, is read, and refused when it has the wrong JSON type; every
//! constrained one, as `api/constraints.txt` has them, is refused in AWS's words.

mod support;

use asl_server::operation;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CONSTRAINTS: &str = include_str!("api/constraints.txt");
const MEMBERS: &str = include_str!("api/members.txt");

/// A value that breaks a constraint, and what AWS says about it.
struct Violation {
    value: Value,
    shown: String,
    constraint: String,
}

fn violations(kind: &str, rest: &str) -> Vec<Violation> {
    let (least, most) = rest.split_once("..").unwrap_or_default();
    let (least, most) = (least.parse::<i64>().ok(), most.parse::<i64>().ok());
    let text = |length: i64, constraint: String| {
        let text = "x".repeat(usize::try_from(length).unwrap());
        let shown = if kind == "secret" { "Value".to_owned() } else { format!("Value '{text}'") };
        Violation { value: json!(text), shown, constraint }
    };
    let number = |number: i64, constraint: String| Violation {
        value: json!(number),
        shown: format!("Value '{number}'"),
        constraint,
    };
    match kind {
        "text" | "secret" => {
            let short = least
                .filter(|least| *least > 0)
                .map(|least| text(least - 1, format!("Member must have length greater than or equal to {least}")));
            let long = most.map(|most| text(most + 1, format!("Member must have length less than or equal to {most}")));
            short.into_iter().chain(long).collect()
        }
        "number" => {
            let low = least
                .map(|least| number(least - 1, format!("Member must have value greater than or equal to {least}")));
            let high =
                most.map(|most| number(most + 1, format!("Member must have value less than or equal to {most}")));
            low.into_iter().chain(high).collect()
        }
        "list" => {
            let list = |length: i64, constraint| Violation {
                value: (0..length).map(|_| json!({})).collect(),
                shown: "Value '[".to_owned(),
                constraint,
            };
            let short = least
                .filter(|least| *least > 0)
                .map(|least| list(least - 1, format!("Member must have length greater than or equal to {least}")));
            let long = most.map(|most| list(most + 1, format!("Member must have length less than or equal to {most}")));
            short.into_iter().chain(long).collect()
        }
        "word" => vec![Violation {
            value: json!("nonsense"),
            shown: "Value 'nonsense'".to_owned(),
            constraint: "Member must satisfy enum value set: [".to_owned(),
        }],
        "pattern" => vec![Violation {
            value: json!("é \u{1f4a1}"),
            shown: "Value 'é \u{1f4a1}'".to_owned(),
            constraint: format!("Member must satisfy regular expression pattern: {rest}"),
        }],
        _ => panic!("no such kind of constraint: {kind}"),
    }
}

/// A request with that value, and nothing else, at a path such as `tags.member.key`.
fn request(path: &str, value: Value) -> Value {
    path.split('.').rev().fold(value, |inside, step| match step {
        "member" => json!([inside]),
        name => json!({ name: inside }),
    })
}

#[tokio::test]
async fn every_constrained_member_is_checked() {
    let service = support::service();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for line in CONSTRAINTS.lines() {
        let mut parts = line.splitn(4, ' ');
        let mut part = || parts.next().unwrap_or_default();
        let (operation, path, kind, rest) = (part(), part(), part(), part());
        if !operation::NAMES.contains(&operation) {
            continue;
        }
        let (path, required) = path.strip_suffix('!').map_or((path, false), |path| (path, true));
        let missing = Violation {
            value: Value::Null,
            shown: "Value null".to_owned(),
            constraint: "Member must not be null".to_owned(),
        };
        let mut violations = violations(kind, rest);
        violations.extend(required.then_some(missing));
        for Violation { value, shown, constraint } in violations {
            let member = path.replace(".member", ".1.member");
            let request = request(path, value).to_string();
            let answer = service.call(operation, request.as_bytes(), service.caller()).await;
            let message = answer.map_or_else(|refusal| refusal.to_string(), |_| "accepted".to_owned());
            let expected = format!("at '{member}' failed to satisfy constraint: {constraint}");
            let told = message.strip_prefix("ValidationException: ").unwrap_or_default();
            // Of a list its items are printed, too.
            let shows = |before: &str| before.ends_with(&shown) || kind == "list" && before.contains(&shown);
            let found = told.match_indices(&expected).any(|(at, _)| shows(told[..at].trim_end()));
            checked += 1;
            if !found || !told.contains(" detected: ") {
                let message: String = message.chars().take(200).collect();
                wrong.push(format!("{line}: {constraint}\n    {message}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are not refused:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 200, "{checked}");
}

#[tokio::test]
async fn every_member_is_read() {
    let service = support::service();
    let (mut unread, mut operations) = (Vec::new(), BTreeSet::new());
    for line in MEMBERS.lines() {
        let mut parts = line.split(' ');
        let mut part = || parts.next().unwrap_or_default();
        let (operation, path, kind) = (part(), part(), part());
        let wrong = match kind {
            "string" => json!({}),
            "object" | "array" | "boolean" | "integer" | "number" => json!("text"),
            other => panic!("no such type: {other}"),
        };
        operations.insert(operation);
        let answer = service.call(operation, request(path, wrong).to_string().as_bytes(), service.caller()).await;
        let message = answer.map_or_else(|refusal| refusal.to_string(), |_| "accepted".to_owned());
        if !message.starts_with("SerializationException") {
            unread.push(format!("{line}: {message}"));
        }
    }
    assert!(unread.is_empty(), "{} members are not read:\n{}", unread.len(), unread.join("\n"));
    // Those that take nothing are not in the list.
    let missing: Vec<_> = operation::NAMES.iter().filter(|name| !operations.contains(*name)).collect();
    assert!(missing.is_empty(), "operations without members: {missing:?}");
}
