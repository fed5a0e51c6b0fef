//! Placeholders `<<NAME>>`: finding them in a text, and giving them the values of one played case.

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The account that cases with `"account": "secondary"` call as.
pub const SECONDARY_ACCOUNT: &str = "000000000002";

/// A part of a text that may hold placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// The name inside `<<` and `>>`.
    Placeholder(&'a str),
}

/// Cuts a text at its placeholders. A name starts with a letter and holds neither `<` nor `>`.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut searched) = (text, 0);
    while let Some(found) = rest[searched..].find("<<") {
        let start = searched + found;
        let inside = &rest[start + 2..];
        let name = &inside[..inside.find(['<', '>']).unwrap_or(inside.len())];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !inside[name.len()..].starts_with(">>") {
            searched = start + 1;
            continue;
        }
        if start > 0 {
            pieces.push(Piece::Text(&rest[..start]));
        }
        pieces.push(Piece::Placeholder(name));
        (rest, searched) = (&inside[name.len() + 2..], 0);
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Whether a text holds a placeholder.
pub fn has_placeholder(text: &str) -> bool {
    text.contains("<<") && pieces(text).iter().any(|piece| matches!(piece, Piece::Placeholder(_)))
}

/// What placeholders outside of `expected` stand for in one played case.
#[derive(Clone, Debug)]
pub struct Environment {
    case_id: String,
    /// Seed of the unique names: two runs against one server need different ones.
    pub run_id: String,
    /// Account of the target.
    pub account: String,
    /// Region of the target.
    pub region: String,
    /// How queue URLs begin.
    pub sqs: Option<String>,
    /// The target's present time.
    pub now: Timestamp,
    /// The answers kept by `save`.
    pub saved: Map<String, Value>,
}

impl Environment {
    /// An environment without saved answers.
    pub fn new(case_id: &str, run_id: &str, account: &str, region: &str) -> Self {
        Environment {
            case_id: case_id.to_owned(),
            run_id: run_id.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            sqs: None,
            now: Timestamp::UNIX_EPOCH,
            saved: Map::new(),
        }
    }

    /// The value of a placeholder, `None` when the name is not one of ours.
    ///
    /// # Errors
    /// When the name points into a saved answer that lacks this member.
    fn value(&self, name: &str) -> Result<Option<String>> {
        if let Some(number) = name.strip_prefix("uid:") {
            return Ok(Some(self.unique(number)));
        }
        let value = match name {
            "account" => self.account.clone(),
            "secondary_account" => SECONDARY_ACCOUNT.to_owned(),
            "region" => self.region.clone(),
            "partition" => "aws".to_owned(),
            "sqs" => self.sqs.clone().unwrap_or_else(|| format!("https://sqs.{}.amazonaws.com", self.region)),
            _ => match relative_days(name) {
                Some(days) => self.day(days),
                None => return self.saved_member(name),
            },
        };
        Ok(Some(value))
    }

    fn unique(&self, number: &str) -> String {
        let digest = Sha256::digest(format!("{}|{}|{number}", self.run_id, self.case_id));
        digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn day(&self, days: i64) -> String {
        let time = SignedDuration::try_from_hours(days.saturating_mul(24))
            .and_then(|distance| self.now.checked_add(distance).ok())
            .unwrap_or(if days < 0 { Timestamp::MIN } else { Timestamp::MAX });
        time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    }

    fn saved_member(&self, name: &str) -> Result<Option<String>> {
        let (head, path) = name.split_once('.').map_or((name, None), |(head, path)| (head, Some(path)));
        let Some(answer) = self.saved.get(head) else { return Ok(None) };
        let mut member = answer;
        for step in path.into_iter().flat_map(|path| path.split('.')) {
            let next = match member {
                Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                Value::Object(members) => members.get(step),
                _ => None,
            };
            let Some(next) = next else {
                bail!("the answer saved as `{head}` has no `{}`: {}", path.unwrap_or_default(), brief(answer, 160));
            };
            member = next;
        }
        Ok(Some(member.as_str().map_or_else(|| member.to_string(), str::to_owned)))
    }

    /// Puts values in the place of the placeholders of a text. Unknown placeholders stay.
    ///
    /// # Errors
    /// When a placeholder points into a saved answer that lacks this member.
    pub fn fill_text(&self, text: &str) -> Result<String> {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Placeholder(name) => match self.value(name)? {
                    Some(value) => filled.push_str(&value),
                    None => filled.extend(["<<", name, ">>"]),
                },
            }
        }
        Ok(filled)
    }

    /// Fills the placeholders in all texts and keys of a value.
    ///
    /// # Errors
    /// When a placeholder points into a saved answer that lacks this member.
    pub fn fill(&self, value: &Value) -> Result<Value> {
        map_texts(value, &mut |text| self.fill_text(text).map(Value::String))
    }
}

