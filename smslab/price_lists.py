"""Price lists of providers: each format read into rows of the same cells."""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

from smslab.errors import OptionError, RateCardError, nearest
from smslab.numbering import country_of_prefix, known_countries

__all__ = [
    "ANY_COUNTRY",
    "CARD_COLUMNS",
    "FORMATS",
    "PriceList",
    "Row",
    "instead_of",
    "read_price_list",
]

#: The columns of a card in smslab's own format; the first three are a must.
CARD_COLUMNS: Final = (
    *("country", "price", "currency"),
    *("carrier", "mcc", "mnc", "sender_type", "kind", "item", "from_segments"),
    *("valid_from", "source"),
)
_MUST: Final = 3

#: What stands for the country of a price that holds in every country without one of its own.
ANY_COUNTRY: Final = "*"


@dataclass(frozen=True)
class Row:
    """One price as it stands in a list.

    Parameters
    ----------
    where : str
        Which place of the file it is from.
    cells : mapping of str to str
        By the names of :data:`CARD_COLUMNS`; what is missing is unknown.
    """

    where: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class PriceList:
    """A list as it was read.

    Parameters
    ----------
    provider : str
        Whose list it is; empty where that is not known.
    strict : bool
        True for a card of the user's own, in which each fault is to be mended; the faulty rows of
        a provider's list are left out.
    rows : iterable of Row
        The prices.
    currency : str
        That of rows which name none.
    notes : list of str
        What is worth knowing, filled while the rows are gone through.
    """

    provider: str
    strict: bool
    rows: Iterable[Row]
    currency: str = ""
    notes: list[str] = field(default_factory=list)


_Cells: TypeAlias = dict[str, str]
_Table: TypeAlias = Iterator[tuple[int, _Cells]]


def instead_of(cells: Mapping[str, str]) -> str:
    """Say what holds for the network of a row that is left out.

    Parameters
    ----------
    cells : mapping of str to str
        The row, by the names of :data:`CARD_COLUMNS`.

    Returns
    -------
    str
        For the end of a note; empty where the row is of no single network.
    """
    network = cells.get("carrier") or "".join(cells.get(name, "") for name in ("mcc", "mnc"))
    place = cells.get("country", "")
    return f"; network {network!r} gets another price of {place}" if network else ""


def read_price_list(path: Path, format: str = "auto") -> PriceList:
    """Read a price list.

    Parameters
    ----------
    path : Path
        CSV (UTF-8, with commas) or JSON.
    format : str
        A name of :data:`FORMATS`, or ``auto``: found out by the columns or keys.

    Returns
    -------
    PriceList

    Raises
    ------
    RateCardError
        If the file cannot be read, or is no list of any of the formats.
    OptionError
        If there is no such format.
    """
    if format != "auto" and format not in FORMATS:
        raise OptionError(
            f"format must be 'auto' or one of {', '.join(FORMATS)}; not {format!r:.60}."
            f"{nearest(str(format), FORMATS)}"
        )
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise RateCardError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RateCardError(
            f"{path}: not UTF-8 (byte {error.start}); save it as CSV UTF-8"
        ) from None
    if re.match(r"\s*(\{|\[\s*[{\]])", text):
        return _read_json(path, text, format)
    return _read_csv(path, text, format)


def _read_csv(path: Path, text: str, format: str) -> PriceList:
    lines = text.splitlines(keepends=True)
    if format == "auto":
        columns = {_plain(name) for name in _header(path, csv.reader(lines))}
        fits = (name for name, marks in _CSV_MARKS.items() if marks <= columns)
        format = next(fits, "smslab")
    if format not in _CSV_READERS:
        raise RateCardError(f"{path}: a list of the format {format} is JSON; this is not")
    return _CSV_READERS[format](path, lines)


def _read_json(path: Path, text: str, format: str) -> PriceList:
    try:
        documents = _documents(text)
    except ValueError as fault:
        raise RateCardError(f"{path}: not JSON: {fault}") from None
    except RecursionError:
        raise RateCardError(f"{path}: not JSON: brackets are nested too deep") from None
    found = [item for document in documents for item in _unfold(document)]
    if format == "auto":
        keys = {_plain(name) for name in (found[0] if found else {})}
        fits = (name for name, marks in _JSON_MARKS.items() if marks <= keys)
        format = next(fits, "")
        if not format:
            raise RateCardError(
                f"{path}: prices of no format that is known; its first record has "
                f"{sorted(keys)!s:.300}"
            )
    if format not in _JSON_READERS:
        raise RateCardError(f"{path}: a list of the format {format} is CSV; this is JSON")
    return _JSON_READERS[format](path, found)


