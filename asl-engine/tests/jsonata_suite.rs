//! JSONata by area: expression, and what it gives over one document (or the code of its error).

use asl_engine::Value;
use asl_engine::jsonata::{Bindings, Budget, Dialect, Expression, Outcome};
use std::cell::Cell;

const DOCUMENT: &str = r#"{
    "order": {
        "id": "o-7", "paid": true, "note": null, "total": 120.5, "tags": ["new", "b2b"], "single": [9],
        "items": [
            {"sku": "pen", "price": 1.5, "quantity": 10, "group": "office", "parts": [{"n": 1}, {"n": 2}]},
            {"sku": "desk", "price": 100, "quantity": 1, "group": "furniture", "parts": [{"n": 3}]},
            {"sku": "cup", "price": 5.5, "quantity": 1, "group": "office"}
        ],
        "customer": {"name": "Ada Lovelace", "mail": "ada@example.org"}
    },
    "matrix": [[1, 2], [3, 4]],
    "big": 12345678901234567890, "exact": 1.0
}"#;

struct Surroundings(Cell<u64>);

impl Bindings for Surroundings {
    fn variable(&self, name: &str) -> Option<Value> {
        match name {
            "states" => Value::parse(r#"{"input": {"n": [1, 2, 3]}, "context": {"Execution": {"Name": "e"}}}"#).ok(),
            _ => None,
        }
    }
    fn now_millis(&self) -> i64 {
        1_735_689_600_123
    }
    fn random(&self) -> u64 {
        self.0.set(self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        self.0.get()
    }
}

/// What an expression gives, as text: JSON, `undefined`, `function`, or the code of the error.
fn given(dialect: Dialect, source: &str) -> String {
    let document = Value::parse(DOCUMENT).expect("the document is JSON");
    let surroundings = Surroundings(Cell::new(1));
    let outcome = Expression::parse_with(source, dialect)
        .and_then(|expression| expression.evaluate(Some(&document), &surroundings, Budget::default()));
    match outcome {
        Ok(Outcome::Value(value)) => value.to_json(),
        Ok(Outcome::Undefined) => "undefined".to_owned(),
        Ok(Outcome::Function) => "function".to_owned(),
        Err(error) => error.code.to_owned(),
    }
}

#[track_caller]
fn check_in(dialect: Dialect, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(source, expected)| {
            let given = given(dialect, source);
            (given != *expected).then(|| format!("{source}\n    expected {expected}\n    given    {given}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    check_in(Dialect::Reference, cases);
}

#[test]
fn paths() {
    check(&[
        ("order.id", r#""o-7""#),
        ("order.nothing", "undefined"),
        ("order.note", "null"),
        ("order.items.sku", r#"["pen","desk","cup"]"#),
        ("order.items.parts.n", "[1,2,3]"),
        ("order.items[0].sku", r#""pen""#),
        ("order.items[-1].sku", r#""cup""#),
        ("order.items.parts[0].n", "[1,3]"),
        ("(order.items.parts)[0].n", "1"),
        ("order.items[price > 5].sku", r#"["desk","cup"]"#),
        ("order.items[sku = 'pen'].sku", r#""pen""#),
        ("order.items[sku = 'pen'].sku[]", r#"["pen"]"#),
        ("order.items[[0, 2]].sku", r#"["pen","cup"]"#),
        ("order.single", "[9]"),
        ("order.single.$", "9"),
        ("order.single[0]", "9"),
        ("order.customer.*", r#"["Ada Lovelace","ada@example.org"]"#),
        ("order.**.n", "[1,2,3]"),
        ("matrix.$", "[1,2,3,4]"),
        // The reference's own: an array that begins a path neither binds `$x` nor moves the context.
        ("[1..4]@$x.{'x': $x, 'id': order.id}", r#"{"id":"o-7"}"#),
        ("matrix[0]", "[1,2]"),
        ("matrix[0][1]", "2"),
        ("order.`id`", r#""o-7""#),
        ("order.\"id\"", r#""o-7""#),
        ("$$.order.id", r#""o-7""#),
        ("order.items.(sku & '!')", r#"["pen!","desk!","cup!"]"#),
        ("order.items.[sku]", r#"[["pen"],["desk"],["cup"]]"#),
        ("big", "12345678901234567890"),
        ("exact", "1.0"),
        ("exact + 0", "1"),
        ("order.1", "S0213"),
    ]);
}

#[test]
fn operators() {
    check(&[
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("7 % 3 & ''", r#""1""#),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("'' & (0.1 + 0.2)", r#""0.3""#),
        ("-order.total", "-120.5"),
        ("1 = 1.0 and 'a' != 'b'", "true"),
        ("{'a': [1]} = {'a': [1]}", "true"),
        ("'b' in ['a', 'b'] or $error()", "true"),
        ("nothing = nothing", "false"),
        ("nothing + 1", "undefined"),
        ("1 < 'a'", "T2009"),
        ("true < 1", "T2010"),
        ("1 + 'a'", "T2002"),
        ("1 / 0", "D1001"),
        ("1e300 * 1e300 + 1", "D1001"),
        ("[1..5]", "[1,2,3,4,5]"),
        ("[3..1]", "[]"),
        ("[1.5..2]", "T2003"),
        ("order.paid ? 'yes' : 'no'", r#""yes""#),
        ("nothing ? 1", "undefined"),
        ("order.note ?: 'none'", r#""none""#),
        ("order.note ?? 'none'", "null"),
        ("nothing ?? 'none'", r#""none""#),
        ("order.items ~> $count", "3"),
        ("'x' ~> ($uppercase ~> $base64encode)", r#""WA==""#),
        ("1 ~> 2", "T2006"),
        ("2()", "T1006"),
        ("uppercase('a')", "T1005"),
    ]);
}

#[test]
fn construction_grouping_and_order() {
    check(&[
        ("{'id': order.id, 'none': nothing}", r#"{"id":"o-7"}"#),
        ("order.items{group: $sum(price)}", r#"{"office":7,"furniture":100}"#),
        ("order.items{group: sku}", r#"{"office":["pen","cup"],"furniture":"desk"}"#),
        ("{'a': 1, 'a': 2}", "D1009"),
        ("{1: 2}", "T1003"),
        ("[1, [2], nothing, matrix[0]]", "[1,[2],1,2]"),
        ("order.items^(>price).sku", r#"["desk","cup","pen"]"#),
        ("order.items^(group, <price).sku", r#"["desk","pen","cup"]"#),
        ("order.items^(paid)[0].sku", r#""pen""#),
        ("order.items^(parts)", "T2008"),
        ("[3, 'a']^($)", "T2007"),
        ("order.items#$i.{'at': $i, 'sku': sku}[0]", r#"{"at":0,"sku":"pen"}"#),
        ("order.items@$i.$i.parts.{'s': $i.sku, 'n': n}[2]", r#"{"s":"desk","n":3}"#),
        ("order.items.parts.{'s': %.sku, 'n': n}", r#"[{"s":"pen","n":1},{"s":"pen","n":2},{"s":"desk","n":3}]"#),
        (
            "order.items@$a.$$.order.items@$b[$a.group = $b.group and $a.sku != $b.sku].($a.sku & $b.sku)",
            r#"["pencup","cuppen"]"#,
        ),
        ("%.x", "S0217"),
    ]);
}

#[test]
fn functions_as_values() {
    check(&[
        ("($f := function($x, $y){ $x * $y }; $f(6, 7))", "42"),
        ("λ($x){ $x + 1 }(1)", "2"),
        ("($add := function($a){ function($b){ $a + $b } }; $add(1)(2))", "3"),
        ("($first := $substring(?, 0, 1); $first('xyz'))", r#""x""#),
        ("(function($s)<s-:s>{ $s })('a')", r#""a""#),
        ("(function($s)<s:s>{ $s })(1)", "T0410"),
        ("(function($s)<a<n>:s>{ $s })('a')", "T0412"),
        ("function($s)<s<n>>{ 1 }", "S0401"),
        ("$map([1, 2, 3], function($v, $i, $a){ $v + $i + $count($a) })", "[4,6,8]"),
        ("$filter([1..5], function($v){ $v % 2 = 0 })", "[2,4]"),
        ("$reduce([1..5], function($a, $b){ $a * $b })", "120"),
        ("$sift({'a': 1, 'b': 2}, function($v, $k){ $k = 'b' })", r#"{"b":2}"#),
        ("$each({'a': 1}, function($v, $k){ $k & $v })", r#""a1""#),
        ("$single([1, 2, 3], function($v){ $v > 2 })", "3"),
        ("$single([1, 2, 3], function($v){ $v > 1 })", "D3138"),
        ("$sort([3, 1, 2])", "[1,2,3]"),
        ("$sort(['b', 'a'], function($l, $r){ $l < $r })", r#"["b","a"]"#),
        ("$sum", "function"),
        ("{'f': $sum}", "function"),
        ("{'f': $sum}.f([1, 2])", "3"),
        ("[$sum, $max][1]([1, 2])", "2"),
        ("order ~> |customer|{'name': 'A'}, 'mail'| ~> $lookup('customer')", r#"{"name":"A"}"#),
        ("order.items ~> |$[price > 5]|{'price': price * 2}| ~> $map(function($i){ $i.price })", "[1.5,200,11]"),
        ("$ ~> |order|5|", "T2011"),
    ]);
}

#[test]
fn texts() {
    check(&[
        ("$substring('hello', 1, 3)", r#""ell""#),
        ("$substring('hello', -3)", r#""llo""#),
        ("$substring('h😀y', 1, 1)", r#""😀""#),
        ("$length('😀😀')", "2"),
        ("$substringBefore('a=b', '=') & $substringAfter('a=b', '=')", r#""ab""#),
        ("$pad('x', -4, '01')", r#""010x""#),
        ("$trim('  a \n b ')", r#""a b""#),
        ("$join(order.tags, '+')", r#""new+b2b""#),
        ("$split('a, b,c', /, ?/)", r#"["a","b","c"]"#),
        ("$contains('Hello', /h/i)", "true"),
        ("$match('ab12', /([a-z])([0-9])/)", r#"{"match":"b1","index":1,"groups":["b","1"]}"#),
        ("$replace('a-b-c', '-', '', 1)", r#""ab-c""#),
        (r"$replace('John Smith', /(\w+)\s(\w+)/, '$2, $1 $$')", r#""Smith, John $""#),
        (r"$replace('12F', /(\d+)F\b/, function($m){ $string($number($m.groups[0]) + 1) })", r#""13""#),
        (r"$match('aXbX', /(?<=a)X/).match", r#""X""#),
        ("$contains('x&y', /x[&~-]{1}y/)", "true"),
        ("$replace('a', '', 'b')", "D3010"),
        ("$string({'a': [1, 2.50, null]})", r#""{\"a\":[1,2.5,null]}""#),
        ("$string([1], true)", r#""[\n  1\n]""#),
        ("$string(1e21) & ' ' & 1e-7 & ' ' & 123456789012345680000", r#""1e+21 1e-7 123456789012345680000""#),
        ("$base64decode($base64encode('hi'))", r#""hi""#),
        ("$encodeUrlComponent('a b&ü')", r#""a%20b%26%C3%BC""#),
        ("$decodeUrl('%E0%A4%A')", "D3140"),
        ("$eval('[1, $x]')", "[1]"),
        ("$eval('1 +')", "D3120"),
    ]);
}

#[test]
fn numbers() {
    check(&[
        ("$number('0x1F') + $number('1e2') + $number(true)", "132"),
        ("$number('1.')", "D3030"),
        ("$round(2.5) & $round(3.5) & $round(-0.5) & $round(1234.567, -2)", r#""2401200""#),
        ("$power(2, 0.5) = $sqrt(2)", "true"),
        ("$sqrt(-1)", "D3060"),
        ("$sum(order.items.(price * quantity))", "120.5"),
        ("$average([1, 2, 6])", "3"),
        ("$max([]) ?? 'none'", r#""none""#),
        ("$sum('a')", "T0412"),
        ("$formatNumber(1234567.891, '#,##0.00')", r#""1,234,567.89""#),
        ("$formatNumber(0.14, '01%')", r#""14%""#),
        ("$formatNumber(-5, '0;(0)')", r#""(5)""#),
        ("$formatNumber(1234.5, '0.0e0')", r#""1.2e3""#),
        ("$formatNumber(1, '#.#.#')", "D3081"),
        ("$formatBase(255, 16)", r#""ff""#),
        ("$formatInteger(1999, 'I')", r#""MCMXCIX""#),
        ("$formatInteger(2025, 'w')", r#""two thousand and twenty-five""#),
        ("$formatInteger(21, '0;o')", r#""21st""#),
        ("$formatInteger(1234567, '#,##0')", r#""1,234,567""#),
        ("$formatInteger(28, 'A')", r#""AB""#),
        ("$parseInteger('two thousand and twenty-five', 'w')", "2025"),
        ("$parseInteger('MCMXCIX', 'I')", "1999"),
        ("$parseInteger('1,234', '#,##0')", "1234"),
    ]);
}

#[test]
fn times() {
    check(&[
        ("$millis()", "1735689600123"),
        ("$now()", r#""2025-01-01T00:00:00.123Z""#),
        ("$now('[D1o] [MNn] [Y]', '-0100')", r#""31st December 2024""#),
        ("$fromMillis(1735689600123, '[FNn,3-3] [W] [X] [d] [h]:[m] [P]')", r#""Wed 1 2025 1 12:00 am""#),
        ("$fromMillis(0, '[H01]:[m01] [Z]', '+0530')", r#""05:30 +05:30""#),
        ("$fromMillis(0, '[H01]:[m01] [z0]', '+0100')", r#""01:00 GMT+1""#),
        ("$fromMillis(0, '[q]')", "D3132"),
        ("$fromMillis(0, '[Y')", "D3135"),
        ("$toMillis('1970-01-01T00:00:01.5Z')", "1500"),
        ("$toMillis('2025-01-01')", "1735689600000"),
        ("$toMillis('1970-01-01T01:00:00+01:00')", "0"),
        ("$toMillis('soon')", "D3110"),
        ("$toMillis('31/12/1999 11:59 pm', '[D01]/[M01]/[Y0001] [h]:[m] [P]')", "946684740000"),
        ("$toMillis('3rd March 2024', '[D1o] [MNn] [Y]')", "1709424000000"),
        ("$toMillis('20240229', '[Y0001][M01][D01]')", "1709164800000"),
        ("$toMillis('2024', '[X]')", "D3136"),
    ]);
}

#[test]
fn arrays_and_objects() {
    check(&[
        ("$append([1], 2)", "[1,2]"),
        ("$reverse([1, 2])", "[2,1]"),
        ("$distinct([1, '1', 1.0, {'a': 1}, {'a': 1}])", r#"[1,"1",{"a":1}]"#),
        ("$zip([1, 2], ['a', 'b', 'c'])", r#"[[1,"a"],[2,"b"]]"#),
        ("$count($shuffle([1..10]))", "10"),
        ("$sort($shuffle([1..5]))", "[1,2,3,4,5]"),
        ("$keys(order.customer)", r#"["name","mail"]"#),
        ("$spread({'a': 1, 'b': 2})", r#"[{"a":1},{"b":2}]"#),
        ("$merge([{'a': 1}, {'b': 2}, {'a': 3}])", r#"{"a":3,"b":2}"#),
        ("$type(null) & $type([]) & $type($sum)", r#""nullarrayfunction""#),
        ("$boolean([0, 0]) or $boolean({}) or $boolean('')", "false"),
        ("$exists(order.note)", "true"),
        ("$error('why')", "D3137"),
        ("$assert(1 = 2, 'no')", "D3141"),
        ("$assert(1 = 1)", "undefined"),
    ]);
}

#[test]
fn syntax_errors() {
    check(&[
        ("", "S0207"),
        ("1 2", "S0201"),
        ("(1", "S0203"),
        ("[1)", "S0202"),
        ("1 ! 2", "S0204"),
        ("+ 1", "S0211"),
        ("'open", "S0101"),
        ("1e999", "S0102"),
        ("'\\x'", "S0103"),
        ("'\\u12'", "S0104"),
        ("`open", "S0105"),
        ("/* open", "S0106"),
        ("function(x){ 1 }", "S0208"),
        ("$a{b: c}[0]", "S0209"),
        ("a{b: c}{d: e}", "S0210"),
        ("a := 1", "S0212"),
        ("a@b", "S0214"),
        ("a[0]@$b", "S0215"),
        ("a^(b)@$c", "S0216"),
        ("$match('a', //)", "S0301"),
        ("$match('a', /a", "S0302"),
        ("$match('a', /(?<n>a)\\k<m>/)", "S0303"),
    ]);
}

#[test]
fn states_language() {
    let cases = [
        ("$states.input.n[0]", "1"),
        ("$states.context.Execution.Name", r#""e""#),
        ("$partition([1..5], 2)", "[[1,2],[3,4],[5]]"),
        ("$partition([0], 1)", "[[0]]"),
        ("$partition([1], 0)", "D3137"),
        ("$range(0, 9, 3)", "[0,3,6,9]"),
        ("$range(0, 10, 3)", "[0,3,6,9]"),
        ("$range(1, 9, 9)", "1"),
        ("$range(3, 1, -1)", "[3,2,1]"),
        ("$range(1, 3, 0)", "D3137"),
        ("$hash('input data', 'SHA-1')", r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#),
        ("$hash('', 'MD5')", r#""d41d8cd98f00b204e9800998ecf8427e""#),
        ("$hash('a', 'CRC')", "D3137"),
        ("$random(1) = $random(1) and $random(1) != $random(2)", "true"),
        ("$random() >= 0 and $random() < 1", "true"),
        ("$match($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/).index", "0"),
        ("$parse('{\"a\": [1, 2.5]}').a", "[1,2.5]"),
        ("$parse('-0')", "0"),
        ("$parse('{')", "D3137"),
        ("$eval('1')", "T1006"),
        ("$nothing('1')", "T1006"),
    ];
    check_in(Dialect::StatesLanguage, &cases);
    check(&[("$uuid()", "T1006"), ("$random(1)", "T0410")]);
}

#[test]
fn errors_have_the_texts_of_the_reference() {
    let text = |source: &str| {
        let document = Value::parse(DOCUMENT).expect("the document is JSON");
        let error = Expression::parse(source)
            .and_then(|expression| expression.evaluate(Some(&document), &Surroundings(Cell::new(1)), Budget::default()))
            .expect_err("it fails");
        error.to_string()
    };
    let cases = [
        ("$nothing(1)", "T1006: Attempted to invoke a non-function"),
        ("uppercase('a')", "T1005: Attempted to invoke a non-function. Did you mean $uppercase?"),
        ("1 + 'a'", r#"T2002: The right side of the "+" operator must evaluate to a number"#),
        ("1 < 'a'", r#"T2009: The values 1 and "a" either side of operator "<" must be of the same data type"#),
        ("$sum('a')", r#"T0412: Argument 1 of function "sum" must be an array of "numbers""#),
        ("$uppercase(1)", r#"T0410: Argument 1 of function "uppercase" does not match function signature"#),
        ("$number('x')", r#"D3030: Unable to cast value to a number: "x""#),
        ("1/0 + 1", "D1001: Number out of range: null"),
        ("(1", r#"S0203: Expected ")" before end of expression"#),
        ("[1)", r#"S0202: Expected "]", got ")""#),
        ("$error('why not')", "D3137: why not"),
        ("{order.total: 1}", "T1003: Key in object structure must evaluate to a string; got: 120.5"),
        (
            "$toMillis('x')",
            r#"D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "x""#,
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(text(source), expected, "{source}");
    }
}

#[test]
fn what_passes_through_is_shared_with_the_input() {
    let document = Value::parse(DOCUMENT).expect("the document is JSON");
    let expression = Expression::parse("order.items").expect("it parses");
    let outcome = expression.evaluate(Some(&document), &Surroundings(Cell::new(1)), Budget::default());
    let Ok(Outcome::Value(Value::Array(items))) = outcome else { panic!("an array") };
    let Some(Value::Array(same)) = document.get("order").and_then(|order| order.get("items")) else { panic!("items") };
    assert!(items.ptr_eq(same));
}

#[test]
fn a_compiled_expression_serves_all_threads() {
    let expression = Expression::parse("$sum([1..4]) & $states.context.Execution.Name").expect("it parses");
    assert_eq!(expression.source(), "$sum([1..4]) & $states.context.Execution.Name");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let outcome = expression.evaluate(None, &Surroundings(Cell::new(1)), Budget::default());
                assert_eq!(outcome, Ok(Outcome::Value(Value::from("10e"))));
            });
        }
    });
}
