//! A virtual environment is made once and holds what was asked for.

use std::process::Command;

use comporta_neighbours::python_venv;

#[test]
fn a_package_is_installed_once_and_runs() {
    let bin = python_venv(&["six==1.17.0"]).unwrap();
    let version =
        Command::new(bin.join("python")).args(["-c", "import six; print(six.__version__)"]).output();
    assert_eq!(String::from_utf8(version.unwrap().stdout).unwrap().trim(), "1.17.0");
    assert_eq!(python_venv(&["six==1.17.0"]).unwrap(), bin);
}
