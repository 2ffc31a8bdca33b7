//! Slips read back by other software than ours: poppler draws and reads them, zbar scans them.

mod samples;

use std::fs;
use std::sync::Arc;

use comporta_boletos::slip::{Paper, Slips};
use comporta_pdf::Fonts;
use samples::Sample;

#[test]
fn look() {
    let slips = Slips::new(Arc::new(Fonts::load().unwrap()));
    let samples = Sample::some(22);
    let dir = std::path::PathBuf::from(std::env::var("COMPORTA_KEEP_PDF").unwrap());
    for n in [0, 5, 14, 20] {
        let pdf = slips.pdf(&samples[n].slip()).unwrap();
        println!("{}", pdf.len());
        fs::write(dir.join(format!("slip{n}.pdf")), pdf).unwrap();
    }
    let all: Vec<_> = samples.iter().map(Sample::slip).collect();
    let mut out = Vec::new();
    let mut run = slips.run(Paper::Booklet, &mut out);
    run.slips(&all[..7], &mut out).unwrap();
    run.finish("Carnê", &mut out);
    println!("{}", out.len());
    fs::write(dir.join("booklet.pdf"), out).unwrap();
}

/// `cargo test --release -p comporta-boletos --test slips -- --ignored --nocapture` tells how many there are in a second.
#[test]
#[ignore = "measures: only an optimised build is worth measuring"]
fn slips_are_drawn_by_the_thousand() {
    let slips = Slips::new(Arc::new(Fonts::load().unwrap()));
    let samples = Sample::some(2_000);
    slips.pdf(&samples[0].slip()).unwrap();
    let start = std::time::Instant::now();
    let bytes: usize = samples.iter().map(|sample| slips.pdf(&sample.slip()).unwrap().len()).sum();
    let took = start.elapsed();
    println!("{:.0} a second, {} bytes each", 2_000.0 / took.as_secs_f64(), bytes / 2_000);
}
