"""Every check of `touchpoint check`: its code, what it finds, why that matters, and how to mend it.

Codes are stable: one that was given is never given to another check. The first digit is the group.
"""

from typing import Final, Literal

import attrs

Severity = Literal["error", "warning", "note"]
"""Certainly not what is meant; very likely not; worth a look, and shown as "perhaps"."""


@attrs.frozen
class Check:
    """One check.

    Attributes:
        code: such as TC101.
        name: what it finds, in a word or three.
        severity: of what it finds.
        what: what it finds, in a sentence.
        why: why that matters.
        mend: what to do about it.
        source: where a rule comes from that is not our own.
    """

    code: str
    name: str
    severity: Severity
    what: str
    why: str
    mend: str
    source: str = ""

    @property
    def group(self) -> str:
        """What the check is about: the heading of its group."""
        return GROUPS[self.code[2]]


GROUPS: Final = {
    "0": "Journeys that cannot be used", "1": "Conditions", "2": "What can be reached", "3": "Time", "4": "Policies",
    "5": "Messages", "6": "Circles", "7": "People and fairness", "8": "Content rules", "9": "Waivers",
}  # fmt: skip


def _conditions() -> tuple[Check, ...]:
    return (
        Check("TC101", "rule-never-starts", "error",
              "The `given` of a rule can never be true.",
              "The rule is in the journey and does nothing, and no test of anything else notices.",
              "correct the condition, or take the rule out"),
        Check("TC102", "stage-never-entered", "error",
              "The `given` of a stage can never be true, so its triggers never enter it.",
              "Nobody is ever counted in the stage, and what waits for it never happens.",
              "correct the condition, or take the triggers out where only steps enter the stage"),
        Check("TC103", "arm-never-taken", "error",
              "A branch goes one way only: its condition can never be true, or always is.",
              "The steps of the other arm are read, tested and translated, and never happen.",
              "correct the condition, or keep the one arm without the branch"),
        Check("TC104", "message-never-sent", "error",
              "The `still` of a message can never be true, so it is withdrawn each time.",
              "The message looks as if it were sent, and nobody ever gets it.",
              "correct the condition; it says when the message is still wanted"),
        Check("TC105", "wait-never-ends", "error",
              "What a wait asks for can never be true, so only its timeout ends it.",
              "Every customer takes the arm of the timeout, also those who did what was waited for.",
              "correct the condition, or write a plain Wait"),
        Check("TC106", "exit-elsewhere", "error",
              "A condition of `exit` can only be true elsewhere: not in a run that this rule starts.",
              "The run goes on for those whom the exit was written for.",
              "correct the condition, or move it to the rule whose runs it is about"),
        Check("TC107", "goal-never-reached", "error",
              "The `given` of a goal can never be true.",
              "The rule looks as if it achieved nothing, and nobody leaves it who has done what was wanted.",
              "correct the condition"),
        Check("TC108", "says-nothing", "warning",
              "A condition is always true, whatever the data.",
              "Whoever reads it believes that something is made sure of which is not.",
              "leave it out, or write what was meant"),
        Check("TC109", "alternative-never-true", "warning",
              "One side of an `|` can never be true.",
              "Some customers were thought of whom the condition does not reach.",
              "correct that side, or leave it out"),
        Check("TC110", "counts-nothing", "error",
              "The `where` of a question about history can never be true, so it counts nothing.",
              "A count that is always 0 decides like a constant.",
              "correct the where=; in it, event is the touchpoint looked back at"),
        Check("TC111", "no-such-data", "error",
              "A condition asks for a property of the event where only events without properties lead there.",
              "Entering a stage, a silence and the like carry no properties, so the comparison is always unknown.",
              'ask history or the customer, as in last("order_placed").price, or another trigger'),
        Check("TC112", "trigger-never-starts", "error",
              "One of the triggers can never start the rule or enter the stage: the condition needs a property that "
              "its events do not have.",
              "The rule seems to react to it, and does not.",
              "leave the trigger out, give it a rule of its own, or ask for the property only where it is there"),
        Check("TC113", "value-never-there", "error",
              "A property is compared with a value that its declared type cannot have.",
              "The comparison never holds, most often because of a misspelt word.",
              "write one of the values of the declared type, or add the value there"),
        Check("TC114", "almost-the-same-name", "warning",
              "Two touchpoint types differ in one letter, or only in how they are spelt.",
              "A type that nobody records starts nothing, and no error says so.",
              "use one name, or declare both types in touchpoints=[…]"),
        Check("TC115", "leaves-at-once", "error",
              "A condition of `exit` is true whenever the rule starts.",
              "The run ends at the first thing that happens, before it has done what it is for.",
              "correct the exit or the given; one of the two says the opposite of what is meant"),
        Check("TC116", "never-just-then", "error",
              "A condition is never true just after its trigger, because of what triggered it.",
              "The touchpoint at hand is counted, and a stage entered, before conditions are asked (S4.2): on the "
              "first order, the count of orders is 1.",
              'count from there, as in count("order_placed") == 1 for the first one'),
        Check("TC117", "segment-always-empty", "error",
              "The condition of a segment can never be true.",
              "Nobody ever joins it, and what waits for that never happens.",
              "correct the condition, or take the segment out"),
        Check("TC118", "suggestion-never-offered", "error",
              "The `given` of a suggestion can never be true.",
              "It is in the journey, and nobody who asks is ever offered it.",
              "correct the condition, or take the suggestion out"),
        Check("TC119", "candidate-never-chosen", "error",
              "The `given` of a candidate can never be true.",
              "Its steps are read, tested and translated, and never taken.",
              "correct the condition, or take the candidate out"),
    )  # fmt: skip


