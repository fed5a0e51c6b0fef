//! Checks of request members, with AWS's constraint messages.

use super::ApiError;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Collects what is wrong with a request's members, to refuse them all at once as AWS does:
/// `2 validation errors detected: Value null at 'name' failed to …; Value …`.
#[derive(Default)]
pub struct Constraints {
    violations: Vec<String>,
}

impl Constraints {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Constraints::default()
    }

    /// A member that must be there. The answer stands in for a missing one until [`Constraints::check`] refuses it.
    pub fn required<T: Default>(&mut self, member: &str, value: Option<T>) -> T {
        self.present(member, value).unwrap_or_default()
    }

    /// A member that must be there, as it was given.
    pub fn present<T>(&mut self, member: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.violate("null", member, "Member must not be null");
        }
        value
    }

    /// A text that must be there, with so many characters.
    pub fn text(&mut self, member: &str, value: Option<String>, length: RangeInclusive<usize>) -> String {
        if value.is_none() {
            return self.required(member, value);
        }
        self.optional_text(member, value, length).unwrap_or_default()
    }

    /// A text that has so many characters if it is there.
    pub fn optional_text(
        &mut self,
        member: &str,
        value: Option<String>,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let text = value?;
        self.length(member, &format!("'{text}'"), text.chars().count(), length);
        Some(text)
    }

    /// A text as [`Constraints::text`], whose content the message must not repeat.
    pub fn secret_text(&mut self, member: &str, value: Option<String>, length: RangeInclusive<usize>) -> String {
        match value {
            Some(text) => {
                self.length(member, "", text.len(), length);
                text
            }
            None => self.required(member, None),
        }
    }

    fn length(&mut self, member: &str, shown: &str, length: usize, allowed: RangeInclusive<usize>) {
        if length < *allowed.start() {
            let constraint = format!("Member must have length greater than or equal to {}", allowed.start());
            self.violate(shown, member, &constraint);
        } else if length > *allowed.end() {
            let constraint = format!("Member must have length less than or equal to {}", allowed.end());
            self.violate(shown, member, &constraint);
        }
    }

    /// A number in a range, if it is there.
    pub fn range(&mut self, member: &str, value: Option<i64>, allowed: RangeInclusive<i64>) {
        let Some(number) = value else { return };
        if number < *allowed.start() {
            let constraint = format!("Member must have value greater than or equal to {}", allowed.start());
            self.violate(format_args!("'{number}'"), member, &constraint);
        } else if number > *allowed.end() {
            let constraint = format!("Member must have value less than or equal to {}", allowed.end());
            self.violate(format_args!("'{number}'"), member, &constraint);
        }
    }

    /// A number from 0 to 100, if it is there.
    pub fn percentage(&mut self, member: &str, value: Option<f64>) {
        let Some(number) = value else { return };
        if number < 0.0 {
            self.violate(format_args!("'{number}'"), member, "Member must have value greater than or equal to 0");
        } else if number > 100.0 {
            self.violate(format_args!("'{number}'"), member, "Member must have value less than or equal to 100");
        }
    }

    /// A word of a set, if it is there. `words` are in the order in which AWS prints them.
    pub fn one_of(&mut self, member: &str, value: Option<&str>, words: &[&str]) {
        if let Some(word) = value.filter(|word| !words.contains(word)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", words.join(", "));
            self.violate(format_args!("'{word}'"), member, &constraint);
        }
    }

    /// A list with so many items. `shown` is the list as AWS prints it.
    pub fn items(&mut self, member: &str, shown: &str, count: usize, allowed: RangeInclusive<usize>) {
        self.length(member, &format!("'{shown}'"), count, allowed);
    }

    /// A text that must match a regular expression, which is told when it does not.
    pub fn pattern(&mut self, member: &str, value: &str, pattern: &str, matches: bool) {
        if !matches {
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            self.violate(format_args!("'{value}'"), member, &constraint);
        }
    }

    fn violate(&mut self, shown: impl Display, member: &str, constraint: &str) {
        let shown = shown.to_string();
        let space = if shown.is_empty() { "" } else { " " };
        self.violations.push(format!("Value{space}{shown} at '{member}' failed to satisfy constraint: {constraint}"));
    }

    /// Refuses the request if anything was wrong.
    ///
    /// # Errors
    /// `ValidationException` that lists every violation.
    pub fn check(self) -> Result<(), ApiError> {
        let count = self.violations.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "" } else { "s" };
        Err(ApiError::validation(format!("{count} validation error{plural} detected: {}", self.violations.join("; "))))
    }
}

