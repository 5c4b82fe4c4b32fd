"""Content rules that many need, as data with their sources (S6.5).

Not legal advice: whether and how one binds you is for you and your lawyers to say, and statutes change. The page
`docs/reference/content-rules.md` shows them as a table.

What is commercial in the words of a statute is here every kind of message but `transactional` and `service`. A statute
about telephone calls is here one about calls and text messages alike, which is the stricter reading.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Final

from touchpoint.journey.content_rules import ContentRule
from touchpoint.journey.requirements import (
    ComplaintRate,
    Keywords,
    LinkLife,
    OneClickUnsubscribe,
    OptOutText,
    OptOutWithin,
    PostalAddress,
    QuietHoursIn,
    Requirement,
    SenderIdentity,
    SessionWindow,
)

NOT_COMMERCIAL: Final = ("transactional", "service")
"""Kinds of message that are no advertising."""
TEXTS: Final = ("sms", "mms", "rcs")
"""Channels of text messages to a phone number."""
CALLS: Final = ("call", *TEXTS)

_commercial = partial(ContentRule, except_kinds=NOT_COMMERCIAL)

# --- the United States ------------------------------------------------------------------------------------------------

_can_spam = partial(
    _commercial,
    channels="email",
    jurisdictions="US",
    url="https://www.law.cornell.edu/uscode/text/15/7704",
    valid_from=date(2004, 1, 1),
)

CAN_SPAM: Final = (
    _can_spam(
        name="can-spam/opt-out",
        asks=OptOutText("link"),
        source="CAN-SPAM Act, 15 U.S.C. § 7704(a)(3)(A)(i) and (5)(A)(ii)",
    ),
    _can_spam(
        name="can-spam/link-life", asks=LinkLife(30), source="CAN-SPAM Act, 15 U.S.C. § 7704(a)(3)(A)(ii): 30 days"
    ),
    _can_spam(
        name="can-spam/opt-out-within",
        asks=OptOutWithin(10),
        source="CAN-SPAM Act, 15 U.S.C. § 7704(a)(4)(A)(i): 10 business days",
    ),
    _can_spam(
        name="can-spam/postal-address", asks=PostalAddress(), source="CAN-SPAM Act, 15 U.S.C. § 7704(a)(5)(A)(iii)"
    ),
)
"""Commercial mail to the United States."""


def _quiet(state: str, name: str, source: str, url: str, *asks: Requirement, since: date | None = None) -> ContentRule:
    return _commercial(
        name=f"{name}/quiet-hours", asks=asks, channels=CALLS, jurisdictions=state, source=source, url=url,
        valid_from=since,
    )  # fmt: skip


TCPA_QUIET_HOURS: Final = (
    _quiet(
        "US",
        "tcpa",
        "TCPA, 47 CFR § 64.1200(c)(1): no calls before 8 a.m. or after 9 p.m. at the called party's location",
        "https://www.law.cornell.edu/cfr/text/47/64.1200",
        QuietHoursIn("21:00", "08:00"),
    ),
)
"""Calls and texts to the United States."""

_EIGHT_TO_EIGHT: Final = QuietHoursIn("20:00", "08:00")

STATE_QUIET_HOURS: Final = (
    _quiet(
        "US-CT",
        "connecticut",
        "Conn. Gen. Stat. § 42-288a as amended by Public Act 23-98: 9 a.m. to 8 p.m.",
        "https://www.cga.ct.gov/current/pub/chap_743m.htm",
        QuietHoursIn("20:00", "09:00"),
        since=date(2023, 10, 1),
    ),
    _quiet(
        "US-FL",
        "florida",
        "Florida Telephone Solicitation Act, Fla. Stat. § 501.616(6)(a): 8 a.m. to 8 p.m.",
        "https://www.flsenate.gov/Laws/Statutes/2023/501.616",
        _EIGHT_TO_EIGHT,
        since=date(2021, 7, 1),
    ),
    _quiet(
        "US-MD",
        "maryland",
        "Stop the Spam Calls Act of 2023, Md. Code, Com. Law, title 14, subtitle 45: 8 a.m. to 8 p.m.",
        "https://mgaleg.maryland.gov/mgawebsite/Legislation/Details/hb0037?ys=2023RS",
        _EIGHT_TO_EIGHT,
        since=date(2024, 1, 1),
    ),
    _quiet(
        "US-MS",
        "mississippi",
        "Miss. Code § 77-3-723: 8 a.m. to 8 p.m., not on Sundays",
        "https://law.justia.com/codes/mississippi/title-77/chapter-3/article-15/section-77-3-723/",
        _EIGHT_TO_EIGHT,
        QuietHoursIn("00:00", "24:00", weekdays=["sun"]),
    ),
    _quiet(
        "US-OK",
        "oklahoma",
        "Telephone Solicitation Act of 2022, Okla. Stat. tit. 15, § 775C.4: 8 a.m. to 8 p.m.",
        "https://oksenate.gov/sites/default/files/2022-12/os15.pdf",
        _EIGHT_TO_EIGHT,
        since=date(2022, 11, 1),
    ),
    _quiet(
        "US-RI",
        "rhode-island",
        "R.I. Gen. Laws §§ 5-61-2, 5-61-3.6: Monday to Friday 9 a.m. to 6 p.m. except on a state or federal holiday, "
        "Saturday 10 a.m. to 5 p.m.",
        "http://webserver.rilin.state.ri.us/Statutes/TITLE5/5-61/5-61-3.6.HTM",
        QuietHoursIn("18:00", "09:00", holidays=["US", "US-RI"]),
        QuietHoursIn("00:00", "10:00", weekdays=["sat"]),
        QuietHoursIn("17:00", "24:00", weekdays=["sat"]),
        QuietHoursIn("00:00", "24:00", weekdays=["sun"]),
    ),
    _quiet(
        "US-TX",
        "texas",
        "Tex. Bus. & Com. Code § 301.051: 9 a.m. to 9 p.m., on Sundays from noon",
        "https://statutes.capitol.texas.gov/Docs/BC/htm/BC.301.htm",
        QuietHoursIn("21:00", "09:00"),
        QuietHoursIn("00:00", "12:00", weekdays=["sun"]),
    ),
    _quiet(
        "US-WA",
        "washington",
        "RCW 19.158.040(2): 8 a.m. to 8 p.m.",
        "https://app.leg.wa.gov/RCW/default.aspx?cite=19.158.040",
        _EIGHT_TO_EIGHT,
    ),
)
"""States whose hours are narrower than the federal ones; not all of them, see the reference page."""

CTIA: Final = (
    ContentRule(
        name="ctia/keywords",
        asks=Keywords(stop=["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"], help=["HELP", "INFO"]),
        channels=TEXTS,
        jurisdictions="US",
        source="CTIA Messaging Principles and Best Practices, section 5.1; Short Code Monitoring Handbook, opt-out and "
        "help keywords",
        url="https://www.ctia.org/the-wireless-industry/industry-commitments/messaging-interoperability-sms-mms",
    ),
    _commercial(
        name="ctia/opt-out",
        asks=[SenderIdentity(), OptOutText("words")],
        channels=TEXTS,
        jurisdictions="US",
        source="CTIA Messaging Principles and Best Practices, section 5.1: identify the sender, tell how to opt out",
        url="https://www.ctia.org/the-wireless-industry/industry-commitments/messaging-interoperability-sms-mms",
    ),
)
"""What carriers in the United States expect of text messages."""

# --- Canada -----------------------------------------------------------------------------------------------------------

_casl = partial(
    _commercial,
    jurisdictions="CA",
    url="https://laws-lois.justice.gc.ca/eng/acts/E-1.6/",
    valid_from=date(2014, 7, 1),
)

CASL: Final = (
    _casl(
        name="casl/identity",
        asks=[SenderIdentity(contact=True), PostalAddress()],
        channels="email",
        source="CASL, S.C. 2010, c. 23, s. 6(2)(a) and (b); SOR/2012-36, s. 2(1)",
    ),
    _casl(
        name="casl/identity-in-texts",
        asks=SenderIdentity(),
        channels=(*TEXTS, "whatsapp"),
        source="CASL, s. 6(2)(a); SOR/2012-36, s. 2(2): where a text is too short, the rest may be behind a link",
    ),
    _casl(
        name="casl/opt-out",
        asks=OptOutText("words"),
        channels=("email", *TEXTS, "whatsapp"),
        source="CASL, s. 6(2)(c) and 11(1)",
    ),
    _casl(name="casl/link-life", asks=LinkLife(60), channels="email", source="CASL, s. 6(3) and 11(2): 60 days"),
    _casl(
        name="casl/opt-out-within",
        asks=OptOutWithin(10),
        channels=("email", *TEXTS, "whatsapp"),
        source="CASL, s. 11(3): without delay, at most 10 business days",
    ),
)
"""Commercial electronic messages to Canada."""

# --- Europe -----------------------------------------------------------------------------------------------------------

_WRITTEN: Final = ("email", *TEXTS, "whatsapp")

GDPR_PECR: Final = (
    _commercial(
        name="eprivacy/identity",
        asks=SenderIdentity(),
        channels=_WRITTEN,
        jurisdictions="EEA",
        source="ePrivacy Directive 2002/58/EC, Art. 13(4): the sender's identity must not be concealed",
        url="https://eur-lex.europa.eu/eli/dir/2002/58/oj",
    ),
    _commercial(
        name="eprivacy/opt-out",
        asks=OptOutText("words"),
        channels=_WRITTEN,
        jurisdictions="EEA",
        source="ePrivacy Directive 2002/58/EC, Art. 13(2) and (4): in each message; GDPR, Art. 7(3) and 21(2)-(4)",
        url="https://eur-lex.europa.eu/eli/dir/2002/58/oj",
    ),
    _commercial(
        name="pecr/identity",
        asks=SenderIdentity(contact=True),
        channels="email",
        jurisdictions="GB",
        source="PECR, SI 2003/2426, reg. 23: identity not concealed, a valid address for opt-outs",
        url="https://www.legislation.gov.uk/uksi/2003/2426/regulation/23",
        valid_from=date(2003, 12, 11),
    ),
    _commercial(
        name="pecr/opt-out",
        asks=OptOutText("words"),
        channels=_WRITTEN,
        jurisdictions="GB",
        source="PECR, SI 2003/2426, reg. 22(3)(c) and 23; UK GDPR, Art. 21(2)-(4)",
        url="https://www.legislation.gov.uk/uksi/2003/2426/regulation/22",
        valid_from=date(2003, 12, 11),
    ),
)
"""Advertising to the European Economic Area and the United Kingdom."""

# --- whoever carries it -----------------------------------------------------------------------------------------------

BULK_SENDERS: Final = (
    _commercial(
        name="rfc8058/one-click",
        asks=OneClickUnsubscribe(),
        channels="email",
        source="RFC 8058, section 3.1; Gmail and Yahoo ask for it from bulk senders",
        url="https://www.rfc-editor.org/rfc/rfc8058#section-3.1",
    ),
    _commercial(
        name="bulk-senders/opt-out",
        asks=[OptOutText("link"), OptOutWithin(2, business=False)],
        channels="email",
        source="Gmail email sender guidelines and Yahoo sender best practices: a visible link to unsubscribe, opt-outs "
        "within two days",
        url="https://support.google.com/a/answer/81126",
        valid_from=date(2024, 2, 1),
    ),
    ContentRule(
        name="gmail/complaints",
        asks=ComplaintRate(0.003, provider="gmail"),
        channels="email",
        source="Gmail email sender guidelines: never reach a spam rate of 0.30 %",
        url="https://support.google.com/a/answer/81126",
        valid_from=date(2024, 2, 1),
    ),
    ContentRule(
        name="yahoo/complaints",
        asks=ComplaintRate(0.003, provider="yahoo"),
        channels="email",
        source="Yahoo sender best practices: keep the spam rate below 0.3 %",
        url="https://senders.yahooinc.com/best-practices/",
        valid_from=date(2024, 2, 1),
    ),
)
"""What Gmail and Yahoo want of whoever sends much mail, wherever the customer lives."""

WHATSAPP: Final = (
    ContentRule(
        name="whatsapp/session",
        asks=SessionWindow(24),
        channels="whatsapp",
        source="WhatsApp Business Messaging Policy, customer service window: free text within 24 hours of the "
        "customer's last message, else an approved template",
        url="https://business.whatsapp.com/policy",
    ),
)
"""Every kind of message on WhatsApp."""

SHIPPED: Final[Mapping[str, tuple[ContentRule, ...]]] = {
    "CAN_SPAM": CAN_SPAM,
    "TCPA_QUIET_HOURS": TCPA_QUIET_HOURS,
    "STATE_QUIET_HOURS": STATE_QUIET_HOURS,
    "CTIA": CTIA,
    "CASL": CASL,
    "GDPR_PECR": GDPR_PECR,
    "BULK_SENDERS": BULK_SENDERS,
    "WHATSAPP": WHATSAPP,
}
"""All of them, by the name of the constant."""
