"""Memory of logits: the most bytes that tensors over the vocabulary hold at one time.

Every operator's outputs are looked at (torch's dispatch mode): one whose last dimension is
the vocabulary is counted from when it is made until the last tensor on its storage is gone,
so that copies in another precision, log-softmax and what a harness keeps are in it, and
weights are not. Slower than running plainly: never inside what is timed.

Source: https://docs.pytorch.org/docs/stable/notes/extending.html#extending-pytorch-native-api
"""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class VocabularyMemory(TorchDispatchMode):
    """``with VocabularyMemory(vocabulary) as memory: ...`` and then ``memory.peak_bytes``."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._owners: dict[int, int] = {}
        self._bytes = 0
        self.peak_bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        given = {
            one.untyped_storage().data_ptr()
            for one in tree_leaves((args, kwargs))
            if isinstance(one, torch.Tensor)
        }
        for one in tree_leaves(made):
            if isinstance(one, torch.Tensor):
                self._see(one, given)
        return made

    def _see(self, tensor: torch.Tensor, given: set[int]) -> None:
        if not tensor.dim() or tensor.shape[-1] != self._vocabulary:
            return
        storage = tensor.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if not self._owners.get(place):
            if place in given or not size:
                return  # another view of something older: the head's weights, transposed
            self._bytes += size
            self.peak_bytes = max(self.peak_bytes, self._bytes)
        self._owners[place] = self._owners.get(place, 0) + 1
        weakref.finalize(tensor, self._forget, place, size)

    def _forget(self, place: int, size: int) -> None:
        self._owners[place] -= 1
        if not self._owners[place]:
            self._bytes -= size
