//! The metrics of this process as it reads them itself: what `/metrics` says, so that alerts, CloudWatch and Prometheus
//! go by the same numbers.

/// What was told at one moment.
#[derive(Debug)]
pub struct Readings(String);

/// A number with its labels.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    labels: &'a str,
    /// The number.
    pub value: f64,
}

impl Readings {
    /// Reads Prometheus' text format, as our exporter writes it.
    #[must_use]
    pub const fn of(text: String) -> Self {
        Self(text)
    }

    /// Every sample of a name.
    pub fn samples<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Sample<'a>> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = match rest.as_bytes().first()? {
                b' ' => ("", rest),
                b'{' => rest.get(1..)?.rsplit_once('}')?,
                _ => return None,
            };
            Some(Sample { labels, value: value.trim().parse().ok()? })
        })
    }

    /// The sum of a name's samples; `None` if there is none.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.samples(name).map(|sample| sample.value).reduce(|sum, value| sum + value)
    }

    /// The greatest of a name's samples.
    #[must_use]
    pub fn max(&self, name: &str) -> Option<f64> {
        self.samples(name).map(|sample| sample.value).reduce(f64::max)
    }

    /// The sum of those samples of a name whose labels are as wanted; 0 if there is none.
    pub fn sum_where(&self, name: &str, wanted: impl Fn(&Sample<'_>) -> bool) -> f64 {
        self.samples(name).filter(wanted).map(|sample| sample.value).sum()
    }
}

impl Sample<'_> {
    /// The value of a label, as it is written: escapes and all.
    #[must_use]
    pub fn label(&self, wanted: &str) -> Option<&str> {
        let mut rest = self.labels;
        while let Some((name, after)) = rest.split_once("=\"") {
            let end = closing_quote(after)?;
            let (value, next) = after.split_at(end);
            if name == wanted {
                return Some(value);
            }
            rest = next.strip_prefix("\",")?;
        }
        None
    }
}

/// Where the value ends: at the first quote that no backslash stands before.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# TYPE a_total counter
a_total{route="x\",status=\"999",status="200"} 3
a_total{route="}y",status="503"} 4
a_total_more 9
b 1.5e1
c NaN
"#;

    #[test]
    fn samples_are_told_apart_by_name_and_labels() {
        let readings = Readings::of(TEXT.to_owned());
        assert_eq!((readings.sum("a_total"), readings.max("a_total")), (Some(7.0), Some(4.0)));
        let failed =
            |sample: &Sample<'_>| sample.label("status").is_some_and(|status| status.starts_with('5'));
        assert_eq!(readings.sum_where("a_total", failed), 4.0);
        assert_eq!(readings.samples("a_total").next().unwrap().label("route"), Some(r#"x\",status=\"999"#));
        assert_eq!((readings.sum("b"), readings.sum("d")), (Some(15.0), None));
        assert!(readings.sum("c").unwrap().is_nan());
    }
}
