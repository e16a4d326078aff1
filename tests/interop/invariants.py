"""What must hold in the raw keys of a queue whenever no script runs, whoever wrote them."""

import keyspace

_STATES = {"wait": "list", "paused": "list", "active": "list", "prioritized": "zset", "delayed": "zset",
           "completed": "zset", "failed": "zset", "waiting-children": "zset"}
_SINGLE = {"id", "pc", "marker", "events", "meta", "limiter", "stalled", "stalled-check", "repeat", "metrics:completed",
           "metrics:failed", "metrics:completed:data", "metrics:failed:data"}
_OF_A_JOB = ("lock", "logs", "dependencies", "processed", "failed", "unsuccessful")


class Snapshot:
    """The keys of one queue, read while nobody writes."""

    def __init__(self, resp, queue, prefix="bull"):
        base = f"{prefix}:{queue}:"
        keys = keyspace.raw(resp)
        self.keys = {key[len(base):]: item for key, item in keys.items() if key.startswith(base)}
        self.foreign = sorted(key for key in keys if not key.startswith(base))
        self.states = {state: self._ids(state) for state in _STATES}
        self.jobs = {key: value for key, (type, _, value) in self.keys.items()
                     if type == "hash" and "name" in value and not key.startswith(("dn:", "repeat:"))}
        self.locks = {key[:-len(":lock")] for key in self.keys if key.endswith(":lock")}

    def _ids(self, state):
        type, _, value = self.keys.get(state, (_STATES[state], -1, []))
        return [member for member, _ in value] if type == "zset" else list(value)

    def state_of(self, id):
        return next((state for state, ids in self.states.items() if id in ids), None)

    def counts(self):
        return {state: len(ids) for state, ids in self.states.items()}


def violations(snapshot, active_need_locks=True):
    """Lines that say what is wrong; none if all is well."""
    return [*_states(snapshot), *_keys(snapshot), *_locks(snapshot, active_need_locks), *_scores(snapshot),
            *_deduplication(snapshot), *_wake_up(snapshot)]


def _states(found):
    seen = {}
    for state, ids in found.states.items():
        for id in ids:
            if id in seen:
                yield f"job {id} is in {seen[id]} and in {state}"
            seen[id] = state
            if id not in found.jobs:
                yield f"job {id} is in {state} but has no hash"
    for id in found.jobs:
        if id not in seen:
            yield f"job {id} has a hash but is in no state"
    if found.states["paused"]:
        yield f"the list of old versions is in use: paused {found.states['paused']}"


def _keys(found):
    for key in found.keys:
        if key in _STATES or key in _SINGLE or key in found.jobs or key.startswith(("de:", "dn:", "repeat:")):
            continue
        id, _, suffix = key.rpartition(":")
        if suffix not in _OF_A_JOB:
            yield f"unknown key {key}"
        elif id not in found.jobs:
            yield f"orphan key {key}"


def _locks(found, active_need_locks):
    active = set(found.states["active"])
    for id in found.locks - active:
        yield f"job {id} has a lock but is in {found.state_of(id)}"
    if active_need_locks:
        for id in active - found.locks:
            yield f"job {id} is active without a lock"


def _scores(found):
    for id, score in found.keys.get("prioritized", ("zset", -1, []))[2]:
        priority = float(found.jobs.get(id, {}).get("priority", -1))
        if int(score // 2 ** 32) != priority:
            yield f"job {id} has the score {score} but the priority {priority}"
    for state in ("completed", "failed"):
        for id, score in found.keys.get(state, ("zset", -1, []))[2]:
            finished = found.jobs.get(id, {}).get("finishedOn")
            if finished is None or float(finished) != score:
                yield f"job {id} is {state} at {score} but finished on {finished}"


def _deduplication(found):
    for key, (type, ttl, value) in found.keys.items():
        if key.startswith("de:") and ttl < 0:
            if value not in found.jobs:
                yield f"{key} names job {value}, which is gone"
            elif found.state_of(value) in ("completed", "failed"):
                yield f"{key} names job {value}, which is {found.state_of(value)}"
        if key.startswith("dn:") and "de:" + key[3:] not in found.keys:
            yield f"{key} waits for nobody"


def _wake_up(found):
    """Work that may start must have a marker, or an idle worker would sleep on. Only true while no worker runs."""
    meta = found.keys.get("meta", ("hash", -1, {}))[2]
    maxed = "concurrency" in meta and len(found.states["active"]) >= int(meta["concurrency"])
    markers = dict(found.keys.get("marker", ("zset", -1, []))[2])
    if "paused" in meta or maxed:
        return
    if (found.states["wait"] or found.states["prioritized"]) and "0" not in markers:
        yield f"{found.counts()} but no marker: {markers}"
    elif found.states["delayed"] and not markers:
        yield f"{found.counts()} but no marker for the next delayed job"
