import pytest

from smslab.errors import RateCardError
from smslab.rates import Rate, RateCard


@pytest.fixture
def card_of(tmp_path):
    def read(text, encoding="utf-8"):
        path = tmp_path / "card.csv"
        path.write_bytes(text.encode(encoding))
        return RateCard.read(path)

    return read


def test_bundled_card():
    card = RateCard.bundled()
    assert card.currency == "USD"
    assert len(card.countries) >= 220
    assert all(rate.source and rate.valid_from for rate in card.rates)
    listed = {"US": 8300, "GB": 56_000, "DE": 112_000, "JP": 89_000, "NL": 114_300, "CW": 172_300}
    for country, micro in listed.items():
        assert card.price(country).segment_micro == micro, country
    assert card.price("NA").segment_micro > 0  # Namibia, not "not available"
    fees = {"AT&T": 3500, "T-Mobile": 4500, "Verizon": 4500, "US Cellular": 4500}
    for carrier, micro in fees.items():
        assert card.price("US", carrier=carrier, sender_type="10dlc").carrier_fee_micro == micro
    assert card.failed_message_micro == 1000


def test_fall_back_and_what_it_says():
    rates = (
        Rate(country="US", carrier="Verizon", price_micro=3),
        Rate(country="US", carrier="Other", price_micro=5),
        Rate(country="DE", carrier="O2", price_micro=9),
        Rate(country="DE", carrier="Telekom", price_micro=7),
        Rate(country="US", carrier="Verizon", sender_type="10dlc", price_micro=2, kind="outbound"),
    )
    card = RateCard("card", "USD", rates)

    def found(country, **where):
        price = card.price(country, **where)
        return price.segment_micro, price.basis

    assert found("US", carrier="verizon") == (3, "carrier")
    assert found("US", carrier="Verizon", sender_type="10dlc") == (2, "carrier")
    assert found("US", carrier="Nobody") == (5, "Other")
    assert found("US") == (5, "Other")
    assert found("DE", carrier="Nobody") == (7, "country minimum")
    assert card.price("US").fee_basis == "none"
    with pytest.raises(RateCardError, match="no price for country 'FR'"):
        card.price("FR")
    assert card.names("US", "verizon")
    assert not card.names("US", "O2")


def test_sender_types():
    def fee(carrier, sender_type, micro):
        kind = "outbound_carrier_fee"
        return Rate(
            country="US", carrier=carrier, sender_type=sender_type, price_micro=micro, kind=kind
        )

    rates = (
        Rate(country="US", carrier="Verizon", price_micro=10),
        Rate(country="US", carrier="AT&T", sender_type="10dlc", price_micro=3),
        fee("Verizon", "10dlc", 5),
        fee("Verizon", "short_code", 2),
        fee("AT&T", "10dlc", 4),
    )
    card = RateCard("card", "USD", rates)

    def fees(**where):
        price = card.price("US", **where)
        return price.carrier_fee_micro, price.fee_basis

    # The carrier's price for any sender goes before another carrier's for this one.
    assert card.price("US", carrier="Verizon", sender_type="10dlc").segment_micro == 10
    assert fees(carrier="Verizon", sender_type="10DLC") == (5, "carrier")
    assert fees(carrier="Verizon", sender_type="short_code") == (2, "carrier")
    assert fees(carrier="Verizon", sender_type="long_code") == (2, "another sender type")
    assert fees(carrier="Verizon") == (2, "carrier")
    assert fees(sender_type="10dlc") == (4, "country minimum")
    assert fees() == (2, "country minimum")


@pytest.mark.parametrize("micro", [0.0083, -1, 10**12, True, "1"])
def test_prices_are_exact_integers(micro):
    with pytest.raises(RateCardError, match="price_micro must be an integer"):
        Rate(country="US", price_micro=micro)


def test_read_own_card(card_of):
    card = card_of(
        "\ufeffCountry,price,currency,carrier, Kind,note\n"
        "na,0.1,EUR,,,\nUS,0.0083,eur,Verizon,,x\nUS,0.004,EUR,Verizon,outbound_carrier_fee,\n"
    )
    assert card.name == "card"
    assert card.currency == "EUR"
    assert card.countries == ("NA", "US")
    assert card.price("US", carrier="Verizon").total_micro == 12_300


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column 'country'"),
        ("countri,price,currency\n", "Did you mean 'countri'"),
        ("country,price,currency\n", "no rates"),
        ("country,price,currency\nUS,x,USD\n", "line 2: price must be a number"),
        (
            "country,price,currency\nUS,-1,USD\n",
            "line 2: price must be a number such as 0.0083, zero or more",
        ),
        ("country,price,currency\nUS,nan,USD\n", "price must be a number"),
        ("country,price,currency\nUS,0.00000083,USD\n", "six decimals"),
        ('country,price,currency\nUS,"0,0083",USD\n', "decimal point"),
        ("country,price,currency\nUS,1e30,USD\n", "price must be a number"),
        ("country,price,currency\nUS," + "9" * 30 + ",USD\n", "price must be below 100,000"),
        ("country,currency,price\nUS,USD,0,0083\n", "line 2 has 4 cells, the header 3"),
        ("country,price,currency\nUS,1_0,USD\n", "price must be a number"),
        ("country,price,currency\nUS,0.0083000" + "0" * 30 + "1,USD\n", "six decimals"),
        ("country;price;currency\nUS;1;USD\n", "by commas, not semicolons"),
        ("country,price,currency,price\nUS,1,USD,2\n", "two columns are called 'price'"),
        ('country,price,currency\nUS,1,"USD\nDE,2,USD\n', "line 3: unexpected end of data"),
        ("country,price,currency\nUK,1,USD\n", "line 2: country"),
        ("country,price,currency\n,1,USD\n", "country must be"),
        ("country,price,currency\nUS,1,$\n", "currency must be a code"),
        ("country,price,currency\nUS,1,USD\nDE,1,EUR\n", "more than one currency"),
        (
            "country,price,currency\nUS,1,USD\nUS,2,USD\n",
            "line 3 is about the same .* as line 2; keep one",
        ),
        ("country,price,currency,kind\nUS,1,USD,outbond\n", "Did you mean 'outbound'"),
        ("country,price,currency,valid_from\nUS,1,USD,May\n", "valid_from must be a date"),
        ("country,price,currency,kind\nUS,1,USD,failed_message_fee\n", "holds everywhere"),
    ],
)
def test_bad_card(card_of, text, says):
    with pytest.raises(RateCardError, match=says):
        card_of(text)


def test_unreadable_card(card_of, tmp_path):
    with pytest.raises(RateCardError, match="cannot be read"):
        RateCard.read(tmp_path / "none.csv")
    with pytest.raises(RateCardError, match="not UTF-8"):
        card_of("country,price,currency\nUS,1,USD,é\n", encoding="latin-1")
