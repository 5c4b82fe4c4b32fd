"""A schedule in words, for whoever looks into a seed that failed."""

from datetime import UTC, datetime


def story(evidence):
    """Acts, calls and rows of the outbox in their true order, a line each."""
    lines = []
    for act in evidence.acts:
        data = {name: value for name, value in act.data.items() if value is not None}
        lines.append((act.since, act.at, act.wall, f"host: {act.what} {act.customer} {data}"))
    for call in evidence.calls:
        reached = "reached" if call.reached else "not reached"
        words = f"call on {call.channel} by {call.process}: {call.answer} {call.code}, {reached}, of {call.release}"
        settled = "" if call.settled is None else f", written back at {call.settled}"
        lines.append((call.seq, call.at, None, f"{call.name} {call.key[:6]} of {call.customer}: {words}{settled}"))
    for row in evidence.rows:
        words = f"{row.name} {row.key[:6]} of customer {row.customer}: {row.status} {row.channel} fence {row.fence}"
        lines.append((row.seq, row.at, row.wall, f"  process {row.process} on {row.timeline} writes {words}"))
    for seq, at in evidence.looks:
        lines.append((seq, at, None, "  a worker looks at everybody"))
    return "\n".join(_line(*each) for each in sorted(lines, key=lambda each: each[0]))


def _line(seq, at, wall, words):
    clock = "" if wall is None or wall == at else f" (wall {_clock(wall)})"
    return f"{seq:5} {_clock(at)}{clock}  {words}"


def _clock(at):
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%d %H:%M:%S")


def replay(seed):
    """The command that shows this schedule again."""
    return f"again, with its story: python tests/faults/run.py --show {seed}"