def _reach() -> tuple[Check, ...]:
    return (
        Check("TC201", "stage-out-of-reach", "error",
              "No trigger and no step ever brings anybody into a stage.",
              "Rules that wait for it never start, and its numbers are always 0.",
              "give it a when=, a MoveTo, or another after=; or take it out"),
        Check("TC202", "rule-out-of-reach", "error",
              "A rule starts only by a stage that nobody can reach, or a segment in which nobody can be.",
              "It never starts.",
              "make the stage reachable, or start the rule by something else"),
        Check("TC203", "stage-in-the-shadow", "error",
              "An earlier stage matches whenever this one does, and the first that matches wins.",
              "The later stage is never entered by that trigger.",
              "put the narrower stage first, or tell the two apart in their given="),
        Check("TC204", "steps-after-the-end", "error",
              "Steps come after one that always leaves the run.",
              "They are never taken.",
              "take them out, or move the Exit"),
        Check("TC205", "no-such-stage-there", "error",
              "A trigger or condition names a stage of another journey, which has no such stage.",
              "It never happens, and no error says so.",
              "correct the name of the stage or of the journey"),
        Check("TC206", "event-ends-the-run-first", "error",
              "A wait is for a trigger that ends the run: exits and goals come before waits.",
              "The arm of the wait is never taken by it.",
              "take the trigger out of exit= or goal=, or out of the wait"),
        Check("TC207", "case-never-closed", "note",
              "A rule opens a case that no rule closes, while a hold waits for its end.",
              "Unless the host closes it, messages to that customer are held for ever.",
              "close it with CloseCase, or see to it that engine.close_case is called"),
        Check("TC208", "deadline-never-set", "error",
              "A trigger waits for a deadline that this kind of case does not have.",
              "It never happens: such cases are never overdue.",
              "give the CaseType a respond_within=, resolve_within= or escalate=, or wait for what it has"),
        Check("TC209", "candidate-never-best", "error",
              "A candidate of a `Best` is never chosen, or otherwise= never taken: another one may always be taken.",
              "It has no condition, sends nothing at first, and is worth no less, so it comes before each time.",
              "give that one a condition or a lower value, or take this one out"),
        Check("TC210", "escalation-out-of-order", "warning",
              "A case is escalated no later than to the level before, or after the time to resolve it is over.",
              "Whoever is to help in time hears of it too late, or together with others.",
              "let each level of escalate= come later than the one before it, and before resolve_within="),
    )  # fmt: skip


