"""Price lists of providers, in small copies of their formats with made-up prices."""

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smslab
from smslab.errors import OptionError, RateCardError
from smslab.rates import RateCard

TWILIO = """\
ISO,Country,Description,Price / msg
,Unknown,SATELLITE Outbound SMS - Other,0.10000
CA,Canada,CANADA Local Outbound SMS -  Telus ,0.00500
CA,Canada,CANADA Local Outbound SMS - Other,0.00600
CD,DR Congo,"CONGO, DEMOCRATIC REPUBLIC OF THE Outbound SMS - Other",0.20000
CL,Chile,CHILE Outbound SMS - WILL TelefonÃ­a,0.07000
GB,United Kingdom,GUERNSEY Outbound SMS - Wave,0.05000
GB,United Kingdom,UNITED KINGDOM Outbound SMS - Other,0.06000
NL,Netherlands,NETHERLANDS ANTILLES Outbound SMS - Other,0.17000
NL,Netherlands,NETHERLANDS Outbound SMS - Other,0.11000
NL,Netherlands,NETHERLANDS Outbound SMS - Other,0.12000
QK,Kosovo,KOSOVO Outbound SMS - Vala,0.20000
RU,Russia,RUSSIA Outbound SMS -TMT,0.70000
US,United States,UNITED STATES Inbound SMS - T-Mobile,0.00400
US,United States,UNITED STATES Outbound SMS - Other,-0.00400
VI,"Virgin Islands, U.S.",US VIRGIN ISLANDS Outbound SMS,0.02000
"""


@pytest.fixture
def card_of(tmp_path):
    def read(content, name="list.csv", **options):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return RateCard.read(path, **options)

    return read


def prices(card):
    return {(r.country, r.carrier, r.kind, r.sender_type): float(r.price) for r in card.rates}


def test_twilio_list(card_of):
    card = card_of(TWILIO, valid_from="2026-05-25")
    assert prices(card) == {
        ("CA", "Telus", "outbound", "long_code"): 0.005,
        ("CA", "Other", "outbound", "long_code"): 0.006,
        ("CD", "Other", "outbound", ""): 0.2,
        ("CL", "WILL Telefonía", "outbound", ""): 0.07,
        ("GG", "Wave", "outbound", ""): 0.05,
        ("GB", "Other", "outbound", ""): 0.06,
        ("BQ", "Other", "outbound", ""): 0.17,
        ("CW", "Other", "outbound", ""): 0.17,
        ("NL", "Other", "outbound", ""): 0.12,
        ("XK", "Vala", "outbound", ""): 0.2,
        ("RU", "TMT", "outbound", ""): 0.7,
        ("US", "T-Mobile", "inbound", ""): 0.004,
        ("VI", "Other", "outbound", ""): 0.02,
    }
    assert card.currency == "USD"
    assert {str(rate.valid_from) for rate in card.rates} == {"2026-05-25"}
    assert card.billing.source.startswith("Twilio")
    told = "\n".join(card.notes)
    for note in (
        "line 2: left out: no country: 'SATELLITE Outbound SMS - Other'",
        "line 6: 'WILL TelefonÃ\\xada' was read as 'WILL Telefonía'",
        "line 11: another price of the same (outbound, NL, Other) as line 10; the dearer of 0.11",
        "line 15: left out: price must be a number such as 0.0083, zero or more",
        "the list names no currency: taken as USD",
    ):
        assert note in told
    assert len(card.notes) == 5


def test_twilio_pricing_api(card_of):
    country = {
        "country": "Germany",
        "iso_country": "DE",
        "price_unit": "USD",
        "inbound_sms_prices": [
            {"number_type": "mobile", "base_price": "0.02", "current_price": "0.01"}
        ],
        "outbound_sms_prices": [
            {
                "carrier": "O2",
                "mcc": "262",
                "mnc": "07",
                "prices": [
                    {"number_type": "mobile", "base_price": "0.12", "current_price": "0.11"},
                    {"number_type": "short code", "base_price": "0.2", "current_price": None},
                ],
            }
        ],
    }
    card = card_of([country, country | {"iso_country": "AT"}], "prices.json")
    assert card.countries == ("AT", "DE")
    assert card.price("DE", carrier="26207", sender_type="long_code").segment_micro == 110_000
    assert card.price("DE", carrier="o2", sender_type="short_code").segment_micro == 200_000
    assert card.price("DE", inbound=True).segment_micro == 10_000
    lines = "\n".join(json.dumps(country | {"iso_country": code}) for code in ("FR", "IT"))
    assert card_of(lines, "prices.jsonl").countries == ("FR", "IT")