def _documents(text: str) -> list[Any]:
    """Parse one document, or one a line; what is neither is told of as one."""
    try:
        return [json.loads(text)]
    except ValueError as fault:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise fault from None


def _unfold(document: Any) -> list[dict[str, Any]]:
    """Return the records of a document: itself, or those of the list that it is or holds."""
    if isinstance(document, list):
        return _objects(document)
    if not isinstance(document, dict):
        return []
    for name in ("countries", "prices", "objects", "data"):
        if isinstance(document.get(name), list):
            return _unfold(document[name])
    return [document]


def _plain(name: str) -> str:
    """Fold a column name: small letters and digits alone."""
    return "".join(filter(str.isalnum, name.casefold()))


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error as error:
        raise RateCardError(f"{path}: line 1: {error}") from None


def _records(path: Path, lines: list[str], must: Iterable[str] = ()) -> _Table:
    """Go through the rows of a CSV list as (line, cells by column)."""
    reader = csv.reader(lines, strict=True)
    columns = [name.strip().casefold() for name in _header(path, reader)]
    try:
        for column in must:
            if column not in columns:
                hint = nearest(column, columns)
                if any(";" in name for name in columns):
                    hint = " Part the columns by commas, not semicolons."
                raise RateCardError(f"{path}: no column {column!r}; it has {columns!s:.300}.{hint}")
        for column in columns:
            if columns.count(column) > 1:
                raise RateCardError(f"{path}: two columns are called {column!r:.60}; keep one")
        for row in reader:
            if row and len(row) != len(columns):
                raise RateCardError(
                    f"{path}: line {reader.line_num} has {len(row)} cells, the header "
                    f"{len(columns)}; write prices with a decimal point"
                )
            if row:
                cells = (cell.strip() for cell in row)
                yield reader.line_num, dict(zip(columns, cells, strict=True))
    except csv.Error as error:
        raise RateCardError(f"{path}: line {reader.line_num}: {error}") from None


def _own(path: Path, lines: list[str]) -> PriceList:
    rows = (
        Row(f"line {line}", {name: cells.get(name, "") for name in CARD_COLUMNS})
        for line, cells in _records(path, lines, CARD_COLUMNS[:_MUST])
    )
    return PriceList("", True, rows)


#: Parts of a country that a list files under the country, and whose numbers smslab tells apart;
#: the Netherlands Antilles ceased to be in 2010.
_AREAS: Final = {
    "ALAND ISLANDS": ("AX",),
    "GUERNSEY": ("GG",),
    "JERSEY": ("JE",),
    "NETHERLANDS ANTILLES": ("BQ", "CW"),
    "SOUTH SUDAN": ("SS",),
}

#: Codes that are not those of ISO 3166-1.
_OTHER_CODES: Final = {"QK": "XK", "UK": "GB"}

_TWILIO_ROW: Final = re.compile(
    r"(?P<area>.+?)(?P<local> Local)? (?P<kind>Outbound|Inbound) SMS(?:\s*-\s*(?P<carrier>.*))?",
    re.DOTALL,
)


def _twilio(path: Path, lines: list[str]) -> PriceList:
    notes: list[str] = []

    def rows() -> Iterator[Row]:
        for line, cells in _records(path, lines):
            where = f"line {line}"
            plain = {_plain(name): cell for name, cell in cells.items()}
            if not _CSV_MARKS["twilio"] <= plain.keys():
                raise RateCardError(
                    f"{path}: Twilio's list has the columns ISO, Description and Price / msg; this "
                    f"one has {list(cells)!s:.300}"
                )
            description, price = plain["description"], plain["pricemsg"]
            parts = _TWILIO_ROW.fullmatch(description)
            if parts is None:
                notes.append(
                    f"{where}: left out: the description must be like 'GERMANY Outbound SMS - O2'; "
                    f"not {description!r}"
                )
                continue
            if not plain["iso"]:
                notes.append(f"{where}: left out: no country: {description!r}")
                continue
            carrier = _mended(parts["carrier"] or "", where, notes)
            code = _OTHER_CODES.get(plain["iso"], plain["iso"])
            for country in _AREAS.get(parts["area"].upper(), (code,)):
                yield Row(
                    where,
                    {
                        "country": country,
                        "carrier": carrier,
                        "sender_type": "long_code" if parts["local"] else "",
                        "kind": parts["kind"].lower(),
                        "price": price,
                        "source": f"{path.name}, {where}",
                    },
                )

    return PriceList("Twilio", False, rows(), "USD", notes)


