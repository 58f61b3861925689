"""How fast fine-tuning is: tokens a second and model FLOPs utilisation, on this machine.

    python -m benchmarks.finetune [--method full|lora] [--quick] [--json FILE]

The loop, the packing and the adapters are those of ``proctor train``; the weights are
random, since speed does not depend on them. On a GPU the model has the shape of
Qwen2.5-Coder-1.5B (arXiv:2409.12186, table 1) in bf16; on a CPU the smaller shape ``SMALL``
in fp32.

Model FLOPs utilisation (PaLM, arXiv:2204.02311, appendix B) is
``tokens a second * FLOPs a token / peak FLOPs a second`` with ``6 N + 12 L H Q T`` FLOPs a
token: N weights, L layers, H heads of size Q, T tokens of context. Two departures, both
towards a lower figure: N leaves out the embeddings (the head runs on reply tokens only),
and T is an example's length, not the packed row's. With adapters the frozen weights need
no gradient of their own: 4 N for them and 6 a weight for the adapters.

The peak is the maker's for dense bf16 where the device is known, else that of a square
matrix product measured here, in the same precision.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from benchmarks.targets import Target, as_rows, hand_over
from contracts.params import FinetuneParams, LoraParams
from training.batches import Example
from training.devices import Accelerated, Devices
from training.finetune.adapters import with_adapters
from training.finetune.lessons import lessons, settings
from training.finetune.packing import pass_order
from training.loop import Trainer
from training.train import make_deterministic

# Dense bf16, from the makers' data sheets (H100 SXM and H200 SXM: 989.4, A100: 312).
PEAKS_TERAFLOPS: Final = {"H100": 989.4, "H200": 989.4, "A100": 312.0}
QWEN_1_5B: Final = {
    "vocab_size": 151_936,
    "hidden_size": 1_536,
    "intermediate_size": 8_960,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
}
SMALL: Final = {
    "vocab_size": 4_096,
    "hidden_size": 256,
    "intermediate_size": 1_024,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
LORA: Final = LoraParams(
    rank=16,
    alpha=32,
    dropout=0.0,
    targets=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
)


def examples(count: int, vocabulary: int, seed: int) -> list[Example]:
    """Prompts of 80 to 320 tokens, as the bank's are, with replies of 2: a letter."""
    rng = Random(f"proctor-benchmark-1:{seed}")
    return [
        Example([rng.randrange(vocabulary) for _ in range(rng.randint(80, 320))], [7, 8])
        for _ in range(count)
    ]


def tuning(method: str, steps: int, batch_tokens: int, precision: str) -> FinetuneParams:
    return FinetuneParams.model_validate(
        {
            "method": method,
            "replies": "answer",
            "max_questions": 100_000,
            "validation_questions": 1,
            "steps": steps,
            "batch_tokens": batch_tokens,
            "accumulate": 1,
            "packing": True,
            "learning_rate": 1e-5,
            "schedule": "constant",
            "warmup_steps": 0,
            "weight_decay": 0.0,
            "clip_norm": 1.0,
            "evaluate_every_steps": steps + 1,
            "patience": 0,
            "precision": precision,
            "lora": LORA.model_dump(),
        }
    )


def flops_a_token(model: Any, length_tokens: float) -> float:
    """Forward and backward, by the formula above. ``length_tokens``: T."""
    config = model.config
    embedding = model.get_input_embeddings().weight
    frozen = trained = 0
    for parameter in model.parameters():
        if parameter is embedding:
            continue
        if parameter.requires_grad:
            trained += parameter.numel()
        else:
            frozen += parameter.numel()
    width = config.hidden_size  # H * Q
    return 6 * trained + 4 * frozen + 12 * config.num_hidden_layers * width * length_tokens


def peak_flops_a_second(devices: Devices, dtype: torch.dtype) -> tuple[float, str]:
    """The peak, and where the number is from."""
    if devices.device.type == "cuda":
        name = torch.cuda.get_device_name(devices.device)
        for known, tera in PEAKS_TERAFLOPS.items():
            if known in name:
                return tera * 1e12, f"{name}, maker's figure for dense bf16"
    size, best = (8_192 if devices.device.type == "cuda" else 1_024), float("inf")
    left = torch.randn(size, size, device=devices.device, dtype=dtype)
    for _ in range(10):
        _wait(devices)
        began = time.perf_counter()
        left @ left
        _wait(devices)
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best, f"{devices.device.type}, best of 10 products of {size} square"


