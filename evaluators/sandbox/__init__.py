"""The sandbox: running model-written programs, and a verdict that they cannot forge.

Theory of operation
-------------------
Four processes, each knowing less than the one before it::

    harness ── the runner. Holds the tests of every task. Never runs, parses or unpickles anything a candidate made.
       │  control socket; per run three descriptors: program, tests, and the writing end of the verdict pipe
    worker ─── started once by exec with an empty environment; enters its namespaces, imports the usual modules, and
       │       then only forks (``zygote``, ``service``). Reads neither programs nor tests. Watches wall clock and
       │       memory, and kills.
       ├ judge ─── forked once, serves one run after the other (``bench``). Reads the tests, asks, compares. Alone
       │           holds the verdict pipe. Nothing is ever forked from it.
       └ candidate forked per run from the worker, in a pid namespace of its own that is ended with the run. Has no
                   capability, no other descriptor than its standard streams and one socket, limits, Landlock, seccomp.
                   It runs the program and answers calls with values; or, for programs on standard input, forks one
                   process a test (``spawner``), as the judge orders (``turns``).

A candidate stands ready before there is a run for it (``standby``), and serves one. So the fork, the namespaces and the
layers of the next run are made while this one computes, and no candidate can have inherited what did not exist: neither
the worker nor anything it is forked from has ever read a test or another's program. What a fork costs is the tables of
all the memory there is, and then the pages that are copied when code touches them: so a run has one fork, the worker's
memory is kept small and without holes (``memory``), and whatever can be made before the fork is made there.

Why the split: in one process with the tests, five lines of a program can make any judge say "pass" (an ``__eq__``, a
patched builtin, a look into the caller's frame, a jump over the asserts). Here only plain values cross, as tagged JSON
of bounded size and depth (``values``, ``protocol``), and exit status means nothing.

The harness has its verdict as soon as the judge has written it, whole; the worker then ends the run, by the first
process of its pid namespace. A judge that ends without a verdict is our fault, unless the run was stopped for time or
memory. A candidate that ends,
answers nonsense, or answers too much has failed its test.

Time: a candidate may use so many processor seconds. By the wall clock it may take one second more, or, verified alone,
several times as long while it is being kept from the processor by others, but not while it sleeps (``meter``).

Levels: ``full`` is all of the above with namespaces, a private scratch file system and seccomp, and Landlock where the
kernel has it; ``confined`` is Landlock and seccomp without namespaces: no child processes, no sockets; ``none`` is
limits and a process group. Which one holds is found out by doing (``evaluators/probe.py``), and a worker that cannot
build the layers of its level does not start.
"""
