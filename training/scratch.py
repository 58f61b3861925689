"""A Qwen2-architecture model and its tokenizer, from scratch.

Byte-level BPE trained on the questions, Qwen's ChatML template, grouped-query attention
and tied embeddings as in Qwen2.5-Coder (arXiv:2409.12186), only small. Two departures,
each for a model that has minutes to learn:

- words are not glued to the space or the quote before them, so that ``banana`` is the
  same tokens in ``"banana"`` and in an answer: copying is what these questions ask for;
- what every prompt repeats (the stem's frame, the turn of the assistant) is one token.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from contracts.params import ScratchProfile
from contracts.questions import Question

PAD: Final = "<|endoftext|>"
START: Final = "<|im_start|>"
END: Final = "<|im_end|>"
CHAT_TEMPLATE: Final = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS: Final = r"\p{L}+|\p{N}| |[^\s\p{L}\p{N}]|[\r\n]+ *|\s+"
# Twice the usual 0.02 and more: at a width of about 100 that one starts too flat to learn.
INITIALIZER_RANGE: Final = 0.06


def build_tokenizer(questions: Iterable[Question], vocabulary: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE of ``vocabulary`` tokens over code and choices; same input, same bytes."""
    questions = list(questions)
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = ("\n".join([question.code or "", *question.choices]) for question in questions)
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[START],
    )
    frames = [f"{START}user\n{stem}\n\n" for stem in sorted({q.stem for q in questions})[:8]]
    tokenizer.add_tokens(
        [AddedToken(text, normalized=False) for text in [*frames, f"{END}\n{START}assistant\n"]]
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def build_model(
    profile: ScratchProfile, tokenizer: PreTrainedTokenizerFast, seed: int
) -> Qwen2ForCausalLM:
    """A freshly initialised model; the weights are a function of ``profile`` and ``seed``."""
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=profile.hidden_size,
        intermediate_size=profile.intermediate_size,
        num_hidden_layers=profile.layers,
        num_attention_heads=profile.attention_heads,
        num_key_value_heads=profile.key_value_heads,
        max_position_embeddings=profile.context_tokens,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=INITIALIZER_RANGE,
    )
    torch.manual_seed(seed)
    return Qwen2ForCausalLM(config)
