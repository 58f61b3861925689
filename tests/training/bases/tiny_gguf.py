"""A Llama of random weights as a GGUF file, and a wheel that carries one."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from contracts.digests import digest_of_file
from contracts.params import PackageProfile
from tests.checkpoints import CHATML

WIDTH, HEADS, KEY_HEADS, INNER, LAYERS = 32, 4, 2, 64, 2
MEMBER: Final = "tiny_llama/tiny.gguf"
_SPECIAL: Final = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def write_gguf(path: Path, *, pre_tokenizer: str = "smollm", architecture: str = "llama") -> None:
    """Byte-level vocabulary, ChatML template, grouped-query attention, tied embeddings."""
    from gguf import GGUFWriter
    from tokenizers import pre_tokenizers

    tokens = [*_SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "Ġ1", "ĠĠ"]
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_freq_base(100_000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(_SPECIAL) + [1] * (len(tokens) - len(_SPECIAL)))
    writer.add_token_merges(["a b", "Ġ 1", "Ġ Ġ"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template(CHATML)
    for name, tensor in _tensors(len(tokens)).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(vocabulary: int) -> dict[str, Any]:
    random = np.random.default_rng(0)
    key_width = WIDTH // HEADS * KEY_HEADS
    shapes = {"token_embd": (vocabulary, WIDTH)}
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.attn_q": (WIDTH, WIDTH),
            f"blk.{layer}.attn_k": (key_width, WIDTH),
            f"blk.{layer}.attn_v": (key_width, WIDTH),
            f"blk.{layer}.attn_output": (WIDTH, WIDTH),
            f"blk.{layer}.ffn_gate": (INNER, WIDTH),
            f"blk.{layer}.ffn_up": (INNER, WIDTH),
            f"blk.{layer}.ffn_down": (WIDTH, INNER),
        }
    tensors = {
        f"{name}.weight": random.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    norms = [
        "output_norm",
        *(f"blk.{n}.{part}_norm" for n in range(LAYERS) for part in ("attn", "ffn")),
    ]
    return tensors | {f"{name}.weight": np.ones(WIDTH, dtype=np.float32) for name in norms}


def write_wheel(folder: Path, gguf: Path, *, member: str = MEMBER) -> PackageProfile:
    """A wheel of ``tiny-llama`` 1.0 in ``folder`` that holds ``gguf``; the profile of it."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = "tiny_llama-1.0.dist-info"
    parts = {
        f"{facts}/METADATA": b"Metadata-Version: 2.1\nName: tiny-llama\nVersion: 1.0\n",
        f"{facts}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        member: gguf.read_bytes(),
    }
    record = "".join(
        f"{name},sha256={hashlib.sha256(data).hexdigest()},{len(data)}\n"
        for name, data in parts.items()
    )
    with zipfile.ZipFile(folder / "tiny_llama-1.0-py3-none-any.whl", "w") as archive:
        for name, data in (*parts.items(), (f"{facts}/RECORD", record.encode())):
            archive.writestr(name, data)
    return PackageProfile(
        source="package",
        package="tiny-llama",
        version="1.0",
        file=MEMBER,
        sha256=digest_of_file(gguf),
        scoring="letter",
    )
