"""``proctor demo``: two versions all the way, on real parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    work: Annotated[Path, typer.Option("--work", help="Folder to work in; made anew.")] = Path(
        ".proctor/demo"
    ),
    questions: Annotated[
        int, typer.Option("--questions", min=1_000, help="Questions in the bank.")
    ] = 20_000,
    short_steps: Annotated[
        int, typer.Option("--short-steps", min=1, help="Steps of the first version.")
    ] = 1_100,
    long_steps: Annotated[
        int, typer.Option("--long-steps", min=1, help="Steps of the second version.")
    ] = 2_600,
    minimum_accuracy: Annotated[
        float, typer.Option("--minimum-accuracy", help="What the gate asks for at least.")
    ] = 0.25,
) -> None:
    """Train, judge, register, serve and promote two versions in a clone of this checkout."""
    from proctor.demo import Demo, Sizes
    from proctor.interruption import sigterm_interrupts

    sizes = Sizes(
        questions=questions,
        short_steps=short_steps,
        long_steps=long_steps,
        minimum_accuracy=minimum_accuracy,
    )
    with sigterm_interrupts() as interruption:
        Demo(work, sizes, interruption.held).run()
