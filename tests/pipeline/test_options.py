"""Options as they are given from notebooks: any sequences, compared and hashed as what they hold."""

import pytest

from treeprobe.pipeline import Options
from treeprobe.pipeline.options import OptionsError


def test_lists_and_ranges_are_the_same_options_as_tuples() -> None:
    given = Options(seeds=range(2), layers=[1, 2], families=["linear"])
    same = Options(seeds=(0, 1), layers=(1, 2), families=("linear",))
    assert given == same
    assert hash(given) == hash(same)
    assert given != Options(seeds=(0, 1), layers=(2, 1), families=("linear",))


@pytest.mark.parametrize("name", ["ranks", "families", "sharing", "interventions"])
def test_a_text_is_not_taken_for_a_sequence_of_letters(name: str) -> None:
    with pytest.raises(
        OptionsError, match=rf"{name}: found the text 'probe'; expected a sequence, such as \('probe',\)"
    ):
        Options(**{name: "probe"})  # type: ignore[arg-type]
