"""The far end of foreign.spec.ts: tasks that only a Celery worker serves."""
import os
import time

from celery import Celery
from celery.exceptions import Ignore, Reject

app = Celery('far', broker=os.environ['BROKER_URL'], backend='rpc://')
app.conf.update(
    task_default_queue=os.environ['QUEUE'], task_create_missing_queues=True, task_track_started=True,
    worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)


@app.task(name='far.Add')
def add(x, y):
    return x + y


@app.task(name='far.fail')
def fail(message):
    raise ValueError(message)


@app.task(name='far.steps', bind=True)
def steps(self, count):
    for n in range(count):
        time.sleep(0.1)
        self.update_state(state='PROGRESS', meta={'current': n + 1, 'total': count})
    return {'steps': count}


@app.task(name='far.retry', bind=True, max_retries=5)
def retry(self, times):
    if self.request.retries < times:
        # Celery sends the next attempt before it reports the retry; without a pause the attempt may end first.
        raise self.retry(exc=RuntimeError('not yet'), countdown=0.5)
    return self.request.retries


@app.task(name='far.nan')
def nan():
    return float('nan')


@app.task(name='far.reject', acks_late=True, bind=True)
def reject(self, requeue):
    if not requeue or not self.request.delivery_info['redelivered']:
        raise Reject('not mine', requeue=requeue)
    return 'mine'


@app.task(name='far.ignore')
def ignore():
    raise Ignore()
