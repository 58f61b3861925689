"""From a GGUF file of Llama architecture to a Qwen2-architecture checkpoint folder.

Qwen2 is Llama with biases on the query, key and value projections: with these at zero the
same weights give the same logits to the last bit, and what is built for Qwen2 (adapters,
scoring, serving) takes the model as one of its own. Quantised weights are dequantised to
fp32, exactly. A model that would not compute the same is refused, and a forward pass of
both is compared before anything is written.

GGUF names its pre-tokenizer (``tokenizer.ggml.pre``), which transformers leaves out: it is
put back, or numbers after spaces become other tokens than the model was trained on.

Sources: arXiv:2407.10671, section 2.2 (Qwen2's architecture), the GGUF specification
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, and llama.cpp's list of
pre-tokenizers (``smollm``: every digit alone, then GPT-2's expression).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch
from gguf import GGUFReader
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from contracts.errors import BaseInvalid

_ARCHITECTURE: Final = "general.architecture"
_PRE_TOKENIZER: Final = "tokenizer.ggml.pre"
_BIASES: Final = ("q_proj.bias", "k_proj.bias", "v_proj.bias")
_PROMPT: Final = "x = [3, 1, 2]\nprint(sorted(x)[-1])"


def _gpt2() -> Any:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _smollm() -> Any:
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _gpt2()])


PRE_TOKENIZERS: Final[Mapping[str, Callable[[], Any]]] = MappingProxyType(
    {"gpt-2": _gpt2, "smollm": _smollm}
)


def write_gguf_checkpoint(name: str, gguf: Path, target: Path) -> None:
    """Write config, safetensors, tokenizer and generation config to ``target``.

    ``name`` is the profile's. Raises ``BaseInvalid`` for another architecture, for a
    variant that Qwen2 does not compute, and for an unknown pre-tokenizer.
    """
    pre_tokenizer = _pre_tokenizer(name, gguf)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            gguf.parent, gguf_file=gguf.name, local_files_only=True
        )
        llama = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, local_files_only=True, dtype=torch.float32
        ).eval()
    except Exception as error:  # transformers raises whatever its parsers raise
        raise BaseInvalid(name, gguf, f"{type(error).__name__}: {error}") from error
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizer
    for how_it_was_read in ("is_local", "local_files_only"):
        tokenizer.init_kwargs.pop(how_it_was_read, None)
    qwen2 = as_qwen2(name, gguf, llama)
    (ids,) = tokenizer([_PROMPT], add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        tokens = torch.tensor([ids])
        same = torch.equal(llama(tokens).logits, qwen2(tokens).logits)
    if not same:
        raise BaseInvalid(name, gguf, "as Qwen2 its weights give other logits than as Llama")
    qwen2.save_pretrained(target)
    tokenizer.save_pretrained(target)


def _pre_tokenizer(name: str, gguf: Path) -> Any:
    try:
        fields = GGUFReader(gguf).fields
    except (ValueError, IndexError, KeyError) as error:  # what numpy says of a torn file
        raise BaseInvalid(name, gguf, f"it is no GGUF file ({error})") from error
    architecture = _text(fields, _ARCHITECTURE)
    if architecture != "llama":
        raise BaseInvalid(name, gguf, f"its architecture is {architecture}, not llama")
    named = _text(fields, _PRE_TOKENIZER)
    if named not in PRE_TOKENIZERS:
        known = ", ".join(PRE_TOKENIZERS)
        raise BaseInvalid(name, gguf, f"its pre-tokenizer is {named}; known here: {known}")
    return PRE_TOKENIZERS[named]()


def _text(fields: Mapping[str, Any], key: str) -> str:
    return str(fields[key].contents()) if key in fields else "not named"


def as_qwen2(name: str, gguf: Path, llama: Any) -> Qwen2ForCausalLM:
    """The same weights as a Qwen2 model in eval mode. Raises ``BaseInvalid``."""
    config = llama.config
    odd = {
        "attention_bias": config.attention_bias,
        "mlp_bias": config.mlp_bias,
        "hidden_act": config.hidden_act != "silu",
        "head_dim": config.head_dim * config.num_attention_heads != config.hidden_size,
        "rope_parameters": config.rope_parameters.get("rope_type") != "default",
    }
    if any(odd.values()):
        which = ", ".join(key for key, is_odd in odd.items() if is_odd)
        raise BaseInvalid(name, gguf, f"Qwen2 does not compute its {which}")
    qwen2 = Qwen2ForCausalLM(
        Qwen2Config(
            **{
                key: getattr(config, key)
                for key in (
                    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
                    *("num_attention_heads", "num_key_value_heads", "max_position_embeddings"),
                    *("rms_norm_eps", "rope_parameters", "tie_word_embeddings"),
                    *("bos_token_id", "eos_token_id", "pad_token_id"),
                )
            }
        )
    )
    missing, unexpected = qwen2.load_state_dict(llama.state_dict(), strict=False)
    if unexpected or not all(key.endswith(_BIASES) for key in missing):
        raise BaseInvalid(name, gguf, f"its weights do not fit Qwen2: {[*missing, *unexpected]}")
    with torch.no_grad():
        for key, parameter in qwen2.named_parameters():
            if key.endswith(_BIASES):
                parameter.zero_()
    qwen2.generation_config = llama.generation_config
    return qwen2.eval()
