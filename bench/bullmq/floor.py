"""The commands by which the scripts store and finish a job, without the scripts: the least that Redis can spend."""

BATCH = 1_000  # jobs in one pipeline
KEY = "bull:floor:"
NOW = 1_700_000_000_000


def add_commands(number, data):
    return [
        ("INCR", KEY + "id"),
        ("HMSET", f"{KEY}{number}", "name", "job", "data", data, "opts", '{"attempts":0}', "timestamp", NOW, "delay",
         0, "priority", 0),
        ("XADD", KEY + "events", "*", "event", "added", "jobId", number, "name", "job"),
        ("LPUSH", KEY + "wait", number),
        ("ZADD", KEY + "marker", 0, 0),
        ("XADD", KEY + "events", "MAXLEN", "~", 10_000, "*", "event", "waiting", "jobId", number),
    ]


def process_commands(number):
    job = f"{KEY}{number}"
    return [
        ("RPOPLPUSH", KEY + "wait", KEY + "active"),
        ("SET", job + ":lock", "0123456789abcdef0123456789abcdef:1", "PX", 30_000),
        ("XADD", KEY + "events", "*", "event", "active", "jobId", number, "prev", "waiting"),
        ("HMSET", job, "processedOn", NOW),
        ("HINCRBY", job, "ats", 1),
        ("HGETALL", job),
        ("DEL", job + ":lock"),
        ("SREM", KEY + "stalled", number),
        ("LREM", KEY + "active", -1, number),
        ("ZADD", KEY + "completed", NOW, number),
        ("HINCRBY", job, "atm", 1),
        ("HMSET", job, "returnvalue", "null", "finishedOn", NOW),
        ("XADD", KEY + "events", "*", "event", "completed", "jobId", number, "returnvalue", "null", "prev", "active"),
    ]


def pipelined(client, jobs, commands_of):
    for begin in range(1, jobs + 1, BATCH):
        numbers = range(begin, min(begin + BATCH, jobs + 1))
        client.pipeline(command for number in numbers for command in commands_of(number))


def add_jobs(client, jobs, payload_bytes):
    data = '{"n":12345,"text":"' + "x" * max(0, payload_bytes - 22) + '"}'
    pipelined(client, jobs, lambda number: add_commands(number, data))


def process_jobs(client, jobs, _payload_bytes):
    pipelined(client, jobs, process_commands)