/// Checks the name of a state machine, an execution or an activity (API reference, CreateStateMachine: *name*).
///
/// # Errors
/// `InvalidName` when it has white space, control characters, brackets, wildcards or one of `"#%\^|~`$&,;:/`.
pub fn name(name: &str) -> Result<(), ApiError> {
    let forbidden = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
            || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{10ffff}')
    };
    if name.chars().any(forbidden) { Err(ApiError::invalid_name(name)) } else { Ok(()) }
}

/// Checks the ARN of a role. The role itself is not looked up: nothing is done in its name.
///
/// # Errors
/// `InvalidArn` when it is no ARN of an IAM role.
pub fn role_arn(arn: &str) -> Result<(), ApiError> {
    let mut parts = arn.splitn(6, ':');
    let well_formed = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| !partition.is_empty())
        && parts.next() == Some("iam")
        && parts.next() == Some("")
        && parts.next().is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().and_then(|role| role.strip_prefix("role/")).is_some_and(|name| !name.is_empty());
    if well_formed { Ok(()) } else { Err(ApiError::invalid_role_arn(arn)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(check: impl FnOnce(&mut Constraints)) -> String {
        let mut constraints = Constraints::new();
        check(&mut constraints);
        constraints.check().map(|()| String::new()).unwrap_or_else(|error| error.message)
    }

    #[test]
    fn words_violations_as_aws_does() {
        assert_eq!(refusal(|c| _ = c.text("name", Some("a".into()), 1..=80)), "");
        assert_eq!(
            refusal(|c| _ = c.text("name", Some(String::new()), 1..=80)),
            "1 validation error detected: Value '' at 'name' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        );
        assert_eq!(
            refusal(|c| {
                c.text("name", None, 1..=80);
                c.range("maxResults", Some(1001), 0..=1000);
            }),
            "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; \
             Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to \
             1000"
        );
        assert_eq!(
            refusal(|c| c.one_of("type", Some("standard"), &["STANDARD", "EXPRESS"])),
            "1 validation error detected: Value 'standard' at 'type' failed to satisfy constraint: \
             Member must satisfy enum value set: [STANDARD, EXPRESS]"
        );
        assert_eq!(
            refusal(|c| _ = c.secret_text("definition", Some(String::new()), 1..=10)),
            "1 validation error detected: Value at 'definition' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        );
        assert_eq!(
            refusal(|c| _ = c.secret_text("definition", None, 1..=10)),
            "1 validation error detected: Value null at 'definition' failed to satisfy constraint: \
             Member must not be null"
        );
    }

    #[test]
    fn names_and_roles() {
        for good in ["a", "state.machine_1-b", "ünïcode"] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["a b", "a\tb", "a<b", "a}b", "a*b", "a?b", "a#b", "a\\b", "a$b", "a:b", "a/b", "a\u{7f}", "a`b"] {
            assert_eq!(name(bad).unwrap_err().message, format!("Invalid Name: '{bad}'"));
        }
        assert_eq!(role_arn("arn:aws:iam::123456789012:role/path/r"), Ok(()));
        for bad in [
            "",
            "role",
            "arn:aws:iam::12:role/r",
            "arn:aws:iam::123456789012:user/r",
            "arn:aws:iam::123456789012:role/",
        ] {
            assert_eq!(role_arn(bad).unwrap_err().message, format!("Invalid Role Arn: '{bad}'"));
        }
    }
}
