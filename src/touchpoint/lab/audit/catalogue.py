"""The seven rules of engagement, each with what it is judged by (S8.3). Their numbers and codes are stable."""

from typing import Final

import attrs


@attrs.frozen
class Asked:
    """One thing that a rule of engagement is judged by.

    Attributes:
        code: such as `6.3`: the number of its rule, then its own.
        name: in a word or three.
        what: what has to be so.
        mend: what to do where it is not.
        vital: without it the rule is not met at all, whatever else is there.
    """

    code: str
    name: str
    what: str
    mend: str
    vital: bool = False


@attrs.frozen
class Principle:
    """One of the seven rules of engagement.

    Attributes:
        number: 1 to 7.
        name: in a word or three.
        what: the rule, as a sentence.
        why: why it matters.
        asked: what it is judged by, in order; what history has to say comes last, and only where a store is read.
    """

    number: int
    name: str
    what: str
    why: str
    asked: tuple[Asked, ...]


def _knowing() -> Principle:
    return Principle(
        1, "feedback is welcome", "Customers are made aware that feedback is welcome.",
        "Most of those who are disappointed say nothing and leave. Who is asked, and believes that it is meant, tells.",
        (
            Asked("1.1", "invited", "A message invites customers to say what they think.",
                  "ask for feedback in a rule: Ask(Survey(…)), some days after what it is about", vital=True),
            Asked("1.2", "not only the happy", "Nobody is left out of an invitation for not having been content.",
                  "ask everybody, whatever they said before"),
            Asked("1.3", "says what to do", "Each invitation says what it wants of the customer.",
                  'say it in Survey(wants=), such as wants="score the visit from 1 to 5"'),
            Asked("1.4", "can go out", "Each invitation has a channel for which there is an adapter.",
                  "give the engine an adapter for one of the channels of the survey"),
            Asked("1.5", "goes out", "Invitations go out in fact.",
                  "look at `touchpoint doctor` and `touchpoint why`: what keeps the surveys from leaving"),
        ),
    )  # fmt: skip


def _channel() -> Principle:
    return Principle(
        2, "a channel of its own", "A dedicated channel for feedback exists.",
        "Feedback that comes among orders and small talk is overheard; a place of its own is found and is listened to.",
        (
            Asked("2.1", "a way in", "There is a way to us that is meant for feedback: a form, a card, a review page.",
                  'name it: ListeningPost("feedback form", …), or FeedbackSource(…) for the touchpoints that hold it',
                  vital=True),
            Asked("2.2", "listened to", "For each type of feedback some rule starts with it or waits for it.",
                  "write a rule that starts with this type of touchpoint"),
        ),
    )  # fmt: skip


def _automatic() -> Principle:
    return Principle(
        3, "automatic", "Acquisition and analysis are automatic.",
        "What somebody has to type in or read through is late, and is left undone in the very week with most of it.",
        (
            Asked("3.1", "read as feedback", "What rules take for feedback is read as feedback, with its score.",
                  'say how to read it: Engine(feedback=[FeedbackSource("review", scale=Scale(1, 5))])', vital=True),
            Asked("3.2", "answers come back", "The answers to each survey come in by themselves.",
                  "let the adapter take in what comes back (Capabilities(inbound=True) or replies=True), or name where "
                  'answers are given: ListeningPost("survey page", channel=…)'),
            Asked("3.3", "nothing typed in", "No way in needs somebody to type in what was said.",
                  "scan it, or have it said where it is recorded at once: a tablet at the till, a code on the card"),
            Asked("3.4", "analysed", "What is said in words is analysed: sentiment, intent, topics.",
                  "give the engine an analyser, such as Engine(analyser=KeywordAnalyser())"),
            Asked("3.5", "comes in", "Feedback comes in in fact.",
                  "try one answer on each way in, and look for it with `touchpoint timeline`"),
        ),
    )  # fmt: skip


def _everywhere() -> Principle:
    return Principle(
        4, "everywhere", "Feedback is possible on every channel and at every location, online and offline.",
        "Where nothing can be said nothing is heard, and that is taken for content.",
        (
            Asked("4.1", "on every channel", "Customers can answer on every channel on which we write to them.",
                  "let the adapter take in replies, or say where those on this channel answer: "
                  "ListeningPost(…, channel=…)"),
            Asked("4.2", "at every location", "There is a way to say something at every location.",
                  "name the locations, and the posts that each of them has: ListeningPost(…, locations=[…])"),
            Asked("4.3", "online", "There is a way online.",
                  "open one: a form, a reply to a message, a review page"),
            Asked("4.4", "offline", "There is a way offline: in person, on paper, or by telephone.",
                  'open one, and name it: ListeningPost("card at the till", offline=True)'),
            Asked("4.5", "heard everywhere", "Feedback has come from every location in fact.",
                  "visit the location: is the post there, does anybody point to it, does it record its location"),
        ),
    )  # fmt: skip


