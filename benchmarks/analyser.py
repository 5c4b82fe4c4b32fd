"""`python -m benchmarks.analyser REVIEWS`: how well analysers tell good reviews from bad ones, by their ratings.

    python -m benchmarks.analyser reviews.jsonl.gz --text comment --rating score

REVIEWS holds events as `touchpoint run` reads them, with a text and a rating among their properties. Each review
falls into one of two halves by a hash of its text: look at the mistakes of the half `tune` (`--mistakes`) when you
change words, and quote the half `test` only. A review is good from 70 % of its scale on, bad up to 40 %; those in
between are left out. Nothing of the file is written anywhere.

Where a file has no texts, there is nothing to measure, and the status is 2.
"""

import argparse
import hashlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import groupby

import attrs

from touchpoint import InvalidInput
from touchpoint.insight import Analyser, KeywordAnalyser, TextBlobAnalyser
from touchpoint.insight.languages import shipped
from touchpoint.insight.tokens import words_of
from touchpoint.lab import read_events
from touchpoint.model.scale import Scale

TEXTS = ("text", "comment", "review", "content", "body", "message")
RATINGS = ("rating", "score", "stars")
GOOD, BAD = Fraction(7, 10), Fraction(4, 10)
Scorer = Callable[[str], float | None]


@attrs.frozen
class Review:
    """One text, and whether its rating is a good one."""

    text: str = attrs.field(repr=False)
    good: bool
    half: str


@attrs.frozen
class Quality:
    """How well a scorer did on some reviews.

    Args:
        covered: the share of reviews to which it gave anything but None.
        accuracy: the share told right, with none or 0 counted as the more frequent of good and bad.
        auc: the chance that a good review is placed above a bad one; ties and none count half.
    """

    covered: float
    accuracy: float
    auc: float


def reviews(events: Sequence[str], text: Sequence[str], rating: Sequence[str]) -> tuple[list[Review], int]:
    """The reviews that are clearly good or bad, and how many ratings there were, with a text or without."""
    found: list[Review] = []
    rated = 0
    for event in read_events(events):
        said = next((event.properties[name] for name in text if isinstance(event.properties.get(name), str)), None)
        score = next((event.properties[name] for name in rating if event.properties.get(name) is not None), None)
        if score is None:
            continue
        rated += 1
        try:
            share = Scale(1, int(event.properties.get("rating_scale") or 5)).share(score)  # type: ignore[arg-type]
        except InvalidInput:
            continue
        if isinstance(said, str) and said.strip() and not BAD < share < GOOD:
            odd = hashlib.sha256(said.encode()).digest()[0] % 2
            found.append(Review(said, good=share >= GOOD, half="test" if odd else "tune"))
    return found, rated


def quality(scored: Sequence[tuple[float | None, bool]]) -> Quality:
    """How well scores tell good from bad."""
    good = sum(is_good for _, is_good in scored)
    mostly = good * 2 >= len(scored)
    right = sum((score > 0 if score else mostly) == is_good for score, is_good in scored)
    known = sum(score is not None for score, _ in scored)
    return Quality(
        known / len(scored), right / len(scored), auc([(score or 0.0, is_good) for score, is_good in scored])
    )


def auc(scored: Sequence[tuple[float, bool]]) -> float:
    """The area under the receiver's curve, as the statistic of Mann and Whitney; 0.5 where one kind is missing."""
    good = sum(is_good for _, is_good in scored)
    bad = len(scored) - good
    if not good or not bad:
        return 0.5
    below, won = 0, 0.0
    for _, same in groupby(sorted(scored), key=lambda each: each[0]):
        kinds = [is_good for _, is_good in same]
        tied_bad = len(kinds) - sum(kinds)
        won += sum(kinds) * (below + tied_bad / 2)
        below += tied_bad
    return won / (good * bad)


def by_counting(text: str) -> float | None:
    """The trivial way: good words minus bad words, English, without weights, negation or anything else."""
    weights = shipped()[0].weights
    found = [1 if weights[word] > 0 else -1 for word in words_of(text) if word in weights]
    return sum(found) if found else None


def scorer(analyser: Analyser, language: str | None) -> Scorer:
    """The sentiment that an analyser gives."""
    return lambda text: analyser.analyse(text, language).sentiment


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analyser", description=__doc__.split("\n")[0])
    parser.add_argument("events", nargs="+")
    parser.add_argument("--text", action="append", help="the property with the text; may be given several times")
    parser.add_argument("--rating", action="append", help="the property with the rating")
    parser.add_argument("--language", default="en", help="of the texts; empty to have it found out")
    parser.add_argument("--mistakes", type=int, default=0, help="show so many mistakes of the half for tuning")
    options = parser.parse_args()
    found, rated = reviews(options.events, options.text or TEXTS, options.rating or RATINGS)
    if not found:
        print(f"{rated:,} ratings, none of them with a text: there is nothing to measure the analyser against.")
        return 2
    language = options.language or None
    scorers: dict[str, Scorer] = {
        "always the same": lambda _: None,
        "words counted": by_counting,
        "keywords": scorer(KeywordAnalyser(), language),
    }
    if find_spec("textblob") is not None:
        scorers["textblob"] = scorer(TextBlobAnalyser(), language)
    for half in ("tune", "test"):
        part = [review for review in found if review.half == half]
        print(f"{half}: {len(part):,} reviews, {sum(each.good for each in part):,} of them good")
        for name, score in scorers.items() if part else ():
            each = quality([(score(review.text), review.good) for review in part])
            print(f"  {name:16} accuracy {each.accuracy:.3f}  AUC {each.auc:.3f}  covered {each.covered:.3f}")
    keywords = scorers["keywords"]
    wrong = [
        each for each in found if each.half == "tune" and (keywords(each.text) or 0) * (1 if each.good else -1) <= 0
    ]
    for each in wrong[: options.mistakes]:
        print(f"  {'good' if each.good else 'bad'} {keywords(each.text)}: {each.text[:300]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
