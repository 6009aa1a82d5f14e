"""polars: the namespace ``.sms`` of expressions, as soon as this module is imported."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from smslab.segmentation import segment
from smslab.smart import smart_encode

try:
    import polars as pl
except ImportError:
    from smslab.errors import MissingExtraError

    raise MissingExtraError("polars", "smslab.interop.polars") from None

__all__ = ["SmsNamespace"]


@pl.api.register_expr_namespace("sms")
class SmsNamespace:
    """The texts of an expression, segmented and made cheaper.

    Parameters
    ----------
    expression : polars.Expr
        Of strings; a Categorical has to be cast to String first.

    Examples
    --------
    >>> import polars as pl
    >>> import smslab.interop.polars
    >>> frame = pl.DataFrame({"text": ["Hello", "Grüße 😀"]})
    >>> frame.select(pl.col("text").sms.segment().struct.unnest())["encoding"].to_list()
    ['GSM-7', 'UCS-2']
    """

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression

    def segment(self, **options: Any) -> pl.Expr:
        """Return a struct of the columns of :func:`smslab.segment`, with its options."""

        def of(texts: pl.Series) -> pl.Series:
            counts = segment(texts, **options)
            table = pa.Table.from_pandas(counts, preserve_index=False)
            columns = [_plain(column) for column in table.columns]
            frame = pl.DataFrame(pl.from_arrow(pa.table(columns, table.column_names)))
            return frame.to_struct(texts.name)

        return self._expression.map_batches(
            of, return_dtype=of(pl.Series([], dtype=pl.String)).dtype
        )

    def smart_encode(self, **options: Any) -> pl.Expr:
        """Return the texts of :func:`smslab.smart_encode`, with its options."""

        def of(texts: pl.Series) -> pl.Series:
            found = pa.array(smart_encode(texts, **options), pa.large_string())
            return pl.Series(texts.name, found, dtype=pl.String)

        return self._expression.map_batches(of, return_dtype=pl.String)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return labels as strings: those of one batch have other codes than those of another."""
    return column.cast(pa.large_string()) if pa.types.is_dictionary(column.type) else column
