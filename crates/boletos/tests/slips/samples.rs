//! Boletos to be drawn: every bank's name, code and a public sample of its barcode, and as many more as are wanted.

use comporta_boletos::slip::{Party, Slip};

/// A bank: code with check digit, name, a barcode of its.
type Bank = (&'static str, &'static str, &'static str);

const BANKS: [Bank; 22] = [
    ("001-9", "Banco do Brasil", "00191781400000800000000001234567000000000111"),
    ("004-3", "Banco do Nordeste", "00491439700001000000016000119320000053121000"),
    ("021-3", "Banestes", "02199647100001278906924010100014542047202193"),
    ("033-7", "Santander", "03391693400002717169123456700000000045610101"),
    ("041-8", "Banrisul", "04198100100000550002111029000150228325634059"),
    ("070-1", "BRB", "07099641400000010000000820000528200000107013"),
    ("077-9", "Banco Inter", "07792693400000276150001110123456700000004586"),
    ("084-1", "Uniprime Norte do Paraná", "08497948400000712400012090000001003500477440"),
    ("085-1", "Ailos", "08591875700000080211011040231560200007464401"),
    ("097-3", "CrediSIS", "09791376900000135000000009750001100000000095"),
    ("104-0", "Caixa", "10491703000000500001234560000100040000000064"),
    ("136-8", "Unicred", "13691522200002952951234000012345700000138711"),
    ("237-2", "Bradesco", "23792690400000141501234040000000045301234560"),
    ("336-7", "C6 Bank", "33691153900000127501234567890121234567890204"),
    ("341-7", "Itaú Unibanco", "34191252500000135001960025828112345671234550"),
    ("356-5", "Banco Real", "35698486900000355000531570585390000000000123"),
    ("399-9", "HSBC", "39993252300000934230016324000000777889924742"),
    ("422-7", "Banco Safra", "42296100100000180847004000002782472617300112"),
    ("707-2", "Banco Daycoval", "70798993200000141500001121193443600845801060"),
    ("745-5", "Citibank", "74595545200000009993621305080446000000000027"),
    ("748-X", "Sicredi", "74894740700000400001119200003001560585305101"),
    ("756-0", "Sicoob", "75691697400000300001427701017227800000040001"),
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
    pub(crate) bank: Bank,
    pub(crate) barcode: [u8; 44],
    pub(crate) line: String,
    pub(crate) pix: Option<&'static str>,
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
        let bank = BANKS[number % BANKS.len()];
        let mut barcode: [u8; 44] = bank.2.as_bytes().try_into().unwrap();
        if number >= BANKS.len() {
            for (at, digit) in (0u64..).zip(&mut barcode).skip(11) {
                *digit = b'0' + noise(number as u64 * 64 + at);
            }
            barcode[4] = check_digit_of(&barcode);
        }
        assert_eq!(barcode[4], check_digit_of(&barcode), "{}", bank.2);
        let reais: u64 = std::str::from_utf8(&barcode[9..17]).unwrap().parse().unwrap();
        Self {
            bank,
            barcode,
            line: line_of(&barcode),
            pix: (number % 6 != 5).then(|| PIX[number % PIX.len()]),
            number: format!("NF {:05}/{}", number + 1, number % 12 + 1),
            amount: format!("R$ {reais},{}{}", char::from(barcode[17]), char::from(barcode[18])),
        }
    }

    pub(crate) fn digits(&self) -> String {
        String::from_utf8(self.barcode.to_vec()).unwrap()
    }

    pub(crate) fn slip(&self) -> Slip<'_> {
        Slip {
            bank_name: self.bank.1,
            bank_code: self.bank.0,
            barcode: &self.barcode,
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

/// A digit that looks random.
fn noise(seed: u64) -> u8 {
    let mixed = (seed ^ 0x5DEE_CE66).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u8::try_from((mixed >> 40) % 10).unwrap()
}

fn check_digit_of(barcode: &[u8; 44]) -> u8 {
    let others = barcode.iter().enumerate().filter(|(at, _)| *at != 4).rev();
    let sum: u32 =
        others.zip((2..=9).cycle()).map(|((_, digit), weight)| u32::from(digit - b'0') * weight).sum();
    let digit = 11 - sum % 11;
    b'0' + u8::try_from(if digit > 9 { 1 } else { digit }).unwrap()
}

fn line_of(barcode: &[u8; 44]) -> String {
    let text = std::str::from_utf8(barcode).unwrap();
    let field = |digits: String| {
        let sum: u32 = digits
            .bytes()
            .rev()
            .zip([2, 1].into_iter().cycle())
            .map(|(digit, weight)| {
                (u32::from(digit - b'0') * weight)
                    .to_string()
                    .bytes()
                    .map(|it| u32::from(it - b'0'))
                    .sum::<u32>()
            })
            .sum();
        let (five, rest) = digits.split_at(5);
        format!("{five}.{rest}{}", (10 - sum % 10) % 10)
    };
    let first = field(format!("{}{}", &text[..4], &text[19..24]));
    let (second, third) = (field(text[24..34].to_owned()), field(text[34..].to_owned()));
    format!("{first} {second} {third} {} {}", &text[4..5], &text[5..19])
}

/// A slip whose every text is far too long.
pub(crate) fn overfull<'a>(sample: &'a Sample, long: &'a str) -> Slip<'a> {
    let party = Party { name: long, document: long, address: long };
    Slip {
        bank_name: long,
        bank_code: long,
        line: long,
        barcode: &sample.barcode,
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
