//! No expression, however deep or long-running, ends the process: it ends with U1001. Tests run on 2 MB stacks.

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Dialect, Error, Expression, Outcome};

struct Nothing;

impl Bindings for Nothing {
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn random(&self) -> u64 {
        4
    }
}

fn evaluate(source: &str, budget: Budget) -> Result<Outcome, Error> {
    Expression::parse_with(source, Dialect::Reference)?.evaluate(None, &Nothing, budget)
}

fn small() -> Budget {
    Budget { steps: 300_000, ..Budget::default() }
}

#[track_caller]
fn stopped(source: &str) {
    let shown: String = source.chars().take(80).collect();
    match evaluate(source, small()) {
        Err(error) => assert_eq!(error.code, "U1001", "{shown}: {error}"),
        Ok(_) => panic!("{shown}: not stopped"),
    }
}

#[test]
fn runaway_recursion_is_stopped() {
    stopped("($f := function($n){ 1 + $f($n + 1) }; $f(0))");
    stopped("($f := function($n){ [$f($n + 1)] }; $f(0))");
    stopped("($f := function($n){ $map([1], function($x){ $f($x) }) }; 1 + $f(0))");
    stopped("($f := function($n){ 1 + ($n ~> $f) }; $f(0))");
    stopped("($f := function($n){ {'a': $f($n)} }; $f(0))");
    stopped("($f := function($n){ $sift({'a': 1}, function($v){ $f($v) & '' }) }; $f(0))");
    stopped("($f := function($n){ $eval('$f(1)') & 'x' }; $f(0))");
    stopped("($f := function($n){ $sort([1, 2], function($l, $r){ $f($l) & '' }) & '' }; $f(0))");
    stopped("($f := function($n){ $replace('a', /a/, function($m){ $f($m) & '' }) & '' }; $f(0))");
    stopped("($f := function($n){ $n.($f($)) + 1 }; $f(1))");
    stopped("($f := function($n){ ({'b': 1} ~> |$|{'a': $f(1)}|) }; $f(1))");
    stopped("($f := function($n){ ([1, 2]^($f($))) }; $f(1))");
    stopped("($f := function($n){ [1][$f($)] }; $f(1))");
    stopped("($f := function($n){ {'a': 1}@$x.{'a': $f(1)} }; $f(1))");
}

#[test]
fn endless_loops_are_stopped() {
    stopped("($f := function(){ $f() }; $f())");
    stopped("($f := function($n){ $n = 0 ? 1 : $f($n + 1) }; $f(1))");
    stopped("$map([1..10000000], function($x){ $x })");
    stopped("[1..5000].[1..5000]");
    stopped("$pad('', 100000000)");
    stopped("$reduce([1..60], function($a, $b){ $a & $a }, 'x')");
    stopped("$reduce([1..60], function($a, $b){ $append($a, $a) }, [1])");
    stopped("($f := function($s){ $f($s & $s) }; $f('xx'))");
    // Work on large values counts, wherever it is done.
    for work in [
        "$a = $b",
        "$z ? 1 : 2",
        "$z and true",
        "{'a': $a}",
        "$string($a)",
        "$sum($a)",
        "$reverse($a)",
        "$append($a, 1)",
        "$distinct($a)",
        "$sort($a)",
        "$count($a.b)",
        "$lookup($a, 'b')",
        "$spread($a)",
        "0 in $a",
        "[$a, $b]",
        "$a[0 = 1]",
        "$length($t)",
        "$t = $u",
        "$contains($t, 'x')",
        "$uppercase($t)",
        "$zip($a, $b)",
        "$exists($a.*)",
        "$keys($a)",
        "$boolean($z)",
        "$not($z)",
        "$shuffle($a)",
        "$max($a)",
        "$match($t, /x/)",
    ] {
        let source = format!(
            "($a := [1..20000]; $b := [1..20000]; $z := $map($a, function($x){{ 0 }}); \
              $t := $pad('', 100000, 'a'); $u := $pad('', 100000, 'a'); [1..20000].({work}; 0))"
        );
        let outcome = evaluate(&source, small());
        assert!(outcome.is_err_and(|error| error.code == "U1001"), "`{work}` is not stopped");
    }
    stopped("$join($map([1..20], function($x){ $pad('', 1000000) }))");
    stopped("$match($pad('', 2000, 'a') & 'b', /^((a+)\\2?)+$/)");
}

