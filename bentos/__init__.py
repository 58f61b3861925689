"""The answerer: a BentoML service that scores questions, and the build of a bento.

``packed`` says how a version lies inside a bento, ``batching`` makes batches of what waits,
``answering`` turns questions into answers, ``service`` is the entry point that BentoML loads,
``run`` the process that serves it and ``draining`` how that ends, ``sizing`` fits it to the
machine, ``build`` makes and exports a bento of a registered version, ``archive`` unpacks and
names what was exported. BentoML is imported in ``service``, ``run`` and ``pack`` only. Knows
nothing of the gateway.
"""
