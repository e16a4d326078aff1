"""Stands in for the official Python client where that is not installed: its names, and nothing behind them."""


class Job:
    def updateProgress(self, progress):
        raise NotImplementedError


class Queue:
    def __init__(self, name, options):
        self.name = name

    async def add(self, name, data, opts=None):
        raise NotImplementedError

    async def get_workers(self):
        raise NotImplementedError

    async def close(self):
        pass


class QueueEvents(Queue):
    def on(self, event, listener):
        pass


class Worker(QueueEvents):
    def __init__(self, name, processor, options):
        self.name = name
