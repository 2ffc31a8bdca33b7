//! The templates, by AWS' own linter: types, arguments, references and attributes against the schemas that AWS publishes.

use comporta_neighbours::workspace;

use super::{linters, template};
use crate::failure::Outcome;
use crate::process::{command, run as run_command};

/// Both regions of the guide: not every kind of resource is in every one.
const REGIONS: [&str; 2] = ["sa-east-1", "us-east-1"];
/// What the linter does not see: names that nothing stands behind, and what would replace the second region's database.
const SCRIPTS: [&str; 2] = ["xtask/src/deploy/templates.py", "xtask/src/deploy/promotion.py"];

pub(super) fn check() -> Outcome {
    let bin = linters::bin()?;
    let names = template::names()?;
    let mut lint = command(bin.join("cfn-lint"), &["--non-zero-exit-code", "informational", "--regions"]);
    // W3002: paths between templates are what `aws cloudformation package` is for.
    lint.args(REGIONS).args(["--ignore-checks", "W3002", "--"]).args(&names).current_dir(template::folder());
    run_command(&mut lint)?;
    println!("{} templates, no finding", names.len());
    SCRIPTS.iter().try_for_each(|script| {
        let script = workspace().join(script);
        run_command(command(bin.join("python"), &[]).arg(script).current_dir(template::folder()))
    })
}