#: Names of sender types in price lists.
_SENDER_TYPES: Final = {
    "local": "long_code",
    "mobile": "long_code",
    "longcode": "long_code",
    "tollfree": "toll_free",
    "shortcode": "short_code",
    "10dlc": "10dlc",
    "alphanumeric": "alphanumeric",
}


def _sender_type(name: Any) -> str:
    return _SENDER_TYPES.get(_plain(str(name or "")), str(name or ""))


def _twilio_api(path: Path, records: list[dict[str, Any]]) -> PriceList:
    notes: list[str] = []

    def rows() -> Iterator[Row]:
        for number, record in enumerate(records, 1):
            base = {
                "country": _string(record.get("iso_country")),
                "currency": _string(record.get("price_unit")),
                "source": path.name,
            }
            networks = _objects(record.get("outbound_sms_prices"))
            inbound = {"prices": record.get("inbound_sms_prices")}
            where = f"record {number} ({base['country']})"
            for kind, network in [*(("outbound", n) for n in networks), ("inbound", inbound)]:
                codes = {name: _string(network.get(name)) for name in ("carrier", "mcc", "mnc")}
                prices = _objects(network.get("prices"))
                if not prices and kind == "outbound":
                    notes.append(f"{where}: left out: no price{instead_of(base | codes)}")
                for price in prices:
                    current = price.get("current_price")
                    cost = price.get("base_price") if current is None else current
                    cells = {
                        "kind": kind,
                        "sender_type": _sender_type(price.get("number_type")),
                        "price": _string(cost),
                    }
                    yield Row(where, base | codes | cells)

    return PriceList("Twilio", False, rows(), notes=notes)


def _plivo(path: Path, records: list[dict[str, Any]]) -> PriceList:
    def rows() -> Iterator[Row]:
        for number, record in enumerate(records, 1):
            country = _string(record.get("country_iso"))
            base = {"country": country, "source": path.name}
            where = f"record {number} ({country})"
            message = _object(record.get("message"))
            for kind in ("outbound", "inbound"):
                price = _string(_object(message.get(kind)).get("rate"))
                yield Row(where, base | {"kind": kind, "price": price})
            for network in _objects(message.get("outbound_networks_list")):
                cells = {"carrier": _string(network.get("group_name"))}
                price = _string(network.get("rate"))
                yield Row(where, base | cells | {"kind": "outbound", "price": price})
            for name, rented in _object(record.get("phone_numbers")).items():
                cells = {"kind": "number_monthly", "sender_type": _sender_type(name)}
                yield Row(where, base | cells | {"price": _string(_object(rented).get("rate"))})

    return PriceList("Plivo", False, rows(), "USD")


def _seven(path: Path, records: list[dict[str, Any]]) -> PriceList:
    def rows() -> Iterator[Row]:
        for record in records:
            country = _string(record.get("countryCode"))
            for network in _objects(record.get("networks")):
                mncs = network.get("mncs")
                for mnc in mncs if isinstance(mncs, list) and mncs else [""]:
                    yield Row(
                        f"{country}, network {network.get('networkName')!r}",
                        {
                            "country": country,
                            "carrier": _string(network.get("networkName")),
                            "mcc": _string(network.get("mcc")),
                            "mnc": _string(mnc),
                            "price": _string(network.get("price")),
                            "source": path.name,
                        },
                    )

    return PriceList("seven.io", False, rows(), "EUR")


#: Under which names the cells of a price stand in other tables, the best first.
_USUAL: Final = {
    "country": (
        *("countryiso", "countryisocode", "isocountry", "iso2", "iso", "region", "countrycode"),
        *("country", "countryname"),
    ),
    "prefix": ("destinationprefix", "prefix", "countryprefix"),
    "mccmnc": ("mccmnc",),
    "mcc": ("mcc",),
    "mnc": ("mnc", "mncs"),
    "carrier": ("carrier", "operatorname", "operator", "networkname", "network", "mncname"),
    "sender_type": ("sendertype", "numbertype"),
    "price": ("price", "rate", "rateperunit", "mtprice", "outboundrate"),
    "currency": ("currency", "currencycode", "priceunit"),
    "valid_from": ("validfrom", "effectivedate"),
}


def _table(provider: str, currency: str) -> Callable[[Path, list[str]], PriceList]:
    def read(path: Path, lines: list[str]) -> PriceList:
        records = ((f"line {line}", cells) for line, cells in _records(path, lines))
        return _of_table(provider, currency, path, records)

    return read