def test_plivo_pricing_api(card_of):
    card = card_of(
        {
            "country_iso": "US",
            "message": {
                "inbound": {"rate": "0.00100"},
                "outbound": {"rate": "0.00700"},
                "outbound_networks_list": [
                    {"group_name": "Verizon", "rate": "0.00650"},
                    {"group_name": "Verizon", "rate": "0.00650"},
                ],
            },
            "phone_numbers": {"local": {"rate": "0.5"}, "tollfree": {"rate": "1.0"}},
            "voice": {"inbound": {"ip": {"rate": "0.003"}}},
        },
        "plivo.json",
    )
    assert prices(card) == {
        ("US", "Other", "outbound", ""): 0.007,
        ("US", "Other", "inbound", ""): 0.001,
        ("US", "Verizon", "outbound", ""): 0.0065,
        ("US", "Other", "number_monthly", "long_code"): 0.5,
        ("US", "Other", "number_monthly", "toll_free"): 1,
    }
    assert card.fixed("US")["per"].tolist() == ["month", "month"]


def test_seven(card_of):
    network = {"mcc": "232", "mncs": ["01", "09"], "networkName": "A1", "price": 0.075}
    dead = {"mcc": "232", "mncs": ["77"], "networkName": "Dead", "price": None}
    countries = [{"countryCode": "AT", "networks": [network, dead]}]
    card = card_of({"countCountries": 1, "countries": countries}, "seven.json")
    assert card.currency == "EUR"
    assert [card.price("AT", carrier=code).basis for code in ("23201", "23209", "2321")] == [
        *["carrier"] * 3
    ]
    assert card.price("AT", carrier="23277").basis == "country minimum"
    assert "'Dead': left out: price must be a number" in card.notes[0]


def test_didww(card_of):
    card = card_of(
        "source_prefix,destination_prefix,country,mcc,mcc_name,mnc,mnc_name,reject_sms,price\n"
        ",372,Estonia,248,Estonia,01,Telia,false,0.05\n"
        ",4930,Wonderland,262,,,,false,0.07\n"
        ",7,Atlantis,999,,,,,0.01\n"
        ",53,Cuba,368,,01,Cubacel,true,0.01\n"
    )
    assert prices(card) == {
        ("EE", "Telia", "outbound", ""): 0.05,
        ("DE", "Other", "outbound", ""): 0.07,
    }
    assert card.price("EE", carrier="24801").basis == "carrier"
    assert "not 'Atlantis'" in card.notes[1]
    assert "takes no messages" in card.notes[0]


def test_bird_and_its_fall_back(card_of):
    text = "region,mcc,mnc,price\nNL,204,04,0.08\nNL,204,,0.07\n,,,0.2\n"
    with pytest.raises(RateCardError, match="names no currency; say it: currency='EUR'"):
        card_of(text)
    card = card_of(text, currency="eur")
    found = [card.price(c, carrier=n) for c, n in (("NL", "20404"), ("NL", "20408"), ("FR", None))]
    assert [(p.segment_micro, p.basis) for p in found] == [
        (80_000, "carrier"),
        (70_000, "Other"),
        (200_000, "any country"),
    ]
    assert card.billing.daily_cap


def test_tables_are_read_by_the_names_of_their_columns(card_of):
    card = card_of(
        "Country ISO,Country Name,Prefix,MCC,MNC,Carrier,Rate\nUK,United Kingdom,44,234,10,O2,.05\n"
        ",Namibia,264,649,,,0.1\n",
        currency="USD",
    )
    assert prices(card) == {
        ("GB", "O2", "outbound", ""): 0.05,
        ("NA", "Other", "outbound", ""): 0.1,
    }
    rows = [{"countryIsoCode": "FR", "mccmnc": "20801", "price": "0.06", "currencyCode": "EUR"}]
    assert card_of({"prices": rows}, "x.json").price("FR", carrier="20801").basis == "carrier"


