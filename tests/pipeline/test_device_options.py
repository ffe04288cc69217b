"""Every command that computes can be told where, in the same word and with the same default."""

import pytest
from typer.main import get_command

from treeprobe.pipeline.analyses import ANALYSES
from treeprobe.pipeline.commands.main import app

COMMANDS = get_command(app).commands
COMPUTE = {analysis.command or analysis.name for analysis in ANALYSES} | {
    "sweep",
    "demo",
    "parse",
    "checkpoints",
    "pretrain",
    "fill-mask",
    "ablations",
    "atlas",
    "bilingual",
    "planted",
    "finetune",
    "finetune-together",
    "reproduce",
    "show",
    "verify",
}
READ = {"report", "compare", "cache", "collect", "doctor", "publish", "rank", "status"}
"""Commands that read what others computed."""


def test_every_command_computes_or_reads() -> None:
    assert set(COMMANDS) == COMPUTE | READ
    assert not COMPUTE & READ


@pytest.mark.parametrize("name", sorted(COMPUTE))
def test_a_command_that_computes_has_the_option(name: str) -> None:
    (option,) = [one for one in COMMANDS[name].params if "--device" in one.opts]
    assert option.default == "cpu"