def _json_table(path: Path, records: list[dict[str, Any]]) -> PriceList:
    rows = (
        (f"record {number}", {key: _string(value) for key, value in record.items()})
        for number, record in enumerate(records, 1)
    )
    return _of_table("", "", path, rows)


def _of_table(
    provider: str, currency: str, path: Path, records: Iterable[tuple[str, _Cells]]
) -> PriceList:
    notes: list[str] = []

    def rows() -> Iterator[Row]:
        for where, record in records:
            cells = _cells(record)
            if cells.get("price") is None:
                raise RateCardError(f"{path}: no column looks like the price: {list(record)}")
            if record.get("reject_sms", "").casefold() in ("true", "1", "yes"):
                notes.append(
                    f"{where}: left out: the provider takes no messages there{instead_of(cells)}"
                )
                continue
            carrier = _mended(cells.get("carrier", ""), where, notes)
            yield Row(where, cells | {"carrier": carrier, "source": f"{path.name}, {where}"})

    return PriceList(provider, False, rows(), currency, notes)


def _cells(record: _Cells) -> _Cells:
    """Take the cells of a price from a record, whatever their names are there."""
    plain = {_plain(name): value for name, value in record.items()}
    cells = {
        role: next((plain[name] for name in names if plain.get(name)), "")
        for role, names in _USUAL.items()
        if any(name in plain for name in names)
    }
    codes = cells.pop("mccmnc", "")
    if codes:
        cells |= {"mcc": codes[:3], "mnc": codes[3:]}
    given = [plain.get(name, "") for name in _USUAL["country"]]
    cells["country"] = next(filter(None, map(_country, given)), "") or country_of_prefix(
        cells.pop("prefix", "")
    )
    if not cells["country"]:
        # Bird's list ends with a price for everywhere, without a region and without codes.
        nowhere = not any([*given, cells.get("mcc"), cells.get("carrier")])
        cells["country"] = ANY_COUNTRY if nowhere else next(filter(None, given), "")
    return cells


def _country(name: str) -> str:
    """Return the code of a country's code or English name; empty where it is neither."""
    code = _OTHER_CODES.get(name.upper(), name.upper())
    return code if code in known_countries() else _names().get(_plain(name), "")


@functools.cache
def _names() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {_plain(name): code for code, name in lines}


#: What UTF-8 looks like where it was read as Windows-1252.
_MOJIBAKE: Final = re.compile("[ÂÃâ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")


def _mended(name: str, where: str, notes: list[str]) -> str:
    """Undo UTF-8 that was read as Windows-1252, once or more often."""
    mended = name
    while _MOJIBAKE.search(mended):
        octets = b"".join(
            c.encode("latin-1") if c < "\u0100" else c.encode("cp1252", "replace") for c in mended
        )
        try:
            mended = octets.decode("utf-8")
        except UnicodeDecodeError:
            break
    if mended != name:
        notes.append(f"{where}: {name!r} was read as {mended!r}")
    return mended


def _string(value: Any) -> str:
    if isinstance(value, float):
        return f"{Decimal(str(value)):f}"
    return "" if value is None else str(value).strip()


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


#: Columns (folded) by which a CSV list is known, and keys for JSON.
_CSV_MARKS: Final = {
    "twilio": frozenset({"iso", "description", "pricemsg"}),
    "smslab": frozenset({"country", "price", "currency"}),
    "didww": frozenset({"destinationprefix", "mcc", "mnc", "price"}),
    "messagebird": frozenset({"region", "mcc", "mnc", "price"}),
    "table": frozenset({"mcc"}),
}
_JSON_MARKS: Final = {
    "twilio-api": frozenset({"isocountry", "outboundsmsprices"}),
    "plivo": frozenset({"countryiso", "message"}),
    "seven.io": frozenset({"countrycode", "networks"}),
    "table": frozenset({"price"}),
}
_CSV_READERS: Final = {
    "smslab": _own,
    "twilio": _twilio,
    "didww": _table("DIDWW", "USD"),
    "messagebird": _table("Bird", ""),
    "table": _table("", ""),
}
_JSON_READERS: Final = {
    "twilio-api": _twilio_api,
    "plivo": _plivo,
    "seven.io": _seven,
    "table": _json_table,
}

#: Formats of price lists.
FORMATS: Final = tuple(dict.fromkeys([*_CSV_READERS, *_JSON_READERS]))
