"""From questions to a Hugging Face checkpoint folder, tracked as an MLflow run.

``scratch`` makes tokenizer and model, ``batches`` the order of questions, ``loop`` the
steps and their resumption, ``tracking`` the MLflow run, ``train`` puts them together.
Serves nobody: no FastAPI, no BentoML.
"""
