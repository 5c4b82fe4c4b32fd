"""What a check has found."""

import attrs

from touchpoint.lab.checks.catalogue import CHECKS, Severity


@attrs.frozen
class Finding:
    """Something in a journey that is wrong, or very likely is.

    Attributes:
        code: such as TC101; `touchpoint.lab.checks.catalogue.CHECKS` and the reference say what it means.
        journey: its name; "" for what belongs to no journey.
        path: where, as in errors: `$.rules[0].given`; `policy` for the policy of the house.
        about: what it belongs to: "rule win back", "stage regular", "message offer", "the policy".
        what: what was found, in plain words.
        severity: error, warning, or note.
        mend: how to mend it.
        source: where a rule comes from that is not our own.
    """

    code: str
    journey: str
    path: str
    about: str
    what: str
    severity: Severity
    mend: str
    source: str = ""

    @property
    def name(self) -> str:
        """What the check is called, such as rule-never-starts."""
        return CHECKS[self.code].name

    @property
    def why(self) -> str:
        """Why it matters."""
        return CHECKS[self.code].why

    @property
    def page(self) -> str:
        """Where the documentation tells more, from its root."""
        return f"reference/checks.md#{self.code.lower()}-{self.name}"

    def __str__(self) -> str:
        doubt = " (perhaps)" if self.severity == "note" else ""
        source = f" [{self.source}]" if self.source else ""
        place = f"{self.journey}: {self.path}" if self.journey else self.path
        return f"{place}: {self.code} {self.name}{doubt}: {self.what}; {self.mend}{source}"


def found(code: str, journey: str, path: str, about: str, what: str, **more: str) -> Finding:
    """A finding of a check, with the check's own severity, remedy and source unless told otherwise."""
    check = CHECKS[code]
    said = {"severity": check.severity, "mend": check.mend, "source": check.source, **more}
    return Finding(code, journey, path, about, what, **said)  # type: ignore[arg-type]  # a severity is one of three texts
