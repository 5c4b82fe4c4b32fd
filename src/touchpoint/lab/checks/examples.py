"""A mistake for each check, as the reference shows it: the source of a journey or of a part of one."""

from typing import Final

NAMES: Final = """from typing import Literal
import attrs
from touchpoint import *

hello = Message("hello", why="say hello", channels=["email"], content=Content(text="Hello"))
offer = Message("offer", why="sell more", kind="marketing", channels=["email"], content=Content(text="Beans"))
voucher = Gift("voucher", worth=5, currency="EUR", why="thanks", channels=["email"], content=Content(text="Yours"))
rate = Survey("rate", scale="review", why="learn", channels=["email"], content=Content(text="How was it?"))
complaint = CaseType("complaint")


@attrs.frozen
class Shopper:
    tier: Literal["silver", "gold"] = "silver"
    allergy: str = attrs.field(default="", metadata=trait(sensitivity="special", uses=["care"]))


def sends(message, *items):
    return Journey("shop", rules=[Rule("send", when="order", then=[Send(message)])], policy=Policy(*items))"""
"""What the examples use."""

EXAMPLES: Final = {
    "TC101": 'Rule("sorry", when="review", given=(event.score <= 2) & (event.score > 3))',
    "TC102": 'Stage("fan", phase="delight", when="visit", given=ever("review") & (count("review") == 0))',
    "TC103": 'Rule("often", when="order", then=[\n'
             '    Branch(count("order", within=days(7)) > count("order", within=days(30)), then=[Exit("often")]),\n])',
    "TC104": 'Rule("greet", when="order", then=[\n'
             '    Send(hello, still=(customer.tier == "gold") & (customer.tier == "silver")),\n])',
    "TC105": 'Rule("pay", when="order", then=[WaitFor("paid", days(3), given=(event.sum > 10) & (event.sum < 5))])',
    "TC106": 'Rule("sorry", when="review", given=event.score <= 2, exit=trigger.score >= 4, then=[Wait(days(1))])',
    "TC107": 'Rule("pay", when="order", then=[Wait(days(1))], goal=Goal("paid", given=event.sum < event.sum))',
    "TC108": 'Rule("greet", when="order", given=count("order") >= 0)',
    "TC109": 'Rule("greet", when="order", given=(event.kind == "gift") & ((event.kind == "beans") | customer.vip))',
    "TC110": 'Rule("greet", when="order", given=count("review", where=(event.stars < 2) & (event.stars > 3)) > 3)',
    "TC111": 'Rule("big spender", when=Silent(days(30)), given=event.price > 100)',
    "TC112": 'Rule("sorry", when=["review", Silent(days(30))], given=event.score <= 2)',
    "TC113": 'Journey("shop", traits=Shopper, rules=[Rule("greet", when="order", given=customer.tier == "platinum")])',
    "TC114": 'Journey("shop", rules=[Rule("greet", when="order_delivered"), Rule("ask", when="order_deliverd")])',
    "TC115": 'Rule("greet", when="order", given=customer.points > 99, exit=customer.points > 9, then=[Wait(days(1))])',
    "TC116": 'Rule("first order", when="order", given=count("order") == 0)',
    "TC117": 'Segment("lost", ever("order", within=days(7)) & ~ever("order", within=days(30)))',
    "TC118": 'Journey("shop", suggestions=[Suggestion(\n'
             '    "tea", why="they like tea", place="web.home", value=1, content="Tea?",\n'
             '    given=(count("order") > 2) & (count("order") < 2),\n)])',
    "TC119": 'Rule("win", when="order", then=[Best("win", [\n'
             '    Candidate("call", Emit("call"), value=2, given=(event.sum > 10) & (event.sum < 5)),\n'
             '    Candidate("mail", Send(hello), value=1),\n])])',
    "TC201": 'Stage("regular", phase="delight")',
    "TC202": 'Journey("shop", stages=[Stage("fan", phase="delight")], rules=[Rule("greet", when=Entered("fan"))])',
    "TC203": 'Journey("shop", stages=[\n'
             '    Stage("buyer", phase="engage", when="order"),\n'
             '    Stage("regular", phase="delight", when="order", given=count("order") >= 2),\n])',
    "TC204": 'Rule("greet", when="order", then=[Exit("done"), Send(hello)])',
    "TC205": '[Journey("shop"), Journey("club", rules=[Rule("greet", when=Entered("buyer", journey="shop"))])]',
    "TC206": 'Rule("pay", when="order", exit="paid", then=[WaitFor("paid", days(3), then=[Send(hello)])])',
    "TC207": 'Journey(\n'
             '    "shop",\n    cases=[complaint],\n    policy=Policy(Hold(while_open=[complaint])),\n'
             '    rules=[Rule("care", when="review", given=event.score <= 2, then=[OpenCase(complaint)])],\n)',
    "TC208": 'Journey("shop", cases=[complaint], rules=[Rule("hurry", when=CaseOverdue(complaint), then=[Emit("x")])])',
    "TC209": 'Rule("win", when="order", then=[Best("win", [\n'
             '    Candidate("call", Emit("call"), value=2), Candidate("mail", Send(hello), value=1),\n])])',
    "TC210": 'Journey("shop", cases=[CaseType("question", resolve_within=days(1), escalate=[hours(4), days(2)])])',
    "TC301": 'Rule("pay", when="order", then=[WaitFor("paid", forever)])',
    "TC302": 'Rule("greet", when="order", limit=cool_down(days(3)), then=[Wait(days(7)), Send(hello)])',
    "TC303": 'Rule("pay", when="order", goal=Goal("paid", within=days(2)), then=[Wait(days(3)), Send(hello)])',
    "TC304": 'Rule("greet", when="order", then=[Wait(days(0)), Send(hello)])',
    "TC401": 'sends(\n    offer,\n    SendWindow(("09:00", "12:00"), unknown_zone="deny"),\n'
             '    QuietHours("08:00", "13:00", unknown_zone="deny"),\n)',
    "TC402": 'sends(hello, SendWindow(("09:00", "12:00"), weekdays=["mon"], unknown_zone="deny"))',
    "TC403": "sends(offer, Cap(1, per=days(30)))",
    "TC404": "attrs.evolve(sends(offer, Hold(while_open=[complaint], cool_off=days(10))), cases=[complaint])",
    "TC405": "sends(offer, Spacing(days(9)))",
    "TC406": 'sends(attrs.evolve(hello, kind="transactional"), QuietHours("21:00", "08:00", unknown_zone="deny"))',
    "TC407": "sends(offer, Cap(5, per=days(1)), Cap(1, per=days(7)))",
    "TC408": 'sends(offer, Cap(1, per=days(1), kinds=["markting"]))',
    "TC409": "sends(attrs.evolve(offer, exempt=True))",
    "TC502": 'sends(attrs.evolve(hello, content=Content(text="20 % off until Friday")))',
    "TC503": 'sends(attrs.evolve(hello, content={"de": Content(text="Hallo"), "en": Content(text="Hello")}))',
    "TC507": 'Rule("greet", when=Silent(days(30)), then=[\n'
             '    Send(attrs.evolve(hello, content=Content(text="Your order {trigger.order}"))),\n])',
    "TC509": 'Rule("thank", when="order", then=[Give(voucher)])',
    "TC510": 'sends(attrs.evolve(hello, wordings=[\n'
             '    Wording("gold", given=(count("order") > 3) & (count("order") < 2), content=Content("Hi")),\n'
             ']))',
    "TC511": 'sends(\n    attrs.evolve(hello, content=Content(text="Hello {customer.name}")),\n'
             '    Familiarity(personal=False, special=False),\n)',
    "TC512": 'sends(\n    attrs.evolve(hello, content=Content(text="Hello {customer.name}")),\n'
             '    Familiarity(personal=count("order") >= 2, special=False),\n)',
    "TC513": 'Journey(\n    "shop", rules=[Rule("party", when=Anniversary("birthday"), then=[Send(hello)])],\n'
             '    policy=Policy(Familiarity(personal=count("order") >= 2, special=False)),\n)',
    "TC521": 'Rule("thank", when="order", then=[Give(attrs.evolve(voucher, budget=500, stock=20))])',
    "TC522": 'Rule("thank", when="order", limit=once(), then=[\n'
             '    Give(attrs.evolve(voucher, budget=Budget("thanks", 500, "EUR", per=days(30)))),\n])',
    "TC523": 'Rule("thank", when="order", limit=once(), then=[\n'
             '    Give(attrs.evolve(voucher, approve_above=2, expires=hours(6))),\n])',
    "TC601": 'Journey("shop", rules=[Rule("a", when="order", then=[Enrol("b")]), Rule("b", then=[Enrol("a")])])',
    "TC602": 'Rule("again", when="order", then=[Send(hello), Wait(days(1)), Emit("order")])',
    "TC701": 'Rule("ask", when="survey", given=event.score >= 4, then=[Ask(rate)])',
    "TC702": 'Rule("thank", when="review", given=event.score >= 4, limit=once(), then=[Give(voucher)])',
    "TC703": '[\n    attrs.evolve(sends(offer), name="shop", team="shop"),\n'
             '    attrs.evolve(sends(offer), name="club", team="club"),\n]',
    "TC704": 'Rule("ask", when="order", limit=once(), then=[Ask(rate, thank=voucher)])',
    "TC901": 'Journey("shop", waivers=[Waiver("TC999", why="no such check")])',
    "TC902": 'Journey("shop", waivers=[Waiver("TC301", why="there is no wait at all")])',
}  # fmt: skip
"""By code."""
