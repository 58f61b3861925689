"""The scorer: a probability for every choice of a question, from one forward pass.

``text`` scoring writes each choice after the prompt, sums the log-probabilities of the
choice's tokens and of the end of turn, and soft-maxes the sums over the choices: the
probability that the model writes this choice, given that it writes one of them (the
"cloze" form of GPT-3's evaluation, arXiv:2005.14165, section 2.4). The end-of-turn token
belongs to the sum, else "ab" could never lose to its own prefix "a".

Torch and transformers are imported in this file only. Knows nothing of MLflow, HTTP or
files of questions. fp32, no dropout, one thread pool as the process has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from contracts.errors import CheckpointInvalid
from contracts.models import CheckpointFacts
from contracts.questions import LETTERS, Question
from mcq.checkpoint import check_digest, checkpoint_digest, read_facts
from mcq.prompts import TEMPLATES
from mcq.weights import load_weights

IGNORED: Final = -100
DEFAULT_BATCH_TOKENS: Final = 8_192


@dataclass(frozen=True)
class Scored:
    """``log_likelihoods[i]``: nats of choice ``i``'s text after the prompt;
    ``probabilities`` sum to 1. Both are empty and ``unscored`` says why when the question
    does not fit into the model's context or gives no finite number."""

    log_likelihoods: tuple[float, ...]
    probabilities: tuple[float, ...]
    unscored: str | None = None

    @property
    def choice(self) -> int | None:
        """Index of the most probable choice, the lowest on a tie; ``None`` if unscored."""
        if not self.probabilities:
            return None
        return self.probabilities.index(max(self.probabilities))

    @property
    def letter(self) -> str | None:
        return None if self.choice is None else LETTERS[self.choice]

    @property
    def confidence(self) -> float | None:
        return max(self.probabilities) if self.probabilities else None


@dataclass(frozen=True)
class _Row:
    """One choice of one question, as tokens: ``prompt`` then ``choice``."""

    question: int
    prompt: list[int]
    choice: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.choice)


def _softmax(values: Sequence[float]) -> tuple[float, ...]:
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


class Scorer:
    """A loaded checkpoint that scores questions. Not thread-safe: one caller at a time."""

    def __init__(self, model: Any, tokenizer: Any, facts: CheckpointFacts, digest: str) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        self.facts = facts
        self.digest = digest
        self._template = TEMPLATES[facts.template]
        self._context_tokens = int(model.config.max_position_embeddings)

    @classmethod
    def load(cls, folder: Path, *, expected_digest: str | None = None) -> Scorer:
        """Load a checkpoint folder; no network, no remote code, safetensors only.

        Raises ``CheckpointInvalid`` for a folder that is not one, ``DigestMismatch`` when
        ``expected_digest`` is given and a byte differs.
        """
        facts = read_facts(folder)
        if facts.template not in TEMPLATES:
            raise CheckpointInvalid(folder, f"its template {facts.template!r} is unknown here")
        if facts.scoring != "text":
            raise CheckpointInvalid(folder, f"scoring {facts.scoring!r} is not known here")
        digest = (
            check_digest(folder, expected_digest) if expected_digest else checkpoint_digest(folder)
        )
        model, tokenizer = load_weights(folder)
        return cls(model, tokenizer, facts, digest)

    def render(self, question: Question) -> str:
        """The prompt's text, up to where the model's reply begins."""
        text = self._tokenizer.apply_chat_template(
            self._template(question), tokenize=False, add_generation_prompt=True
        )
        return str(text)

    def score(
        self,
        questions: Sequence[Question],
        *,
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[Scored]:
        """A ``Scored`` for each question, in order.

        ``batch_tokens`` bounds the padded tokens of one forward pass (one question's
        choices always go together). ``progress`` hears how many questions are done. The
        numbers do not depend on the batching beyond the rounding of fp32.
        """
        grouped = self._encode(questions)
        results: dict[int, Scored] = {}
        fitting: list[list[_Row]] = []
        for place, rows in enumerate(grouped):
            longest = max(row.length for row in rows)
            if longest > self._context_tokens:
                reason = f"{longest} tokens do not fit into {self._context_tokens}"
                results[place] = Scored((), (), reason)
            else:
                fitting.append(rows)
        # Similar lengths together: less padding. Sorting is stable, so batches are too.
        fitting.sort(key=lambda rows: max(row.length for row in rows))
        for batch in _batches(fitting, batch_tokens):
            flat = [row for rows in batch for row in rows]
            sums = iter(self._log_likelihoods(flat))
            for rows in batch:
                values = tuple(next(sums) for _ in rows)
                results[rows[0].question] = _scored(values)
            progress(len(results))
        return [results[place] for place in range(len(questions))]

    def _encode(self, questions: Sequence[Question]) -> list[list[_Row]]:
        prompts = self._tokens([self.render(question) for question in questions])
        end = str(self._tokenizer.eos_token)
        texts = [choice + end for question in questions for choice in question.choices]
        choices = iter(self._tokens(texts))
        return [
            [_Row(place, prompt, next(choices)) for _ in question.choices]
            for place, (question, prompt) in enumerate(zip(questions, prompts, strict=True))
        ]

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self._tokenizer(texts, add_special_tokens=False)["input_ids"]
        return ids

    @torch.inference_mode()
    def _log_likelihoods(self, rows: Sequence[_Row]) -> list[float]:
        """Nats of each row's choice: rows padded on the right, (B, T) tokens."""
        longest = max(row.length for row in rows) - 1
        tokens = torch.zeros((len(rows), longest), dtype=torch.long)
        targets = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
        for place, row in enumerate(rows):
            ids = torch.tensor(row.prompt + row.choice)
            tokens[place, : row.length - 1] = ids[:-1]
            targets[place, len(row.prompt) - 1 : row.length - 1] = ids[len(row.prompt) :]
        # Padding stands to the right of everything that is read: causal attention hides it.
        hidden: Tensor = self._model.model(input_ids=tokens).last_hidden_state  # (B, T, H)
        wanted = targets != IGNORED
        logits = self._model.lm_head(hidden[wanted]).float()  # (N, V): only what is read
        losses = functional.cross_entropy(logits, targets[wanted], reduction="none")
        sums = torch.zeros(len(rows), dtype=torch.float64)
        sums.index_add_(0, wanted.nonzero()[:, 0], -losses.double())
        return [float(value) for value in sums.tolist()]


def _scored(values: tuple[float, ...]) -> Scored:
    if not all(math.isfinite(value) for value in values):
        return Scored((), (), "the model gave a number that is not finite")
    return Scored(values, _softmax(values))


def _batches(groups: Sequence[list[_Row]], batch_tokens: int) -> list[list[list[_Row]]]:
    """Consecutive groups whose rows, padded to the longest, fit into ``batch_tokens``."""
    batches: list[list[list[_Row]]] = []
    rows = longest = 0
    for group in groups:
        length = max(longest, *(row.length for row in group))
        if batches and (rows + len(group)) * length <= batch_tokens:
            batches[-1].append(group)
            rows, longest = rows + len(group), length
        else:
            batches.append([group])
            rows, longest = len(group), max(row.length for row in group)
    return batches