def _time() -> tuple[Check, ...]:
    return (
        Check("TC301", "waits-for-ever", "warning",
              "A wait has no end but what it waits for: timeout=forever, and the rule has neither exit nor goal.",
              "Whoever never does it stays in the run for ever, and by default no other run starts for them.",
              "give a length, an exit= or a goal=; or waive it with the reason why it always comes to an end"),
        Check("TC302", "limit-never-bites", "warning",
              "A run takes at least as long as the period of its own limit.",
              "While it is live a new trigger is ignored anyway, so the limit refuses nobody.",
              "make the limit longer than the run, count per key, or leave it out"),
        Check("TC303", "goal-before-the-message", "warning",
              "The time in which a goal counts is over before the run has sent anything.",
              "Whatever is counted as success came about without the messages.",
              "make within= longer than the waits before the first message"),
        Check("TC304", "no-time-at-all", "warning",
              "A wait, or the timeout of one, is of no length.",
              "It is over at once, so what it waits for is never seen.",
              "give it a length, or leave the step out"),
    )  # fmt: skip


def _policies() -> tuple[Check, ...]:
    return (
        Check("TC401", "never-open", "error",
              "The windows that bind a message on a channel are never open together.",
              "Every such message waits until its best-before and expires.",
              "widen one of the windows, or say for which kinds and channels each holds"),
        Check("TC402", "closed-too-long", "warning",
              "The windows that bind a message stay closed for longer than its best-before, week after week.",
              "What falls due just after they close always expires.",
              "open them more often, or set expires= on the message to longer than they are closed"),
        Check("TC403", "cap-outlasts-message", "warning",
              "A cap that defers has a longer period than the best-before of a message it binds.",
              "Most of what it defers expires before the cap is free.",
              'write over="deny" where that is meant, set expires=, or take a shorter period'),
        Check("TC404", "hold-outlasts-message", "warning",
              "The cool-off of a hold is longer than the best-before of a message that it holds.",
              "What was held during the case expires before it may go out.",
              'write on_release="drop" where that is meant, set expires=, or shorten the cool-off'),
        Check("TC405", "spacing-outlasts-message", "warning",
              "The gap of a spacing is longer than the best-before of a message it binds.",
              "What waits for another channel's gap may expire before it is over.",
              "shorten the gap, or set expires="),
        Check("TC406", "transactional-waits", "warning",
              "A window, cap or spacing without kinds= binds a transactional message too.",
              "A password or a receipt waits for the morning, or for a place under a cap of newsletters.",
              "name the kinds that are meant; for caps, exempt=True on the message does as well"),
        Check("TC407", "cap-never-reached", "warning",
              "Another cap is at least as strict wherever this one binds.",
              "It refuses nobody; whoever raises the other one is surprised by it.",
              "leave it out, or correct its number or its period"),
        Check("TC408", "binds-nothing", "warning",
              "A policy names a kind or channel that no message has.",
              "What was meant to be bound is not, most often because of a misspelt word.",
              "correct the name; kinds are those of the messages"),
        Check("TC409", "promotion-ignores-caps", "warning",
              "A promotional message is exempt from caps.",
              "Caps are there for exactly these messages.",
              "leave exempt= out, or make it no promotion"),
    )  # fmt: skip


