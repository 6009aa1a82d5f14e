"""Three seeded corpora of made-up campaign messages, no two alike: ASCII, mixed, Unicode.

A message is an opening with a name, an order number of its own and one to four sentences, all of
one style: a language or a way of writing.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Texts of a style and kind (opening or sentence) with their slots filled in.
POOL = 2_000

#: Names for the styles that have none of their own.
NAMES = "Anna Ben Carla David Emma Felix Greta Hugo Ines Jonas Karin Luca Maria Nils Olga Pia"

#: Styles: its own names, an opening (the order number follows it), sentences. Greek in capitals is
#: GSM-7 where Latin letters stand for those that look alike, as senders write it.
STYLES = """
en-parcel:
Hi {name}, about your order
Your parcel is out for delivery and arrives before {time} today.
Track it: https://example.com/t/{code}
Please call us on 0800 555 {n}{n} if the time does not suit you.

en-booking:
{name}, a reminder of booking
Your appointment is at {time}; reply C to confirm or STOP to opt out.
Pay ${n}.50 at the desk or online.
Bring your card and be there ten minutes early, thank you!

en-signs:
[Shop] Hi {name}, order
Now only {n}€ instead of {n}9€ with code [{code}].
Your table for {n} is booked at [{time}], bring ticket ~{code}.
See https://example.com/~{code}?a=[{n}] | reply STOP to opt out.

de:
Grüße an {name}, zu Ihrer Bestellung
Ihr Paket kommt heute bis {time} Uhr; wir klingeln an der Tür.
Für Sie: {n} % auf alles mit dem Code {code}, nur heute!
Schöne Grüße aus der Filiale Münchner Straße {n}.

fr:
Bonjour {name}, voilà la commande
Votre colis est arrivé au relais, à retirer dès {time}.
Profitez de -{n} % à la caisse avec le code {code}, c'est l'été!
Le prix après remise est de {n} €, réglé par carte.

es:
¡Buenas, {name}! Su pedido
¿Nos vemos mañana a las {time}? La señora Peña le espera.
Este año, {n}% de descuento con el vale {code}.

el-capitals: ANNA MAPIA NIKOΣ EΛENH ΓIΩPΓOΣ
ΓEIA ΣOY {name}, H ΠAPAΓΓEΛIA
TO ΔEMA ΣAΣ ΘA ΦTAΣEI ΣHMEPA ΠPIN TIΣ {time}.
EKΠTΩΣH {n}% ΣE OΛA ME TON KΩΔIKO {code}!

typographic:
“Thank you”, {name} – here’s order
It’s on its way – we’ll be there by {time} today.
Don’t miss out: {n}% off “everything” with {code}…
Please call 0800 555 {n}{n} if that doesn’t suit you.

emoji:
🎉 Hi {name}, we have your order
Your parcel arrives today by {time} 📦🚚
Only today: {n}% off with code {code} 😍🔥
See you at {time} 👋🏽 and bring the family 👨‍👩‍👧

pt:
Olá {name}, a sua encomenda
A entrega está prevista até às {time}; não é preciso ligação.
Só hoje: {n}% de desconto com o código {code}.

zh: 王芳 李伟 张敏 刘洋
{name}您好,您的订单
您的包裹将于今天{time}前送达,请保持电话畅通,感谢您一直以来的支持。
会员限时优惠{n}%,结账时使用优惠码{code},仅限今天,先到先得🎁

ja: 佐藤 鈴木 高橋 田中
{name}様、ご注文の番号は
本日{time}までにお届けします。ご不在の場合はお手数ですがご連絡ください。
会員様限定で{n}%割引、クーポンコードは{code}です。ぜひご利用ください。

th: สมชาย มาลี อารี
สวัสดีคุณ {name} คำสั่งซื้อ
พัสดุของคุณจะถึงวันนี้ก่อน {time} ขอบคุณค่ะ
ส่วนลด {n}% ด้วยรหัส {code} วันนี้เท่านั้น

ru: Анна Иван Мария Сергей
Здравствуйте, {name}! Ваш заказ
Курьер приедет сегодня до {time}.
Скидка {n}% по коду {code} до полуночи!

ar: فاطمة أحمد ليلى يوسف
مرحبا {name}، طلبك رقم
ستصل شحنتك اليوم قبل الساعة {time}، شكرا لتسوقك معنا.
خصم {n}% على كل شيء مع الرمز {code} 🎉

hi: राहुल प्रिया अनीता
नमस्ते {name}, आपका ऑर्डर
आपका पार्सल आज {time} बजे से पहले पहुँच जाएगा।
कोड {code} से आज {n}% की छूट पाएँ।
"""

#: Shares of styles; shares of messages with one, two and more sentences.
CORPORA: dict[str, tuple[dict[str, float], list[float]]] = {
    "ascii": ({"en-parcel": 0.6, "en-booking": 0.4}, [0.82, 0.18]),
    "mixed": (
        {"en-parcel": 0.25, "en-booking": 0.15, "en-signs": 0.12, "de": 0.1, "fr": 0.08}
        | {"es": 0.06, "el-capitals": 0.04, "typographic": 0.08, "emoji": 0.06, "pt": 0.06},
        [0.27, 0.45, 0.19, 0.09],
    ),
    "unicode": (
        {"zh": 0.22, "ja": 0.2, "th": 0.21, "hi": 0.16, "ru": 0.08, "ar": 0.08, "emoji": 0.05},
        [0.38, 0.47, 0.15],
    ),
}


def _pool(generator: np.random.Generator, names: str, *templates: str) -> list[str]:
    """Fill in the slots of templates drawn at random."""
    slots = zip(
        generator.choice(templates, POOL),
        generator.choice(names.split(), POOL),
        generator.integers(5, 60, POOL),
        generator.choice([0, 15, 30, 45], POOL),
        generator.integers(36**5, 36**6, POOL),
        strict=True,
    )
    return [
        template.format(name=name, n=n, time=f"{n % 12 + 8}:{minute:02}", code=np.base_repr(c, 36))
        for template, name, n, minute, c in slots
    ]


def corpus(name: str, rows: int) -> pa.LargeStringArray:
    """Make up the texts of a corpus."""
    shares, lengths = CORPORA[name]
    generator = np.random.default_rng([20260, *name.encode()])
    openings: list[str] = []
    sentences: list[str] = []
    blocks = dict(block.split(":", 1) for block in STYLES.strip().split("\n\n"))
    for style in shares:
        names, opening, *others = blocks[style].split("\n")
        names = names or NAMES
        openings += _pool(generator, names, opening)
        sentences += _pool(generator, names, *others)
    first = generator.choice(len(shares), rows, p=list(shares.values())) * POOL

    def draw(pool: list[str]) -> pa.LargeStringArray:
        places = pa.array(first + generator.integers(0, POOL, rows))
        return pa.array(pool, pa.large_string()).take(places)

    def joined(parts: list[pa.LargeStringArray], separator: str) -> pa.LargeStringArray:
        between = pa.scalar(separator, pa.large_string())
        return pc.binary_join_element_wise(*parts, between, null_handling="skip")

    numbers = pa.array(generator.permutation(rows) + 4_000_000).cast(pa.large_string())
    heads = joined([draw(openings), numbers], " ")
    size = generator.choice(len(lengths), rows, p=lengths)
    body = [
        pc.if_else(pa.array(size >= place), draw(sentences), pa.scalar(None, pa.large_string()))
        for place in range(len(lengths))
    ]
    return joined([heads, joined(body, " ")], ". ")
