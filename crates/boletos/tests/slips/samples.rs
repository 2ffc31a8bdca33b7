//! Boletos to be drawn: a public sample of every bank's, and as many more as are wanted.

use comporta_boletos::model::{Amount, Bank, Barcode, DigitableLine};
use comporta_boletos::slip::{Party, Slip};
use comporta_kernel::Money;

/// A public sample of each bank's.
const BARCODES: [&str; 21] = [
    "00191781400000800000000001234567000000000111",
    "00491439700001000000016000119320000053121000",
    "02199647100001278906924010100014542047202193",
    "03391693400002717169123456700000000045610101",
    "04198100100000550002111029000150228325634059",
    "07099641400000010000000820000528200000107013",
    "07792693400000276150001110123456700000004586",
    "08497948400000712400012090000001003500477440",
    "08591875700000080211011040231560200007464401",
    "09791376900000135000000009750001100000000095",
    "10491703000000500001234560000100040000000064",
    "13691522200002952951234000012345700000138711",
    "23792690400000141501234040000000045301234560",
    "33691153900000127501234567890121234567890204",
    "34191252500000135001960025828112345671234550",
    "39993252300000934230016324000000777889924742",
    "42296100100000180847004000002782472617300112",
    "70798993200000141500001121193443600845801060",
    "74595545200000009993621305080446000000000027",
    "74894740700000400001119200003001560585305101",
    "75691697400000300001427701017227800000040001",
];

/// Public samples of BR Codes, the shortest and the longest among them.
const PIX: [&str; 5] = [
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D",
    "00020126380014BR.GOV.BCB.PIX0116test@mail.com.br5204000053039865802BR5913FULANO DE TAL6009SAO PAULO61088500010062070503***63041747",
    "00020101021226940014br.gov.bcb.pix2572qr-h.sandbox.pix.bcb.gov.br/rest/api/v2/7b2d64c4eb744a2d92a4dd5f8cfc4dfa5204000053039865802BR5913FULANO DE TAL6008BRASILIA62070503***80950014br.gov.bcb.pix2573qr-h.sandbox.pix.bcb.gov.br/rest/api/rec/3d29b94249c54b3f8c533d729f59b5e56304DBE0",
    "00020101021226770014BR.GOV.BCB.PIX2555pix.example.com/qr/93598be0-1bd0-4997-8318-81776a1d8a995204000053039865802BR5907EMPRESA6009SAO PAULO62070503***6304EEAB",
    "00020104141234567890123426660014BR.GOV.BCB.PIX014466756C616E6F32303139406578616D706C652E636F6D27300012BR.COM.OUTRO011001234567895204000053039865406123.455802BR5915NOMEDORECEBEDOR6008BRASILIA61087007490062530515RP12345678-201950300017BR.GOV.BCB.BRCODE01051.0.080450014BR.GOV.BCB.PIX0123PADRAO.URL.PIX/0123ABCD81390012BR.COM.OUTRO01190123.ABCD.3456.WXYZ6304EB76",
];

/// What a slip borrows.
pub(crate) struct Sample {
    pub(crate) barcode: Barcode,
    pub(crate) line: String,
    pub(crate) pix: Option<&'static str>,
    bank: Bank,
    number: String,
    amount: String,
}

impl Sample {
    /// So many: each bank's own sample first, then others of its with other amounts and free fields. One in six has no
    /// Pix code.
    pub(crate) fn some(count: usize) -> Vec<Self> {
        (0..count).map(Self::number).collect()
    }

    fn number(number: usize) -> Self {
        let published: Barcode = BARCODES[number % BARCODES.len()].parse().unwrap();
        let bank = published.bank_code().parse().unwrap();
        let barcode = if number < BARCODES.len() { published } else { other(bank, &published, number) };
        Self {
            bank,
            barcode,
            line: DigitableLine::from(&barcode).printed(),
            pix: (number % 6 != 5).then(|| PIX[number % PIX.len()]),
            number: format!("NF {:05}/{}", number + 1, number % 12 + 1),
            amount: format!("R$ {}", barcode.amount().to_string().replace('.', ",")),
        }
    }

    pub(crate) fn slip(&self) -> Slip<'_> {
        Slip {
            bank_name: self.bank.name(),
            bank_code: self.bank.printed_code(),
            barcode: self.barcode.as_bytes(),
            line: &self.line,
            pix: self.pix,
            payment_place: "Pagável em qualquer banco até o vencimento",
            due_date: "15/08/2026",
            beneficiary: Party {
                name: "Companhia Paulista de Água e Energia Ltda.",
                document: "CNPJ 12.345.678/0001-95",
                address: "Avenida São João, 1.234, sala 56 – Centro – São Paulo – SP – 01036-100",
            },
            branch_and_code: "1234 / 0012345-6",
            document_date: "01/08/2026",
            document_number: &self.number,
            document_kind: "DM",
            acceptance: "N",
            processing_date: "01/08/2026",
            our_number: "109/00258281-1",
            bank_use: "",
            portfolio: "109",
            currency: "R$",
            quantity: "",
            unit_value: "",
            amount: &self.amount,
            discount: "",
            other_deductions: "",
            fine: "",
            other_additions: "",
            charged: "",
            instructions: "Após o vencimento cobrar multa de 2,00 % e juros de 1,00 % ao mês.\nConceder desconto de \
                           R$ 25,00 até 10/08/2026.\nNão receber após 30 dias do vencimento.",
            statement: "Fornecimento de água e energia, julho de 2026\nConsumo: 312 kWh e 18 m³\nDúvidas: \
                        (11) 3333-4444 ou cobranca@example.com",
            instalment: "3/12",
            payer: Party {
                name: "Maria Aparecida da Conceição",
                document: "CPF 123.456.789-09",
                address: "Rua das Laranjeiras, 789, apto. 101 – Rio de Janeiro – RJ – 22240-006",
            },
            guarantor: "",
            write_off_code: "",
        }
    }
}

/// Another barcode of the bank, of digits that look random.
fn other(bank: Bank, published: &Barcode, number: usize) -> Barcode {
    let centavos = i64::try_from(1 + noise(number, 0) % 9_999_999).unwrap();
    let amount = Amount::try_from(Money::from_centavos(centavos).unwrap()).unwrap();
    let free_field = std::array::from_fn(|at| b'0' + u8::try_from(noise(number, at + 1) % 10).unwrap());
    Barcode::of(bank, published.due_factor(), amount, &free_field)
}

fn noise(number: usize, at: usize) -> usize {
    let seed = (number * 64 + at) ^ 0x5DEE_CE66;
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
}

/// A slip whose every text is far too long.
pub(crate) fn overfull<'a>(sample: &'a Sample, long: &'a str) -> Slip<'a> {
    let party = Party { name: long, document: long, address: long };
    Slip {
        bank_name: long,
        bank_code: long,
        line: long,
        barcode: sample.barcode.as_bytes(),
        pix: sample.pix,
        payment_place: long,
        due_date: long,
        beneficiary: party,
        branch_and_code: long,
        document_date: long,
        document_number: long,
        document_kind: long,
        acceptance: long,
        processing_date: long,
        our_number: long,
        bank_use: long,
        portfolio: long,
        currency: long,
        quantity: long,
        unit_value: long,
        amount: long,
        discount: long,
        other_deductions: long,
        fine: long,
        other_additions: long,
        charged: long,
        instructions: long,
        statement: long,
        instalment: long,
        payer: party,
        guarantor: long,
        write_off_code: long,
    }
}
