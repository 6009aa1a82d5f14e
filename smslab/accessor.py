"""The accessor ``series.sms``: the functions of texts on a pandas Series of strings."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["SmsAccessor"]


@pd.api.extensions.register_series_accessor("sms")
class SmsAccessor:
    """The texts of a Series, segmented, encoded, made cheaper and audited.

    Parameters
    ----------
    texts : pandas.Series
        Strings, a categorical of strings, or an object column.

    Raises
    ------
    AttributeError
        If the Series holds other values.

    Examples
    --------
    >>> import pandas as pd, smslab
    >>> texts = pd.Series(["It’s here", "short"])
    >>> texts.sms.segment()["encoding"].tolist()
    ['UCS-2', 'GSM-7']
    """

    def __init__(self, texts: pd.Series[Any]) -> None:
        kind = texts.dtype.categories.dtype if hasattr(texts.dtype, "categories") else texts.dtype
        if not (pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind)):
            raise AttributeError(
                f"can only use .sms with strings, not {texts.dtype}; convert: .astype('str')"
            )
        self._texts = texts

    def segment(self, **options: Any) -> pd.DataFrame:
        """Call :func:`smslab.segment` on the texts, with its options."""
        from smslab.segmentation import segment

        return segment(self._texts, **options)

    def split(self, **options: Any) -> pd.DataFrame:
        """Call :func:`smslab.split` on the texts, with its options."""
        from smslab.segmentation import split

        return split(self._texts, **options)

    def encode(self, **options: Any) -> pd.DataFrame:
        """Call :func:`smslab.encode` on the texts, with its options."""
        from smslab.encoding import encode

        return encode(self._texts, **options)

    def smart_encode(self, **options: Any) -> pd.Series[Any]:
        """Call :func:`smslab.smart_encode` on the texts, with its options."""
        from smslab.smart import smart_encode

        return smart_encode(self._texts, **options)

    def smart_report(self, **options: Any) -> pd.DataFrame:
        """Call :func:`smslab.smart_report` on the texts, with its options."""
        from smslab.smart import smart_report

        return smart_report(self._texts, **options)

    def audit(self, weights: Any = None, rates: Any = None, **options: Any) -> Any:
        """Call :func:`smslab.audit` on the texts, with its options."""
        from smslab.audit import audit

        return audit(self._texts, weights, rates, **options)

    def lint(self, **options: Any) -> pd.DataFrame:
        """Call :func:`smslab.lint` on the texts, with its options."""
        from smslab.audit import lint

        return lint(self._texts, **options)

    def explain(self, label: Any, **options: Any) -> Any:
        """Call :func:`smslab.explain` on the text of a label, with its options."""
        from smslab.explain import explain

        return explain(self._texts.loc[label], **options)
