"""Whether a declared suite can be asked of any version at all.

Protocol, template and shots of a declaration must fit one another; whether the template fits
how a version is scored is seen when that version is loaded. Reads no question and no
checkpoint.
"""

from __future__ import annotations

from contracts.suites import SuiteSpec
from mcq.generating import PROMPTINGS
from mcq.prompts import SCORED_AFTER


def never_askable(spec: SuiteSpec) -> str | None:
    """Key and reason, as in ``template: ...``; ``None`` where some version can be asked."""
    known = SCORED_AFTER if spec.protocol == "scored" else PROMPTINGS
    if spec.template is not None and spec.template not in known:
        return (
            f"template: {spec.template!r} is none of the protocol {spec.protocol}, which knows"
            f" {', '.join(sorted(known))}"
        )
    if spec.protocol == "generate" and spec.shots:
        return "shots: the protocol generate shows none"
    return None
