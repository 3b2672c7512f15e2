"""A KV cache for decoding that does not copy itself at every token."""

from __future__ import annotations

from typing import Any

import torch
from transformers import DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer

_ROOM = 64  # tokens allocated ahead


class RoomyLayer(DynamicLayer):
    """Like DynamicLayer, but appends into memory allocated ahead.

    DynamicLayer concatenates, which reads and writes the whole cache for each new token; on a CPU
    that is the larger part of decoding. Not for training: it writes in place.
    """

    def __init__(self) -> None:
        super().__init__()
        self._buffers: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        old = self.get_seq_length()
        new = old + key_states.shape[-2]
        if self._buffers is None or self._buffers[0].shape[-2] < new:
            shape = (*key_states.shape[:-2], new + _ROOM, key_states.shape[-1])
            fresh = (
                key_states.new_empty(shape),
                value_states.new_empty((*shape[:-1], value_states.shape[-1])),
            )
            if self.keys is not None and self.values is not None and old:
                fresh[0][..., :old, :] = self.keys
                fresh[1][..., :old, :] = self.values
            self._buffers = fresh
        keys, values = self._buffers
        keys[..., old:new, :] = key_states
        values[..., old:new, :] = value_states
        self.keys, self.values = keys[..., :new, :], values[..., :new, :]
        return self.keys, self.values

    def batch_repeat_interleave(self, repeats: int) -> None:
        super().batch_repeat_interleave(repeats)
        self._buffers = None

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        super().batch_select_indices(indices)
        self._buffers = None


def decoding_cache(config: PreTrainedConfig) -> DynamicCache:
    """The model's cache, with roomy layers in place of plain dynamic ones."""
    cache = DynamicCache(config=config)
    cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache
