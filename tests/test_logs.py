"""Logs of providers, in small copies of their formats with made-up messages."""

import gzip
import json
import os
from pathlib import Path

import pandas as pd
import pytest

import smslab
from smslab.errors import InputError, OptionError
from smslab.log_formats import FORMATS, meanings
from smslab.outcome import Reason, Status


@pytest.fixture
def log_of(tmp_path):
    def read(content, name="log.csv", **options):
        path = tmp_path / name
        octets = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(octets)
        return smslab.read_log(path, **options)

    return read


def seen(log, *names):
    table = log.messages[list(names)].astype(object)
    return table.where(table.notna(), None).to_numpy().tolist()


PLIVO = """\
Message UUID,From,To,To Country ISO2,Direction,Message Time,Status,Error Code,Error Reason,Units,\
Rate Per Unit (USD),Carrier Surcharge Per Unit (USD),Total Charge Per Unit (USD),Total Charge (USD)
a,14155550100,12025550101,US,outbound,2026-11-25 10:00:00.250000+00:00,delivered,000,,2,0.0065,\
0.003,0.0095,0.019
b,14155550100,12025550102,us,outbound,2026-11-25 15:30:01+05:30,undelivered,50,Invalid,1,0.0065,\
0.003,0.0095,0.0095
c,14155550100,12025550103,US,outbound,2026-11-25 10:00:02+00:00,sent,,,1,0.0065,0.003,0.0095,0.0095
d,12025550101,14155550100,,inbound,2026-11-25 10:05:00+00:00,received,000,,1,0,0,0,0
e,14155550100,12025550104,XX,outbound,never,teleported,999,,x,,,,
"""


def test_plivo_message_records(log_of):
    log = log_of(PLIVO)
    assert seen(log, "status", "reason", "segments", "country", "taken", "charge") == [
        ["delivered", None, 2, "US", True, 0.019],
        ["undelivered", "invalid_number", 1, "US", True, 0.0095],
        ["pending", None, 1, "US", True, 0.0095],
        ["received", None, 1, None, False, 0.0],
        [None, None, None, "XX", False, None],
    ]
    assert log.messages["queued_s"].tolist()[:4] == [0, 0.75, 1.75, 299.75]
    assert str(log.start) == "2026-11-25 10:00:00.250000+00:00"
    assert log.messages["currency"].tolist() == ["USD"] * 5
    assert log.messages["code"].tolist()[:2] == ["000", "50"]
    # The message that came in answers the last one to its number.
    assert log.messages["replied_s"].dropna().to_dict() == {1: 299.75}
    assert log.messages["reply"].isna().all()  # nobody knows what was written
    assert "replies have no text: who opts out cannot be told" in log.notes
    assert log.problems[["row", "column", "value", "problem"]].to_numpy().tolist() == [
        [5, "queued", "never", "not a time"],
        [5, "status", "teleported", "status not known"],
        [5, "segments", "x", "not a number of segments"],
        [5, "country", "XX", "no such country"],
    ]
    text = log.summary()
    assert "1 with a status that is not known" in text
    assert "records without a price: 1;" in text
    assert "1 x status: status not known" in text


def test_plivo_as_it_is_mailed(log_of):
    log = log_of(
        "Message UUID,From,To,Direction,Time,Status,Units,Amount,Message Rate,Message Charge\n"
        "a,1,12025550101,outbound,2026-11-25 10:00:00,delivered,3,0.0195,0.0065,0.0195\n",
        timezone="America/New_York",
    )
    assert seen(log, "status", "segments", "country", "charge") == [["delivered", 3, "US", 0.0195]]
    assert str(log.start) == "2026-11-25 15:00:00+00:00"
    assert log.notes[0] == "times without a zone: 1, taken as America/New_York"


def test_plivo_api(log_of):
    message = {
        "message_uuid": "a",
        "message_time": "2026-11-25 10:00:00+01:00",
        "message_sent_time": "2026-11-25 10:00:03.5+01:00",
        "message_updated_time": "2026-11-25 10:00:09.25+01:00",
        "message_direction": "outbound",
        "message_state": "delivered",
        "from_number": "1",
        "to_number": "491761234567",
        "units": 2,
        "total_amount": "0.02",
        "error_code": None,
        "powerpack_id": "p",
    }
    waiting = message | {"message_uuid": "b", "message_state": "sent"}
    log = log_of(json.dumps({"meta": {"limit": 20}, "objects": [message, waiting]}), "log.json")
    assert seen(log, "queued_s", "sent_s", "final_s", "country", "campaign") == [
        [0, 3.5, 9.25, "DE", "p"],
        [0, 3.5, None, "DE", "p"],
    ]


