//! The built-in functions: their names, signatures and where they are.

mod aggregate;
mod array;
mod aws;
mod datetime;
mod encoding;
mod format_number;
mod higher_order;
mod integer;
mod matching;
mod numeric;
mod object;
pub(super) mod string;

use super::error::Fallible;
use super::evaluate::{Env, Evaluator};
use super::item::Item;
use super::signature::Signature;
use crate::value::Str;
use std::sync::LazyLock;

/// Which functions an expression has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// JSONata's own.
    #[default]
    Reference,
    /// Those of a state: without `$eval`, with `$partition`, `$range`, `$hash`, `$random(seed)`, `$uuid` and `$parse`.
    StatesLanguage,
}

/// Where a function is called.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) input: &'c Item,
    pub(super) env: &'c Env,
}

/// The arguments of a call, after the signature has been applied. One that is not given is undefined.
pub(super) struct Args(Vec<Item>);

impl Args {
    pub(super) fn new(items: Vec<Item>) -> Args {
        Args(items)
    }

    pub(super) fn get(&self, index: usize) -> &Item {
        const NOTHING: &Item = &Item::Undefined;
        self.0.get(index).unwrap_or(NOTHING)
    }

    /// The argument, moved out.
    pub(super) fn take(&mut self, index: usize) -> Item {
        self.0.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn text(&self, index: usize) -> Option<Str> {
        self.get(index).as_text().cloned()
    }

    pub(super) fn number(&self, index: usize) -> Option<f64> {
        self.get(index).as_f64()
    }

    pub(super) fn all(self) -> Vec<Item> {
        self.0
    }
}

/// A built-in function.
pub(super) struct Builtin {
    name: &'static str,
    signature: LazyLock<Signature>,
    /// How many arguments a higher-order function gives it: how many the reference's implementation declares.
    pub(super) arity: usize,
    pub(super) run: fn(&mut Evaluator<'_>, Args, Context<'_>) -> Fallible<Item>,
    only: Option<Dialect>,
}

impl Builtin {
    pub(super) fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// The function of that name.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name && builtin.only.is_none_or(|only| only == dialect))
}

/// The signature of the function that a transform is.
pub(super) static TRANSFORM_SIGNATURE: LazyLock<Signature> = LazyLock::new(|| signature("<(oa):o>"));

/// A signature of this file; all of them are right.
fn signature(text: &str) -> Signature {
    Signature::parse(text).unwrap_or_default()
}

macro_rules! builtins {
    ($($name:literal $signature:literal $arity:literal $run:path $(, $only:path)?;)*) => {
        [$(Builtin {
            name: $name,
            signature: LazyLock::new(|| signature($signature)),
            arity: $arity,
            run: $run,
            only: builtins!(@only $($only)?),
        }),*]
    };
    (@only) => { None };
    (@only $only:path) => { Some($only) };
}

static BUILTINS: [Builtin; 71] = builtins![
    "sum" "<a<n>:n>" 1 aggregate::sum;
    "count" "<a:n>" 1 aggregate::count;
    "max" "<a<n>:n>" 1 aggregate::max;
    "min" "<a<n>:n>" 1 aggregate::min;
    "average" "<a<n>:n>" 1 aggregate::average;
    "string" "<x-b?:s>" 1 string::string;
    "substring" "<s-nn?:s>" 3 string::substring;
    "substringBefore" "<s-s:s>" 2 string::substring_before;
    "substringAfter" "<s-s:s>" 2 string::substring_after;
    "lowercase" "<s-:s>" 1 string::lowercase;
    "uppercase" "<s-:s>" 1 string::uppercase;
    "length" "<s-:n>" 1 string::length;
    "trim" "<s-:s>" 1 string::trim;
    "pad" "<s-ns?:s>" 3 string::pad;
    "join" "<a<s>s?:s>" 2 string::join;
    "match" "<s-f<s:o>n?:a<o>>" 3 matching::matches;
    "contains" "<s-(sf):b>" 2 matching::contains;
    "replace" "<s-(sf)(sf)n?:s>" 4 matching::replace;
    "split" "<s-(sf)n?:a<s>>" 3 matching::split;
    "formatNumber" "<n-so?:s>" 3 format_number::format_number;
    "formatBase" "<n-n?:s>" 2 numeric::format_base;
    "formatInteger" "<n-s:s>" 2 integer::format_integer;
    "parseInteger" "<s-s:n>" 2 integer::parse_integer;
    "number" "<(nsb)-:n>" 1 numeric::number;
    "floor" "<n-:n>" 1 numeric::floor;
    "ceil" "<n-:n>" 1 numeric::ceil;
    "round" "<n-n?:n>" 2 numeric::round;
    "abs" "<n-:n>" 1 numeric::abs;
    "sqrt" "<n-:n>" 1 numeric::sqrt;
    "power" "<n-n:n>" 2 numeric::power;
    "random" "<:n>" 0 numeric::random, Dialect::Reference;
    "boolean" "<x-:b>" 1 numeric::boolean;
    "not" "<x-:b>" 1 numeric::not;
    "map" "<af>" 2 higher_order::map;
    "zip" "<a+>" 0 array::zip;
    "filter" "<af>" 2 higher_order::filter;
    "single" "<af?>" 2 higher_order::single;
    "reduce" "<afj?:j>" 3 higher_order::reduce;
    "sift" "<o-f?:o>" 2 higher_order::sift;
    "each" "<o-f:a>" 2 higher_order::each;
    "sort" "<af?:a>" 2 higher_order::sort;
    "keys" "<x-:a<s>>" 1 object::keys;
    "lookup" "<x-s:x>" 2 object::lookup;
    "spread" "<x-:a<o>>" 1 object::spread;
    "merge" "<a<o>:o>" 1 object::merge;
    "exists" "<x:b>" 1 object::exists;
    "type" "<x:s>" 1 object::type_of;
    "error" "<s?:x>" 1 object::error;
    "assert" "<bs?:x>" 2 object::assert;
    "clone" "<(oa)-:o>" 1 object::clone;
    "eval" "<sx?:x>" 2 object::eval, Dialect::Reference;
    "append" "<xx:a>" 2 array::append;
    "reverse" "<a:a>" 1 array::reverse;
    "shuffle" "<a:a>" 1 array::shuffle;
    "distinct" "<x:x>" 1 array::distinct;
    "base64encode" "<s-:s>" 1 encoding::base64_encode;
    "base64decode" "<s-:s>" 1 encoding::base64_decode;
    "encodeUrlComponent" "<s-:s>" 1 encoding::encode_url_component;
    "encodeUrl" "<s-:s>" 1 encoding::encode_url;
    "decodeUrlComponent" "<s-:s>" 1 encoding::decode_url_component;
    "decodeUrl" "<s-:s>" 1 encoding::decode_url;
    "toMillis" "<s-s?:n>" 2 datetime::to_millis;
    "fromMillis" "<n-s?s?:s>" 3 datetime::from_millis;
    "now" "<s?s?:s>" 2 datetime::now;
    "millis" "<:n>" 0 datetime::millis;
    "partition" "<an:a<a>>" 2 aws::partition, Dialect::StatesLanguage;
    "range" "<nnn:a<n>>" 3 aws::range, Dialect::StatesLanguage;
    "hash" "<ss:s>" 2 aws::hash, Dialect::StatesLanguage;
    "random" "<n?:n>" 0 aws::random, Dialect::StatesLanguage;
    "uuid" "<:s>" 0 aws::uuid, Dialect::StatesLanguage;
    "parse" "<s-:x>" 1 aws::parse, Dialect::StatesLanguage;
];
