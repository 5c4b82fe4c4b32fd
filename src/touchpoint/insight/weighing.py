"""What the words of a text weigh together: negation, strength, and what comes after a "but"."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from touchpoint.insight.vocabulary import Vocabulary

_ENDS: Final = frozenset(".!?;\n…")
_PAUSES: Final = _ENDS | frozenset(",:()–—")
_REACH: Final = 5
_REACH_ON: Final = 2
_REACH_BEHIND: Final = 3
# "Not good" is a little less bad than good is good, and "not bad" praises but faintly; after Potts, "On the negativity
# of negation", Semantics and Linguistic Theory 20 (2010).
_NOT_GOOD: Final = -0.75
_NOT_BAD: Final = -0.5
_BEFORE_TURN: Final = 0.5
_AFTER_TURN: Final = 1.25


@attrs.define
class _Hit:
    place: int
    weight: float
    negated: bool = False


@attrs.define
class _Sum:
    """What was found so far; `clause` is where the clause begins, `sentence` how many hits there were before it."""

    vocabulary: Vocabulary | None
    words: Sequence[str]
    hits: list[_Hit] = attrs.field(factory=list)
    clause: int = 0
    sentence: int = 0
    factor: float = 1.0
    negation: int = -1
    reach: int = -1
    unused: dict[int, float] = attrs.field(factory=dict)

    def hit(self, place: int, weight: float, *, turned: bool = True) -> None:
        """Take a weight in, as what stands before it turns and strengthens it."""
        negated = turned and self.negation >= self.clause and place <= self.reach
        if negated:
            weight *= _NOT_GOOD if weight > 0 else _NOT_BAD
            self.unused.pop(self.negation, None)
            self.reach = place + _REACH_ON  # "not clean and tidy", but "did not wait and the staff was lovely"
        self.hits.append(_Hit(place, weight * self._strength(place) * self.factor, negated))

    def _strength(self, place: int) -> float:
        strengths = self.vocabulary.strengths if self.vocabulary is not None else {}
        strength = 1.0
        for before in range(place - 1, max(place - 3, self.clause - 1), -1):
            if self.words[before] not in strengths:
                break
            strength *= strengths[self.words[before]]
        return strength

    def turn(self) -> None:
        """A "but": what was said of it in this sentence counts less, what comes counts more."""
        for hit in self.hits[self.sentence :]:
            hit.weight *= _BEFORE_TURN
        self.factor = _AFTER_TURN if len(self.hits) > self.sentence else 1.0
        self.sentence = len(self.hits)  # each hit is made smaller once

    def pause(self, place: int) -> None:
        """A comma or an end: what was negated before it, stays there."""
        self.clause = place + 1
        if self.words[place] in _ENDS:
            self.factor, self.sentence = 1.0, len(self.hits)

    def negate(self, place: int) -> None:
        """A word such as "not": for what comes, or for what was before it, as in "gefällt mir nicht"."""
        vocabulary = self.vocabulary
        if vocabulary is None:
            return
        word = self.words[place]
        last = self.hits[-1] if self.hits else None
        if (
            word in vocabulary.negations_behind
            and last is not None
            and not last.negated
            and last.place >= max(self.clause, place - _REACH_BEHIND)
            and not any(each in vocabulary.weights for each in self.words[place + 1 : place + 3])
        ):
            last.weight *= _NOT_GOOD if last.weight > 0 else _NOT_BAD
            last.negated = True
            return
        self.negation, self.reach = place, place + _REACH
        if word in vocabulary.weights:
            self.unused[place] = vocabulary.weights[word] * self.factor


def weigh(words: Sequence[str], vocabulary: Vocabulary | None, signs: Mapping[str, int]) -> float | None:
    """The sum of what is good and bad in a text; None where nothing is known to be either."""
    found = _Sum(vocabulary, words)
    place = 0
    while place < len(words):
        word = words[place]
        phrase = None if vocabulary is None else vocabulary.phrases.at(words, place)
        if word in signs:
            found.hit(place, signs[word], turned=False)
        elif word in _PAUSES:
            found.pause(place)
        elif vocabulary is None:
            pass
        elif phrase is not None:
            length, weight = phrase
            if weight:
                denies = any(each in vocabulary.negations for each in words[place : place + length])
                found.hit(place, weight, turned=not denies)
            place += length - 1
        else:
            _word(found, place, vocabulary)
        place += 1
    weights = [*(hit.weight for hit in found.hits), *found.unused.values()]
    return sum(weights) if weights else None


def _word(found: _Sum, place: int, vocabulary: Vocabulary) -> None:
    word = found.words[place]
    if word in vocabulary.turns:
        found.turn()
        found.clause = place + 1
    if word in vocabulary.negations:
        found.negate(place)
    elif word in vocabulary.weights:
        following = found.words[place + 1] if place + 1 < len(found.words) else ""
        if word not in vocabulary.strengths or following not in vocabulary.weights:
            found.hit(place, vocabulary.weights[word])
