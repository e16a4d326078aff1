"""For shunt processes whose submits have to succeed on a machine that does other things too."""

# By default a request is refused when either process has to wait an eighth of a second for its turn.
TIME_FOR_REDIS = {"SHUNT_QUEUE_ENQUEUE_DEADLINE": "10s"}