def test_currencies(card_of):
    mixed = "country,price,currency\nUS,0.0075,USD\nDE,0.07,EUR\n"
    card = card_of(mixed, currency="EUR", exchange={"usd": "0.867"})
    # 0.0075 x 0.867 = 0.0065025: half a millionth goes to the even one.
    assert [rate.price_micro for rate in card.rates] == [6502, 70_000]
    with pytest.raises(RateCardError, match="say what one USD is worth: exchange="):
        card_of(mixed, currency="EUR")
    dollars = RateCard.bundled()
    assert dollars.convert("EUR", {"USD": 0.5}).price("US").segment_micro == 4150
    for worth in (0, -1, "x", float("nan")):
        with pytest.raises(RateCardError, match="must be a number above 0"):
            dollars.convert("EUR", {"USD": worth})


@pytest.mark.parametrize(
    "record",
    [
        {"iso_country": "DE", "outbound_sms_prices": "x", "inbound_sms_prices": [5]},
        {"iso_country": "DE", "outbound_sms_prices": [{"prices": [{"number_type": "m"}]}]},
        {"country_iso": "US", "message": [], "phone_numbers": 5},
        {"country_iso": "US", "message": {"outbound": 3}, "phone_numbers": {"local": 1}},
        {"countryCode": "AT", "networks": [5, {"mncs": 3, "price": None}]},
    ],
)
def test_records_of_other_shapes_are_told(card_of, record):
    with pytest.raises(RateCardError, match="no rates"):
        card_of(record, "x.json")


def test_small_numbers_of_json(card_of):
    card = card_of([{"countryIsoCode": "US", "price": 1e-05, "currencyCode": "USD"}], "x.json")
    assert card.price("US").segment_micro == 10


def test_days_and_tiers(card_of):
    card = card_of(
        "country,price,currency,valid_from,from_segments\n"
        "US,0.01,USD,2025-01-01,\nUS,0.02,USD,2026-01-01,0\nUS,0.015,USD,2026-01-01,100000\n"
        "US,0.03,USD,2027-01-01,\n"
    )

    def micro(card):
        return card.price("US").segment_micro

    assert micro(card) == 30_000
    assert micro(card.at("2025-06-01")) == 10_000
    assert micro(card.at("2026-06-01")) == 20_000
    assert micro(card.at("2026-06-01", segments=100_000)) == 15_000
    assert card.at("2024-12-31").rates == ()
    with pytest.raises(OptionError, match="a day must be a date"):
        card.at("May")


def test_fixed_costs_of_the_bundled_card():
    fixed = RateCard.bundled().fixed("US", sender_type="10dlc")
    assert set(fixed["kind"]) == {"registration_once", "campaign_monthly"}
    standard = fixed[(fixed["kind"] == "campaign_monthly") & (fixed["item"] == "standard")]
    assert standard["price"].tolist() == [10.0]
    assert fixed["source"].str.len().min() > 0


def test_drift(card_of):
    old = card_of(
        "country,price,currency,carrier\nUS,0.01,USD,\nDE,0.1,USD,\nFR,0.1,USD,A\nCU,1,USD,\n"
    )
    new = card_of("country,price,currency,carrier\nUS,0.01,USD,\nDE,0.15,USD,\nFR,0.1,USD,\n")
    drift = old.compare(new, weights={"US": 100, "DE": 10, "CU": 1})
    assert drift.common.index.tolist() == ["DE", "US"]
    assert drift.countries.loc["DE", "change"] == pytest.approx(0.5)
    text = drift.summary()
    assert "2 countries with a price for other carriers in both: 50.0% changed, 1 up" in text
    assert "not in the new one: CU" in text
    assert "the campaign: 2.00 -> 2.50 (+25.0%)" in text
    assert "without a price in one of them: CU" in text
    with pytest.raises(RateCardError, match=r"bring them together: new.convert\('USD'"):
        old.compare(new.convert("EUR", {"USD": 1}))


def test_what_is_no_list(card_of):
    for content, name, says in (
        ('{"a": 1}', "x.json", "prices of no format that is known"),
        ("{", "x.json", "not JSON"),
        ('{"a":' * 100_000, "x.json", "not JSON"),
        ('{"countries": []}', "x.json", "no format that is known"),
        ("ISO,Country,Description,Price / msg\n,a,b,c\n", "x.csv", "no rates"),
    ):
        with pytest.raises(RateCardError, match=says):
            card_of(content, name)
    with pytest.raises(OptionError, match="Did you mean 'twilio'"):
        card_of(TWILIO, format="twillio")
    with pytest.raises(RateCardError, match="of the format plivo is JSON"):
        card_of(TWILIO, format="plivo")