def test_plivo_callbacks(log_of):
    base = "From=1&To=12025550101&Type=sms&Units=1&MCC=310&MNC=4"
    times = ["2026-11-25+10:00:00.000000", "2026-11-25+10:00:01.500000"]
    lines = [
        f"MessageUUID=a&{base}&Status=queued&QueuedTime={times[0]}",
        f"MessageUUID=b&{base}&Status=undelivered&ErrorCode=80&QueuedTime={times[0]}"
        f"&SentTime={times[1]}&DeliveryReportTime=2026-11-25+20:00:01.500000",
        f"MessageUUID=a&{base}&Status=delivered&ErrorCode=000&QueuedTime={times[0]}"
        f"&SentTime={times[1]}&DeliveryReportTime=2026-11-25+10:00:05.000000",
        f"MessageUUID=a&{base}&Status=sent&QueuedTime={times[0]}&SentTime={times[1]}",
    ]
    log = log_of("\n".join(lines), "callbacks.txt")
    assert log.messages.index.tolist() == [1, 2]
    assert seen(log, "status", "reason", "queued_s", "sent_s", "final_s", "carrier") == [
        ["delivered", None, 0, 1.5, 5, "31004"],
        ["undelivered", "absent", 0, 1.5, 36_001.5, "31004"],
    ]
    assert "records put together: 3, about 1 of the messages" in log.notes[-1]


def test_parts_of_a_message_are_one(log_of):
    rows = ["a,p,delivered,10:00:05", "b,p,undelivered,10:00:07", "c,,delivered,10:00:09"]
    head = "MessageUUID,ParentMessageUUID,Status,DeliveryReportTime,Units,To\n"
    lines = [row.replace("10:", "2026-11-25 10:") + "Z,2,12025550101" for row in rows]
    log = log_of(head + "\n".join(lines))
    assert seen(log, "id", "status", "final_s") == [["p", "undelivered", 0], ["c", "delivered", 2]]


TWILIO = {
    "sid": "SM1",
    "account_sid": "AC",
    "messaging_service_sid": "MG",
    "from": "+15017122661",
    "to": "+12025550101",
    "body": "line one\nline two, with a comma",
    "status": "delivered",
    "direction": "outbound-api",
    "num_segments": "1",
    "price": "-0.00790",
    "price_unit": "USD",
    "error_code": None,
    "date_created": "Wed, 25 Nov 2026 10:00:00 +0000",
    "date_sent": "Wed, 25 Nov 2026 10:00:02 +0000",
    "date_updated": "Wed, 25 Nov 2026 10:00:07 +0000",
}


def test_twilio_api(log_of):
    later = {"sid": "SM2", "status": "sent", "price": None, "num_segments": "0"}
    code = {"sid": "SM3", "status": "undelivered", "error_code": 30003}
    stop = {
        "sid": "SM4",
        "status": "received",
        "direction": "inbound",
        "from": TWILIO["to"],
        "to": TWILIO["from"],
        "body": " Stop ",
        "date_sent": "Wed, 25 Nov 2026 10:01:00 +0000",
    }
    log = log_of(json.dumps([TWILIO, TWILIO | later, TWILIO | code, TWILIO | stop]), "log.json")
    names = ("status", "reason", "sent_s", "final_s", "segments", "charge", "reply")
    assert seen(log, *names) == [
        ["delivered", None, 2, 7, 1, 0.0079, None],
        ["pending", None, 2, None, None, None, None],
        ["undelivered", "absent", 2, 7, 1, 0.0079, "stop"],
        ["received", None, 60, None, 1, 0.0079, None],
    ]
    assert log.messages["text"][1] == TWILIO["body"]
    assert log.resolution_s["final"] == 1
    assert log.format == "twilio"


