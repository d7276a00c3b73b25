"""One MLflow run for each record of the ledger.

Theory of operation. The ledger is the source of truth; MLflow holds a copy that can be made anew at any time. What a
record looks like there (``description.Tracked``) is computed from the record, the judgements of it and its run folder,
without MLflow. MLflow's own client is imported by a child process alone (``program``), which is told what to send line
by line on its standard input and answers a line each (``sender``): the import takes seconds, the client retries and
waits, starts threads and reads its settings from the environment, and none of that may touch a run. A child can be
killed at any moment.

Nothing is sent twice because a run is found again by its tag ``bench_run_id``, everything that is logged has the
record's own time (an equal metric is one metric to MLflow), and the tag ``bench_sent`` is written last: a digest of
what was sent. A run without it was sent in part, and is completed. Two senders may still create the same run at the
same time, since MLflow has no unique tags: both look again after creating, keep the same one, and remove the other.
"""