@pytest.mark.skipif("SMSLAB_SAMPLES" not in os.environ, reason="SMSLAB_SAMPLES names no folder")
def test_dated_lists_of_twilio():
    paths = sorted(Path(os.environ["SMSLAB_SAMPLES"]).glob("twilio_SMSPricing_*.csv"))
    cards = [RateCard.read(path) for path in paths]
    assert [len(card.countries) for card in cards] == [227, 227, 227, 224]
    drift = cards[0].compare(cards[3]).common
    # The lists file these three under other countries.
    change = drift.drop(["BQ", "CW", "SS"])["change"]
    assert len(change) == 201
    assert (change != 0).mean() == pytest.approx(0.856, abs=0.0005)
    assert change[change != 0].median() == pytest.approx(0.655, abs=0.0005)
    assert smslab.RateCard.bundled().price("NL").segment_micro == 114_300


def test_a_header_of_twilio_that_is_written_otherwise(card_of):
    header = "iso,COUNTRY,Description,Price/msg"
    card = card_of(TWILIO.replace("ISO,Country,Description,Price / msg", header))
    assert prices(card) == prices(card_of(TWILIO))
    with pytest.raises(RateCardError, match="Twilio's list has the columns ISO, Description"):
        card_of("country,price,currency\nUS,1,USD\n", format="twilio")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 100_000, "no column 'country'"),
        ('[{"a":' + "[" * 100_000, "brackets are nested too deep"),
        ('{"a": 1}\n' + "[" * 100_000, "brackets are nested too deep"),
        ("{\n" + "[" * 100_000, "not JSON"),
        ("x" * 200_000, "line 1: field larger than field limit"),
        ("country,price,currency\nUS,1," + "U" * 200_000, "line 2: field larger than"),
        (",".join("x" * 100_000), "no column 'country'"),
    ],
)
def test_huge_things_are_no_list(card_of, content, says):
    with pytest.raises(RateCardError, match=says) as error:
        card_of(content)
    assert len(str(error.value)) < 1000


def test_options_of_another_kind(card_of):
    text = "country,price,currency\nUS,1,USD\n"
    for options, says in (
        ({"currency": 5}, "currency must be a code of three letters"),
        ({"currency": "euro"}, "currency must be a code of three letters"),
        ({"currency": "EUR", "exchange": [0.9]}, "exchange must be a dict"),
        ({"valid_from": 20260525}, "a day must be a date such as 2026-05-25; not 20260525"),
        ({"format": 5}, "format must be 'auto' or one of"),
    ):
        with pytest.raises(OptionError, match=says):
            card_of(text, **options)
    card = card_of(text, valid_from=dt.datetime(2026, 5, 25, 12, tzinfo=dt.UTC))
    assert [rate.valid_from for rate in card.rates] == [dt.date(2026, 5, 25)]
    assert card.at(dt.datetime(2026, 5, 25, 1)).rates == card.rates
    with pytest.raises(OptionError, match="currency must be a code"):
        card.convert(5, {})


def test_networks_that_get_the_price_of_others_are_noted(card_of):
    seven = {
        "countries": [
            {
                "countryCode": "AT",
                "networks": [
                    {"mcc": "232", "mncs": ["01"], "networkName": "A1", "price": 0.075},
                    {"mcc": "232", "mncs": ["77"], "networkName": "Dead", "price": None},
                ],
            }
        ]
    }
    card = card_of(seven, "seven.json")
    assert card.notes[0].endswith("network 'Dead' gets another price of AT")
    table = "country,mcc,mnc,price,reject_sms\nDE,262,x1,0.1,\nDE,262,02,0.1,\nDE,262,03,,true\n"
    told = "\n".join(card_of(table, currency="EUR", format="table").notes)
    assert "line 2: left out: mnc must be digits; not 'x1'; network '262x1' gets another" in told
    assert "takes no messages there; network '26203' gets another price of DE" in told
    network = {"carrier": "O2", "mcc": "262", "mnc": "07", "prices": []}
    priced = network | {"carrier": "A", "prices": [{"base_price": "0.1"}]}
    country = {"iso_country": "DE", "price_unit": "USD", "outbound_sms_prices": [network, priced]}
    card = card_of(country, "x.json")
    assert "record 1 (DE): left out: no price; network 'O2' gets another price of DE" in card.notes
    alone = card_of(
        [{"country": "DE", "mccmnc": "262", "price": "0.1", "currency": "EUR"}], "y.json"
    )
    assert [(r.mcc, r.mnc) for r in alone.rates] == [("262", "")]


