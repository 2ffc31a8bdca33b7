//! `bench slips`: barcodes with their lines, and slips as PDF, beside pycobranca (PyPI); one thread each.

mod ours;
mod peer;

use comporta_boletos::model::{NewBrCode, Target};
use comporta_neighbours::target;

use crate::Outcome;
use crate::machine::Machine;
use crate::report::{Bar, Figures, Report, Row, Section};
use ours::Ours;
use peer::Pycobranca;

/// Slips a second on a core that are wanted, and times as many as pycobranca.
const WANTED: f64 = 2_000.0;
const TIMES: f64 = 100.0;
const LARGEST_KB: f64 = 40.0;
const A_SECOND: &str = "a second";
const KB: &str = "KB each";

/// How much of it.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Alternating rounds; medians are told
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Slips of a round of ours; pycobranca makes a hundredth
    #[arg(long, default_value_t = 2_000)]
    slips: u32,
    /// Barcodes and lines of a round of ours; pycobranca makes a hundredth
    #[arg(long, default_value_t = 200_000)]
    codes: u32,
}

/// What is made.
#[derive(Clone, Copy, Debug)]
enum Work {
    Codes,
    Slips,
}

/// Measures, prints, and writes `slips.json`. Missing a bar is no failure.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let machine = Machine::look(&std::env::current_exe()?, &[])?;
    println!("{machine}");
    let pix = pix()?;
    let (ours, mut peer) = (Ours::new(&pix)?, Pycobranca::start(&pix)?);
    let mut report = Report { machine, sections: Vec::new() };
    for (work, count) in [(Work::Codes, arguments.codes), (Work::Slips, arguments.slips)] {
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..arguments.rounds {
            own.push(ours.make(work, round * count + 1, count)?);
            theirs.push(peer.make(work, round * count + 1, (count / 100).max(1))?);
        }
        let section = section(work, &Figures::median(&own), &Figures::median(&theirs));
        println!("{section}");
        report.sections.push(section);
    }
    let path = target().join("bench/slips.json");
    report.write(&path)?;
    println!("written: {}", path.display());
    Ok(())
}

/// The code of a charge at a bank: as long as they are.
fn pix() -> Outcome<String> {
    let url = "pix.example.com/qr/v2/9d36b84f-c70b-478f-b95c-12729b90ca25";
    let target = Target::Dynamic { url, one_time: true };
    let name = "Padaria Sao Joao";
    Ok(NewBrCode { target, merchant_name: name, city: "Sao Paulo", postal_code: None, mcc: None }.encode()?)
}

fn section(work: Work, own: &Figures, theirs: &Figures) -> Section {
    let times = own.get(A_SECOND) / theirs.get(A_SECOND);
    let rows = vec![Row::new("comporta", own.clone()), Row::new("pycobranca", theirs.clone())];
    let (name, how, bars) = match work {
        Work::Codes => (
            "codes",
            "our number, free field, barcode and digitable line of distinct boletos (Itaú, 109)",
            Vec::new(),
        ),
        Work::Slips => (
            "slips",
            "distinct slips as PDF, each with the QR code of Pix (Itaú, 109)",
            vec![
                Bar::at_least("a second on a core", WANTED, own.get(A_SECOND)),
                Bar::at_least("times pycobranca", TIMES, times),
                Bar::at_most("KB each", LARGEST_KB, own.get(KB)),
            ],
        ),
    };
    let how = format!("{how}; one thread each, rounds in turn: {times:.0} times as many");
    Section { name: name.to_owned(), how, rows, bars }
}
