"""The figures against results of other programs, where their file lies beside the project."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from touchpoint.insight import (
    Sample,
    adjust,
    answers_needed,
    compare_means,
    compare_shares,
    day_number,
    james_stein,
    nps,
    proportion,
    quick_ratio,
    repeat_rate,
    wald_difference,
)
from touchpoint.lab.experiments import sample_ratio

DATA = Path(__file__).parent.parent.parent / "shared/data"
FILE = DATA / "references.json"
CASES = {each["name"]: each for each in json.loads(FILE.read_text("utf-8"))["cases"]} if FILE.exists() else {}
needs = pytest.mark.skipif(not CASES, reason="../shared/data/references.json is not there")

# Baseball 1970, the rest of the season, in the order of the players (Efron and Morris 1977).
REST = [
    0.346, 0.298, 0.276, 0.222, 0.273, 0.270, 0.263, 0.210, 0.269, 0.230, 0.264, 0.256, 0.303, 0.264, 0.226, 0.286,
    0.316, 0.200,
]  # fmt: skip


def proportions(given):
    methods = ("wilson", "agresti_coull", "jeffreys", "clopper_pearson", "wald")
    intervals = {each: proportion(given["k"], given["n"], level=given["level"], method=each) for each in methods}
    return {each: ends(share.interval) for each, share in intervals.items()}


def ends(interval):
    return [interval.low, interval.high]


def newcombe(given):
    found = compare_shares((given["k1"], given["n1"]), (given["k2"], given["n2"]), level=given["level"])
    return {"newcombe_hybrid_score": ends(found.interval)}


def net_promoters(given):
    groups, level = (given["promoters"], given["passives"], given["detractors"]), given["level"]
    adjusted, wald = nps(*groups, level=level), nps(*groups, level=level, method="wald")
    return {
        "nps": adjusted.value,
        "variance_unit": adjusted.standard_error**2 * adjusted.n / 100**2,
        "se_points": adjusted.standard_error,
        "wald": ends(wald.interval),
        "adjusted_wald": ends(adjusted.interval),
    }


def adjusted(given):
    bh, holm, bonferroni = (adjust(given["p"], method=each) for each in ("benjamini_hochberg", "holm", "bonferroni"))
    return {
        "bh_rejected": sum(bh.rejected(given["q"])),
        "bh_adjusted": list(bh.adjusted),
        "holm_rejected": sum(holm.rejected(given["q"])),
        "holm_adjusted": list(holm.adjusted),
        "bonferroni_rejected": sum(bonferroni.rejected(given["q"])),
    }


def baseball(given):
    found = james_stein(given["successes"], given["n_each"])
    return {
        "grand_mean": found.mean,
        "c": found.factor,
        "shrunk_3dp": list(found.shrunk),
        "sse_raw_vs_rest_of_season": squares(found.raw),
        "sse_shrunk": squares(found.shrunk),
    }


def squares(found):
    return sum((each - true) ** 2 for each, true in zip(found, REST, strict=True))


def quick_ratios(given):
    revenue, customers = given
    return [
        quick_ratio(revenue["new"] + revenue["expansion"], revenue["churn"] + revenue["contraction"]),
        quick_ratio(customers["gross_adds"], customers["losses"]),
    ]


def rolling_day(given):
    start, then = (
        datetime.strptime(f"2025-{given[each]}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for each in ("start", "ret")
    )
    assert given["rounding"] == "hour down"
    assert day_number(start, then, by="elapsed") == 0
    return {"day": day_number(start, then, by="elapsed_from_hour")}


def two_shares(given):
    a, b = (given["s1"], given["n1"]), (given["s2"], given["n2"])
    found, wald = compare_shares(b, a), wald_difference(b, a)
    rates = proportion(*a).value, proportion(*b).value
    half = (wald.high - wald.low) / 2
    return {
        "rate_a": rates[0],
        "rate_b": rates[1],
        "diff": found.value,
        "z_pooled": -found.statistic,
        "p_pooled": found.p,
        "se_unpooled": half / 1.959963984540054,
        "ci95": ends(wald),
        "rel": found.value / rates[0],
    }


def welch(given):
    control = Sample(given["mean1"], given["var1"], given["n1"])
    treated = Sample(given["mean2"], given["var2"], given["n2"])
    found = compare_means(treated, control)
    error = found.value / found.statistic
    half = 1.959963984540054 * error
    return {
        "treat": treated.mean,
        "control": control.mean,
        "diff": found.value,
        "se": error,
        "t": found.statistic,
        "df": found.freedom,
        "p": found.p,
        "ci95_t": ends(found.interval),
        "ci95_z": [found.value - half, found.value + half],
    }


def ratios(given):
    found = []
    for each in given:
        counts = dict(enumerate(each["counts"]))
        assert len({str(weight) for weight in each["weights"]}) == 1
        ratio = sample_ratio(counts, dict.fromkeys(counts, 1))
        found.append({"chi2": ratio.chi_squared, "p": ratio.p})
    return found


def sizes(given):
    return [answers_needed(*each, level=1 - given["alpha"], power=given["power"]) for each in given["cases"]]


REPLAYED = {
    "proportion_ci_81_of_263": proportions,
    "proportion_ci_15_of_148": proportions,
    "proportion_ci_0_of_10": proportions,
    "newcombe_diff_56_70_48_80": newcombe,
    "newcombe_diff_9_10_3_10": newcombe,
    "nps_60_30_10": net_promoters,
    "nps_19_8_9": net_promoters,
    "nps_10_0_0": net_promoters,
    "benjamini_hochberg_1995": adjusted,
    "james_stein_baseball": baseball,
    "quick_ratio_examples": quick_ratios,
    "retention_rolling_24h_edge": rolling_day,
    "two_proportion_give": two_shares,
    "welch_give": welch,
    "srm_chi2": ratios,
    "sample_size_two_proportions": sizes,
}

OTHERS = {
    "cdnow_master_totals": "counts rows of a file",
    "cdnow_repeat_rate": "below, from the histories",
    "bgnbd_cdnow_mle": "lifetime values are not in this room",
    "growthbook_hash": "assignment by another program",
    "growthbook_getBucketRange": "assignment by another program",
    "statsig_bucket": "assignment by another program",
}


def agrees(found, expected, tolerance):
    if isinstance(expected, dict):
        assert set(expected) <= set(found)
        for key, value in expected.items():
            agrees(found[key], value, tolerance)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, value in zip(found, expected, strict=True):
            agrees(one, value, tolerance)
    else:
        assert found == pytest.approx(expected, rel=0, abs=max(tolerance, 1e-12 * abs(expected)))


@needs
@pytest.mark.parametrize("name", REPLAYED)
def test_a_figure_agrees_with_another_program(name):  # S8.1, S8.3
    case = CASES[name]
    agrees(REPLAYED[name](case["input"]), case["expected"], case["tolerance"])


@needs
def test_every_case_of_these_topics_is_either_compared_or_said_to_be_elsewhere():
    topics = ("feedback", "flywheel", "experiments")
    assert {name for name, each in CASES.items() if each["topic"] in topics} == {*REPLAYED, *OTHERS}


@needs
@pytest.mark.skipif(not (DATA / "cdnow.jsonl.gz").exists(), reason="../shared/data/cdnow.jsonl.gz is not there")
@pytest.mark.parametrize(("by", "name"), [("days", "distinct_days"), ("orders", "rows")])
def test_the_repeat_rate_of_the_record_shop_depends_on_what_again_means(by, name):
    with gzip.open(DATA / "cdnow.jsonl.gz", "rt", encoding="utf-8") as lines:
        orders = [(each["customer"], each["at"]) for each in map(json.loads, lines)]
    found, totals = repeat_rate(orders, by=by), CASES["cdnow_master_totals"]["expected"]
    assert (len(orders), found.n) == (totals["rows"], totals["customers"])
    assert found.value == pytest.approx(CASES["cdnow_repeat_rate"]["expected"][name], rel=0, abs=1e-12)
