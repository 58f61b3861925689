"""``proctor``: nouns, exit codes and the edge where errors become messages.

Exit codes: 0 done, 1 refused by a verdict or a rule, 2 bad usage or bad input, 3 a needed
service is away, 4 could not judge, 130 interrupted.
"""

from __future__ import annotations

import os
import sys

# One place decides how the libraries below behave, before any of them is imported: no
# telemetry, no waiting for minutes on a server that is away, no progress bars in logs.
_DEFAULTS = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GIT_PYTHON_REFRESH": "quiet",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # libgomp's waiting threads otherwise burn the cores that the working ones need.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)

import typer  # noqa: E402

from contracts.errors import ProctorError  # noqa: E402
from proctor.commands import NOUNS, VERBS  # noqa: E402

INTERRUPTED = 130

app = typer.Typer(
    name="proctor",
    help="Sits the exam for coding multiple-choice models, from questions to the champion.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _noun, _commands in NOUNS.items():
    app.add_typer(_commands, name=_noun)
for _verb, _command in VERBS.items():
    app.command(_verb)(_command)


def main() -> None:
    """Entry point: runs one command and ends with its exit code."""
    try:
        app()
    except ProctorError as error:
        print(f"error: {error.fact}", file=sys.stderr)
        if error.mend:
            print(f"  {error.mend}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as ended:
        # Typer makes an exit of a KeyboardInterrupt that strikes inside a command.
        if isinstance(ended, SystemExit) and ended.code != INTERRUPTED:
            raise
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        # MLflow's own refusals (an experiment deleted in its pages, say) name their mending.
        if not type(error).__module__.startswith("mlflow."):
            raise
        print(f"error: MLflow refused: {error}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
