"""Scenarios made to be nasty: ties on a grid, overload, limits at their borders, all at once."""

import datetime as dt

from hypothesis import strategies as st

from smslab.errors import ScenarioError
from smslab.scenario import (
    Account,
    Campaign,
    Carrier,
    Conversation,
    Fallback,
    Handset,
    Hours,
    Inbound,
    Outage,
    Poisson,
    Reading,
    Scenario,
    Schedule,
    Sender,
    Zone,
)

#: Rates whose ticks are whole and have much in common.
rates = st.sampled_from([0.25, 0.5, 1.0, 2.0, 5.0, 1000.0])
sizes = st.sampled_from([(1.0,), (0.5, 0.5), (0.4, 0.0, 0.6)])
caps = st.none() | st.integers(3, 60)
limits = {
    "mps": st.none() | rates,
    "limiter": st.sampled_from(["spacing", "window", "bucket"]),
    "per": st.sampled_from(["segment", "message"]),
    "window_s": st.sampled_from([4.0, 10.0, 60.0]),
    "burst": st.integers(1, 6),
    "queue_limit": st.none() | st.just(0) | st.integers(3, 40),
    "daily_cap": caps,
    "over_cap": st.sampled_from(["fail", "hold"]),
    "cap_reset_h": st.sampled_from([0.0, 0.05, 12.5]),
    "cap_zone": st.sampled_from(["UTC", "America/Chicago"]),
}
outages = st.lists(
    st.builds(
        Outage, from_h=st.sampled_from([0.0, 0.01, 0.1]), hours=st.sampled_from([0.005, 0.02, 0.3])
    ),
    max_size=2,
).map(tuple)


def carriers(name, failover):
    return st.builds(
        Carrier,
        name=st.just(name),
        failover=st.sampled_from(["", failover]),
        share=st.sampled_from([1.0, 3.0]),
        window=st.none() | st.integers(1, 4),
        ack_ms=st.sampled_from([0.001, 500.0, 3000.0]),
        submit_failure=st.sampled_from([0.0, 0.3, 1.0]),
        outages=outages,
        outage_every_h=st.none() | st.just(0.1),
        outage_mean_h=st.just(0.02),
        first_attempt=st.sampled_from([0.0, 0.5, 0.8]),
        permanent_failure=st.sampled_from([0.0, 0.2]),
        country=st.sampled_from(["", "", "JP"]),
        retry_s=st.sampled_from([(1.0,), (10.0, 60.0)]),
        validity_h=st.sampled_from([0.001, 0.1, 10.0]),
        away_mean_s=st.sampled_from([1.0, 300.0]),
        latency_median_s=st.sampled_from([0.001, 3.0]),
        latency_sigma=st.sampled_from([0.0, 0.8]),
        **limits,
    )


conversations = st.builds(
    Conversation,
    reply_share=st.sampled_from([0.3, 1.0]),
    reply_median_s=st.sampled_from([0.001, 60.0]),
    reply_sigma=st.sampled_from([0.0, 1.0]),
    stop_share=st.sampled_from([0.0, 0.4]),
    help_share=st.just(0.2),
    start_share=st.sampled_from([0.0, 0.3]),
    answered=st.booleans(),
    text_answered=st.booleans(),
    agents=st.integers(0, 2),
    handling_mean_s=st.sampled_from([1.0, 100.0]),
    answer_after_s=st.sampled_from([0.0, 2.0]),
    answer_segments=st.integers(1, 3),
    answer_priority=st.integers(0, 2),
)
hours = st.lists(
    st.builds(
        Hours,
        from_h=st.sampled_from([0.0, 8.0, 9.99]),
        to_h=st.sampled_from([10.02, 12.0, 24.0]),
        days=st.sampled_from([(0, 1, 2, 3, 4, 5, 6), (0, 2)]),
    ),
    max_size=2,
).map(tuple)
shared = {
    "segment_shares": sizes,
    "priority": st.integers(0, 2),
    "validity_h": st.sampled_from([1e-6, 0.005, 0.1, 10.0]),
    "message_class": st.sampled_from(["marketing", "otp"]),
    "sender": st.sampled_from([None, "one", "two"]),
    "allowed_hours": hours,
    "conversation": st.none() | conversations,
    "fallback": st.none() | st.builds(Fallback, after_s=st.sampled_from([0.0, 30.0])),
    "conversion": st.sampled_from([0.0, 0.3]),
    "country": st.sampled_from(["", "JP"]),
    "zones": st.sampled_from([(), (), ("Asia/Tokyo",)]),
}
traffics = st.tuples(
    st.builds(
        Campaign,
        name=st.just("offers"),
        messages=st.integers(0, 120),
        start_s=st.sampled_from([0.0, 36.0]),
        over_h=st.sampled_from([0.0, 0.1]),
        profile=st.sampled_from([(), (1.0, 0.0, 3.0)]),
        local=st.booleans(),
        **shared,
    ),
    st.builds(
        Poisson,
        name=st.just("codes"),
        rate_per_s=st.sampled_from([0.02, 0.5]),
        duration_s=st.just(300.0),
        recipients=st.none() | st.just(20),
        **shared,
    ),
    st.builds(
        Schedule,
        name=st.just("alerts"),
        times_s=st.lists(st.sampled_from([0.0, 36.0, 40.0, 72.0]), max_size=40).map(tuple),
        **shared,
    ),
    st.builds(
        Inbound,
        name=st.just("requests"),
        rate_per_s=st.sampled_from([0.02, 0.2]),
        duration_s=st.just(200.0),
        recipients=st.none() | st.just(10),
        conversation=conversations,
        sender=st.sampled_from([None, "two"]),
        message_class=st.sampled_from(["marketing", "transactional"]),
    ),
)


def senders(name):
    return st.builds(
        Sender,
        name=st.just(name),
        numbers=st.integers(1, 3),
        pool=st.sampled_from(["least_loaded", "sticky"]),
        **limits,
    )


def valid(**fields):
    try:
        return Scenario(**fields)
    except ScenarioError:
        return None  # hours that never open, zones where the hour is past


scenarios = st.builds(
    valid,
    start=st.sampled_from([None, dt.datetime.fromisoformat("2026-11-23T10:00:00-06:00")]),
    horizon_h=st.sampled_from([2.5, 60.0]),
    traffic=traffics,
    account=st.none() | st.builds(Account, **limits),
    senders=st.tuples(senders("one"), senders("two")),
    carriers=st.tuples(carriers("a", "b"), carriers("b", "a")),
    resubmit_s=st.sampled_from([(), (0.0, 4.0), (36.0,)]),
    zones=st.sampled_from([(), (Zone(name="Asia/Tokyo"), Zone(name="America/Denver", share=3.0))]),
    handset=st.none() | st.builds(Handset, off_share=st.just(0.3), off_mean_h=st.just(0.05)),
    reading=st.builds(Reading, median_s=st.sampled_from([0.001, 20.0])),
).filter(lambda scenario: scenario is not None)
