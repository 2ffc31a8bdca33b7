//! API Gateway deploys a picture of the methods, and takes a new one only under a new name. The name holds the sum of what it
//! shows: a changed method that would never be published is told here.

use super::template;
use crate::failure::{Failure, Outcome};

const TEMPLATE: &str = "api.yaml";
const PREFIX: &str = "Deployment";

pub(super) fn check() -> Outcome {
    let text = template::text(TEMPLATE)?;
    let mut names = template::resources(&text).into_iter().map(|resource| resource.id);
    let name = names.rfind(|id| id.starts_with(PREFIX)).unwrap_or_default();
    let wanted = format!("{PREFIX}{:016x}", sum(shown(&text, &name)));
    if name == wanted {
        println!("{name} shows the methods as they are");
        return Ok(());
    }
    Err(Failure::Found(format!(
        "{TEMPLATE}: the methods have changed: rename `{name}` to `{wanted}`, in each place"
    )))
}

/// What the deployment shows: all that stands before it, comments aside.
fn shown<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let own = format!("  {name}:");
    let inside = text.lines().skip_while(|line| *line != "Resources:");
    inside
        .take_while(move |line| *line != own)
        .filter(|line| !line.trim_start().starts_with('#') && !line.is_empty())
}

/// FNV-1a: not a secret, only a change that is seen.
fn sum<'a>(lines: impl Iterator<Item = &'a str>) -> u64 {
    let bytes = lines.flat_map(|line| line.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_method_changes_the_sum_and_a_comment_does_not() {
        let of = |text: &str| sum(shown(text, "Deployment1"));
        let text = "Resources:\n  # a\n  Get:\n    Type: A\n  Deployment1:\n    Type: D\n";
        assert_eq!(of(text), of(&text.replace("# a", "# b")));
        assert_eq!(of(text), of(&text.replace("Type: D", "Type: E")));
        assert_ne!(of(text), of(&text.replace("Type: A", "Type: B")));
    }
}
