//! Where in its state an expression stands.

use std::fmt;

/// A place in a state, told only when an expression fails. AWS writes it as `Output/items[0]/id` (recorded).
#[derive(Clone, Copy, Debug)]
pub struct Location<'a> {
    parent: Option<&'a Location<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Member(&'a str),
    Index(usize),
}

impl<'a> Location<'a> {
    /// A field of the state.
    pub const fn field(name: &'a str) -> Self {
        Location { parent: None, step: Step::Member(name) }
    }

    /// A member of the object here.
    pub fn member<'b>(&'b self, name: &'b str) -> Location<'b> {
        Location { parent: Some(self), step: Step::Member(name) }
    }

    /// An item of the array here.
    pub fn item(&self, index: usize) -> Location<'_> {
        Location { parent: Some(self), step: Step::Index(index) }
    }

    /// The name of the nearest member: the one whose value the expression is, or is an item of.
    pub fn nearest_member(&self) -> &'a str {
        let mut here = self;
        loop {
            match (here.step, here.parent) {
                (Step::Member(name), _) => return name,
                (Step::Index(_), Some(parent)) => here = parent,
                (Step::Index(_), None) => return "",
            }
        }
    }
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Recursion over the definition, whose depth is bounded when it is read.
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Member(name) if self.parent.is_some() => write!(f, "/{name}"),
            Step::Member(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn a_place_is_written_as_aws_writes_it() {
        let output = Location::field("Output");
        let items = output.member("items");
        let item = items.item(3);
        assert_eq!(item.to_string(), "Output/items[3]");
        assert_eq!(item.member("id").to_string(), "Output/items[3]/id");
        assert_eq!(item.nearest_member(), "items");
    }
}
