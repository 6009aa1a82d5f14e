import math

import numpy as np
import pytest

from smslab.figures import figures_of
from smslab.kernels.simulation import SECOND
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.run import Run
from smslab.scenario import Campaign, Scenario
from smslab.traffic import Traffic


def run_of(status, sent_s, final_s, receipt_s, read_s, segments=None):
    def micro(values):
        return np.array([NEVER if v is None else v * SECOND for v in values], np.int64)

    rows = len(status)
    none = np.zeros(rows, np.int16)
    segments = np.array(segments or [1] * rows, np.int32)
    run = Run(
        scenario=Scenario(traffic=(Campaign(messages=rows),)),
        seed=1,
        first=(0,),
        traffic=Traffic(np.zeros(rows, np.int64), none, segments, none),
        entered_us=micro([0] * rows),
        stage=np.zeros(rows, np.int8),
        sent_us=micro(sent_s),
        final_us=micro(final_s),
        replied_us=micro([None] * rows),
        keyword=np.full(rows, Keyword.NONE, np.int8),
        answer_to=np.full(rows, NEVER, np.int32),
        submissions=np.ones(rows, np.int16),
        attempts=np.ones(rows, np.int32),
        status=np.array(status, np.int8),
        reason=np.full(rows, Reason.NONE, np.int8),
    )
    # Not the drawn ones.
    vars(run).update(receipt_us=micro(receipt_s), read_us=micro(read_s))
    return run


def test_figures_by_hand():
    figures = figures_of(
        run_of(
            status=[Status.DELIVERED] * 3 + [Status.UNDELIVERED, Status.FAILED, Status.PENDING],
            sent_s=[1, 2, 3, 50, None, None],
            final_s=[10, 20, 30, 60, 70, None],
            receipt_s=[11, None, 31, 61, None, None],
            read_s=[310, 321, 40, None, None, None],
            segments=[1, 2, 3, 1, 1, 1],
        )
    )
    assert figures["messages"] == 6
    assert figures["segments"] == 9
    assert figures["sending_done_s"] == 50
    assert figures["landed_95_s"] == 30
    assert figures["finish_s"] == 30
    assert figures["delay_50_s"] == 20
    assert figures["delay_95_s"] == 30
    assert figures["within_10_s"] == 1 / 6
    assert figures["delivered"] == 3 / 6
    assert figures["undelivered"] == figures["failed"] == figures["pending"] == 1 / 6
    assert figures["expired"] == 0
    assert figures["confirmed"] == 2 / 6
    # 300 s after landing is within five minutes, 301 s is not.
    assert figures["read_5_min"] == 2 / 3


def test_landed_is_the_smallest_time_with_the_share():
    times = list(range(1, 101))
    figures = figures_of(run_of([Status.DELIVERED] * 100, times, times, times, times))
    assert figures["landed_95_s"] == 95


@pytest.mark.parametrize("rows", [0, 2])
def test_nothing_delivered(rows):
    figures = figures_of(run_of([Status.FAILED] * rows, *([[None] * rows] * 4)))
    for figure in ("sending_done_s", "landed_95_s", "finish_s", "delay_95_s", "read_5_min"):
        assert math.isnan(figures[figure])
