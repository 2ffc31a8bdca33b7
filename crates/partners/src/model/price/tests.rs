//! Prices against a calculation that is slow and obvious.

use proptest::prelude::*;

use super::*;

fn tier(up_to: Option<u64>, unit: &str) -> Tier {
    Tier { up_to, unit: unit.parse().unwrap() }
}

fn price(base: &str, tiers: Vec<Tier>) -> Price {
    Price::new(base.parse().unwrap(), tiers, only_served()).unwrap()
}

fn total(price: &Price, calls: u64) -> String {
    price.lines(calls).iter().map(|line| line.amount).sum::<comporta_kernel::Total>().to_string()
}

/// The amount of a tier in centavos: each call's price put down digit by digit, and the sum read as text.
fn naive_line(calls: u64, unit: UnitPrice) -> i128 {
    let text = unit.to_string();
    let (whole, fraction) = text.split_once('.').unwrap();
    let one: i128 = format!("{whole}{fraction:0<6}").parse().unwrap();
    let mut sum = 0i128;
    for _ in 0..calls {
        sum += one;
    }
    let digits = format!("{sum:05}");
    let (centavos, rest) = digits.split_at(digits.len() - 4);
    let centavos: i128 = centavos.parse().unwrap();
    match rest.cmp("5000") {
        std::cmp::Ordering::Less => centavos,
        std::cmp::Ordering::Greater => centavos + 1,
        std::cmp::Ordering::Equal => centavos + centavos % 2,
    }
}

/// Each call alone looks up its tier; the calls of one tier are then one line.
fn naive_bill(base: i64, tiers: &[Tier], calls: u64) -> i128 {
    let tier_of = |call: u64| tiers.iter().position(|tier| tier.up_to.is_none_or(|end| call <= end));
    let mut counts = vec![0u64; tiers.len()];
    for call in 1..=calls {
        if let Some(tier) = tier_of(call) {
            counts[tier] += 1;
        }
    }
    let lines = counts.iter().zip(tiers).map(|(calls, tier)| naive_line(*calls, tier.unit));
    i128::from(base) + lines.sum::<i128>()
}

