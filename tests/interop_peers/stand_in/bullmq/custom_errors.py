class UnrecoverableError(Exception):
    pass