def test_twilio_console_and_bulk_export(log_of):
    console = (
        "From,To,Body,Status,SentDate,ApiVersion,NumSegments,ErrorCode,AccountSid,Sid,Direction,"
        "Price,PriceUnit\n"
        '+1501,+12025550101,"Hi,\n""you""",delivered,2026-11-25T10:00:00Z,2010-04-01,1,,AC,SM1,'
        "outbound-api,-0.0079,USD\n"
    )
    log = log_of(console)
    assert seen(log, "status", "sent_s", "text") == [["delivered", 0, 'Hi,\n"you"']]
    records = [TWILIO | {"date_created": "2026-11-25T10:00:00Z", "sid": f"SM{n}"} for n in (1, 2)]
    packed = gzip.compress("\n".join(map(json.dumps, records)).encode())
    assert len(log_of(packed, "2026-11-25.json.gz")) == 2
    twice = log_of("\n".join(map(json.dumps, [*records, records[0]])), "overlap.json")
    assert len(twice) == 2
    assert log_of(gzip.compress(console.encode()), "log.csv.gz").messages["segments"][1] == 1


def test_telnyx(log_of):
    message = {
        "record_type": "message",
        "id": "x",
        "direction": "outbound",
        "from": {"phone_number": "+18445550001", "carrier": "T"},
        "to": [{"phone_number": "+18665550001", "status": "delivery_failed", "carrier": "V"}],
        "encoding": "GSM-7",
        "parts": 2,
        "cost": {"amount": "0.0051", "currency": "USD"},
        "cost_breakdown": {"carrier_fee": {"amount": "0.003"}, "rate": {"amount": 0.002}},
        "received_at": "2026-11-25T10:00:00.000+00:00",
        "sent_at": "2026-11-25T10:00:01.500+00:00",
        "completed_at": "2026-11-25T10:00:04.000+00:00",
        "errors": [{"code": "40002", "title": "Blocked as spam - temporary"}],
    }
    log = log_of(json.dumps({"data": [message]}), "log.json")
    names = ("status", "reason", "carrier", "encoding", "segments", "sent_s", "final_s", "charge")
    assert seen(log, *names) == [["undelivered", "filtered", "V", "GSM-7", 2, 1.5, 4, 0.0051]]


def test_aws_events(log_of):
    def event(kind, after_ms, final, **others):
        return json.dumps(
            {
                "eventType": f"TEXT_{kind}",
                "eventTimestamp": 1_795_600_000_000 + after_ms,
                "isFinal": final,
                "isoCountryCode": "GB",
                "messageId": "m",
                "messageRequestTimestamp": 1_795_600_000_000,
                "messageEncoding": "Unicode",
                "messageType": "TRANSACTIONAL",
                "messageStatus": kind,
                "totalMessageParts": 2,
                "totalMessagePrice": 0.08,
                "totalCarrierFee": 0.01,
            }
            | others
        )

    lines = [
        event("PENDING", 100, final=False),
        event("SUCCESSFUL", 400, final=False),
        event("DELIVERED", 2400, final=True),
        event("TTL_EXPIRED", 9000, final=True, messageId="n", mcc="234", mnc="10"),
    ]
    log = log_of("\n".join(lines), "events.jsonl")
    names = ("status", "reason", "sent_s", "final_s", "charge", "country", "carrier", "encoding")
    assert seen(log, *names) == [
        ["delivered", None, 0.4, 2.4, 0.09, "GB", None, "Unicode"],
        ["expired", "absent", None, 9.0, 0.09, "GB", "23410", "Unicode"],
    ]


def test_vonage_receipts(log_of):
    log = log_of(
        "msisdn=447700900000&to=Shop&network-code=23420&messageId=0A&price=0.03330000"
        "&status=failed&scts=2611251000&err-code=6&message-timestamp=2026-11-25+10%3A00%3A03\n",
        "receipts.txt",
    )
    names = ("status", "reason", "sender", "to", "country", "carrier", "charge", "currency")
    assert seen(log, *names) == [
        ["undelivered", "filtered", "Shop", "447700900000", "GB", "23420", 0.0333, "EUR"]
    ]
    assert str(log.start) == "2026-11-25 10:00:03+00:00"


