//! The guide to costs adds up: in each of its tables quantity times price is the month, and the months are the sum. Whether a
//! price is right is not known here: they are from memory, and the guide says so.

use std::fs;

use comporta_neighbours::workspace;

use crate::failure::{Failure, Outcome};

const GUIDE: &str = "docs/guides/aws-costs.md";
/// How a table of costs begins.
const HEAD: &str = "| what | how many | price | month |";
/// Dollars; prices have more digits than sums.
const ROUNDING: f64 = 0.0051;

pub(super) fn check() -> Outcome {
    let text =
        fs::read_to_string(workspace().join(GUIDE)).map_err(|error| Failure::Io(GUIDE.to_owned(), error))?;
    let (tables, faults) = judge(&text);
    for fault in &faults {
        println!("{GUIDE}:{fault}");
    }
    println!("{tables} tables, {} faults in the sums; no price was compared with AWS'", faults.len());
    if faults.is_empty() && tables > 0 {
        Ok(())
    } else {
        Err(Failure::Found("the costs do not add up".to_owned()))
    }
}

/// How many sums there are, and what is wrong.
fn judge(text: &str) -> (usize, Vec<String>) {
    let (mut tables, mut faults, mut sum, mut inside) = (0, Vec::new(), 0.0, false);
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        inside = line.starts_with(HEAD) || inside && line.starts_with('|');
        let ([what, quantity, price, month], true) = (&cells[..], inside) else { continue };
        let Some(month) = number(month) else { continue };
        if *what == "**month**" {
            tables += 1;
            if (month - sum).abs() > ROUNDING {
                faults.push(format!("{line_number}: the sum is {sum:.2}"));
            }
            sum = 0.0;
        } else if let (Some(quantity), Some(price)) = (number(quantity), number(price)) {
            if (quantity * price - month).abs() > ROUNDING {
                faults.push(format!("{line_number}: {quantity} times {price} is {:.2}", quantity * price));
            }
            sum += month;
        }
    }
    (tables, faults)
}

fn number(cell: &str) -> Option<f64> {
    cell.trim_matches('*').replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_add_up_is_told() {
        let right = "| what | how many | price | month |\n| a | 1,460 | 0.10 | 146.00 |\n| b | 2 | 0.50 | 1.00 |\n| **month** | | | **147.00** |\n";
        assert_eq!(judge(right), (1, vec![]));
        let wrong = right.replace("1.00 |\n| **", "1.10 |\n| **");
        assert_eq!(judge(&wrong).1, ["3: 2 times 0.5 is 1.00", "4: the sum is 147.10"]);
    }
}