def _messages() -> tuple[Check, ...]:
    return (
        Check("TC501", "message-in-no-journey", "warning",
              "A message is defined and no rule sends it.",
              "Nobody ever gets it, and it cannot be sent by hand either: the engine knows only messages of journeys.",
              "send it in a rule, or take it out"),
        Check("TC502", "promotion-in-disguise", "warning",
              "A message of a kind that needs no consent promotes something.",
              "Consent, caps and holds for promotions do not bind it, and the law in many places says they should.",
              'write kind="marketing", or Content(promotional=True); or send the promotion by itself'),
        Check("TC503", "no-words-for-some", "warning",
              "A channel of a message has words in some languages and none for anybody else.",
              "Customers with another locale, or none, are denied the message.",
              'add content for the channel alone, or for "*"'),
        Check("TC504", "language-missing", "warning",
              "A message has words in some languages, and not in one in which other messages of the journey speak.",
              "Customers get part of the conversation in a language that is not theirs.",
              "add the language, or take it out of the others"),
        Check("TC505", "no-subject", "warning",
              "A message goes out by e-mail without a subject, while other messages have one.",
              "Mail without a subject is opened less, and often taken for spam.",
              "write subject= in the content"),
        Check("TC506", "no-such-channel", "error",
              "No adapter has a channel on which a message is to go out.",
              "The message skips it, or never goes out.",
              "correct the name of the channel, or hand in its adapter"),
        Check("TC507", "words-never-complete", "error",
              "A template looks up a property of the event or trigger where only events without properties lead there.",
              "Without a fallback the message is denied each time.",
              "look up the customer instead, or give a fallback: {trigger.order|your order}"),
        Check("TC508", "use-not-declared", "error",
              "A message uses a trait for something that the trait is not declared for.",
              "Personal data are used for what nobody said they would be used for.",
              "leave the trait out of the message, or declare the use if it is a lawful one",
              source="S7.5; GDPR Art. 5(1)(b)"),
        Check("TC509", "gift-without-bound", "warning",
              "A gift that is worth something has no limit, no budget, and its rule none either.",
              "Whoever finds out how to get it gets it again and again.",
              "set limit= and budget= on the gift, or limit= on the rule"),
        Check("TC510", "wording-never-said", "error",
              "The condition of a wording can never be true.",
              "The words are read, tested and translated, and nobody ever gets them.",
              "correct the condition, or take the wording out"),
        Check("TC511", "never-familiar-enough", "error",
              "A message cannot do without a trait that the policy about familiarity never lets it use.",
              "It is denied each time.",
              "give a fallback or a less personal wording, or take the trait out",
              source="S7.5"),
        Check("TC512", "denied-at-first-contact", "warning",
              "A message that cannot do without a trait may be sent before the policy lets it be used.",
              "At a first contact it is denied, and the customer gets nothing at all.",
              "give a fallback or a less personal wording, or send it only to those who are familiar",
              source="S7.5"),
        Check("TC513", "private-occasion", "note",
              "A message is sent because of a personal or special trait, and does not list it among what it uses.",
              "It quotes nothing, and shows all the same what is known: a birthday, say, at a first contact.",
              'write uses=["birthday"] in the message; then the policy about familiarity is asked about it as well',
              source="S7.5"),
        Check("TC521", "stock-without-limit", "warning",
              "A gift that runs out has no limit, its rule none either, and its budget no part for each customer.",
              "One customer may take all of it, and nothing is left for the others.",
              "set limit= on the gift or on the rule, or per_customer= on its budget"),
        Check("TC522", "budget-outlasts-gift", "warning",
              "A gift waits until its budget is free again, and that may be later than its best-before.",
              "It is held all the time, and expires; the customer gets nothing.",
              'write over="deny" in the budget, so that the run goes on at once, or expires= in the gift',
              source="S6.7"),
        Check("TC523", "no-time-to-approve", "warning",
              "A gift that a person has to approve expires within a day.",
              "Nobody may be there to decide in time, at a week-end, say.",
              "write a longer expires= in the gift"),
    )  # fmt: skip


def _circles() -> tuple[Check, ...]:
    return (
        Check("TC601", "endless-circle", "error",
              "Rules or stages set each other off in a circle, at once and on no condition: by what they emit, the "
              "stages, traits, segments and cases they change, or by enrolment.",
              "The decision takes more than 1,000 steps and is rolled back, each time (S4.3).",
              "put a Wait, a limit or a condition into the circle"),
        Check("TC602", "circle-without-cool-down", "warning",
              "Rules or stages set each other off in a circle without the customer doing anything, and nothing in it "
              "is limited. Messages that go out, are delivered or fail, calls, silences and lapsing windows count as "
              "going by themselves; what a customer has to do, such as an open, a click or a reply, does not.",
              "Whoever is in it gets its messages for ever, or until a condition says otherwise.",
              "put limit=cool_down(…), times(…) or once() on one of its rules"),
    )  # fmt: skip