def test_smpp_receipts(log_of):
    log = log_of(
        "id:1 sub:001 dlvrd:001 submit date:2611251000 done date:2611251001 stat:DELIVRD err:000 "
        "text:id:9 stat:UNDELIV\n"
        "id:2 sub:002 dlvrd:000 submit date:2611251000 done date:2611251000 stat:UNDELIV err:004 "
        "Text:hello\n"
        "garbage\n"
        "02,2611251003,2611251000,30,447887123456,10110200000999,x\n",
        "receipts.txt",
    )
    assert seen(log, "id", "status", "sent_s", "final_s") == [
        ["1", "delivered", 0, 60],
        ["2", "undelivered", 0, 0],
        ["x", "undelivered", 0, 180],
    ]
    assert log.resolution_s == {"sent": 60, "final": 60}
    assert not log.final_is_receipt
    assert log.problems.to_numpy().tolist() == [[3, "record", "garbage", "left out: not a receipt"]]
    assert any("delays are known to a minute" in note for note in log.notes)


def test_tables_are_read_as_files_are(log_of):
    table = pd.DataFrame(
        {
            "message_uuid": ["a", "b"],
            "message_time": pd.to_datetime(["2026-11-25 10:00", "2026-11-25 10:01"], utc=True),
            "status": pd.Categorical(["delivered", "sent"]),
            "units": [1.0, None],
            "to": [12025550101, 12025550102],
        }
    )
    log = smslab.read_log(table)
    assert seen(log, "queued_s", "status", "segments", "country") == [
        [0, "delivered", 1, "US"],
        [60, "pending", None, "US"],
    ]


def test_faulty_rows_are_told_and_the_rest_is_kept(log_of):
    lines = PLIVO.splitlines()
    log = log_of("\n".join([*lines[:2], "too,few", *lines[2:4], "x" + ",y" * 20]))
    assert log.messages.index.tolist() == [1, 3, 4]
    assert log.problems["row"].tolist() == [2, 5]
    assert log.problems["problem"].str.startswith("left out: ").all()
    broken = log_of("\n".join([json.dumps(TWILIO), "{broken", "[1]"]), "log.jsonl")
    assert len(broken) == 1
    assert broken.problems["row"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n1,2\n", "the columns are those of no log that is known"),
        ("Message UUID,Message UUID\na,b\n", "two columns are called 'Message UUID'"),
        ("Message UUID,To\na,b".encode("utf-16"), "is UTF-16"),
        ("Message UUID,To\na,é\n".encode("latin-1"), "not UTF-8: line 2 has the byte 0xE9"),
        ("{broken", "not JSON"),
        (gzip.compress(b"Message UUID,To\na,b\n" * 1000)[:60], "cannot be read to its end"),
        (b"PAR1xxxx", "not a whole and valid Parquet file"),
    ],
)
def test_what_is_no_log(log_of, content, says):
    with pytest.raises(InputError, match=says):
        log_of(content)


