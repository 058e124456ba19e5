"""Celery as a peer: set up to promise what Lovage promises, as far as it can."""

import os
import sys

from celery import Celery
from celery.signals import worker_ready

app = Celery("bench", broker=os.environ["BROKER_URL"], backend=os.environ["RESULTS_URL"])
app.conf.update(
    task_acks_late=True,
    task_default_queue="bench.celery",
    worker_prefetch_multiplier=100,
    broker_transport_options={"confirm_publish": True},
)


@app.task(name="bench.add")
def add(x, y):
    return x + y


@worker_ready.connect
def ready(**_):
    sys.__stdout__.write("READY\n")
    sys.__stdout__.flush()
