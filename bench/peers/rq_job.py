"""The job of rq_driver.py: RQ wants its functions in a module that can be imported."""


def nothing(_payload):
    return None
