"""The command line, the local stack and the demonstration: the top floor.

One noun a file in ``commands``, and no logic there: a command reads its flags, calls the
floor below and prints. Heavy libraries are imported inside the commands that need them.
"""
