//! Operators between values.

use super::path::numeric;
use super::{Env, Evaluator};
use crate::jsonata::ast::{Node, Operator};
use crate::jsonata::error::{Fallible, Fault, Token};
use crate::jsonata::functions::string;
use crate::jsonata::item::{Item, Kind};
use crate::value::Value;
use std::cmp::Ordering;

/// The largest range (D2014).
const RANGE_MAX: f64 = 1e7;

impl Evaluator<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        position: usize,
        input: &Item,
        env: &Env,
    ) -> Fallible<Item> {
        let a = self.eval(left, input, env)?;
        if matches!(operator, Operator::And | Operator::Or) {
            let result = self.logic(operator, &a, right, input, env);
            return result.map_err(|fault| decorated(fault, operator, position));
        }
        let b = self.eval(right, input, env)?;
        self.operate(operator, a, b).map_err(|fault| decorated(fault, operator, position))
    }

    fn logic(&mut self, operator: Operator, a: &Item, right: &Node, input: &Item, env: &Env) -> Fallible<Item> {
        let decided = self.truth(a)?;
        if decided == (operator == Operator::Or) {
            return Ok(Item::boolean(decided));
        }
        let b = self.eval(right, input, env)?;
        Ok(Item::boolean(self.truth(&b)?))
    }

    fn operate(&mut self, operator: Operator, a: Item, b: Item) -> Fallible<Item> {
        if !matches!((&a, &b), (Item::Number(_), _) | (_, Item::Number(_))) {
            // Equality walks over both, as far as they go together; the others are scalars.
            self.charge(a.weight().min(b.weight()))?;
        }
        match operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                arithmetic(operator, &a, &b)
            }
            Operator::Equal | Operator::NotEqual => {
                let defined = !a.is_undefined() && !b.is_undefined();
                Ok(Item::boolean(defined && a.equals(&b) == (operator == Operator::Equal)))
            }
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                comparison(operator, &a, &b)
            }
            Operator::Concat => self.concat(a, b),
            Operator::In => {
                self.charge(b.elements_or_self().len() / 4)?;
                let found = !a.is_undefined() && b.elements_or_self().iter().any(|item| item.identical(&a));
                Ok(Item::boolean(found && !b.is_undefined()))
            }
            Operator::Range => self.range(&a, &b),
            // Decided before the right side is evaluated.
            Operator::And | Operator::Or => Ok(Item::Undefined),
        }
    }

    fn concat(&mut self, a: Item, b: Item) -> Fallible<Item> {
        let text = |item: &Item| -> Fallible<String> {
            Ok(match string::cast(item, false)? {
                Some(text) => text.to_string(),
                None => String::new(),
            })
        };
        let whole = match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => [a, b].concat(),
            _ => text(&a)? + &text(&b)?,
        };
        self.charge_text(whole.len())?;
        Ok(Item::from(whole))
    }

    fn range(&mut self, a: &Item, b: &Item) -> Fallible<Item> {
        let integer = |item: &Item, code: &'static str| match item.as_f64() {
            Some(number) if number.fract() == 0.0 => Ok(Some(number)),
            None if item.is_undefined() => Ok(None),
            _ => Err(Fault::new(code).value(item)),
        };
        let (a, b) = (integer(a, "T2003")?, integer(b, "T2004")?);
        let (Some(first), Some(last)) = (a, b) else { return Ok(Item::Undefined) };
        if first > last {
            return Ok(Item::Undefined);
        }
        let size = last - first + 1.0;
        if size > RANGE_MAX {
            return Err(Fault::new("D2014").value(&Item::Number(size)));
        }
        self.charge(size as usize)?;
        Ok(Item::sequence((0..size as usize).map(|index| Item::Number(first + index as f64)).collect()))
    }

    /// The effective boolean value; nothing is false.
    pub(in crate::jsonata) fn truth(&mut self, item: &Item) -> Fallible<bool> {
        if item.is_array() {
            self.charge(item.weight())?;
        }
        truth(item)
    }

    pub(super) fn negate(&mut self, operand: &Node, position: usize, input: &Item, env: &Env) -> Fallible<Item> {
        let value = self.eval(operand, input, env)?;
        if value.is_undefined() {
            return Ok(value);
        }
        match numeric(&value)? {
            Some(number) => Ok(Item::Number(-number)),
            None => Err(Fault::new("D1002").at(position).token("-").value(&value)),
        }
    }
}

/// The operator has the last word on what failed and where, as in the reference.
fn decorated(mut fault: Box<Fault>, operator: Operator, position: usize) -> Box<Fault> {
    fault.position = Some(position);
    fault.token = Some(Token::Text(operator.symbol().into()));
    fault
}

fn arithmetic(operator: Operator, a: &Item, b: &Item) -> Fallible<Item> {
    let operand = |item: &Item, code: &'static str| match numeric(item)? {
        None if !item.is_undefined() => Err(Fault::new(code).value(item)),
        number => Ok(number),
    };
    let (a, b) = (operand(a, "T2001")?, operand(b, "T2002")?);
    let (Some(a), Some(b)) = (a, b) else { return Ok(Item::Undefined) };
    Ok(Item::Number(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a % b,
    }))
}

fn comparison(operator: Operator, a: &Item, b: &Item) -> Fallible<Item> {
    let comparable = |item: &Item| matches!(item.kind(), Kind::Undefined | Kind::String | Kind::Number);
    if !comparable(a) || !comparable(b) {
        let wrong = if matches!(a.kind(), Kind::String | Kind::Number) { b } else { a };
        return Err(Fault::new("T2010").value(wrong));
    }
    if a.is_undefined() || b.is_undefined() {
        return Ok(Item::Undefined);
    }
    if a.kind() != b.kind() {
        return Err(Fault::new("T2009").value(a).value2(b));
    }
    let order = order(a, b);
    Ok(Item::boolean(match operator {
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }))
}

/// The order of two numbers, or of two strings by UTF-16 code units as JavaScript has it.
pub(in crate::jsonata) fn order(a: &Item, b: &Item) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return a.partial_cmp(&b);
    }
    let (a, b) = (a.as_str()?, b.as_str()?);
    // Bytes order as code units do, but for characters beyond the basic plane.
    let simple = |text: &str| text.bytes().all(|b| b < 0xee);
    Some(if simple(a) && simple(b) { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) })
}

/// The effective boolean value; nothing is false.
fn truth(item: &Item) -> Fallible<bool> {
    Ok(match item {
        Item::Json(value) => json_truth(value),
        Item::Number(_) => numeric(item)?.is_some_and(|number| number != 0.0),
        Item::List(list) => match list.items.as_slice() {
            [] => false,
            [item] => truth(item)?,
            items => {
                for item in items {
                    if truth(item)? {
                        return Ok(true);
                    }
                }
                false
            }
        },
        Item::Record(_) => true,
        Item::Undefined | Item::Function(_) | Item::Tuples(_) | Item::TailCall(_) => false,
    })
}

fn json_truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Array(array) => array.iter().any(json_truth),
        Value::Object(object) => !object.is_empty(),
    }
}