def _people() -> tuple[Check, ...]:
    return (
        Check("TC701", "asks-only-the-happy", "warning",
              "Reviews are asked for only where a score or sentiment is good.",
              "It makes published reviews misleading. The FTC tells marketers not to ask only those for reviews who "
              "they think will leave positive ones, and many platforms forbid it. This is not legal advice.",
              "ask everybody alike, whatever they said before",
              source="FTC Act s. 5; FTC, Soliciting and Paying for Online Reviews (2022); see 16 CFR 465.4, 465.7; "
              "EU UCPD Annex I 23c"),
        Check("TC702", "reward-for-praise", "error",
              "A gift is given only where a score, its share or a sentiment is good.",
              "Rewards for reviews of a particular sentiment are forbidden in places, and who is thanked only for "
              "praise learns what to say. This is not legal advice.",
              "thank for any feedback alike, or for what was bought instead",
              source="16 CFR 465.4; S8.3"),
        Check("TC703", "teams-compete", "warning",
              "Journeys of two teams send promotions to one customer after the same event, and no cap binds both.",
              "Each team is polite by itself, and the customer gets twice as much.",
              "put a Cap or a Spacing into the policy of the house, or the same Cap into both journeys"),
        Check("TC704", "incentive-not-told", "warning",
              "An `Ask` thanks for the answer with a gift, and its survey does not tell so in all of its contents.",
              "Whoever reads the answers has to know that they were rewarded, and so has whoever gives them: an "
              "incentive is disclosed. This is not legal advice.",
              'say it in Survey(incentive="…") and in the same words in every content, for the reminder, too',
              source="16 CFR 255.5; S8.3"),
    )  # fmt: skip


CONTENT: Final = {
    "sender-identity": "TC801", "postal-address": "TC802", "opt-out-text": "TC803", "one-click-unsubscribe": "TC804",
    "link-life": "TC805", "opt-out-within": "TC806", "expires-in-quiet-hours": "TC807", "session-only": "TC808",
    "keywords-unanswered": "TC809",
}  # fmt: skip
"""The codes of what content rules find, by the names that `check_content` gives them."""
_ASKED: Final = {
    "sender-identity": "does not say who sends it", "postal-address": "lacks the postal address of the sender",
    "opt-out-text": "does not say how to opt out", "one-click-unsubscribe": "cannot be unsubscribed from by one click",
    "link-life": "has links to unsubscribe that do not work for long enough",
    "opt-out-within": "takes too long to act on opt-outs",
    "expires-in-quiet-hours": "expires before statutory quiet hours are over",
    "session-only": "is free text where only approved templates may begin a conversation",
    "keywords-unanswered": "goes out where words such as STOP are not answered",
}  # fmt: skip


def _content() -> tuple[Check, ...]:
    return tuple(
        Check(CONTENT[name], name, "error",
              f"A message that a content rule of the policy binds {what}.",
              "The gate denies it, or a provider or regulator may object to it. This is not legal advice.",
              "the finding says what the rule asks for",
              source="the content rule, which the finding names")
        for name, what in _ASKED.items()
    )  # fmt: skip


def _ours() -> tuple[Check, ...]:
    return (
        Check("TC001", "not-valid", "error",
              "A journey, or a part of it, is not what a journey may be.",
              "It is refused when it is built.",
              "the finding says how"),
        Check("TC901", "no-such-check", "error",
              "A waiver names a code that no check has.",
              "It waives nothing, and what it was meant for may be shown again or never.",
              "correct the code; they are all in the reference"),
        Check("TC902", "waives-nothing", "warning",
              "A waiver of a journey or of the command line fits no finding.",
              "It would hide the next one of its kind, which nobody has looked at.",
              "take it out"),
    )  # fmt: skip


CHECKS: Final = {
    each.code: each
    for group in (
        _ours()[:1], _conditions(), _reach(), _time(), _policies(), _messages(), _circles(), _people(), _content(),
        _ours()[1:],
    )
    for each in group
}  # fmt: skip
"""All checks by code, in order."""