def _incentive() -> Principle:
    return Principle(
        5, "worth the effort", "An incentive exists: fair, disclosed, and not to be farmed.",
        "An answer takes time, and a thank-you is due. One that hangs on a good score buys praise, which misleads "
        "other customers and ourselves, and is against the law in many places.",
        (
            Asked("5.1", "exists", "Who gives feedback gets something for it.",
                  "give it to whoever answers: Ask(survey, thank=Gift(…))", vital=True),
            Asked("5.2", "not for praise", "No gift hangs on a good score.",
                  "give it for any answer, before looking at its score", vital=True),
            Asked("5.3", "limited", "One customer gets it only so often.",
                  "bound it: Gift(limit=times(1, per=days(90)))"),
            Asked("5.4", "within a budget", "All of them together are bounded.",
                  "say Gift(budget=…) with its worth, or how many there are: stock=…"),
            Asked("5.5", "disclosed", "The invitation says what there is for an answer, and that any answer counts.",
                  'say so: Survey(incentive="an espresso for any answer"), and in the same words in each content'),
        ),
    )  # fmt: skip


def _reaction() -> Principle:
    return Principle(
        6, "answered in time", "The reaction is appropriate, and comes in time.",
        "Who complains gives us a second chance. Who is answered soon often stays; who hears nothing leaves, and tells "
        "others.",
        (
            Asked("6.1", "reacts", "Bad feedback starts a rule.",
                  'write one: Rule("make good", when="feedback", given=event.score <= 2, then=[…])', vital=True),
            Asked("6.2", "to all of it", "Whatever way bad feedback comes, and however mild it is, some rule reacts.",
                  "let the rule start with this type, too: when=[…]"),
            Asked("6.3", "a case with a deadline", "It opens a case that has a deadline for the first answer.",
                  'write OpenCase(complaint), with complaint = CaseType("complaint", respond_within=hours(24))'),
            Asked("6.4", "answered", "The customer is answered, and no wait makes the answer late.",
                  "send a message, or give a gift, before the deadline of the case"),
            Asked("6.5", "no promotions meanwhile", "While the case is open, promotions wait.",
                  'write it into the policy: Hold(while_open=[complaint], kinds=["marketing"])'),
            Asked("6.6", "told when overdue",
                  "Somebody of ours is told when the first answer is overdue, or the case is escalated.",
                  "write a rule with when=CaseOverdue(complaint), or CaseEscalated, that makes a task for a person or "
                  "calls a function of the host"),
            Asked("6.7", "praise is thanked", "Who praises is thanked.",
                  "send thanks: Ask(…, thank=…), or a rule for feedback with a good score"),
            Asked("6.8", "answers go out", "Bad feedback is answered in fact.",
                  "look at `touchpoint why` for one of them: what keeps the answer from leaving"),
        ),
    )  # fmt: skip


def _report() -> Principle:
    return Principle(
        7, "compared", "A report compares locations in real time.",
        "One place does what another could learn; averages over all of them hide both.",
        (
            Asked("7.1", "locations are known", "The locations that are to be compared are named.",
                  "name them: locations=[…]"),
            Asked("7.2", "feedback says where", "Feedback says which location it is about.",
                  "record it with location=, name its property in FeedbackSource(location=), or say of the post that "
                  "it does: ListeningPost(says_where=True)", vital=True),
            Asked("7.3", "reported", "Figures by location are kept, up to date with every touchpoint.",
                  "keep them: Engine(figures=Figures()), and show them: `touchpoint report`"),
            Asked("7.4", "says where in fact", "Feedback came with its location in fact.",
                  "find the ways in that record none, and have them say location="),
        ),
    )  # fmt: skip


PRINCIPLES: Final[tuple[Principle, ...]] = (
    _knowing(), _channel(), _automatic(), _everywhere(), _incentive(), _reaction(), _report(),
)  # fmt: skip
ASKED: Final[dict[str, Asked]] = {asked.code: asked for each in PRINCIPLES for asked in each.asked}
