//! The Debian package, made by cargo-deb of the program that was built already, and looked through by lintian.

use std::fs;
use std::path::PathBuf;

use super::settings::program;
use super::tools::{CARGO_DEB, LINTIAN, cargo_tool, files, need, scratch};
use crate::failure::{Failure, Outcome};
use crate::process::{command, run};

/// What lintian would have of a package of Debian's own, and we do not. The maintainer is whoever builds it: no address of
/// ours would reach anybody.
const SUPPRESSED: &str =
    "bogus-mail-host,initial-upload-closes-no-bugs,no-manual-page,no-changelog,unstripped-binary-or-object";

pub(super) fn attempt() -> Outcome {
    need(&[LINTIAN])?;
    let package = package()?;
    run(&mut command("dpkg-deb", &["--contents", &package.display().to_string()]))?;
    let mut lintian = command("lintian", &["--allow-root", "--fail-on", "error"]);
    run(lintian.args(["--suppress-tags", SUPPRESSED]).arg(package))
}

/// Makes the package of the program that is told, and gives its file.
pub(super) fn package() -> Outcome<PathBuf> {
    let folder = scratch("package")?;
    let built = folder.join("target/release");
    fs::create_dir_all(&built)?;
    fs::copy(program()?, built.join("comporta"))?;
    let mut deb = command(cargo_tool(CARGO_DEB)?, &["--no-build", "--package", "comporta", "--output"]);
    run(deb.arg(&folder).env("CARGO_TARGET_DIR", folder.join("target")))?;
    let mut packages = files(&folder, "deb")?;
    packages.pop().ok_or_else(|| Failure::Found("cargo-deb made no package".to_owned()))
}