#[test]
fn tail_calls_need_no_stack() {
    let deep = Budget { steps: 100_000_000, ..Budget::default() };
    let source = "($f := function($n, $t){ $n = 0 ? $t : $f($n - 1, $t + $n) }; $f(100000, 0))";
    assert_eq!(evaluate(source, deep), Ok(Outcome::Value(Value::from(5_000_050_000_i64))));
    let source = "($even := function($n){ $n = 0 ? true : $odd($n - 1) }; \
                  $odd := function($n){ $n = 0 ? false : $even($n - 1) }; $even(100000))";
    assert_eq!(evaluate(source, deep), Ok(Outcome::Value(Value::from(true))));
}

/// Closures that hold closures that hold closures: calling stops, and dropping does not overflow.
#[test]
fn long_chains_of_closures_are_dropped_without_recursion() {
    let budget = Budget { steps: 50_000_000, ..Budget::default() };
    let chained = [
        "$reduce([1..100000], function($f, $x){ function(){ $f } }, 1)",
        "$reduce($append($lowercase, [1..100000]), function($f, $x){ $f ~> $uppercase })",
        "$reduce($append($lowercase, [1..100000]), function($f, $x){ $map(?, $f) })",
        "$reduce($append(function($x){ $x }, [1..100000]), function($f, $x){ $f(?) })",
    ];
    for source in chained {
        assert_eq!(evaluate(source, budget), Ok(Outcome::Function), "{source}");
    }
    stopped("$reduce($append($lowercase, [1..10000]), function($f, $x){ $f ~> $uppercase })('a')");
    stopped("$reduce($append($lowercase, [1..10000]), function($f, $x){ $f(?) })('a')");
}

#[test]
fn values_do_not_nest_without_end() {
    stopped("$reduce([1..10000], function($a, $x){ [[$a]] }, 1)");
    stopped("$reduce([1..10000], function($a, $x){ {'a': $a} }, 1)");
    stopped("$reduce([1..10000], $zip(?, ?))");
    stopped("$reduce([1..10000], function($a, $x){ $map([1, 2], function(){ $a }) }, 1)");
    stopped("($f := function($a, $n){ $n = 0 ? $a : $f({'f': $sum, 'a': $a}, $n - 1) }; $f(1, 10000))");
}

#[test]
fn deeply_nested_text_is_refused() {
    let around = |open: &str, middle: &str, close: &str, count: usize| {
        format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    for count in [150, 100_000] {
        let sources = [
            around("(", "1", ")", count),
            around("[", "1", "]", count),
            around("{'a':", "1", "}", count),
            around("$f(", "1", ")", count),
            around("function(){", "1", "}", count),
            around("-", "1", "", count),
            around("a[", "1", "]", count),
            around("1+", "1", "", count),
            around("1 ? ", "1", "", count),
            around("a.", "a", "", count),
            around("a ?: ", "a", "", count),
            around("((a ?: ", "a", "))", count / 2),
            around("|a|", "1", "|", count),
            around("$x := ", "1", "", count),
            around("", "a", "[0]", count),
            around("", "a", "()", count),
            around("", "a", "^(b)", count),
            around("", "a", "#$i", count),
            around("", "a", ".%", count),
            around("", "a", "{}", count),
        ];
        for source in sources {
            // Whatever it is, it ends; the long ones are refused.
            let outcome = evaluate(&source, small());
            assert!(count < 1000 || outcome.is_err(), "{}", &source[..20]);
        }
    }
}
