//! Charges in the words of a slip: Portuguese, which banks require there.

use comporta_kernel::BusinessDate;

use super::{Amount, Discount, Interest, Percent, Share};

pub(super) fn discount(discount: &Discount) -> String {
    format!("Até {}, desconto de {}.", date(discount.until), share(discount.off))
}

pub(super) fn fine(fine: Share) -> String {
    format!("Após o vencimento, multa de {}.", share(fine))
}

pub(super) fn interest(interest: Interest) -> String {
    match interest {
        Interest::PerDay(daily) => {
            format!("Após o vencimento, juros de {} por dia de atraso.", reais(daily))
        }
        Interest::PerMonth(monthly) => {
            format!("Após o vencimento, juros de {} ao mês, cobrados por dia de atraso.", percent(monthly))
        }
    }
}

fn share(share: Share) -> String {
    match share {
        Share::Amount(amount) => reais(amount),
        Share::Percent(share) => percent(share),
    }
}

fn percent(percent: Percent) -> String {
    format!("{}%", percent.to_string().replace('.', ","))
}

fn reais(amount: Amount) -> String {
    let centavos = amount.centavos();
    let mut whole = (centavos / 100).to_string();
    for place in
        (1..whole.len()).rev().filter(|place| (whole.len() - place).is_multiple_of(3)).collect::<Vec<_>>()
    {
        whole.insert(place, '.');
    }
    format!("R$ {whole},{:02}", centavos % 100)
}

fn date(date: BusinessDate) -> String {
    let date = date.civil();
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}
