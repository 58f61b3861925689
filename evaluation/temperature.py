"""The temperature of a version from its records on a validation split, and records at it."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import EmptySample
from contracts.questions import LETTERS
from contracts.robustness import Fit, Temperature
from contracts.verdicts import QuestionRecord
from evaluation.metrics.calibration import calibration_error
from mcq.calibration import COLDEST, HOTTEST, fit_temperature, mean_nats, with_temperature


def temperature_of(validation: Sequence[QuestionRecord]) -> Temperature:
    """Fitted on the scored ones of ``validation``, with figures of the same before and after:
    a fit flatters itself, so judge it on records that it did not see (``fit_of``).
    Raises ``EmptySample`` when nothing was scored."""
    scored = [record for record in validation if record.probabilities]
    found = fit_temperature(*_answers(scored))
    return Temperature(
        temperature=found,
        at_bound=found in {COLDEST, HOTTEST},
        questions_count=len(scored),
        before=fit_of(scored),
        after=fit_of(at_temperature(scored, found)),
    )


def at_temperature(
    records: Sequence[QuestionRecord], temperature: float
) -> tuple[QuestionRecord, ...]:
    """The records as this temperature has them: other probabilities, also in every order, and
    confidence; the same letters. Unscored ones stay. Raises ``EmptySample`` for a temperature
    that is not positive and finite."""
    found = []
    for record in records:
        probabilities = with_temperature(record.probabilities, temperature)
        changes = {
            "probabilities": probabilities,
            "confidence": max(probabilities, default=None),
            "orders": tuple(with_temperature(order, temperature) for order in record.orders),
        }
        found.append(record.model_copy(update=changes))
    return tuple(found)


def fit_of(records: Sequence[QuestionRecord]) -> Fit:
    """Raises ``EmptySample`` when nothing was scored."""
    scored = [record for record in records if record.probabilities]
    if not scored:
        raise EmptySample("the fit of the probabilities", "no question was scored")
    return Fit(nats=mean_nats(*_answers(scored)), expected_error=calibration_error(scored))


def _answers(
    scored: Sequence[QuestionRecord],
) -> tuple[list[tuple[float, ...]], list[int]]:
    return (
        [record.probabilities for record in scored],
        [LETTERS.index(record.gold) for record in scored],
    )