def _wait(devices: Devices) -> None:
    if devices.device.type == "cuda":
        torch.cuda.synchronize(devices.device)


def packing_ratio(learned: Sequence[Example], room_tokens: int) -> float:
    """Share of the rows' room that one epoch fills."""
    lengths = [one.length for one in learned]
    rows, left = 0, len(lengths)
    for row in pass_order(lengths, room_tokens, seed=1, packed=True):
        rows, left = rows + 1, left - len(row)
        if not left:
            break
    return sum(lengths) / (rows * room_tokens)


def measured(
    model: Any, learned: Sequence[Example], params: FinetuneParams, devices: Devices, warm: int
) -> float:
    """Tokens a second, of all processes together, after ``warm`` steps."""
    marks: list[tuple[float, int]] = []
    plan = lessons(learned, [], params, seed=1, pad=0, processes=devices.processes)
    sizes = [sum(one.tokens for one in passes) for passes in islice(plan.steps(), params.steps)]

    def mark(step: int) -> None:
        if step in {warm, params.steps}:
            _wait(devices)
            marks.append((time.perf_counter(), sum(sizes[:step])))

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model,
            plan,
            settings(params, 1, validated=False),
            recipe="benchmark",
            state_folder=Path(folder),
            devices=devices,
            clock=time.perf_counter,
        )
        trainer.save = lambda: None  # type: ignore[method-assign]  # the disk is not measured
        trainer.run(mark)
    (began, before), (ended, after) = marks
    return (after - before) / (ended - began)


def run(method: str, *, quick: bool, threads: int) -> dict[str, Any]:
    """The whole measurement as one JSON object."""
    make_deterministic(threads)
    devices = Accelerated()
    on_gpu = devices.device.type == "cuda"
    shape, precision = (QWEN_1_5B, "bf16") if on_gpu else (SMALL, "fp32")
    steps, warm = (12, 4) if quick else (60, 10)
    params = tuning(method, steps, 4_096 if on_gpu else 2_048, precision)
    torch.manual_seed(1)
    model = Qwen2ForCausalLM(
        Qwen2Config(**shape, max_position_embeddings=32_768, tie_word_embeddings=True)
    )
    total = sum(parameter.numel() for parameter in model.parameters())
    if method == "lora":
        model = with_adapters(model, LORA, seed=1).get_base_model()
    learned = examples(2_000, shape["vocab_size"], seed=1)
    rate = measured(model, learned, params, devices, warm)
    length = sum(one.length for one in learned) / len(learned)
    dtype = torch.bfloat16 if on_gpu else torch.float32
    peak, source = peak_flops_a_second(devices, dtype)
    utilisation = rate * flops_a_token(model, length) / (peak * devices.processes)
    targets = [
        Target("model_flops_utilisation", utilisation, 0.35 if on_gpu else 0.10, ">="),
        Target("packing_ratio", packing_ratio(learned, params.batch_tokens), 0.95, ">="),
    ]
    return {
        "benchmark": "finetune",
        "device": source,
        "processes": devices.processes,
        "threads": threads,
        "method": method,
        "precision": precision,
        "shape": shape,
        "parameters": total,
        "batch_tokens": params.batch_tokens,
        "steps_measured": steps - warm,
        "tokens_per_second": rate,
        "teraflops_a_second": rate * flops_a_token(model, length) / 1e12,
        "peak_teraflops_a_second": peak / 1e12,
        "targets": as_rows(targets),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--method", choices=("full", "lora"), default="full")
    parser.add_argument("--quick", action="store_true", help="fewer steps: a look, no figure")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    words = parser.parse_args()
    result = run(words.method, quick=words.quick, threads=words.threads)
    return hand_over(result, words.json)


if __name__ == "__main__":
    sys.exit(main())
