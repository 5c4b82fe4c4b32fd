"""The form of a lexicon: what the analyser by keywords knows of one language."""

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class Lexicon:
    """Words of one language, as people write them; case does not count, and accents only where they tell words apart.

    Several words in one text are separated by spaces. A word that ends in `+` stands for itself with each of `endings`.

    Args:
        language: such as `en`.
        weights: words by how good (1 to 4) or bad (-1 to -4) they are.
        endings: of words with `+`, such as `e er es`.
        phrases: the same for several words in a row; they count as one, and go before words. A phrase with weight 0
            is not looked into: "no problem" denies nothing.
        negations: turn what stands behind them: "not good".
        negations_behind: turn what stands before them: "gefällt mir nicht".
        strengths: what a word does to the next: 1.5 makes it stronger, 0.5 weaker.
        turns: words after which the real thing comes: "nice, but …".
        wishes: phrases that say what somebody would like to have.
        questions: words with which a question begins.
        markers: words that tell the language.
        tells_apart: words without accents that are others than those with them: "schon" is not "schön".
    """

    language: str
    weights: Mapping[int, str]
    endings: str = ""
    phrases: Mapping[int, tuple[str, ...]] = attrs.field(factory=dict)
    negations: str = ""
    negations_behind: str = ""
    strengths: Mapping[float, str] = attrs.field(factory=dict)
    turns: str = ""
    wishes: tuple[str, ...] = ()
    questions: str = ""
    markers: str = ""
    tells_apart: str = ""
