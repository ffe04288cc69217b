"""Changing a model's hidden states while it runs, at any layer and site, for chosen words of chosen sentences."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag
from torch.utils.hooks import RemovableHandle

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.encoder import Encoder, wide
from treeprobe.extraction.hooks import SITES, Hooked, Site, SiteError, block_modules, site_layers, site_modules
from treeprobe.extraction.places import NO_WORD, Places

StateEdit = Callable[[int, Tensor, Places], Tensor]
"""edit(layer, states, places) -> states.

`states` (windows, positions, dim) is a copy of what the model computed; `places` says which word of which sentence each
position holds (`Places`), on the same device. What it returns, in the same shape, replaces the states.
"""

WordEdit = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""edit(layer, vectors, sentences, words) -> vectors.

`vectors` (words, dim) float32 are the means of the words' subwords, sentence after sentence; `sentences` and `words`
(words,) are their numbers, of the sentence in the text and of the word in the sentence. See `on_words`.
"""

Edited = Literal["words", "tokens", "positions"]
"""Which positions take what an edit returns: those that hold a word; these and special tokens; padding too."""


class EditError(TreeprobeError, ValueError):
    """An edit of states that cannot be made, or returned what the model cannot go on with."""


@contextmanager
def edit_states(
    encoder: Encoder,
    edit: StateEdit,
    *,
    layers: Iterable[int] | int | None = None,
    site: Site = "hidden",
    at: Edited = "words",
) -> Iterator[None]:
    """Within this context, the model goes on with the states that `edit` returns, and reports them as its own.

    It acts on all that runs the encoder: `extract`, `masked_lm_loss`, `stream_attention`, `encoder.run`. Layers are
    those of `extract`: layer 0 is the embedding output that the first block reads, layer i what block i hands to the
    next, and the last layer what leaves the model and its head reads, which GPT-2, Llama, ModernBERT and T5 normalise
    first. (A pooler inside the model reads the last block, not the last layer.) Nested edits act in the order in
    which their contexts were entered, each on what the one before it left. The model is as it was on leaving,
    whatever happens.

    Args:
        encoder: the model. An encoder with a head that was made of it (`language_model`) is edited with it.
        edit: called once for each layer in every forward pass.
        layers: layers of the site; all that it has where None.
        site: where in the model, as in `Reading`.
        at: which positions are edited; the others keep their states.

    Raises:
        ValueError: there is no such layer, site or choice of positions.
        SiteError: the model has no such site under any name that is known here; in a forward pass, it did not show the
            states of a layer, so that an edit would have been lost.
        EditError: in a forward pass, `edit` returned another shape, or a value that is not finite (the layer and the
            sentence are named), or whoever runs the model did not say which positions hold words.
    """
    if at not in get_args(Edited):
        raise ValueError(f"at must be one of {', '.join(get_args(Edited))}, found {at!r}")
    chosen = _chosen_layers(encoder, site, layers)
    running = _Editing(encoder, edit, frozenset(chosen), site, at)
    with ExitStack() as stack:
        for handle in running.installed():
            stack.callback(handle.remove)
        encoder.under_way.edits += 1
        try:
            yield
        finally:
            encoder.under_way.edits -= 1


def on_words(edit: WordEdit) -> StateEdit:
    """An edit of whole words: what it adds to the mean of a word's subwords is added to each of them.

    The mean of the subwords, which is a word's vector where `Reading.pooling` is left as it is, becomes what `edit`
    returns, and what distinguishes the subwords of a word stays.
    """

    def edit_positions(layer: int, states: Tensor, places: Places) -> Tensor:
        rows, columns = (places.words != NO_WORD).nonzero(as_tuple=True)
        if not len(rows):
            return states
        held = places.words[rows, columns]
        # A word of two windows stands in each of them in another context.
        keys, member = torch.unique(rows * (int(held.max()) + 1) + held, return_inverse=True)
        order = torch.argsort(member, stable=True)
        counts = torch.bincount(member, minlength=len(keys))
        firsts = counts.cumsum(0) - counts
        flat = (rows * states.shape[1] + columns)[order]
        vectors = embedding_bag(flat, states.flatten(0, 1).to(wide(states.dtype)), firsts, mode="mean")
        leads = order[firsts]
        edited = edit(layer, vectors, places.sentences[rows[leads]], held[leads])
        if edited.shape != vectors.shape:
            raise _wrong_shape(layer, edited, vectors)
        changed = states.clone()
        changed[rows, columns] += (edited.to(vectors) - vectors).to(states)[member]
        return changed

    return edit_positions


