//! pycobranca, in a process of its own that makes what it is told to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use comporta_neighbours::python_venv_since;

use super::{A_SECOND, KB, Work};
use crate::Outcome;
use crate::report::Figures;

const PACKAGE: &str = "pycobranca==1.1.2";
/// The oldest Python that it runs on: 3.12.
const PYTHON: (u32, u32) = (3, 12);

pub(super) struct Pycobranca {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Pycobranca {
    /// Starts it, and has it make one of each, so that nothing is loaded while it is measured.
    pub(super) fn start(pix: &str) -> Outcome<Self> {
        let python = python_venv_since(PYTHON, &[PACKAGE])?.join("python");
        let mut command = Command::new(python);
        command.args(["-c", include_str!("pycobranca.py"), pix]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take().ok_or("no input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut peer = Self { process, orders, answers };
        peer.make(Work::Codes, 1, 1)?;
        peer.make(Work::Slips, 1, 1)?;
        Ok(peer)
    }

    pub(super) fn make(&mut self, work: Work, first: u32, count: u32) -> Outcome<Figures> {
        let kind = match work {
            Work::Codes => "codes",
            Work::Slips => "slips",
        };
        writeln!(self.orders, "{kind} {first} {count}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let (seconds, bytes) = answer.trim().split_once(' ').ok_or("pycobranca ended")?;
        let (seconds, bytes): (f64, f64) = (seconds.parse()?, bytes.parse()?);
        Ok(Figures::default()
            .with(A_SECOND, f64::from(count) / seconds)
            .with(KB, bytes / f64::from(count) / 1e3))
    }
}

impl Drop for Pycobranca {
    fn drop(&mut self) {
        // Nothing can be done if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
