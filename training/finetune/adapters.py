"""Low-rank adapters: the one file that imports peft.

LoRA adds ``alpha / rank * B A`` to the weights of chosen linear layers and trains A and B
alone; B begins at zero, so the first forward pass is the base's (arXiv:2106.09685). Merged,
the adapters are gone: the checkpoint is one of the base's own architecture.

Source: https://huggingface.co/docs/peft/developer_guides/lora
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from contracts.errors import BadInput
from contracts.params import LoraParams


def adaptable(model: Any) -> list[str]:
    """Names of the linear layers that can carry adapters, in the order they stand in. A head
    tied to the embeddings cannot: merging would change the embeddings too."""
    tied = bool(model.config.tie_word_embeddings)
    head = model.get_output_embeddings()
    names = (
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and not (tied and module is head)
    )
    return list(dict.fromkeys(names))


def with_adapters(model: Any, params: LoraParams, seed: int) -> Any:
    """``model`` as a peft model whose adapters alone want a gradient; the adapters' start is
    a function of ``seed``. Raises ``BadInput`` for targets that the model does not have."""
    known = adaptable(model)
    unknown = [name for name in params.targets if name not in known]
    if unknown:
        raise BadInput(
            f"finetune.lora.targets: the base has no {', '.join(unknown)} to adapt; it has"
            f" {', '.join(known)}.",
            mend="Name some of those in params.yaml.",
        )
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules=list(params.targets),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def merged(adapted: Any) -> Any:
    """A plain model of the base's architecture with the adapters' update in its weights.
    ``ValueError`` when that is no finite number. ``adapted`` is spent."""
    return adapted.merge_and_unload(safe_merge=True)
