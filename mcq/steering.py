"""Whether a model's attention can be steered, and how far it reaches, as its configuration
tells it.

What rows share is read once only where a token's numbers follow from its position and from
the mask that ``mcq.model`` gives. Three kinds of model have a rule of their own beside those,
and break it in silence, with numbers that are wrong by nats and only on prompts long enough:

- windows: a layer that sees the last ``W`` tokens drops them by a mask of its own, which ours
  would replace (Mistral, arXiv:2310.06825, section 2), or counts them among a tree's
  neighbours (GPT-Neo's local layers);
- positions by length: rotary frequencies that change once a sequence is longer than the first
  training was (LongRoPE, arXiv:2402.13753, section 3.3): a prefix would keep the short ones;
- layers other than attention (state spaces, linear attention).

Takes any configuration of transformers; imports none.
"""

from __future__ import annotations

import sys
from typing import Any, Final

UNLIMITED: Final = sys.maxsize
"""The context of a model that says no length: a state space (Mamba) has none."""

# What architectures call it: most; GPT-2; MPT; BLOOM.
_LENGTHS: Final = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
_BY_LENGTH: Final = frozenset({"longrope", "su"})


def context_length(config: Any) -> int:
    """How many tokens a model with this (text) configuration reads, in tokens."""
    said = (getattr(config, name, None) for name in _LENGTHS)
    return next((length for length in said if isinstance(length, int)), UNLIMITED)


def obstacle(config: Any, context_tokens: int) -> str:
    """Why a model with this (text) configuration must be read row by row, ``""`` if it need
    not be. A window at least as long as the context of ``context_tokens`` hides nothing."""
    kinds = set(getattr(config, "layer_types", None) or ())
    if others := kinds - {"full_attention"}:
        return f"it has layers of {', '.join(sorted(others))}"
    window = getattr(config, "sliding_window", None)
    # Where the kinds of layers are told, full attention is full whatever the window.
    windowed = not kinds and getattr(config, "use_sliding_window", True)
    if windowed and isinstance(window, int) and window < context_tokens:
        return f"its attention sees {window} tokens of {context_tokens}"
    if "local" in (getattr(config, "attention_layers", None) or ()):
        return "it has layers of local attention"
    if frequencies_by_length(config):
        return "its positions change with a sequence's length"
    return ""


def frequencies_by_length(config: Any) -> bool:
    """Whether one row's length changes the numbers of the rows that are read with it.

    transformers chooses the short or the long frequencies for a whole batch by its longest
    row. (NTK's ``dynamic`` frequencies change beyond the context alone, where nothing is
    read.)"""
    rope = getattr(config, "rope_parameters", None) or {}
    # One set for all layers, or one for each kind of layer.
    sets = [rope, *(part for part in rope.values() if isinstance(part, dict))]
    return any(part.get("rope_type") in _BY_LENGTH for part in sets)
