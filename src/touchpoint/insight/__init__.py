"""What customers say, read and counted, with figures that are honest about small numbers. Pure: no store, no clock."""

from importlib import import_module
from typing import TYPE_CHECKING

from touchpoint.insight.analysis import Analyser, Analysis
from touchpoint.insight.answers import Answer, read_answer
from touchpoint.insight.compare import Difference, answers_needed, compare_means, compare_shares, wald_difference
from touchpoint.insight.contacts import ConversationFigures, IntentFigures, Wait, conversation_figures
from touchpoint.insight.figure import Figure, Interval
from touchpoint.insight.growth import Growth, GrowthPeriod, growth, period_of, quick_ratio
from touchpoint.insight.keywords import KeywordAnalyser
from touchpoint.insight.lexicon.form import Lexicon
from touchpoint.insight.loyalty import day_number, repeat_rate, retention
from touchpoint.insight.many import Adjusted, adjust
from touchpoint.insight.means import PooledMean, Sample, ScaleCount, pooled_mean
from touchpoint.insight.proportions import Share, proportion
from touchpoint.insight.report import (
    BudgetFigures,
    CaseFigures,
    FeedbackFigures,
    Flow,
    GrowthFigures,
    LoopFigures,
    MessageFigures,
    PhaseFigures,
    PlaceFigures,
    Report,
    ScoreCount,
    StageFigures,
    StockFigures,
)
from touchpoint.insight.scales import (
    FIVE_POINTS,
    SEVEN_POINTS,
    TEN_POINTS,
    ZERO_TO_TEN,
    Tally,
    normalise,
    rescale,
)
from touchpoint.insight.scores import Ces, Nps, ces, csat, nps, nps_groups
from touchpoint.insight.shrinkage import JamesStein, Ranked, Ranking, james_stein, rank_means, rank_shares
from touchpoint.insight.spans import Spans
from touchpoint.model.scale import Scale

if TYPE_CHECKING:
    from touchpoint.insight.textblob import TextBlobAnalyser

__all__ = [
    "FIVE_POINTS",
    "SEVEN_POINTS",
    "TEN_POINTS",
    "ZERO_TO_TEN",
    "Adjusted",
    "Analyser",
    "Analysis",
    "Answer",
    "BudgetFigures",
    "CaseFigures",
    "Ces",
    "ConversationFigures",
    "Difference",
    "FeedbackFigures",
    "Figure",
    "Flow",
    "Growth",
    "GrowthFigures",
    "GrowthPeriod",
    "IntentFigures",
    "Interval",
    "JamesStein",
    "KeywordAnalyser",
    "Lexicon",
    "LoopFigures",
    "MessageFigures",
    "Nps",
    "PhaseFigures",
    "PlaceFigures",
    "PooledMean",
    "Ranked",
    "Ranking",
    "Report",
    "Sample",
    "Scale",
    "ScaleCount",
    "ScoreCount",
    "Share",
    "Spans",
    "StageFigures",
    "StockFigures",
    "Tally",
    "TextBlobAnalyser",
    "Wait",
    "adjust",
    "answers_needed",
    "ces",
    "compare_means",
    "compare_shares",
    "conversation_figures",
    "csat",
    "day_number",
    "growth",
    "james_stein",
    "normalise",
    "nps",
    "nps_groups",
    "period_of",
    "pooled_mean",
    "proportion",
    "quick_ratio",
    "rank_means",
    "rank_shares",
    "read_answer",
    "repeat_rate",
    "rescale",
    "retention",
    "wald_difference",
]


def __getattr__(name: str) -> object:
    if name == "TextBlobAnalyser":
        return import_module("touchpoint.insight.textblob").TextBlobAnalyser
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