prop_compose! {
    fn some_tiers()(
        widths in prop::collection::vec(1u64..400, 0..MOST_TIERS),
        units in prop::collection::vec(
            prop_oneof![0u64..20_000, (0u64..200).prop_map(|n| n * 2_500), 0u64..1_000_000_000_000],
            MOST_TIERS,
        ),
        open in any::<bool>(),
    ) -> Vec<Tier> {
        let mut end = 0;
        let mut tiers: Vec<Tier> = widths.iter().zip(&units).map(|(width, unit)| {
            end += width;
            Tier { up_to: Some(end), unit: UnitPrice::from_millionths(*unit).unwrap() }
        }).collect();
        if open || !tiers.is_empty() {
            tiers.push(Tier { up_to: None, unit: UnitPrice::from_millionths(units[widths.len()]).unwrap() });
        }
        tiers
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_bill_is_what_each_call_alone_adds_up_to(
        base in 0i64..100_000_000,
        tiers in some_tiers(),
        calls in 0u64..6_000,
    ) {
        let price = Price::new(Money::from_centavos(base).unwrap(), tiers.clone(), only_served()).unwrap();
        let lines = price.lines(calls);
        let sum: i128 = lines.iter().map(|line| line.amount.centavos()).sum();
        prop_assert_eq!(sum, naive_bill(base, &tiers, calls));
        let quantities: u64 = lines.iter().filter(|line| line.unit.is_some()).map(|line| line.quantity).sum();
        prop_assert_eq!(quantities, if tiers.is_empty() { 0 } else { calls });
    }

    #[test]
    fn no_number_of_calls_overflows_a_line(tiers in some_tiers(), calls: u64) {
        let lines = price("0.00", tiers.clone()).lines(calls);
        let quantities: u128 = lines.iter().skip(1).map(|line| u128::from(line.quantity)).sum();
        prop_assert_eq!(quantities, if tiers.is_empty() { 0 } else { u128::from(calls) });
        // Exactly: twice the amount is within half a centavo of twice the product, and even where it is half.
        for line in &lines[1..] {
            let product = i128::from(line.quantity) * i128::from(line.unit.unwrap().millionths());
            let off = (line.amount.centavos() * 10_000 - product).abs();
            prop_assert!(off < 5_000 || (off == 5_000 && line.amount.centavos() % 2 == 0));
        }
    }

    #[test]
    fn what_is_written_reads_back(base in 0i64..100_000_000, tiers in some_tiers(), classes in 1u8..16) {
        let bill = StatusClass::ALL.into_iter().enumerate().filter(|(at, _)| classes >> at & 1 == 1);
        let bill = bill.map(|(_, class)| class).collect();
        let price = Price::new(Money::from_centavos(base).unwrap(), tiers, bill).unwrap();
        let text = serde_json::to_string(&price).unwrap();
        prop_assert_eq!(serde_json::from_str::<Price>(&text).unwrap(), price);
    }
}

#[test]
fn tiers_are_graduated_and_each_line_is_rounded_once() {
    let price =
        price("150.00", vec![tier(Some(1_000), "0"), tier(Some(10_000), "0.0125"), tier(None, "0.005")]);
    for (calls, expected) in [
        (0, "150.00"),
        (1_000, "150.00"),
        (1_001, "150.01"),
        (1_002, "150.02"),
        (1_003, "150.04"),
        (10_000, "262.50"),
        (10_001, "262.50"),
        (10_003, "262.52"),
    ] {
        assert_eq!(total(&price, calls), expected, "{calls}");
    }
    let lines = price.lines(10_001);
    assert_eq!(lines[2].part, PricePart::Tier { number: 2, after: 1_000, up_to: Some(10_000) });
    assert_eq!((lines[2].quantity, lines[3].quantity), (9_000, 1));
}

#[test]
fn halves_go_to_the_even_centavo() {
    let price = price("0.00", vec![tier(None, "0.005")]);
    for (calls, expected) in [(1, "0.00"), (3, "0.02"), (5, "0.02"), (7, "0.04")] {
        assert_eq!(total(&price, calls), expected, "{calls}");
    }
}

#[test]
fn only_the_classes_named_are_billed() {
    let mut calls = Calls::default();
    for (digit, count) in [(2, 10), (3, 20), (4, 30), (5, 40)] {
        calls.add(StatusClass::of_digit(digit).unwrap(), count);
    }
    assert_eq!([1, 9, 0, 22].map(StatusClass::of_digit), [None; 4]);
    for (bill, billable) in
        [(r#"{}"#, 10), (r#"{"bill":["2xx","4xx"]}"#, 40), (r#"{"bill":["5xx","5xx"]}"#, 40)]
    {
        assert_eq!(serde_json::from_str::<Price>(bill).unwrap().billable(calls), billable, "{bill}");
    }
}

#[test]
fn money_and_units_may_be_exact_numbers() {
    let text = r#"{"base": 150.5, "tiers": [{"up_to": 10, "unit": 0.015}, {"up_to": null, "unit": "1"}]}"#;
    let price: Price = serde_json::from_str(text).unwrap();
    let expected = r#"{"base":"150.50","tiers":[{"up_to":10,"unit":"0.015"},{"up_to":null,"unit":"1.00"}],"bill":["2xx"]}"#;
    assert_eq!(serde_json::to_string(&price).unwrap(), expected);
}

#[test]
fn a_price_that_does_not_add_up_is_refused_at_its_place() {
    let many = format!(r#"{{"tiers":[{}{{"unit":"0"}}]}}"#, r#"{"up_to":1,"unit":"0"},"#.repeat(20));
    for (text, place, detail) in [
        (r#"{"base":"-0.01"}"#, "base", "not negative"),
        (r#"{"base":"1.001"}"#, "base", "two decimals"),
        (r#"{"basis":"1.00"}"#, "basis", "unknown field"),
        (r#"{"tiers":[{"up_to":10,"unit":"1"}]}"#, "tiers", "without up_to"),
        (r#"{"tiers":[{"unit":"1"},{"unit":"2"}]}"#, "tiers", "tier 1: expected an up_to"),
        (r#"{"tiers":[{"up_to":0,"unit":"1"},{"unit":"2"}]}"#, "tiers", "from 1"),
        (
            r#"{"tiers":[{"up_to":5,"unit":"1"},{"up_to":5,"unit":"1"},{"unit":"2"}]}"#,
            "tiers",
            "tier 2: expected an up_to from 6",
        ),
        (r#"{"tiers":[{"up_to":1000000000000000,"unit":"1"},{"unit":"2"}]}"#, "tiers", "tier 1"),
        (r#"{"tiers":[{"up_to":1.5,"unit":"1"},{"unit":"2"}]}"#, "tiers[0].up_to", "u64"),
        (r#"{"tiers":[{"unit":"0.0000001"}]}"#, "tiers[0].unit", "six decimals"),
        (r#"{"tiers":[{"unit":"-1"}]}"#, "tiers[0].unit", "six decimals"),
        (r#"{"tiers":[{"unit":"1e3"}]}"#, "tiers[0].unit", "six decimals"),
        (r#"{"tiers":[{"unit":1e3}]}"#, "tiers[0].unit", "six decimals"),
        (r#"{"tiers":[{"unit":"1000000"}]}"#, "tiers[0].unit", "six decimals"),
        (r#"{"tiers":[{"unit":null}]}"#, "tiers[0].unit", "six decimals"),
        (r#"{"tiers":[{}]}"#, "tiers[0]", "missing field"),
        (r#"{"tiers":[{"unit":"1","colour":"red"}]}"#, "tiers[0].colour", "unknown field"),
        (&many, "tiers", "at most 20"),
        (r#"{"bill":[]}"#, "bill", "at least one"),
        (r#"{"bill":["1xx"]}"#, "bill[0]", "unknown variant"),
        (r#"{"bill":["429"]}"#, "bill[0]", "unknown variant"),
        (r#"{"bill":null}"#, "bill", "null"),
    ] {
        let mut input = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Price>(&mut input).unwrap_err();
        assert_eq!(error.path().to_string(), place, "{text}: {error}");
        assert!(error.inner().to_string().contains(detail), "{text}: {error}");
    }
}

#[test]
fn a_unit_price_shows_what_says_something() {
    for (text, shown) in
        [("0", "0.00"), ("1.5", "1.50"), ("0.000001", "0.000001"), ("999999.999999", "999999.999999")]
    {
        assert_eq!(text.parse::<UnitPrice>().unwrap().to_string(), shown);
    }
    for wrong in ["", ".5", "1.", "01", "+1", " 1", "1,5", "٣", "1.0000000", "NaN"] {
        assert_eq!(wrong.parse::<UnitPrice>(), Err(UnitPriceError), "{wrong}");
    }
    assert!(UnitPrice::from_millionths(1_000_000_000_000).is_err());
}
