"""What the rules of a scenario mean, by examples that can be checked by hand, on both engines."""

import datetime as dt

import numpy as np
import pytest

import smslab
from smslab.kernels.simulation import SECOND
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.scenario import (
    Account,
    Campaign,
    Carrier,
    Causes,
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

#: Takes all, at once, and delivers it in a microsecond.
PLAIN = Carrier(
    first_attempt=1,
    permanent_failure=0,
    receipt_missing=0,
    latency_median_s=1e-6,
    latency_sigma=0,
    receipt_median_s=1e-6,
    receipt_sigma=0,
)
FREE = Sender(mps=None)
EVENING = dt.datetime.fromisoformat("2026-11-27T20:59:50-05:00")


@pytest.fixture(params=["compiled", "reference"])
def run(request):
    def simulated(rng=1, **parts):
        parts = {"senders": (FREE,), "carriers": (PLAIN,)} | parts
        return smslab.simulate(Scenario(**parts), rng=rng, engine=request.param)

    return simulated


def plain(**fields):
    values = {name: getattr(PLAIN, name) for name in PLAIN.__dataclass_fields__}
    return Carrier(**values | fields)


def sent_s(found):
    return [None if at == NEVER else at / SECOND for at in found.sent_us.tolist()]


def test_a_window_lets_its_units_through_at_once(run):
    sender = Sender(mps=2, limiter="window", window_s=2.5)
    found = run(traffic=(Campaign(messages=12),), senders=(sender,))
    assert sent_s(found) == [0] * 5 + [2.5] * 5 + [5] * 2


def test_a_message_larger_than_the_window_takes_several(run):
    sender = Sender(mps=2, limiter="window", window_s=1)
    three = Schedule(times_s=(0, 0, 0, 0), segments=(1, 5, 1, 2))
    found = run(traffic=(three,), senders=(sender,))
    # 5 of 2 a second: it starts in an empty window and fills that and two more, less one.
    assert sent_s(found) == [0, 1, 3, 4]


def test_a_bucket_fills_while_nobody_comes(run):
    sender = Sender(mps=1, limiter="bucket", burst=3)
    times = (0, 0, 0, 0, 10, 10, 10, 10)
    found = run(traffic=(Schedule(times_s=times),), senders=(sender,))
    assert sent_s(found) == [0, 0, 0, 1, 10, 10, 10, 11]


def test_messages_count_or_segments(run):
    three = Campaign(messages=3, segment_shares=(0, 0, 1))
    assert sent_s(run(traffic=(three,), senders=(Sender(mps=1),))) == [2, 5, 8]
    assert sent_s(run(traffic=(three,), senders=(Sender(mps=1, per="message"),))) == [0, 1, 2]


def test_the_account_comes_before_the_sender(run):
    found = run(traffic=(Campaign(messages=4),), account=Account(mps=0.5), senders=(Sender(mps=1),))
    assert sent_s(found) == [0, 2, 4, 6]


def test_a_full_queue_takes_no_more(run):
    found = run(traffic=(Campaign(messages=10),), senders=(Sender(mps=1, queue_limit=3),))
    assert sent_s(found)[:4] == [0, 1, 2, 3]
    assert (found.reason[4:] == Reason.QUEUE_FULL).all()
    assert (found.final_us[4:] == 0).all()


def test_low_tier_of_a_carrier(run):
    """2,000 of 10,000 segments pass; the others are refused, or held until Pacific midnight."""
    day = {"daily_cap": 2000, "cap_zone": "America/Los_Angeles"}
    parts = {"traffic": (Campaign(messages=10_000, validity_h=72),), "start": EVENING}
    found = run(carriers=(plain(**day),), **parts)
    assert found.count(Status.DELIVERED) == 2000
    assert (found.reason == Reason.DAILY_CAP).sum() == 8000
    # It was sent, and is charged.
    assert (found.sent_us != NEVER).all()
    held = run(carriers=(plain(**day, over_cap="hold"),), **parts)
    midnight = 6 * 3600 + 10
    days = np.array([0, midnight, midnight + 86_400, midnight + 2 * 86_400])
    assert sent_s(held)[::2000] == [*days, None]
    assert (held.reason == Reason.EXPIRED_QUEUE).sum() == 0


def test_a_sender_over_its_cap_has_sent_nothing(run):
    found = run(traffic=(Campaign(messages=5),), senders=(Sender(mps=1, daily_cap=3),))
    assert sent_s(found) == [0, 1, 2, None, None]
    assert found.status[3:].tolist() == [Status.FAILED] * 2


def test_allowed_hours_by_time_zone(run):
    """At nine in the evening the East is closed until eight; the Pacific has three hours more."""
    campaign = Campaign(messages=100, allowed_hours=(Hours(),), validity_h=24)
    zones = (Zone(name="America/New_York"), Zone(name="America/Los_Angeles"))
    found = run(traffic=(campaign,), senders=(Sender(mps=1),), start=EVENING, zones=zones)
    late = found.sent_us > 200 * SECOND
    east = found.traffic.zone == 0
    assert (late <= east).all()
    # Until the hour strikes everybody leaves; what is held comes back at eight in its order.
    assert (found.sent_us[:10] == np.arange(10) * SECOND).all()
    reopened = (11 * 3600 + 10) * SECOND
    waited = np.sort(found.sent_us[late])
    assert (waited == reopened + np.arange(len(waited)) * SECOND).all()
    assert 30 < late.sum() < 60


def test_who_was_held_comes_back_by_priority(run):
    hours = (Hours(),)
    late = Campaign(name="late", messages=3, start_s=3600, priority=5, allowed_hours=hours)
    early = Campaign(name="early", messages=3, priority=0, allowed_hours=hours)
    found = run(traffic=(late, early), senders=(Sender(mps=1),))
    eight = 8 * 3600
    assert sent_s(found.of("early")) == [eight, eight + 1, eight + 2]
    assert sent_s(found.of("late")) == [eight + 3, eight + 4, eight + 5]


def test_a_held_message_expires_at_its_deadline(run):
    campaign = Campaign(messages=30, allowed_hours=(Hours(),), validity_h=1)
    found = run(traffic=(campaign,), senders=(Sender(mps=1),), start=EVENING)
    assert sent_s(found)[:11] == [*range(10), None]
    assert (found.reason[10:] == Reason.EXPIRED_QUEUE).all()
    assert (found.final_us[10:] == 3600 * SECOND).all()


def test_a_local_campaign_follows_the_clocks(run):
    zones = (Zone(name="America/New_York"), Zone(name="America/Denver"))
    found = run(traffic=(Campaign(messages=50, local=True),), start=EVENING, zones=zones)
    assert set(found.traffic.queued_us[found.traffic.zone == 0]) == {0}
    assert set(found.traffic.queued_us[found.traffic.zone == 1]) == {2 * 3600 * SECOND}


def test_an_outage_waits_or_fails_over(run):
    times = (0, 36, 71.999999, 72, 100)
    outage = (Outage(from_h=0.01, hours=0.01),)
    alone = plain(name="a", outages=outage)
    schedule = Schedule(times_s=times)
    assert sent_s(run(traffic=(schedule,), carriers=(alone,))) == [0, 72, 72, 72, 100]
    first = plain(name="a", outages=outage, failover="b", share=1e9)
    both = (first, plain(name="b", share=1e-6))
    found = run(traffic=(schedule,), carriers=both)
    assert sent_s(found) == list(times)
    assert found.traffic.carrier.tolist() == [0, 1, 1, 0, 0]


def test_outages_at_random_have_their_means(run):
    carrier = plain(outage_every_h=1.0, outage_mean_h=0.5)
    steady = Campaign(messages=20_000, over_h=1000)
    found = run(traffic=(steady,), carriers=(carrier,), horizon_h=1100)
    waited = found.sent_us > found.traffic.queued_us
    assert waited.mean() == pytest.approx(1 / 3, abs=0.03)


def test_smpp_window(run):
    """Two messages without an answer, which takes half a second: four a second."""
    carrier = plain(window=2, ack_ms=500)
    found = run(traffic=(Campaign(messages=6, segment_shares=(0, 1)),), carriers=(carrier,))
    assert sent_s(found) == [0, 0, 0.5, 0.5, 1, 1]


def test_submissions_use_capacity_again(run):
    never = plain(submit_failure=1)
    found = run(
        traffic=(Campaign(messages=2),),
        senders=(Sender(mps=0.1),),
        carriers=(never,),
        resubmit_s=(5, 5),
    )
    # One leaves every ten seconds: 0 and 1, then 0 again, 1 again, and so on.
    assert found.submissions.tolist() == [3, 3]
    assert (found.reason == Reason.SUBMIT_FAILED).all()
    assert (found.final_us / SECOND).tolist() == [40, 50]


def test_a_sticky_pool_gives_each_recipient_one_number(run):
    two = tuple(
        Campaign(name=name, messages=200, priority=k) for k, name in enumerate(("one", "two"))
    )
    pool = Sender(mps=1, numbers=50, pool="sticky")
    found = run(traffic=two, senders=(pool,))
    # Both messages of a recipient are in one line: none leaves at the same time.
    assert (found.sent_us[:200] != found.sent_us[200:]).all()
    assert found.sent_us.max() > 8 * SECOND  # not evenly spread
    even = run(traffic=two, senders=(Sender(mps=1, numbers=50),))
    assert even.sent_us.max() == 7 * SECOND


ALL_STOP = Conversation(
    reply_share=1, reply_median_s=10, reply_sigma=0, stop_share=1, help_share=0, answer_priority=0
)


def test_an_opt_out_covers_sender_and_class_from_its_moment_on(run):
    offers = Campaign(name="offers", messages=20, conversation=ALL_STOP)
    later = Campaign(name="later", messages=20, start_s=60)
    codes = Campaign(name="codes", messages=20, start_s=60, message_class="otp")
    other = Campaign(name="other", messages=20, start_s=60, sender="two")
    early = Campaign(name="early", messages=20, start_s=10)
    found = run(
        traffic=(offers, later, codes, other, early),
        senders=(Sender(name="one", mps=None), Sender(name="two", mps=None)),
        reading=Reading(median_s=1e-6, sigma=0),
    )
    blocked = found.reason == Reason.OPTED_OUT
    assert blocked.reshape(-1, 20)[:5].all(axis=1).tolist() == [False, True, False, False, False]
    assert (found.keyword[:20] == Keyword.STOP).all()
    # Each gets a confirmation, which nothing blocks.
    assert found.answers.traffic.queued_us.tolist() == (found.replied_us[:20] + SECOND).tolist()
    assert found.answers.count(Status.DELIVERED) == 20
    assert found.figures()["opted_out"] == 0.2
    assert found.figures()["answers"] == 20


def test_what_is_queued_when_the_stop_comes_is_blocked(run):
    offers = Campaign(name="offers", messages=10, conversation=ALL_STOP, priority=0)
    queued = Campaign(name="queued", messages=10, priority=2)
    found = run(
        traffic=(offers, queued),
        senders=(Sender(mps=0.1),),
        reading=Reading(median_s=1e-6, sigma=0),
    )
    assert (found.of("queued").reason == Reason.OPTED_OUT).all()


def test_answers_use_the_capacity_of_their_sender(run):
    talk = Conversation(
        reply_share=1,
        reply_median_s=1e-6,
        reply_sigma=0,
        stop_share=0,
        help_share=1,
        answer_after_s=0,
        answer_segments=2,
    )
    found = run(
        traffic=(Campaign(messages=3, conversation=talk),),
        senders=(Sender(mps=1),),
        reading=Reading(median_s=1e-6, sigma=0),
    )
    # An answer of two segments goes before the next message.
    assert np.round(found.asked.sent_us / SECOND, 4).tolist() == [0, 3, 6]
    assert np.round(found.answers.sent_us / SECOND, 4).tolist() == [2, 5, 8]


def test_a_code_that_comes_in_gets_a_link(run):
    asks = Inbound(
        rate_per_s=2,
        duration_s=200,
        conversation=Conversation(
            stop_share=0.1, help_share=0.1, text_answered=True, answer_after_s=2
        ),
    )
    found = run(traffic=(asks,), senders=(Sender(mps=5),))
    came = found.status == Status.RECEIVED
    assert came.sum() == len(found.answers) > 300
    assert (found.replied_us[came] == found.traffic.queued_us[came]).all()
    assert (found.sent_us[came] == NEVER).all()
    asked = found.traffic.queued_us[found.answers.answer_to]
    assert (found.answers.traffic.queued_us == asked + 2 * SECOND).all()
    figures = found.figures()
    assert figures["messages"] == 0
    assert figures["received"] == figures["answers"] == came.sum()
    assert (found.states([0, 50, 1e4]).drop(columns="read").sum(axis=1) == len(found)).all()
    silent = Conversation(stop_share=0, help_share=0)
    quiet = Inbound(rate_per_s=2, duration_s=200, conversation=silent)
    assert len(run(traffic=(quiet,)).answers) == 0


def test_agents_answer_one_after_the_other(run):
    talk = Conversation(
        reply_share=1, stop_share=0, help_share=0, agents=2, handling_mean_s=60, answered=False
    )
    found = run(traffic=(Campaign(messages=300, conversation=talk),))
    assert len(found.answers) == 300
    done = np.sort(found.answers.traffic.queued_us)
    assert done[-1] / SECOND == pytest.approx(300 * 60 / 2, rel=0.25)
    nobody = Conversation(reply_share=1, stop_share=0, help_share=0)
    assert len(run(traffic=(Campaign(messages=300, conversation=nobody),)).answers) == 0


def test_a_handset_that_is_off_delays_all_its_messages(run):
    handset = Handset(off_share=0.3, off_mean_h=1)
    two = (Campaign(name="a", messages=500), Campaign(name="b", messages=500))
    found = run(traffic=two, handset=handset)
    assert (found.attempts[:500] == found.attempts[500:]).all()
    assert (found.final_us[:500] == found.final_us[500:]).all()
    assert (found.attempts > 1).mean() == pytest.approx(0.3, abs=0.06)


def test_an_email_follows_where_no_receipt_came_in_time(run):
    slow = plain(receipt_missing=0.5)
    codes = Campaign(
        messages=400, fallback=Fallback(after_s=30, median_s=5, sigma=0, arriving=1), conversion=0.5
    )
    found = run(traffic=(codes,), carriers=(slow,))
    missing = found.receipt_us == NEVER
    assert ((found.emailed_us == 30 * SECOND) == missing).all()
    assert ((found.email_landed_us == 35 * SECOND) == missing).all()
    assert found.figures()["emailed"] == missing.mean()
    assert found.figures()["converted"] == pytest.approx(0.5, abs=0.08)
    done = found.converted_us != NEVER
    assert (found.converted_us[done] <= found.read_us[done]).all()


def test_texts_are_segmented(run):
    texts = ("short", "x" * 161, "€" * 200)
    found = run(traffic=(Campaign(messages=900, texts=texts),))
    sizes, counts = np.unique(found.traffic.segments, return_counts=True)
    assert sizes.tolist() == [1, 2, 3]
    assert counts / 900 == pytest.approx(1 / 3, abs=0.06)


def test_causes_of_failure(run):
    causes = Causes(invalid_number=3, filtered=0, blocked=1, unknown=0)
    bad = plain(first_attempt=0, permanent_failure=1, causes=causes)
    found = run(traffic=(Campaign(messages=2000),), carriers=(bad,))
    reasons, counts = np.unique(found.reason, return_counts=True)
    assert reasons.tolist() == [Reason.INVALID_NUMBER, Reason.BLOCKED]
    assert counts / 2000 == pytest.approx([0.75, 0.25], abs=0.03)


def test_recipients_of_poisson_traffic(run):
    codes = Poisson(rate_per_s=10, duration_s=100, recipients=7)
    found = run(traffic=(codes,), handset=Handset())
    assert set(found.traffic.recipient) == set(range(7))


def test_a_process_of_the_user_looks_and_steps_in():
    seen = []

    def watch(simulation):
        while simulation.now_us < 10 * SECOND:
            seen.append((simulation.backlog("sender"), simulation.count(Status.DELIVERED)))
            yield simulation.env.timeout(2 * SECOND)
        simulation.opt_out(19, "campaign")

    scenario = Scenario(
        traffic=(Campaign(messages=20),),
        senders=(Sender(mps=1),),
        carriers=(PLAIN,),
        handset=Handset(off_share=0),
    )
    found = smslab.simulate(scenario, rng=1, processes=[watch])
    # The third leaves after two seconds, and after the process has looked; two have landed.
    assert seen == [(0, 0), (18, 2), (16, 4), (14, 6), (12, 8)]
    assert found.reason[19] == Reason.OPTED_OUT
    with pytest.raises(ValueError, match="processes run on engine='reference' only"):
        smslab.simulate(scenario, engine="compiled", processes=[watch])
    with pytest.raises(
        ValueError, match="engine must be one of auto, compiled, reference; not 'x'"
    ):
        smslab.simulate(scenario, engine="x")


@pytest.mark.parametrize(
    ("handset", "traffic", "says"),
    [
        (Handset(), "offers", "traffic must be one of .'campaign'."),
        (None, "campaign", "recipients have no numbers"),
    ],
)
def test_a_process_that_asks_for_what_there_is_not(handset, traffic, says):
    def ask(simulation):
        yield simulation.env.timeout(1)
        simulation.opt_out(0, traffic)

    scenario = Scenario(traffic=(Campaign(messages=3),), handset=handset)
    with pytest.raises(ValueError, match=says):
        smslab.simulate(scenario, processes=[ask])


def test_more_capacity_never_delays_a_message(run):
    """Common random numbers: the same seed at two rates differs by the rate alone."""
    slow, fast = (
        run(
            rng=9,
            traffic=(Poisson(rate_per_s=8, duration_s=500, segment_shares=(0.5, 0.5)),),
            senders=(Sender(mps=mps),),
        )
        for mps in (13, 17)
    )
    assert (slow.traffic.queued_us == fast.traffic.queued_us).all()
    assert (fast.final_us <= slow.final_us).all()


def test_codes_do_not_wait_for_offers_beyond_one_service(run):
    codes = Poisson(name="codes", rate_per_s=1, duration_s=300)
    offers = Campaign(name="offers", messages=3000)
    alone = run(traffic=(codes,), senders=(Sender(mps=10),)).of("codes")
    beside = run(traffic=(codes, offers), senders=(Sender(mps=10),)).of("codes")
    later = beside.sent_us - alone.sent_us
    assert (later >= 0).all()
    assert (later <= SECOND / 10).all()


def test_a_failover_goes_on_and_never_comes_back_to_itself(run):
    down = (Outage(from_h=0, hours=5),)
    carriers = (
        plain(name="a", outages=down, failover="b", share=1e9),
        plain(name="b", outages=down, failover="c", share=1e-6),
        plain(name="c", failover="a", share=1e-6),
    )
    found = run(traffic=(Campaign(messages=5),), carriers=carriers)
    assert found.traffic.carrier.tolist() == [2] * 5
    assert found.sent_us.tolist() == [0] * 5
    # In a circle of outages each waits at its own.
    both = tuple(
        plain(name=name, outages=down, failover=other, share=share)
        for name, other, share in (("a", "b", 1e9), ("b", "a", 1e-6))
    )
    found = run(traffic=(Campaign(messages=5),), carriers=both)
    assert found.traffic.carrier.tolist() == [0] * 5
    assert found.sent_us.tolist() == [5 * 3600 * SECOND] * 5
    # A general carrier of the same name may step in.
    named = (
        plain(name="x", country="US", outages=down, failover="x", share=1e9),
        plain(name="x", share=1e-6),
    )
    found = run(traffic=(Campaign(messages=5),), carriers=named)
    assert found.traffic.carrier.tolist() == [1] * 5


def test_an_outage_without_end_fails_over(run):
    for hours in (1000, 1e6):
        first = plain(name="a", outages=(Outage(from_h=0, hours=hours),), failover="b", share=1e9)
        found = run(traffic=(Campaign(messages=5),), carriers=(first, plain(name="b", share=1e-6)))
        assert found.traffic.carrier.tolist() == [1] * 5


def test_who_is_too_late_leaves_room_in_a_queue(run):
    carrier = plain(queue_limit=1, outages=(Outage(from_h=0, hours=2.5),))
    times = Schedule(times_s=(0, 3000, 7200), validity_h=1)
    found = run(traffic=(times,), carriers=(carrier,))
    assert found.reason.tolist() == [Reason.EXPIRED_QUEUE, Reason.QUEUE_FULL, Reason.NONE]
    assert found.sent_us[2] == 2.5 * 3600 * SECOND


def test_local_campaigns_after_a_change_of_clocks(run):
    """Two days after Saturday midnight New York has put its clocks back; Phoenix has none."""
    start = dt.datetime.fromisoformat("2026-10-31T00:00:00-04:00")
    zones = (Zone(name="America/New_York"), Zone(name="America/Phoenix"))
    campaign = Campaign(messages=30, start_s=60 * 3600, local=True)
    found = run(traffic=(campaign,), start=start, zones=zones)
    hours = found.traffic.queued_us / 3600 / SECOND
    # Twelve by the clock of the start: eleven hours after midnight is noon there no more.
    assert set(hours[found.traffic.zone == 0]) == {61}
    assert set(hours[found.traffic.zone == 1]) == {63}


def test_people_of_their_own_are_nobody_elses(run):
    codes = Poisson(name="p", rate_per_s=1, duration_s=100, recipients=50)
    found = run(traffic=(codes, Schedule(times_s=(9.0,) * 20)), handset=Handset())
    of_codes = found.traffic.recipient[found.traffic.campaign == 0]
    others = found.traffic.recipient[found.traffic.campaign == 1]
    assert not set(of_codes) & set(others)
    assert len(set(others)) == 20


def test_no_email_for_who_has_opted_out(run):
    offers = Campaign(name="offers", messages=20, conversation=ALL_STOP)
    later = Campaign(name="later", messages=20, start_s=60, fallback=Fallback())
    found = run(traffic=(offers, later), reading=Reading(median_s=1e-6, sigma=0)).of("later")
    assert (found.reason == Reason.OPTED_OUT).all()
    assert (found.emailed_us == NEVER).all()


def test_no_conversion_past_the_horizon(run):
    campaign = Campaign(messages=500, conversion=1)
    found = run(traffic=(campaign,), horizon_h=0.02)
    done = found.converted_us != NEVER
    assert 0.2 < done.mean() < 0.5
    assert found.converted_us.max() < 72 * SECOND
