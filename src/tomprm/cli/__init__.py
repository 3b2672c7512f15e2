"""The command line. Heavy imports happen inside the verbs, so that `--help` and the symbolic verbs are quick.

Every verb says what it wrote; bad input is one line on standard error and exit code 2.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import tyro

from tomprm.cli.bench import Bench
from tomprm.cli.exploits import Exploits
from tomprm.cli.files import Interrupted
from tomprm.cli.prm import Prm, Score
from tomprm.cli.runs import Compare, Report, TrainRl, WarmStart
from tomprm.cli.serve import Serve
from tomprm.cli.stories import Audit, Check, Generate, Solve
from tomprm.cli.view import View

Verb = (
    Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[TrainRl, tyro.conf.subcommand("train-rl")]
    | Annotated[WarmStart, tyro.conf.subcommand("warm-start")]
    | Annotated[Generate, tyro.conf.subcommand("generate")]
    | Annotated[Solve, tyro.conf.subcommand("solve")]
    | Annotated[Audit, tyro.conf.subcommand("audit")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Exploits, tyro.conf.subcommand("exploits")]
    | Annotated[Prm, tyro.conf.subcommand("prm")]
    | Annotated[Score, tyro.conf.subcommand("score")]
    | Annotated[Bench, tyro.conf.subcommand("bench")]
    | Annotated[Report, tyro.conf.subcommand("report")]
    | Annotated[Serve, tyro.conf.subcommand("serve")]
    | Annotated[View, tyro.conf.subcommand("view")]
)

ABOUT = "Tells right reasoning from right answers in theory-of-mind tasks, and trains on the difference."
_FLAT = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.OmitArgPrefixes)


def main(argv: list[str] | None = None) -> None:
    """Entry point: exit code 0, 2 for bad input, 130 for Ctrl-C."""
    try:
        verb: Any = tyro.cli(Verb, args=argv, prog="tomprm", description=ABOUT, config=_FLAT)  # pyright: ignore
        verb.run()
    except Interrupted as stop:
        print(f"tomprm: {stop}", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
    except ValueError as error:  # UsageError, ConfigError and StoryError are such
        print(f"tomprm: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except OSError as error:
        named = (
            f"{error.filename}: {error.strerror}; name another file or folder" if error.filename else error
        )
        print(f"tomprm: {named}", file=sys.stderr)
        raise SystemExit(2) from None