@dataclass(eq=False)
class _Editing:
    """One edit at work: its hooks, and what it did in the pass that is running."""

    encoder: Encoder
    edit: StateEdit
    layers: frozenset[int]
    site: Site
    at: Edited
    mask: Tensor | None = None
    """(windows, positions) 1 at subwords and special tokens, as the model was given it; None where it was not."""
    shape: tuple[int, ...] = ()
    """(windows, positions) of the batch."""
    blocks_entered: int = 0
    done: dict[int, Tensor] = field(default_factory=dict)
    """The edited states of each layer so far."""

    def installed(self) -> Iterator[RemovableHandle]:
        """Install the hooks, one after the other."""
        base = self.encoder.model.base_model
        yield base.register_forward_pre_hook(self._begin, with_kwargs=True)
        if self.site == "hidden":
            modules, hooked = block_modules(self.encoder)
            for block in modules:
                yield block.register_forward_pre_hook(partial(self._enter_block, hooked), with_kwargs=True)
        else:
            modules, hooked = site_modules(self.encoder, self.site)
            for layer, module in zip(site_layers(self.encoder, self.site), modules):
                if layer in self.layers:
                    yield module.register_forward_hook(partial(self._leave_module, hooked, layer))
        yield base.register_forward_hook(self._end)

    def _begin(self, _model: nn.Module, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        inputs = args[0] if args else options["input_ids"]
        self.shape, self.mask = tuple(inputs.shape), options.get("attention_mask")
        self.blocks_entered = 0
        self.done.clear()

    def _enter_block(self, hooked: Hooked, _block: nn.Module, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """A block's input is the state of the layer below it. Blocks that share their weights are told apart."""
        layer, self.blocks_entered = self.blocks_entered, self.blocks_entered + 1
        if layer not in self.layers:
            return None
        states = self._edited(layer, args[0] if args else options["hidden_states"], hooked)
        return ((states, *args[1:]), options) if args else (args, {**options, "hidden_states": states})

    def _leave_module(self, hooked: Hooked, layer: int, _module: nn.Module, _inputs: Any, output: Any) -> Any:
        found = output[0] if isinstance(output, tuple) else output
        if found.dim() > 3:  # XLNet's dropout is applied to attention first
            return None
        edited = self._edited(layer, found, hooked)
        return (edited, *output[1:]) if isinstance(output, tuple) else edited

    def _end(self, model: nn.Module, _inputs: Any, output: Any) -> None:
        """Edit what leaves the model, and see that every edit was made and is reported."""
        last = self.encoder.blocks
        if self.site == "hidden" and last in self.layers:
            output.last_hidden_state = self._edited(last, output.last_hidden_state)
        if lost := sorted(self.layers - self.done.keys()):
            raise SiteError(f"{type(model).__name__} never showed the {self.site} states of layers {lost} to be edited")
        reported = getattr(output, "hidden_states", None)
        if self.site == "hidden" and reported is not None:
            output.hidden_states = tuple(self.done.get(layer, states) for layer, states in enumerate(reported))
        self.done.clear()

    def _edited(self, layer: int, states: Tensor, hooked: Hooked = Hooked("")) -> Tensor:  # noqa: B008 (frozen)
        """What the model goes on with, in the form in which it had the states."""
        if hooked.positions_first and states.dim() == 3:
            return self._edited(layer, states.transpose(0, 1)).transpose(0, 1)
        try:
            before = states.expand(*self.shape, -1)  # embeddings of positions may be computed once for all sentences
        except RuntimeError as error:
            raise SiteError(
                f"layer {layer}: the model keeps states of shape {tuple(states.shape)} for a batch of {self.shape}; "
                "expected (windows, positions, dim), which alone can be edited"
            ) from error
        places, mask = self._places(states.device)
        after = self.edit(layer, before.clone(), places)
        if after.shape != before.shape:
            raise _wrong_shape(layer, after, before)
        after = after.to(before)
        if mask is not None:
            after = torch.where(mask[..., None], after, before)
        _check_finite(layer, before, after, places, mask)
        self.done[layer] = after
        return after

    def _places(self, device: torch.device) -> tuple[Places, Tensor | None]:
        """The words of the batch, and which positions are edited, (windows, positions); all of them where None."""
        places = self.encoder.under_way.places
        if places is not None and places.words.shape != self.shape:
            raise EditError(f"places of {tuple(places.words.shape)} for a batch of {self.shape} windows and positions")
        if places is None:
            if self.at == "words":
                raise EditError(
                    "an edit of words does not know which positions hold them: run the model by extract, "
                    "masked_lm_loss, stream_attention or encoder.run(..., places=batch.places), or edit at='tokens'"
                )
            places = Places(torch.full(self.shape[:1], NO_WORD), torch.full(self.shape, NO_WORD))
        places = places.to(device)
        if self.at == "words":
            return places, places.words != NO_WORD
        return places, self.mask.to(device).bool() if self.at == "tokens" and self.mask is not None else None


def _chosen_layers(encoder: Encoder, site: Site, layers: Iterable[int] | int | None) -> list[int]:
    """The layers to be edited, known to be layers of the site."""
    if site not in SITES:
        raise ValueError(f"site must be one of {', '.join(SITES)}, found {site!r}")
    known = site_layers(encoder, site)
    chosen = list(known) if layers is None else [layers] if isinstance(layers, int) else list(layers)
    unknown = [layer for layer in chosen if layer not in known]
    if unknown or not chosen:
        raise ValueError(
            f"{encoder.name} has layers {known[0]} to {known[-1]} at site {site}, found {unknown or 'none'} to edit"
        )
    if site == "hidden" and encoder.peculiarities.begins_late:
        raise SiteError(
            f"{type(encoder.model).__name__} reports its hidden states from the first block's output on, so that an "
            "edit would be reported at another layer; states can be read, and not edited"
        )
    convolution = getattr(getattr(encoder.model.base_model, "encoder", None), "conv", None)
    if site == "hidden" and 0 in chosen and convolution is not None:
        raise SiteError(
            f"layer 0 of {type(encoder.model).__name__} is also read by a convolution, which would not see the edit; "
            "edit site='embedding'"
        )
    return chosen


def _wrong_shape(layer: int, found: Tensor, expected: Tensor) -> EditError:
    return EditError(f"layer {layer}: an edit returned shape {tuple(found.shape)}, expected {tuple(expected.shape)}")


def _check_finite(layer: int, before: Tensor, after: Tensor, places: Places, mask: Tensor | None) -> None:
    """Refuse an edit's NaN or infinity, and say where it is."""
    bad = ~after.isfinite().all(-1)
    if mask is not None:
        bad &= mask
    if not bool(bad.any()):
        return
    row, column = (int(place) for place in bad.nonzero()[0])
    sentence, word = int(places.sentences[row]), int(places.words[row, column])
    where = f"word {word + 1}" if word != NO_WORD else f"position {column + 1}"
    whose = f"sentence {sentence + 1}" if sentence != NO_WORD else f"row {row + 1} of the batch"
    cause = "an edit returned" if bool(before[row, column].isfinite().all()) else "the model had, before the edit,"
    raise EditError(f"layer {layer} of {whose}: {cause} NaN or infinity at {where}; expected finite states")
