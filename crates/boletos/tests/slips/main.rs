//! Slips read back by other software than ours: poppler draws and reads them, zbar scans them, Python unpacks them.
#![cfg(test)]

mod paper;
mod samples;

use std::fs;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::thread;

use comporta_boletos::slip::{Archive, Paper, Slip, Slips};
use comporta_neighbours::{PYTHON_VENV, install};
use comporta_pdf::{A4, Fonts};

use paper::{assert_read, scanned, text, words};
use samples::Sample;

/// How many slips are scanned: two of each bank, and with COMPORTA_E2E_FULL=1 two hundred.
static SCANNED: LazyLock<usize> =
    LazyLock::new(|| if std::env::var_os("COMPORTA_E2E_FULL").is_some() { 200 } else { 42 });

static SLIPS: LazyLock<Slips> = LazyLock::new(|| Slips::new(Arc::new(Fonts::load().unwrap())));

fn document(paper: Paper, samples: &[Sample]) -> Vec<u8> {
    let slips: Vec<Slip<'_>> = samples.iter().map(Sample::slip).collect();
    let mut bytes = Vec::new();
    let mut run = SLIPS.run(paper, &mut bytes);
    run.slips(&slips, &mut bytes).unwrap();
    run.finish("Boletos", &mut bytes);
    bytes
}

#[test]
fn every_banks_slips_are_scanned_digit_for_digit_with_their_pix_code() {
    let samples = Sample::some(*SCANNED);
    let share = samples.len().div_ceil(thread::available_parallelism().unwrap().get());
    let checked: usize = thread::scope(|scope| {
        let shares = samples.chunks(share).map(|samples| scope.spawn(|| check_sheets(samples)));
        shares.collect::<Vec<_>>().into_iter().map(|share| share.join().unwrap()).sum()
    });
    assert_eq!(checked, *SCANNED);
}

/// Ten pages at a time: each takes four megabytes as an image.
fn check_sheets(samples: &[Sample]) -> usize {
    let few = samples.chunks(10);
    few.map(|few| {
        let pages = scanned(&document(Paper::Sheets, few), 200);
        assert_eq!(pages.len(), few.len());
        few.iter().zip(&pages).for_each(|(sample, read)| assert_read(read, std::slice::from_ref(sample)));
        pages.len()
    })
    .sum()
}

#[test]
fn a_booklets_slips_are_scanned_three_to_a_page() {
    let samples = Sample::some(23);
    let pages = scanned(&document(Paper::Booklet, &samples), 300);
    assert_eq!(pages.len(), 8);
    samples.chunks(3).zip(&pages).for_each(|(three, read)| assert_read(read, three));
}

#[test]
fn a_slip_says_what_it_was_given_and_what_it_must() {
    let sample = &Sample::some(15)[14];
    let read = text(&SLIPS.pdf(&sample.slip()).unwrap());
    for label in [
        "Recibo do Pagador",
        "Autenticação mecânica – Ficha de Compensação",
        "Pague com Pix",
        "Pix Copia e Cola",
        "Local de pagamento",
        "Vencimento",
        "Beneficiário",
        "Agência / Código do beneficiário",
        "Data do documento",
        "Nº do documento",
        "Espécie doc.",
        "Aceite",
        "Data processamento",
        "Nosso número",
        "Uso do banco",
        "Carteira",
        "Espécie",
        "Quantidade",
        "(x) Valor",
        "(=) Valor do documento",
        "Instruções",
        "(-) Desconto / Abatimento",
        "(-) Outras deduções",
        "(+) Mora / Multa",
        "(+) Outros acréscimos",
        "(=) Valor cobrado",
        "Pagador",
        "Sacador / Avalista",
        "Cód. baixa",
        "Itaú",
        "341-7",
        &sample.line,
        "CNPJ 12.345.678/0001-95",
        "Maria Aparecida da Conceição",
        "Não receber após 30 dias do vencimento.",
        "Consumo: 312 kWh e 18 m³",
    ] {
        assert!(read.contains(label), "{label} is not in\n{read}");
    }
}

#[test]
fn the_text_to_be_copied_is_whole() {
    for sample in Sample::some(10).iter().filter(|sample| sample.pix.is_some()) {
        for paper in [Paper::Sheets, Paper::Booklet] {
            let read = text(&document(paper, std::slice::from_ref(sample))).replace('\n', "");
            let payload = sample.pix.unwrap();
            assert!(read.contains(payload), "{payload} is not in {read}");
        }
    }
}

#[test]
fn no_text_is_so_long_that_it_runs_into_another_or_off_the_paper() {
    let long = "Associação Beneficente ÁÊÕ de WWWWWWWWWWWWWWWWWWWWWWWWW Ltda. ".repeat(40);
    let samples = Sample::some(5);
    for (paper, sample) in [Paper::Sheets, Paper::Booklet]
        .into_iter()
        .flat_map(|paper| samples.iter().map(move |it| (paper, it)))
    {
        let slip = samples::overfull(sample, &long);
        let mut bytes = Vec::new();
        let mut run = SLIPS.run(paper, &mut bytes);
        run.slips(&[slip; 3], &mut bytes).unwrap();
        run.finish("", &mut bytes);
        let words = words(&bytes);
        assert!(words.len() > 200, "{}", words.len());
        for (at, word) in words.iter().enumerate() {
            assert!(word.left > 5.0 && word.right < A4.width - 5.0, "{word:?}");
            assert!(word.top > 0.0 && word.bottom < A4.height, "{word:?}");
            let close = words[at + 1..].iter().find(|other| word.overlaps(other));
            assert!(close.is_none(), "{paper:?}: {word:?} and {close:?}");
        }
    }
}

#[test]
fn a_slip_has_the_same_bytes_each_time_and_few() {
    let again = Slips::new(Arc::new(Fonts::load().unwrap()));
    for sample in Sample::some(44) {
        let pdf = SLIPS.pdf(&sample.slip()).unwrap();
        assert_eq!(pdf, again.pdf(&sample.slip()).unwrap());
        assert!(pdf.len() <= 40_000, "{} for {:?}", pdf.len(), sample.pix.map(str::len));
    }
    // Longer than any code of Pix with a recurrence; the longest that is drawn, 512, takes 42,000 bytes.
    let (sample, longest) = (&Sample::some(1)[0], "Q7#x".repeat(103));
    let pdf = SLIPS.pdf(&Slip { pix: Some(&longest), ..sample.slip() }).unwrap();
    assert!(pdf.len() <= 40_960, "{}", pdf.len());
}

#[test]
fn an_archive_is_unpacked_to_the_files_that_went_in() {
    install(&[PYTHON_VENV]).unwrap();
    let samples = Sample::some(30);
    let (mut archive, mut bytes) = (Archive::new(), Vec::new());
    let files: Vec<(String, Vec<u8>)> = samples
        .iter()
        .map(|it| (format!("boleto-{}.pdf", it.barcode), SLIPS.pdf(&it.slip()).unwrap()))
        .collect();
    for (name, pdf) in &files {
        archive.file(name, pdf, &mut bytes).unwrap();
    }
    archive.finish(&mut bytes);
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("boletos.zip");
    fs::write(&zip, bytes).unwrap();
    let out = folder.path().join("out");
    let status = Command::new("python3").args(["-m", "zipfile", "-e"]).args([&zip, &out]).status().unwrap();
    assert!(status.success());
    assert_eq!(fs::read_dir(&out).unwrap().count(), files.len());
    for (name, pdf) in files {
        assert!(fs::read(out.join(name)).unwrap() == pdf);
    }
}