/// `now+5d`, `now-5d`: how many days from now.
fn relative_days(name: &str) -> Option<i64> {
    let days = name.strip_prefix("now")?.strip_suffix('d')?;
    if days.starts_with(['+', '-']) { days.parse().ok() } else { None }
}

/// A copy of a value whose texts that hold `<<` went through a function. Keys take its result as text.
///
/// # Errors
/// The first error of the function.
pub fn map_texts(value: &Value, function: &mut impl FnMut(&str) -> Result<Value>) -> Result<Value> {
    Ok(match value {
        Value::String(text) if text.contains("<<") => function(text)?,
        Value::Array(items) => Value::Array(items.iter().map(|item| map_texts(item, function)).collect::<Result<_>>()?),
        Value::Object(members) => {
            let mut mapped = Map::new();
            for (key, member) in members {
                let key = match key.contains("<<") {
                    true => function(key)?.as_str().unwrap_or(key).to_owned(),
                    false => key.clone(),
                };
                mapped.insert(key, map_texts(member, function)?);
            }
            Value::Object(mapped)
        }
        plain => plain.clone(),
    })
}

/// The JSON text of a value, cut after so many characters.
pub fn brief(value: &Value, length: usize) -> String {
    let text = value.to_string();
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn environment() -> Environment {
        let mut environment = Environment::new("area/case[1]", "0", "000000000000", "us-east-1");
        environment.saved.insert("r1".into(), json!({"arn": "arn:x", "events": [{"id": 1}, {"id": 2}]}));
        environment
    }

    #[test]
    fn cuts_a_text_at_its_placeholders() {
        use Piece::{Placeholder, Text};
        for (text, expected) in [
            ("", vec![]),
            ("plain", vec![Text("plain")]),
            ("<<a>>", vec![Placeholder("a")]),
            ("x<<a>>y<<b:1>>", vec![Text("x"), Placeholder("a"), Text("y"), Placeholder("b:1")]),
            ("<<<<a>>>>", vec![Text("<<"), Placeholder("a"), Text(">>")]),
            ("<<1>> <<a> <<a", vec![Text("<<1>> <<a> <<a")]),
            ("é<<é>><<a>>", vec![Text("é<<é>>"), Placeholder("a")]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn fills_what_it_knows_and_leaves_the_rest() {
        let environment = environment();
        for (text, expected) in [
            ("<<account>>/<<region>>/<<partition>>", "000000000000/us-east-1/aws"),
            ("<<r1.arn>>#<<r1.events.1.id>>", "arn:x#2"),
            ("<<secondary_account>> <<sqs>>", "000000000002 https://sqs.us-east-1.amazonaws.com"),
            ("<<input>> <<r9.x>> << a", "<<input>> <<r9.x>> << a"),
            ("<<now+1d>> <<now-1d>>", "1970-01-02T00:00:00.000Z 1969-12-31T00:00:00.000Z"),
            ("<<now1d>>", "<<now1d>>"),
        ] {
            assert_eq!(environment.fill_text(text).unwrap(), expected, "{text}");
        }
        // The first bytes of SHA-256("0|area/case[1]|1"): mock files of other runners agree on the names.
        assert_eq!(environment.fill_text("<<uid:1>>").unwrap(), "d9d88986");
        assert_eq!(
            environment.fill(&json!({"<<region>>": ["<<account>>", 1]})).unwrap(),
            json!({"us-east-1": ["000000000000", 1]})
        );
    }

    #[test]
    fn says_what_a_saved_answer_lacks() {
        let error = environment().fill_text("<<r1.events.7.id>>").unwrap_err().to_string();
        assert!(error.starts_with("the answer saved as `r1` has no `events.7.id`: {\"arn\""), "{error}");
    }

    #[test]
    fn far_days_do_not_overflow() {
        for name in ["<<now+9223372036854775807d>>", "<<now-9223372036854775807d>>", "<<now+99999999d>>"] {
            assert!(environment().fill_text(name).unwrap().ends_with('Z'));
        }
    }
}
