"""Makes boletos with pycobranca: told a kind of work and a number on each line of input, it answers with the seconds
that took and the bytes that came of it."""

import sys
import time
from datetime import date

from pycobranca.bancos import Bancos
from pycobranca.render import render_boleto_pdf

PIX = sys.argv[1]
Itau = Bancos.find("341")


def boleto(number):
    return Itau(
        valor=f"{10 + number}.50",
        cedente="Padaria São João Ltda",
        cedente_documento="12.345.678/0001-95",
        agencia="0057",
        conta="12345",
        carteira="109",
        nosso_numero=f"{number:08}",
        data_vencimento=date(2027, 1, 19),
        sacado=f"Maria da Silva {number}",
        sacado_documento="529.982.247-25",
        pix_copia_cola=PIX,
    )


def codes(number):
    made = boleto(number)
    return len(made.codigo_barras) + len(made.linha_digitavel)


def slips(number):
    return len(render_boleto_pdf(boleto(number).contexto_render(), modelo="moderno"))


for line in sys.stdin:
    kind, first, count = line.split()
    work = {"codes": codes, "slips": slips}[kind]
    start = time.perf_counter()
    made = sum(work(number) for number in range(int(first), int(first) + int(count)))
    print(time.perf_counter() - start, made, flush=True)
