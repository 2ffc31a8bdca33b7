//! Printed and looked at: what poppler and zbar make of a document.

use std::fs;
use std::process::Command;

use comporta_neighbours::{POPPLER, ZBAR, install};

use crate::samples::Sample;

/// A word on a page, in points from its upper left corner.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
    text: String,
}

impl Word {
    /// Whether letters touch: boxes are higher than letters, and close lines' boxes overlap.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let core = |word: &Self| {
            (word.top + 0.35 * (word.bottom - word.top), word.bottom - 0.25 * (word.bottom - word.top))
        };
        let ((top, bottom), (other_top, other_bottom)) = (core(self), core(other));
        self.left < other.right - 0.2
            && other.left < self.right - 0.2
            && top < other_bottom
            && other_top < bottom
            && !self.text.is_empty()
    }
}

/// The codes on each page, printed at so many dots per inch: each as its kind, a colon and what it says.
pub(crate) fn scanned(pdf: &[u8], dots: u16) -> Vec<Vec<String>> {
    install(&[POPPLER, ZBAR]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slips.pdf");
    fs::write(&file, pdf).unwrap();
    let mut print = Command::new("pdftoppm");
    let status =
        print.args(["-r", &dots.to_string(), "-gray"]).arg(&file).arg(folder.path().join("page")).status();
    assert!(status.unwrap().success());
    let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let mut pages: Vec<_> = files.filter(|file| file.extension().is_some_and(|it| it == "pgm")).collect();
    pages.sort();
    let mut scan = Command::new("zbarimg");
    scan.args(["--nodbus", "--quiet", "--xml", "-Sdisable", "-Si25.enable", "-Sqrcode.enable"]);
    let output = scan.args(pages).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    found.split("<source ").skip(1).map(|page| page.split("<symbol ").skip(1).map(symbol).collect()).collect()
}

/// `type='I2/5' … <![CDATA[3419…]]>`
fn symbol(xml: &str) -> String {
    let kind = xml.split('\'').nth(1).unwrap();
    let (_, data) = xml.split_once("<![CDATA[").unwrap();
    format!("{kind}:{}", data.split("]]>").next().unwrap())
}

/// A page bears these slips' codes, each once, and no others.
pub(crate) fn assert_read(read: &[String], samples: &[Sample]) {
    let of_kind = |kind: &str| {
        let mut codes: Vec<&str> = read.iter().filter_map(|line| line.strip_prefix(kind)).collect();
        codes.sort_unstable();
        codes
    };
    let mut digits: Vec<String> = samples.iter().map(|sample| sample.barcode.to_string()).collect();
    digits.sort_unstable();
    // Letters look like bars too: what is shorter is none of ours.
    let bars: Vec<&str> = of_kind("I2/5:").into_iter().filter(|code| code.len() == 44).collect();
    assert_eq!(bars, digits, "{read:?}");
    let mut payloads: Vec<&str> = samples.iter().filter_map(|sample| sample.pix).collect();
    payloads.sort_unstable();
    assert_eq!(of_kind("QR-Code:"), payloads, "{read:?}");
}

/// What a reader copies from a document.
pub(crate) fn text(pdf: &[u8]) -> String {
    pdftotext(pdf, "-raw")
}

/// Every word on a document's first page.
pub(crate) fn words(pdf: &[u8]) -> Vec<Word> {
    let html = pdftotext(pdf, "-bbox");
    let page = html.split("</page>").next().unwrap();
    let words = page.lines().filter_map(|line| line.trim().strip_prefix("<word "));
    words
        .map(|word| {
            let number = |name: &str| {
                let (_, after) = word.split_once(&format!("{name}=\"")).unwrap();
                after.split('"').next().unwrap().parse().unwrap()
            };
            let text = word.split(['>', '<']).nth(1).unwrap_or_default().to_owned();
            Word {
                left: number("xMin"),
                top: number("yMin"),
                right: number("xMax"),
                bottom: number("yMax"),
                text,
            }
        })
        .collect()
}

fn pdftotext(pdf: &[u8], how: &str) -> String {
    install(&[POPPLER]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slip.pdf");
    fs::write(&file, pdf).unwrap();
    let output = Command::new("pdftotext").arg(how).arg(&file).arg("-").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
