"""Self-attention over an image with a learned relative encoding, with and without content.

Cordonnier, Loukas & Jaggi (2020), eq. 8 and section 4: the encoding r_δ of a shift concatenates a learned vector of its
rows and one of its columns. Without content a head's scores depend on position alone, v·r_δ.
"""

import torch
from torch import Tensor, nn


class LearnedSelfAttention(nn.Module):
    """Multi-head self-attention over an image, with a learned encoding of relative positions.

    Without content the score of a query q and a key k at shift δ is v·r_δ; with content it is all of eq. 8,
    (x_q·W_q·W_kᵀ·x_k + x_q·W_q·Ŵ_kᵀ·r_δ + u·W_kᵀ·x_k) / √channels + v·r_δ. As v is learned freely, its term needs no
    divisor. Heads are as wide as the input.

    Args:
        channels, out_channels, heads: sizes of the layer.
        size: (rows, columns) of the images.
        content: whether scores depend on the content of query and key.
        bias: whether a bias is added to the output.
        encoding: dimensions of each half of r_δ.

    Parameters:
        rows (2·size − 1, encoding), columns (likewise): the two halves of r_δ, indexed by δ + size − 1.
        position (heads, 2·encoding): v, already multiplied by the head's key matrix of encodings.
        value (heads, channels, out_channels), bias (out_channels,) or None: as in `QuadraticSelfAttention`.
        query, key (heads, channels, channels): W_q and W_k; shift_key (heads, 2·encoding, channels): Ŵ_k; key_bias
            (heads, channels): u. With content only.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        heads: int,
        *,
        size: tuple[int, int],
        content: bool,
        bias: bool = True,
        encoding: int = 16,
    ) -> None:
        super().__init__()
        self.size, self.content = size, content
        self.rows = nn.Parameter(torch.randn(2 * size[0] - 1, encoding))
        self.columns = nn.Parameter(torch.randn(2 * size[1] - 1, encoding))
        self.position = nn.Parameter(torch.randn(heads, 2 * encoding) * (2 * encoding) ** -0.5)
        self.value = nn.Parameter(torch.randn(heads, channels, out_channels) * (heads * channels) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        if content:
            self.query = nn.Parameter(torch.randn(heads, channels, channels) * channels**-0.5)
            self.key = nn.Parameter(torch.randn(heads, channels, channels) * channels**-0.5)
            self.key_bias = nn.Parameter(torch.zeros(heads, channels))
            self.shift_key = nn.Parameter(torch.randn(heads, 2 * encoding, channels) * (2 * encoding) ** -0.5)

    def forward(self, inputs: Tensor) -> Tensor:
        """(images, channels, rows, columns) -> (images, out_channels, rows, columns).

        Raises:
            ValueError: images of another size.
        """
        if tuple(inputs.shape[2:]) != self.size:
            raise ValueError(f"expected images of {self.size} positions, found {tuple(inputs.shape[2:])}")
        pixels = inputs.flatten(2)
        attention = self.attention(inputs).flatten(4).flatten(2, 3)
        attended = torch.einsum("bhqk,bck->bhqc", attention.expand(len(pixels), -1, -1, -1), pixels)
        outputs = torch.einsum("bhqc,hco->boq", attended, self.value).unflatten(2, self.size)
        return outputs if self.bias is None else outputs + self.bias[:, None, None]

    def attention(self, inputs: Tensor) -> Tensor:
        """(images, heads, rows, columns, rows, columns) probabilities, queries first; without content, of one image."""
        scores = self._position_scores()[None]
        if self.content:
            scores = scores + self._content_scores(inputs.flatten(2))
        return scores.softmax(-1).unflatten(-1, self.size).unflatten(2, self.size)

    def _position_scores(self) -> Tensor:
        """(heads, queries, keys): v·r_δ, the sum of the scores of both halves of r_δ."""
        vertical, horizontal = self.position.chunk(2, dim=1)
        per_row = (vertical @ self.rows.T)[:, _shifts(self.size[0])]
        per_column = (horizontal @ self.columns.T)[:, _shifts(self.size[1])]
        scores = per_row[:, :, None, :, None] + per_column[:, None, :, None, :]
        return scores.flatten(3).flatten(1, 2)

    def _content_scores(self, pixels: Tensor) -> Tensor:
        """(images, heads, queries, keys): the three terms of eq. 8 that depend on the image."""
        query = torch.einsum("bcq,hcd->bhqd", pixels, self.query)
        key = torch.einsum("bck,hcd->bhkd", pixels, self.key)
        # x_q·W_q·W_kᵀ·x_k and u·W_kᵀ·x_k share their keys, so u is added to the queries.
        scores = (query + self.key_bias[:, None]) @ key.transpose(-1, -2)
        vertical, horizontal = self.shift_key.chunk(2, dim=1)
        rows = torch.einsum("bhqd,hed,se->bhqs", query, vertical, self.rows)
        columns = torch.einsum("bhqd,hed,se->bhqs", query, horizontal, self.columns)
        height, width = self.size
        row_of, column_of = _shifts(height).repeat_interleave(width, 0), _shifts(width).repeat(height, 1)
        rows = rows.gather(-1, row_of.expand(*rows.shape[:2], -1, -1))
        columns = columns.gather(-1, column_of.expand(*columns.shape[:2], -1, -1))
        scores = scores + (rows[..., :, None] + columns[..., None, :]).flatten(-2)
        return scores * self.query.shape[-1] ** -0.5


def _shifts(size: int) -> Tensor:
    """(size, size): the index, among the learned vectors, of the shift from query (row) to key (column)."""
    position = torch.arange(size)
    return position - position[:, None] + size - 1
