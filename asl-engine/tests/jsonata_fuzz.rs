//! Any text is refused or evaluated, within its budget and without a panic.
//!
//! Each test plays a batch of random cases. With `FUZZ_SECONDS` in the environment it plays batch after batch for that long:
//! `FUZZ_SECONDS=600 cargo test -p asl-engine --test jsonata_fuzz`. A case that fails is shrunk and printed.

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Dialect, Expression};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::time::{Duration, Instant};

struct Nothing;

impl Bindings for Nothing {
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
    fn now_millis(&self) -> i64 {
        1_735_689_600_123
    }
    fn random(&self) -> u64 {
        0x1234_5678_9abc_def0
    }
}

const DOCUMENT: &str = r#"{"a": {"b": [{"c": 1, "d": "x"}, {"c": 2, "e": [1, [2]]}, {}], "s": "héllo wörld", "t": true},
    "n": [3, -1.5, 1e300], "u": null, "list": [{"id": 1, "g": "p"}, {"id": 2, "g": "q"}]}"#;

const TOKENS: &[&str] = &[
    "a",
    "b",
    "c",
    "s",
    "n",
    "u",
    "list",
    "g",
    "$",
    "$$",
    "$x",
    "$f",
    "1",
    "2",
    "0",
    "-1",
    "1e5",
    "0.5",
    "'x'",
    "\"a,b\"",
    "''",
    "'😀'",
    "true",
    "null",
    ".",
    ".",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    ":",
    ";",
    "+",
    "-",
    "*",
    "**",
    "/",
    "%",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    "&",
    "and",
    "or",
    "in",
    "..",
    "~>",
    "?",
    "?:",
    "??",
    ":=",
    "@",
    "#",
    "^",
    "|",
    "function",
    "λ",
    "function($x){$x}",
    "function($x, $y){$y}",
    "<s-:n>",
    "<a<n>?>",
    "/x+/",
    "/(a)|(b)/i",
    "/^$/m",
    "!",
    "~",
    "`a b`",
    "/*c*/",
    "$sum(",
    "$map(",
    "$filter(",
    "$string(",
    "$number(",
    "$substring(",
    "$replace(",
    "$split(",
    "$match(",
    "$fromMillis(",
    "$toMillis(",
    "$formatNumber(",
    "$formatInteger(",
    "$parseInteger(",
    "$formatBase(",
    "$pad(",
    "$eval(",
    "$zip(",
    "$sort(",
    "$each(",
    "$sift(",
    "$reduce(",
    "$partition(",
    "$range(",
    "$hash(",
    "$parse(",
    "$append(",
    "$round(",
    "$spread(",
    "$single(",
    "$decodeUrl(",
    "$base64decode(",
    "$clone(",
    "$join(",
    "$distinct(",
    "$lookup(",
];

const PICTURES: &[&str] = &[
    "#,##0.00",
    "0",
    "#",
    "0.0e0",
    "#e0",
    ".",
    "0;0;0",
    "%0",
    "0%‰",
    "I",
    "i",
    "w",
    "W;o",
    "Ww",
    "a",
    "A",
    "1;o",
    "٠",
    "#٠#0",
    "[Y]",
    "[Y0001]-[M01]-[D01]",
    "[MNn,3-3]",
    "[FN]",
    "[h]:[m] [P]",
    "[Z]",
    "[z01:01t]",
    "[W][w][X][x][d]",
    "[f001]",
    "[Yw]",
    "[DI]",
    "[[",
    "]]",
    "[",
    "[]",
    "[q]",
    "[Y,*-2]",
    "[Y,9-]",
    "[H99999999999]",
    "[M,3-1]",
    "[D1o,x-y]",
    "[Z0]",
];

fn evaluate(source: &str) {
    let document = Value::parse(DOCUMENT).expect("the document is JSON");
    let budget = Budget { steps: 20_000, depth: 100 };
    for dialect in [Dialect::Reference, Dialect::StatesLanguage] {
        if let Ok(expression) = Expression::parse_with(source, dialect) {
            for input in [Some(&document), document.get("n"), None] {
                let _ = expression.evaluate(input, &Nothing, budget).map_err(|error| error.to_string());
            }
        }
    }
}

const SEEDS: &[&str] = &[
    "list^(>id){g: $sum(id)}",
    "a.b@$x#$i[$i > 0].{'c': $x.c, 'p': %.s}",
    "$replace(a.s, /(l+)(o)?/, function($m){ $uppercase($m.match) & $m.groups[1] }, 2)",
    "($f := function($n)<n:n>{ $n <= 1 ? 1 : $n * $f($n - 1) }; $map([1..5], $f))",
    "$ ~> |a.b[c]|{'z': $$.n[0]}, ['d', 'e']|",
    "$fromMillis($toMillis('2024-02-29T12:00:00Z'), '[FNn] [D1o] [MNn] [Y0001] [H01]:[m01] [Z01:01t]', '+0530')",
    "$formatNumber(1234567.891, '#,##0.00;(#,##0.00)', {'decimal-separator': ',', 'grouping-separator': '.'})",
    "$reduce($append(list.id, [3, 4]), function($a, $b){ $a + $b }, 0) & $string(a.b.*[0])",
    "$split('a1b22c', /\\d+/) ~> $join('-') ~> $pad(-10, '*') ~> $length",
    "$toMillis('twenty-first of May 2020', '[Dwo] of [MNn] [Y]')",
];

/// How many cases a batch has.
const CASES: u32 = 1500;

/// Runs random cases: one batch, or batches for `FUZZ_SECONDS`.
#[track_caller]
fn fuzz<S: Strategy>(strategy: S, run: impl Fn(S::Value)) {
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let seconds = seconds.map(|text| text.parse().expect("FUZZ_SECONDS is a whole number"));
    let (begun, time) = (Instant::now(), seconds.map_or(Duration::ZERO, Duration::from_secs));
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let mut batches = 0;
    while batches == 0 || begun.elapsed() < time {
        let outcome = TestRunner::new(config.clone()).run(&strategy, |case| {
            run(case);
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
        batches += 1;
    }
    println!("{} cases", u64::from(CASES) * batches);
}

#[test]
fn sequences_of_tokens() {
    fuzz((prop::collection::vec(prop::sample::select(TOKENS), 0..24), any::<bool>()), |(tokens, spaced)| {
        evaluate(&tokens.join(if spaced { " " } else { "" }));
    });
}

#[test]
fn any_text() {
    fuzz(".{0,40}", |source| evaluate(&source));
}

#[test]
fn mutated_expressions() {
    let edit = (any::<prop::sample::Index>(), 0..4usize, prop::sample::select(TOKENS));
    fuzz((prop::sample::select(SEEDS), prop::collection::vec(edit, 1..5)), |(seed, edits)| {
        let mut chars: Vec<char> = seed.chars().collect();
        for (at, length, token) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + length).min(chars.len());
            chars.splice(at..end, token.chars());
        }
        evaluate(&chars.into_iter().collect::<String>());
    });
}

#[test]
fn pictures() {
    let made_up = prop_oneof!["[#0-9,.;%eEwWaAiIoY\\[\\]MDdFHhmsfZzPX -]{0,12}", Just(String::new())];
    let number = prop_oneof![any::<f64>(), -1e6..1e6f64, Just(0.0)];
    fuzz(
        (prop::sample::select(PICTURES), made_up, number, "[0-9a-zA-Z :+-]{0,12}"),
        |(picture, other, number, text)| {
            let number = if number.is_finite() { format!("({number:e})") } else { "0".to_owned() };
            for picture in [picture, other.as_str(), &format!("{picture}{other}")] {
                evaluate(&format!("$formatNumber({number}, '{picture}')"));
                evaluate(&format!("$formatInteger({number}, '{picture}')"));
                evaluate(&format!("$fromMillis({number}, '{picture}', '{text}')"));
                evaluate(&format!("$toMillis('{text}', '{picture}')"));
                evaluate(&format!("$parseInteger('{text}', '{picture}')"));
            }
        },
    );
}

#[test]
fn regular_expressions() {
    let pattern = "[a-c.*+?|()\\[\\]{}0-2,^$\\\\dwsbBDkux<>=!:-]{1,12}";
    fuzz((pattern, "[a-cé😀 1-2]{0,8}"), |(pattern, text)| {
        for flags in ["", "i", "m"] {
            evaluate(&format!("[$match('{text}', /{pattern}/{flags}), $split('{text}', /{pattern}/{flags}, 5)]"));
            evaluate(&format!("$replace('{text}', /{pattern}/{flags}, '$1$2$0', 5)"));
        }
    });
}