def test_network_codes_have_two_or_three_digits(card_of):
    text = "country,mcc,mnc,price\nDE,262,1,0.07\nDE,262,01,0.09\nDE,262,001,0.05\nDE,262,2,0.1\n"
    card = card_of(text, currency="EUR")
    assert [(rate.mnc, float(rate.price)) for rate in card.rates] == [
        *[("01", 0.09), ("001", 0.05), ("02", 0.1)]
    ]
    told = "\n".join(card.notes)
    assert "network codes of one digit were read as two: '1' as '01', '2' as '02'" in told
    assert "the dearer of 0.07 and 0.09 is kept" in told
    found = {code: card.price("DE", carrier=code).segment_micro for code in ("26201", "262001")}
    assert found == {"26201": 90_000, "262001": 50_000}
    assert card.price("DE", carrier="2621").segment_micro == 90_000
    own = "country,price,currency,mcc,mnc\nDE,0.07,EUR,262,1\nDE,0.09,EUR,262,01\n"
    with pytest.raises(RateCardError, match="line 3 is about the same"):
        card_of(own)


def test_prices_that_an_exchange_makes_nothing_of(card_of):
    text = "country,price,currency\nUS,0.01,USD\nDE,1,USD\nFR,0,USD\n"
    tiny = {"USD": "0.000001"}
    note = "1 prices are 0 in EUR: less than half a millionth; check the exchange"
    for card in (card_of(text, currency="EUR", exchange=tiny), card_of(text).convert("EUR", tiny)):
        assert card.price("US").segment_micro == 0
        assert card.notes[-1] == note
    assert not card_of(text).convert("EUR", {"USD": 1}).notes


@pytest.mark.filterwarnings("error")
def test_drift_of_nothing(card_of):
    card = card_of("country,price,currency\nUS,0.01,USD\nDE,0,USD\n")
    for weights in (None, {"US": 0}, {"DE": 5}, {"ZZ": 5}, {}):
        text = card.compare(card, weights=weights).summary()
        assert "2 countries with a price for other carriers in both: 0.0% changed" in text
    assert "the campaign: 0.00 -> 0.00\n" in card.compare(card, weights={"ZZ": 5}).summary()
    assert "without a price in one of them: ZZ" in card.compare(card, weights={"ZZ": 5}).summary()
    none = dataclasses.replace(card, rates=())
    for old, new in ((none, none), (none, card), (card, none)):
        assert "0 countries" in old.compare(new, weights={"US": 1}).summary()
        assert "0 countries" in old.compare(new).summary()


def test_weights_of_drift(card_of):
    old, new = (card_of(f"country,price,currency\nUS,{p},USD\nDE,1,USD\n") for p in (0.1, 0.2))
    for weights in (
        {"US": 100, "DE": 1},
        {"us": 60, "US": 40, "de": 1},
        pd.Series({"US": 100, "DE": 1}),
        {"US": np.int64(100), "DE": np.float32(1)},
    ):
        drift = old.compare(new, weights=weights)
        assert drift.countries["weight"].to_dict() == {"DE": 1, "US": 100}
        assert "the campaign: 11.00 -> 21.00 (+90.9%)" in drift.summary()
    for weights in ({"US": -1}, {"US": float("nan")}, {"US": "x"}, {1: 5}, {"US": float("inf")}):
        with pytest.raises(OptionError, match="weights must be numbers of segments, 0 or more"):
            old.compare(new, weights=weights)
    with pytest.raises(OptionError, match="weights must be segments by country"):
        old.compare(new, weights=[1, 2])
    with pytest.raises(OptionError, match="compared with another RateCard"):
        old.compare("new.csv")
