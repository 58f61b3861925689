"""Questions from files and datasets, one row at a time, every row checked.

``Reading`` goes through sources and gives good questions; a bad row is refused with its
place and reason (``BadRow``), or skipped and counted where that was asked for.
``load_questions`` gives all questions of one source, ``questions_digest`` names them.

Every format is a ``Loader`` (``mcq.loaders.rows``): from records to rows, each good, bad, or
left out by its label. A format a file:

====================  ================================================================
``proctor_rows``      our own rows: id, stem, code, choices, answer, ...
``mmlu``              MMLU's CSV without a header: stem, choices, letter
``columns``           named columns: question, choices or A to J, answer, ...
``codemmlu``          CodeMMLU: task_id, question, choices, answer, problem_description
``mmlu_redux``        MMLU-Redux: question, choices, answer, error_type, ...
====================  ================================================================

Records come from JSON Lines and a JSON array (``json_records``), CSV (``csv_records``),
Parquet and Hugging Face datasets (``dataset_records``, the one file that imports
``datasets``). A reader holds one row in memory; the check for repeated ids keeps the ids.
"""

from mcq.loaders.reading import Reading, load_questions, questions_digest

__all__ = ["Reading", "load_questions", "questions_digest"]
