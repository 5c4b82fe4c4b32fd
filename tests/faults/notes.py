"""What a schedule notes for the checker while it runs: commits, releases, calls, and what was written back."""

from faults.evidence import Call, Entry, Row
from touchpoint.core import delivery as core

SECOND = 1_000_000


class Notes:
    """The part of a schedule that takes notes; see `schedule.py` for what it stands on."""

    def committed(self, process, written):
        """Take note of a commit: of rows, of the act that it belongs to, of the outcomes that it holds."""
        self.commits += 1
        self._own[process.number] += 1
        self.seq += 1
        seq, machine, evidence = self.seq, process.machine, self.evidence
        wall = machine.wall()
        for changes in written:
            for row in (*changes.messages, *changes.messages_changed):
                evidence.rows.append(
                    Row(
                        seq, self.now, wall, machine.elapsed(), machine.timeline(), process.number, row.customer,
                        row.key, row.name, row.kind, row.channel or "", row.status, row.fence,
                    )
                )  # fmt: skip
            for entry in changes.entries:
                evidence.entries.append(Entry(seq, self.now, wall, entry[1], entry[3], entry[9] or ""))
        act, doing = process.act, process.doing
        if act is not None and act.committed is None:
            act.committed, act.at, act.wall = seq, self.now, wall
            evidence.acts.append(act)
        elif isinstance(doing, core.SettleAll):
            self._settled(process, doing, seq)
        elif isinstance(doing, core.ReleaseAll):
            self._released(process, seq)

    def _released(self, process, seq):
        if process.group >= 50:
            self.evidence.looks.append((seq, self.now))
        for call in process.proofs:
            call.answer, call.settled, call.settled_at = "accepted", seq, self.now
        self.evidence.lost += [call for call in process.before if call not in process.proofs]
        process.proofs, process.before = [], []

    def _settled(self, process, doing, seq):
        for call in process.calls:
            call.settled, call.settled_at = seq, self.now
        if self.now - process.release[1] < 80 * SECOND:  # later the claim may be somebody else's
            self.evidence.given_back += [(seq, ticket.key) for ticket, outcome in doing.outcomes if outcome is None]
        process.calls = []

    def note_call(self, process, provider, request):
        """Enter a call into the ledger."""
        self.seq += 1
        machine, ticket = process.machine, process.doing.ticket
        look = process.looks.get(ticket.key, (0, 0, 0.0, ""))
        call = Call(
            self.seq, self.now, machine.elapsed(), machine.timeline(), process.number, provider.name, request.to.key,
            request.key, ticket.customer, request.message.name, request.message.kind, request.message.text, "unsure",
            "", False, *process.release, *look,
        )  # fmt: skip
        self.evidence.calls.append(call)
        process.calls.append(call)
        return call

    def note_lookup(self, process, key, *, found):
        """A provider was asked, and it knows: what was unsure is so no more."""
        for call in self.evidence.calls:
            if call.key == key and call.answer == "unsure" and (call.reached or not found):
                call.answer, call.settled = "accepted" if found else "refused", None
                process.calls.append(call)
