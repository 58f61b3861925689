"""The answerer: a BentoML service that scores questions, and the build of a bento.

``packed`` says how a version lies inside a bento, ``answering`` turns a question into an
answer, ``service`` is the entry point that BentoML loads, ``build`` makes and exports a
bento of a registered version, ``archive`` unpacks and names what was exported.
BentoML is imported in ``service`` and in ``pack`` only. Knows nothing of the gateway.
"""