def test_options(log_of, tmp_path):
    with pytest.raises(OptionError, match="Did you mean 'plivo'"):
        log_of(PLIVO, format="plvo")
    with pytest.raises(OptionError, match="timezone must be a name"):
        log_of(PLIVO, timezone="Mars")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        smslab.read_log(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        smslab.read_log(tmp_path)
    assert len(log_of("Message UUID,To", "head.csv")) == 0


def test_odd_shapes(log_of):
    lines = "Message UUID,Status,Units,To\ra,delivered,1,+12025550101\r"
    assert log_of(lines).messages["status"].tolist() == ["delivered"]
    assert log_of(lines.replace("\r", "\r\n")).messages["segments"].tolist() == [1]
    assert "no times" in log_of(lines).summary()
    with pytest.raises(InputError, match="more than one column 'sid'"):
        smslab.read_log(pd.DataFrame([[1, 2]], columns=["sid", "sid"]))
    with pytest.raises(InputError, match="none of its columns is one of a log of plivo"):
        log_of("a,b\n1,2\n", format="plivo")
    inbound = log_of(
        "sid,status,numsegments,from,to,direction,date_created\n"
        "a,received,1,+12025550101,+1555,inbound,2026-11-25T10:00:00Z\n"
    )
    assert smslab.kpis(inbound)["value"]["received"] == 1
    by = smslab.kpis(inbound, by="country", freq="1h")
    assert by.index.names == ["country", "time", "figure"]
    assert by["value"].xs("received", level="figure").tolist() == [1]
    assert "the log says" not in smslab.cost(inbound).summary()


def test_text_is_shown_as_text(log_of):
    log = log_of(PLIVO.replace("delivered,000", "<script>,000", 1))
    assert "<script>" not in log._repr_html_()
    assert "<script>" in log.problems["value"].tolist()


def test_every_word_and_code_has_a_meaning():
    providers = {layout.provider for layout in FORMATS} - {"smslab"}
    for provider in providers:
        words = meanings(provider, "status")
        assert {m.status for m in words.values()} >= {Status.DELIVERED, Status.UNDELIVERED}
        assert None not in {m.status for m in words.values()}
        for field in ("status", "error"):
            for code, meaning in meanings(provider, field).items():
                assert code == code.casefold()
                assert meaning.status is not Status.DELIVERED or meaning.reason is Reason.NONE


@pytest.mark.skipif("SMSLAB_SAMPLES" not in os.environ, reason="SMSLAB_SAMPLES names no folder")
def test_documented_samples(tmp_path):
    folder = Path(os.environ["SMSLAB_SAMPLES"])
    log = smslab.read_log(folder / "plivo_message_list_api.json")
    assert (len(log), log.format) == (20, "plivo")
    assert log.messages["status"].notna().all()
    assert log.problems.empty
    with (folder / "log_and_price_samples.jsonl").open() as lines:
        samples = [json.loads(line) for line in lines]
    found = []
    for sample in samples:
        record = sample["record"]
        path = tmp_path / "sample"
        path.write_text(record if isinstance(record, str) else json.dumps(record))
        if "ricing" not in sample["format"]:
            log = smslab.read_log(path)
            words = log.messages["status"].astype(object).fillna("?")
            found.append((log.format, len(log), *words[:1]))
    assert sorted(found, key=str) == sorted(
        [
            *[("plivo", 0)] * 3,
            *(("twilio", 0), ("twilio", 1, "pending")),
            ("aws", 1, "pending"),
            ("telnyx", 1, "pending"),
            ("vonage", 1, "delivered"),
            ("smpp", 1, "delivered"),
            ("smpp", 1, "pending"),
            # The template of a receipt, with letters in the place of figures.
            ("smpp", 1, "?"),
        ],
        key=str,
    )


def test_answers_are_told_from_what_was_asked_for(log_of):
    base = "2026-11-25T10:0"
    log = log_of(
        "sid,from,to,status,direction,date_created,num_segments,body\n"
        f"a,1555,+12025550101,delivered,outbound-api,{base}0:00Z,1,offer\n"
        f"b,+12025550101,1555,received,inbound,{base}1:00Z,1,HELP\n"
        f"c,1555,+12025550101,delivered,outbound-reply,{base}1:01Z,1,how to\n"
        f"d,1555,+12025550102,delivered,outbound-api,{base}1:02Z,1,offer\n"
        "e,1555,+12025550101,delivered,outbound-api,2026-11-25T12:00:00Z,1,offer\n"
    )
    assert log.messages["answer_to"].dropna().to_dict() == {3: 1}
    assert log.messages["reply"].dropna().to_dict() == {1: "help"}
    assert smslab.kpis(log)["value"][["messages", "answers", "received"]].tolist() == [3, 1, 1]


SEVERAL_CURRENCIES = pd.DataFrame(
    {
        "sid": ["a", "b", "c", "d"],
        "status": ["delivered", "delivered", "undelivered", "delivered"],
        "num_segments": 1,
        "to": "+12025550101",
        "date_sent": "2026-11-25T10:00:00Z",
        "price": ["-0.01", "-0.02", "-900", None],
        "price_unit": ["USD", "usd", "IDR", "EUR"],
    }
)


def test_several_currencies_are_not_added_up():
    log = smslab.read_log(SEVERAL_CURRENCIES)
    assert log.currencies == {"USD": 2, "IDR": 1}
    assert "charges in several currencies: 2 in USD, 1 in IDR; they are not" in log.notes[-1]
    figures = smslab.kpis(log)["value"]
    assert figures["delivered"] == 0.75
    assert "cost" not in figures
    bill = smslab.cost(log)
    assert "the log says" not in bill.summary()
    assert "billed" not in bill.by("country")
    one = smslab.read_log(SEVERAL_CURRENCIES[SEVERAL_CURRENCIES["price_unit"] != "IDR"])
    assert one.currencies == {"USD": 2}
    assert smslab.kpis(one).loc["cost", ["value", "unit"]].tolist() == [0.03, "USD"]
    assert "several currencies" not in one.summary()


TWILIO_HEAD = (
    "sid,from,to,status,num_segments,date_sent,date_updated,price,price_unit,body,error_code"
)


def twilio_row(sid, **others):
    row = {
        "from": "1555",
        "to": "+12025550101",
        "status": "delivered",
        "num_segments": "1",
        "date_sent": "2026-11-25T10:00:00Z",
        "date_updated": "2026-11-25T10:00:05Z",
        "price": "-0.01",
        "price_unit": "USD",
        "body": "x",
        "error_code": "",
    }
    return ",".join([sid, *(row | others).values()])


@pytest.fixture
def twilio_log(log_of):
    return lambda *rows: log_of("\n".join([TWILIO_HEAD, *rows]))


def test_what_is_no_id_puts_nothing_together(twilio_log):
    log = twilio_log(*[twilio_row(sid) for sid in ("  ", "", "N/A", "null", "NONE", "-") * 2])
    assert len(log) == 12
    assert log.messages["id"].isna().all()
    assert log.problems["problem"].tolist() == ["not an id: kept as a message of its own"] * 8
    rounded = twilio_log(*[twilio_row("1.2E+18")] * 2)
    assert len(rounded) == 2
    assert rounded.problems["value"].tolist() == ["1.2E+18"] * 2
    assert twilio_log(*[twilio_row("1e18")] * 2).messages["id"].tolist() == ["1e18"]


def test_an_id_of_several_recipients_is_several_messages(twilio_log):
    numbers = ["+12025550101", "+12025550102", "12025550102", ""]
    log = twilio_log(twilio_row("b"), *[twilio_row("a", to=number) for number in numbers])
    assert seen(log, "id", "to") == [
        ["b", "+12025550101"],
        ["a", "+12025550101"],
        ["a", "12025550102"],
        ["a", None],
    ]
    assert log.problems["row"].tolist() == [2, 3, 4, 5]
    assert "records of this id go to several numbers" in log.problems["problem"][0]
    assert "records put together: 2, about 1 of the messages" in log.notes[-1]


def test_a_number_that_lost_its_digits_is_nobodys(twilio_log):
    log = twilio_log(twilio_row("a", to="1.20255501E+11"), twilio_row("a", to="+12025550111"))
    assert seen(log, "id", "to") == [["a", "+12025550111"]]
    assert log.problems[["row", "column", "value"]].to_numpy().tolist() == [
        [1, "to", "1.20255501E+11"]
    ]


def test_receipts_before_sending_are_told(twilio_log):
    early = twilio_row("a", date_updated="2026-11-25T09:00:00Z")
    log = twilio_log(early, twilio_row("b"))
    assert "receipts dated before their message was sent: 1, kept" in log.notes[0]
    assert (log.messages["final_s"] - log.messages["sent_s"]).tolist() == [-3600, 5]
    assert not any("before" in note for note in twilio_log(twilio_row("b")).notes)


@pytest.mark.parametrize(
    ("field", "value", "column", "problem"),
    [
        ("date_sent", "0001-01-01T00:00:00Z", "sent", "not a time between 1992 and 2068"),
        ("date_sent", "9999-12-31 00:00:00", "sent", "not a time between 1992 and 2068"),
        ("date_sent", "2099-01-01T00:00:00Z", "sent", "not a time between 1992 and 2068"),
        ("date_sent", "1970-01-01T00:00:00Z", "sent", "not a time between 1992 and 2068"),
        ("num_segments", "60000", "segments", "not a number of segments"),
        ("price", "1e14", "charge", "no message costs that much"),
        ("price", "-inf", "charge", "no message costs that much"),
        ("price", '"1,234"', "charge", "not an amount"),
    ],
)
def test_what_no_message_has_is_not_taken(log_of, field, value, column, problem):
    rows = [twilio_row("a", **{field: value}), twilio_row("b")]
    log = log_of("\n".join([TWILIO_HEAD, *rows]), timezone="America/New_York")
    found = log.problems[["row", "column", "value", "problem"]].to_numpy().tolist()
    assert found == [[1, column, value.strip('"'), problem]]
    assert len(log) == 2
    kept = {"sent": "sent_s"}.get(column, column)
    assert log.messages[kept].notna().tolist() == [False, True]
    assert "2026-11-25 10:00:05 UTC" in log.summary()
    assert not any("without a price" in note for note in log.notes)


def test_amounts_and_codes_as_spreadsheets_have_them(twilio_log, log_of):
    prices = ['"0,0079"', "$0.05", "0.05 USD"]
    failed = {"status": "undelivered", "error_code": "30003.0"}
    log = twilio_log(*[twilio_row(f"m{n}", price=p, **failed) for n, p in enumerate(prices)])
    assert log.messages["charge"].tolist() == [0.0079, 0.05, 0.05]
    assert log.messages["code"].unique().tolist() == ["30003"]
    assert log.messages["reason"].unique().tolist() == ["absent"]
    assert log.problems.empty
    unnamed = twilio_log(twilio_row("a", price="€0.05", price_unit=""))
    assert seen(unnamed, "charge", "currency") == [[0.05, "EUR"]]
    other = log_of(PLIVO.splitlines()[0] + "\na,1,12025550101" + "," * 10 + ",€0.05\n")
    assert seen(other, "charge", "currency") == [[None, "USD"]]
    assert other.problems["problem"].tolist()[1:] == ["not in the currency of the record"]


def test_names_that_differ_in_case_are_one_column(log_of):
    lines = [{"messageUUID": "a", "Status": "sent"}, {"messageuuid": "b", "status": "delivered"}]
    log = log_of("\n".join(map(json.dumps, lines)), "log.jsonl")
    assert seen(log, "id", "status") == [["a", "pending"], ["b", "delivered"]]


def test_wrong_types():
    with pytest.raises(TypeError, match="format must be a str"):
        smslab.read_log("log.csv", format=5)
    with pytest.raises(TypeError, match="source must be a path or a DataFrame; not 5"):
        smslab.read_log(5)


@pytest.mark.parametrize("text", ["", "[]", '{"objects": []}'])
def test_nothing_is_a_log_if_its_format_is_named(log_of, text):
    log = log_of(text, "log.json", format="plivo")
    assert (len(log), log.format) == (0, "plivo")
    assert smslab.kpis(log)["value"]["messages"] == 0
    with pytest.raises(InputError, match="is empty, so that its format is not known"):
        log_of(text, "log.json")


def test_telnyx_webhooks(log_of):
    people = [
        {"phone_number": "+12025550101", "status": "delivered"},
        {"phone_number": "+12025550102", "status": "delivery_failed"},
    ]
    payload = {
        "id": "x",
        "to": people,
        "parts": 1,
        "cost": {"amount": "0.0600", "currency": "USD"},
        "received_at": "2026-11-25T10:00:00Z",
        "completed_at": "2026-11-25T10:00:04Z",
    }
    event = {"data": {"event_type": "message.finalized", "id": "e", "payload": payload}, "meta": {}}
    log = log_of(json.dumps(event), "log.json")
    assert seen(log, "id", "to", "status", "charge") == [
        ["x", "+12025550101", "delivered", 0.03],
        ["x", "+12025550102", "undelivered", 0.03],
    ]
    assert log.messages.index.is_unique


def test_fees_that_come_later_are_added(log_of):
    event = {"messageId": "m", "eventTimestamp": 1_795_600_000_000, "isoCountryCode": "US"}
    events = [
        {"messageStatus": "SUCCESSFUL", "totalMessagePrice": 0.08, "totalCarrierFee": 0.01},
        {"messageStatus": "DELIVERED", "totalCarrierFee": 0.02},
    ]
    lines = [json.dumps(event | one | {"eventType": "TEXT"}) for one in events]
    log = log_of("\n".join(lines), "events.jsonl")
    assert log.messages["charge"].tolist() == [0.1]
    assert not any("without a price" in note for note in log.notes)
